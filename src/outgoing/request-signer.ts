/** Signs requests that Keyhold makes with SigV4, for services that know it by an access key of theirs. */
import { SignatureV4 } from '@smithy/signature-v4'
import { Sha256 } from '../crypto/sha256-object.ts'

export interface RequestSigning {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  readonly service: string
}

export interface RequestToSign {
  readonly method: string
  readonly host: string
  /** Without a query, and of characters that need no encoding. */
  readonly path: string
  readonly body: string
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** @returns the headers that carry the signature, `host` among them; `host` and `x-amz-date` are what is signed. */
export type SignRequest = (request: RequestToSign) => Promise<Readonly<Record<string, string>>>

export function createRequestSigner({ accessKeyId, secretAccessKey, region, service }: RequestSigning): SignRequest {
  const signer = new SignatureV4({
    service,
    region,
    credentials: { accessKeyId, secretAccessKey },
    sha256: Sha256,
    applyChecksum: false,
  })
  return async ({ method, host, path, body, time }) => {
    const request = { method, protocol: 'https:', hostname: host, path, headers: { host }, body }
    const { headers } = await signer.sign(request, { signingDate: new Date(time) })
    return headers
  }
}
