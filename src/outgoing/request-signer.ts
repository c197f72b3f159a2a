/** Signs requests that Keyhold makes with SigV4, for services that know it by an access key of theirs. */
import { SignatureV4 } from '@smithy/signature-v4'
import { Sha256 } from '../crypto/sha256-object.ts'

export interface RequestSigning {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined
  readonly region: string
  readonly service: string
}

export interface RequestToSign {
  readonly method: string
  readonly host: string
  /** Without a query, and of characters that need no encoding. */
  readonly path: string
  /** Besides `host`; signed with it. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** @returns the headers that carry the signature, with those that are signed: `host`, `x-amz-date`, and what was given. */
export type SignRequest = (request: RequestToSign) => Promise<Readonly<Record<string, string>>>

export function createRequestSigner(signing: RequestSigning): SignRequest {
  const { accessKeyId, secretAccessKey, sessionToken, region, service } = signing
  const signer = new SignatureV4({
    service,
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    sha256: Sha256,
    applyChecksum: false,
  })
  return async ({ method, host, path, headers: given, body, time }) => {
    const request = { method, protocol: 'https:', hostname: host, path, headers: { ...given, host }, body }
    const { headers } = await signer.sign(request, { signingDate: new Date(time) })
    return headers
  }
}
