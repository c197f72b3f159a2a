/**
 * What services say in headers of their own: for whom they call, and for which resource (authorization.md S-2, S-3; docs/services.md).
 * Whoever else sends these headers is not heard.
 */
import { isAccount } from '../base/arn.ts'
import { KmsError, validationError } from '../base/errors.ts'
import { SOURCE_ARN_CHARS_MAX } from '../base/limits.ts'
import type { Service } from '../base/services.ts'
import type { CallSource, Principal } from '../domain/principal.ts'
import type { RequestHeaders } from './request-headers.ts'

/** Access key id of the user whose request the service forwards, as that request was signed with it. */
const ON_BEHALF_OF = 'x-keyhold-on-behalf-of'
/** Session token of that request, if it had one. */
const ON_BEHALF_OF_TOKEN = 'x-keyhold-on-behalf-of-token'
/** As services of AWS send them. */
const SOURCE_ARN = 'x-amz-source-arn'
const SOURCE_ACCOUNT = 'x-amz-source-account'

const HEADERS = [ON_BEHALF_OF, ON_BEHALF_OF_TOKEN, SOURCE_ARN, SOURCE_ACCOUNT]

export interface ServiceCall {
  /** Credentials of the caller for whom the service calls; `undefined`: it calls for itself. */
  readonly onBehalfOf: { readonly accessKeyId: string; readonly sessionToken: string | undefined } | undefined
  readonly source: CallSource | undefined
}

/**
 * @param signedHeaders names in lower case that the signature covers.
 * @param service that the request is for.
 * @throws {KmsError} for a header that the signature does not cover, or that makes no sense.
 */
export function readServiceCall(
  headers: RequestHeaders,
  signedHeaders: readonly string[],
  service: Service,
): ServiceCall {
  const [accessKeyId, sessionToken, arn, account] = HEADERS.map((name) => signedValue(headers, signedHeaders, name))
  if (accessKeyId === undefined) {
    if (sessionToken !== undefined)
      throw validationError(`The header ${ON_BEHALF_OF_TOKEN} needs ${ON_BEHALF_OF} beside it.`)
    return { onBehalfOf: undefined, source: readSource(arn, account) }
  }
  // With a user's own credentials a service could do anything with them that the user can: only KMS is forwarded to.
  if (service !== 'kms') throw new KmsError('AccessDeniedException', 'Services can forward calls to KMS only.')
  return { onBehalfOf: { accessKeyId, sessionToken }, source: undefined }
}

function readSource(arn: string | undefined, account: string | undefined): CallSource | undefined {
  if (arn === undefined && account === undefined) return undefined
  if (arn !== undefined && (!arn.startsWith('arn:') || arn.length > SOURCE_ARN_CHARS_MAX)) {
    throw validationError(`The header ${SOURCE_ARN} must be an ARN of at most ${SOURCE_ARN_CHARS_MAX} characters.`)
  }
  if (account !== undefined && !isAccount(account)) {
    throw validationError(`The header ${SOURCE_ACCOUNT} must be the 12 digits of an account.`)
  }
  return { arn, account }
}

/** What is not signed may have been put there on the way. */
function signedValue(headers: RequestHeaders, signedHeaders: readonly string[], name: string): string | undefined {
  const value = headers.get(name)
  if (value === undefined || signedHeaders.includes(name)) return value
  throw new KmsError('InvalidSignatureException', `The header ${name} must be signed.`)
}

const forwarded = new WeakMap<Principal, Map<string, Principal>>()

/** The caller as he calls through a service: the same object each time, as principals are. */
export function throughService(caller: Principal, serviceName: string): Principal {
  let through = forwarded.get(caller)
  if (through === undefined) {
    through = new Map()
    forwarded.set(caller, through)
  }
  let principal = through.get(serviceName)
  if (principal === undefined) {
    principal = Object.freeze({ ...caller, invokedBy: serviceName })
    through.set(serviceName, principal)
  }
  return principal
}
