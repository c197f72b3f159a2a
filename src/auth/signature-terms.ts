/** What a signature says of itself besides its bytes: the same text for all requests of a client on one day. */
import { isRegion } from '../base/arn.ts'
import { KmsError } from '../base/errors.ts'
import { REQUEST_HEADERS_COUNT_MAX } from '../base/limits.ts'
import type { Service } from '../base/services.ts'
import type { RequestHeaders } from './request-headers.ts'

const ALGORITHM = 'AWS4-HMAC-SHA256'
const TERMINATOR = 'aws4_request'

export interface CredentialScope {
  readonly accessKeyId: string
  /** `yyyymmdd` */
  readonly day: string
  readonly region: string
  readonly service: string
  readonly terminator: string
  /** `<day>/<region>/<service>/<terminator>` */
  readonly text: string
}

export interface SignatureTerms {
  readonly algorithm: string
  /** `<access key id>/<scope>` as sent. */
  readonly credential: string
  /** `undefined` if the credential has not five parts. */
  readonly scope: CredentialScope | undefined
  /** Fits this service, the date left aside; `undefined` if it fits none. */
  readonly service: Service | undefined
  /** Lower case, in order, each once; at most as many as a request may have. */
  readonly signedHeaders: readonly string[]
  readonly signedHeadersText: string
}

export function signatureTerms(algorithm: string, credential: string, signedHeadersText: string): SignatureTerms {
  const scope = parseScope(credential)
  return Object.freeze({
    algorithm,
    credential,
    scope,
    service: scope && SERVICES.find((service) => scopeComplaint(scope, service) === ''),
    signedHeaders: headerNames(signedHeadersText),
    signedHeadersText,
  })
}

/** No request has more headers than the bound, so the signature of a longer list fits nothing, and costs no more. */
function headerNames(text: string): readonly string[] {
  return [...new Set(text.toLowerCase().split(';', REQUEST_HEADERS_COUNT_MAX))].sort()
}

function parseScope(credential: string): CredentialScope | undefined {
  const parts = credential.split('/')
  if (parts.length !== 5) return undefined
  const [accessKeyId, day, region, service, terminator] = parts as [string, string, string, string, string]
  const text = credential.slice(accessKeyId.length + 1)
  return { accessKeyId, day, region, service, terminator, text }
}

const SERVICES: readonly Service[] = ['kms', 'sts', 'iam', 'cloudtrail']

/**
 * Row 10 of operations.md 1.6 but for the date; empty if there is nothing to complain of. Any Region will do: Regions and
 * accounts are namespaces of one server. IAM has one Region on AWS, but clients that are told another endpoint sign for it
 * with the Region they are set to.
 */
function scopeComplaint({ region, service, terminator }: CredentialScope, wanted: Service): string {
  let complaint = ''
  if (!isRegion(region)) complaint += `Credential should be scoped to a valid region, not '${region}'. `
  if (service !== wanted) complaint += `Credential should be scoped to correct service: '${wanted}'. `
  if (terminator !== TERMINATOR) {
    complaint += `Credential should be scoped with a valid terminator: '${TERMINATOR}', not '${terminator}'. `
  }
  return complaint
}

/**
 * @param date the request's date, `yyyymmddThhmmssZ`.
 * @param service that the request is for.
 * @returns the scope of the credential.
 * @throws {KmsError} rows 7 to 10 of operations.md 1.6.
 */
export function checkTerms(
  terms: SignatureTerms,
  headers: RequestHeaders,
  date: string,
  service: Service,
): CredentialScope {
  checkSignedHeaders(terms, headers)
  const { algorithm, scope } = terms
  if (algorithm !== ALGORITHM) {
    throw incomplete(`Unsupported AWS 'algorithm': '${algorithm}' (only ${ALGORITHM} for now). `)
  }
  if (scope === undefined) {
    throw incomplete(
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${terms.credential}'`,
    )
  }
  if (terms.service !== service || scope.day.length !== 8 || !date.startsWith(scope.day)) {
    throw new KmsError('InvalidSignatureException', scopeComplaint(scope, service) + dateComplaint(scope.day, date))
  }
  return scope
}

function dateComplaint(day: string, date: string): string {
  const today = date.slice(0, 8)
  if (day === today) return ''
  return `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}' != '${today}', from '${date}'.`
}

/**
 * `host`, and every x-amz-* header that was sent: a signature that leaves out X-Amz-Target does not say which operation
 * it is for, so whoever sees it on its way could turn a Decrypt into another one. Not the session token, which older editions of
 * AWS's guide say to add after signing, and clients do: it opens with its own access key only, and has in it the secret that the
 * signature is checked with, so another one in its place is never accepted.
 */
function checkSignedHeaders({ signedHeaders }: SignatureTerms, { names }: RequestHeaders): void {
  if (!signedHeaders.includes('host')) throw mustBeSigned(`'Host' or ':authority'`)
  for (const name of names.amz) {
    if (signedHeaders.includes(name) || name === 'x-amz-security-token') continue
    throw mustBeSigned(`'${names.asSent.find((sent) => sent.toLowerCase() === name)}'`)
  }
}

function mustBeSigned(what: string): KmsError {
  return new KmsError('InvalidSignatureException', `${what} must be a 'SignedHeader' in the AWS Authorization.`)
}

function incomplete(message: string): KmsError {
  return new KmsError('IncompleteSignatureException', message)
}
