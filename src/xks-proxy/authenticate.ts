/** SigV4 for the service `kms-xks-proxy` (keystores.md 3.3), which knows nobody but the holders of a tenant's credentials. */
import { canonicalRequestHash } from '../auth/canonical-request.ts'
import { parseBasicDate } from '../auth/request-date.ts'
import type { RequestHeaders } from '../auth/request-headers.ts'
import { signatureTerms } from '../auth/signature-terms.ts'
import { deriveSigningKey, equalSignatures, sign } from '../auth/signing-key.ts'
import { XKS_CLOCK_SKEW_MS_MAX } from '../base/limits.ts'
import type { XksCredentials } from './credentials.ts'
import { XksError } from './xks-error.ts'

export interface XksRequest {
  readonly method: string
  /** As sent; it has no query. */
  readonly path: string
  readonly headers: RequestHeaders
  readonly body: Uint8Array
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/** One spelling, which all signers have. Ids of any form: those that are nobody's are refused like the others (XS-6). */
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]{1,128}\/\d{8}\/[a-z0-9-]{1,64}\/kms-xks-proxy\/aws4_request), ?SignedHeaders=([a-z0-9;-]{1,1024}), ?Signature=([0-9a-f]{64})$/

/** Not a secret: what is signed with it is refused all the same, after the same work (XS-6). */
const NOBODYS_SECRET = Buffer.from('an unknown access key costs as much work')

/**
 * @param regions that may sign; `undefined`: all.
 * @param now milliseconds since the epoch.
 * @returns the access key id.
 * @throws {XksError} `AuthenticationFailedException`, the same whatever is wrong.
 */
export function authenticate(
  request: XksRequest,
  credentials: XksCredentials,
  regions: readonly string[] | undefined,
  now: number,
): string {
  const { headers } = request
  const [, credential = '', signedHeaders = '', signature = ''] =
    AUTHORIZATION.exec(headers.get('authorization') ?? '') ?? []
  const { scope, ...terms } = signatureTerms(ALGORITHM, credential, signedHeaders)
  const date = headers.get('x-amz-date') ?? ''
  if (scope === undefined || !isTimely(date, scope.day, now) || !isBound(terms.signedHeaders, headers)) throw refused()
  const secret = credentials.secretOf(scope.accessKeyId)
  const key = deriveSigningKey(secret ?? NOBODYS_SECRET, scope)
  const isRight = equalSignatures(
    signature,
    sign(key, date, scope.text, canonicalRequestHash({ ...request, query: '' }, terms, undefined)),
  )
  if (!isRight || secret === undefined || regions?.includes(scope.region) === false) throw refused()
  return scope.accessKeyId
}

/** XS-4. */
function isTimely(date: string, day: string, now: number): boolean {
  const time = parseBasicDate(date)
  return time !== undefined && date.startsWith(day) && Math.abs(now - time) <= XKS_CLOCK_SKEW_MS_MAX
}

/** XS-1: whatever else is signed is the sender's choice; gateways on the way add headers of their own. */
function isBound(signedHeaders: readonly string[], headers: RequestHeaders): boolean {
  return ['host', 'x-amz-date'].every((name) => signedHeaders.includes(name) && headers.get(name) !== undefined)
}

function refused(): XksError {
  return new XksError('AuthenticationFailedException', 'The request could not be authenticated.')
}
