/** Signs requests with the signer of the AWS SDK, which we did not write. */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Authenticator, SignedRequest } from '../../src/auth/authenticator.ts'
import { RequestHeaders } from '../../src/auth/request-headers.ts'
import type { Service } from '../../src/base/services.ts'

export const ACCESS_KEY_ID = 'AKIAIOSFODNN7EXAMPLE'
export const SECRET_ACCESS_KEY = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
export const HOST = 'kms.test:8080'
export const TARGET = 'TrentService.Encrypt'

/** A signed request as it is sent. */
export interface RawRequest extends Omit<SignedRequest, 'headers'> {
  /** `[name, value, name, value, …]` */
  readonly rawHeaders: readonly string[]
}

/** As the server sees it. */
export function arrived(request: RawRequest): SignedRequest {
  return Object.create(request, { headers: { value: RequestHeaders.of(request.rawHeaders) } })
}

/** An authenticator that is given requests as they are sent. */
export type RawAuthenticator = ReturnType<typeof takingRaw>

export function takingRaw(authenticator: Authenticator) {
  return {
    ...authenticator,
    authenticate: (request: RawRequest, service?: Service) => authenticator.authenticate(arrived(request), service),
  }
}

export interface Signing {
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly sessionToken?: string
  readonly region?: string
  readonly service?: string
  readonly date: Date
}

export interface Unsigned {
  readonly method?: string
  /** Path, or path and query. */
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

class Sha256 {
  #hash: Hash | Hmac
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer)
  }
  update(data: Uint8Array): void {
    this.#hash.update(data)
  }
  reset(): void {}
  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest())
  }
}

function signerOf({ accessKeyId, secretAccessKey, sessionToken, region, service }: Signing): SignatureV4 {
  return new SignatureV4({
    service: service ?? 'kms',
    region: region ?? 'eu-central-1',
    sha256: Sha256,
    credentials: {
      accessKeyId: accessKeyId ?? ACCESS_KEY_ID,
      secretAccessKey: secretAccessKey ?? SECRET_ACCESS_KEY,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
  })
}

function httpRequest({ method, url = '/', headers, body }: Unsigned) {
  const { pathname, searchParams } = new URL(url, 'http://kms.test')
  return {
    method: method ?? 'POST',
    protocol: 'http:',
    hostname: 'kms.test',
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: headers ?? { host: HOST, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': TARGET },
    body: body ?? '{}',
  }
}

/** The request with an Authorization header, as it would arrive. */
export async function signedRequest(signing: Signing, unsigned: Unsigned = {}): Promise<RawRequest> {
  const request = httpRequest(unsigned)
  const { headers } = await signerOf(signing).sign(request, { signingDate: signing.date })
  const query = new URL(unsigned.url ?? '/', 'http://kms.test').search.slice(1)
  return {
    method: request.method,
    path: request.path,
    query,
    rawHeaders: Object.entries(headers).flat(),
    body: Buffer.from(request.body),
  }
}

export interface Presigning extends Signing {
  readonly expiresIn?: number
}

/** The request with its signature in the query, as it would arrive. The target stays a header, and is signed. */
export async function presignedRequest(signing: Presigning, unsigned: Unsigned = {}): Promise<RawRequest> {
  const request = httpRequest(unsigned)
  const headers = { host: HOST, 'x-amz-target': TARGET, ...unsigned.headers }
  const signed = await signerOf(signing).presign(
    { ...request, headers },
    {
      signingDate: signing.date,
      unhoistableHeaders: new Set(['x-amz-target', 'x-amz-content-sha256']),
      ...(signing.expiresIn === undefined ? {} : { expiresIn: signing.expiresIn }),
    },
  )
  const query = Object.entries(signed.query ?? {})
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value as string)}`)
    .join('&')
  return {
    method: request.method,
    path: request.path,
    query,
    rawHeaders: Object.entries(signed.headers).flat(),
    body: Buffer.from(request.body),
  }
}

/** The same request with a header set, added or (`undefined`) left out; names compare in lower case. */
export function withHeader(request: RawRequest, name: string, value: string | undefined): RawRequest {
  const rawHeaders: string[] = []
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    if (request.rawHeaders[index]!.toLowerCase() === name.toLowerCase()) continue
    rawHeaders.push(request.rawHeaders[index]!, request.rawHeaders[index + 1]!)
  }
  if (value !== undefined) rawHeaders.push(name, value)
  return { ...request, rawHeaders }
}

export function authorizationOf(request: RawRequest): string {
  return request.rawHeaders[request.rawHeaders.indexOf('authorization') + 1]!
}

/** The same request with one part of its Authorization header replaced. */
export function withAuthorization(request: RawRequest, from: string | RegExp, to: string): RawRequest {
  const before = authorizationOf(request)
  const after = before.replace(from, to)
  if (after === before) throw new Error(`nothing to replace in ${before}`)
  return withHeader(request, 'authorization', after)
}
