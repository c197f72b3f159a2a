/** Finds the signature of a request, in its Authorization header or in its query (operations.md 1.6, rows 1 to 3). */
import { LRUCache } from 'lru-cache'
import { SECOND_MS } from '../base/clock.ts'
import { KmsError } from '../base/errors.ts'
import {
  ACCESS_KEY_ID_CHARS_MAX,
  CACHED_AUTHORIZATION_CHARS_MAX,
  CACHED_AUTHORIZATIONS_MAX,
  CLOCK_SKEW_MS_MAX,
  PRESIGNED_EXPIRY_SECONDS_MAX,
} from '../base/limits.ts'
import type { Service } from '../base/services.ts'
import { type QueryParameter, readQuery } from './query-parameters.ts'
import type { RequestHeaders } from './request-headers.ts'
import { type SignatureTerms, signatureTerms } from './signature-terms.ts'
import type { SignedRequest } from './signed-request.ts'

/** What a request claims; nothing of it is proved yet. */
export interface SignatureClaim {
  readonly terms: SignatureTerms
  /** As sent; 64 hex digits if it is one. */
  readonly signature: string
  readonly date: string
  /** How long after its date the request may arrive. */
  readonly validMs: number
  /** Session token, from wherever the signature stands. */
  readonly securityToken: string | undefined
  /** Parameters of the query; `undefined` if there is no query. */
  readonly parameters: readonly QueryParameter[] | undefined
}

const SIGNATURE_HEX_CHARS = 64
const SIGNATURE_PARAMETER = 'Signature='

export function createClaimReader(): (request: SignedRequest, service: Service) => SignatureClaim {
  /** Text before the signature's digits → its terms. Everything in it is public. */
  const known = new LRUCache<string, SignatureTerms>({ max: CACHED_AUTHORIZATIONS_MAX })

  function readAuthorization(
    header: string,
    headers: RequestHeaders,
    parameters: readonly QueryParameter[] | undefined,
    service: Service,
  ): SignatureClaim {
    const date = requestDate(headers)
    // All SDKs put the signature last; its place is found without looking at the rest.
    const digitsAt = header.length - SIGNATURE_HEX_CHARS
    const signatureIsLast =
      digitsAt > 0 && header.startsWith(SIGNATURE_PARAMETER, digitsAt - SIGNATURE_PARAMETER.length)
    const prefix = signatureIsLast ? header.slice(0, digitsAt) : header
    let terms = signatureIsLast ? known.get(prefix) : undefined
    let signature = signatureIsLast ? header.slice(digitsAt) : ''
    if (terms === undefined || date === undefined) {
      const parsed = parseAuthorization(header, date)
      terms = parsed.terms
      if (signatureIsLast && parsed.signature === signature && prefix.length <= CACHED_AUTHORIZATION_CHARS_MAX) {
        known.set(prefix, terms)
      }
      signature = parsed.signature
    }
    const securityToken = headers.get('x-amz-security-token')
    return { terms, signature, date: date!, validMs: CLOCK_SKEW_MS_MAX[service], securityToken, parameters }
  }

  return (request, service) => {
    const { query, headers } = request
    const header = headers.get('authorization')
    const parameters = query === '' ? undefined : readQuery(query)
    if (parameters?.some(({ name }) => name === 'X-Amz-Algorithm')) {
      if (header !== undefined) throw bothForms()
      return readPresigned(parameters, headers, service)
    }
    if (header === undefined || !header.startsWith('AWS4-')) {
      throw new KmsError('MissingAuthenticationTokenException', 'Missing Authentication Token')
    }
    return readAuthorization(header, headers, parameters, service)
  }
}

/** `undefined` if there is none; X-Amz-Date counts before Date. */
function requestDate(headers: RequestHeaders): string | undefined {
  return headers.get('x-amz-date') || headers.get('date') || undefined
}

function bothForms(): KmsError {
  return new KmsError(
    'InvalidSignatureException',
    `Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.`,
  )
}

/**
 * `<algorithm> Credential=…, SignedHeaders=…, Signature=…`, in any order, with or without the spaces. A parameter that is
 * given twice counts as not given: which of the two somebody before us believed cannot be known.
 */
function parseAuthorization(header: string, date: string | undefined): { terms: SignatureTerms; signature: string } {
  const [algorithm, ...parts] = header.split(/[ ,]+/) as [string, ...string[]]
  const named = new Map<string, string>()
  for (const part of parts) {
    const equals = part.indexOf('=')
    if (equals <= 0) continue
    const name = part.slice(0, equals)
    named.set(name, named.has(name) ? '' : part.slice(equals + 1))
  }
  const credential = named.get('Credential')
  const signature = named.get('Signature')
  const signedHeaders = named.get('SignedHeaders')
  if (!credential || !signature || !signedHeaders || date === undefined) {
    let missing = ''
    if (!credential) missing += `Authorization header requires 'Credential' parameter. `
    if (!signature) missing += `Authorization header requires 'Signature' parameter. `
    if (!signedHeaders) missing += `Authorization header requires 'SignedHeaders' parameter. `
    if (date === undefined) {
      missing += `Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. `
    }
    throw new KmsError('IncompleteSignatureException', `${missing}Authorization=${header}`)
  }
  return { terms: signatureTerms(algorithm, credential, signedHeaders), signature }
}

const REQUIRED_PARAMETERS = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
  'X-Amz-Date',
] as const

function readPresigned(
  parameters: readonly QueryParameter[],
  headers: RequestHeaders,
  service: Service,
): SignatureClaim {
  const stated = (wanted: string) => parameters.find(({ name }) => name === wanted)?.value
  const [algorithm, credential, signature, signedHeaders, date] = REQUIRED_PARAMETERS.map(stated)
  if (!algorithm || !credential || !signature || !signedHeaders || !date) {
    const missing = REQUIRED_PARAMETERS.filter((name) => !stated(name)).map(
      (name) => `AWS query-string parameters must include '${name}'. `,
    )
    throw incompleteQuery(missing.join(''))
  }
  return {
    terms: signatureTerms(algorithm, credential, signedHeaders),
    signature,
    date,
    validMs: presignedValidMs(stated('X-Amz-Expires'), service),
    securityToken: stated('X-Amz-Security-Token') ?? headers.get('x-amz-security-token'),
    parameters,
  }
}

/**
 * STS does not look at X-Amz-Expires: EKS tokens say 0 or 60 and are good for a quarter of an hour, like any signature there. IAM is
 * taken to do the same: no recording says otherwise.
 * AWS publishes no text for a bad value; ours names the bounds.
 */
function presignedValidMs(expires: string | undefined, service: Service): number {
  if (expires === undefined || service !== 'kms') return CLOCK_SKEW_MS_MAX[service]
  const seconds = /^\d{1,6}$/.test(expires) ? Number(expires) : 0
  if (seconds < 1 || seconds > PRESIGNED_EXPIRY_SECONDS_MAX) {
    throw incompleteQuery(
      `AWS query-string parameter 'X-Amz-Expires' must be from 1 to ${PRESIGNED_EXPIRY_SECONDS_MAX} seconds. `,
    )
  }
  return seconds * SECOND_MS
}

function incompleteQuery(complaint: string): KmsError {
  return new KmsError('IncompleteSignatureException', `${complaint}Re-examine the query-string parameters.`)
}

/** Whom a request says it is from, for logs; never for a decision. */
export function claimedAccessKeyId(request: SignedRequest): string | undefined {
  // Secret access keys have 40 characters: one that was put in the wrong place does not match.
  return /(?:^|Credential=)(\w{1,32})\//.exec(claimText(request))?.[1]
}

/** Which service a request says it is for, to find out who is to judge it; `undefined`: it does not say. */
export function claimedService(request: SignedRequest): string | undefined {
  return CLAIMED_SERVICE.exec(claimText(request))?.[1]
}

/** Parts of a bounded length: each place where one may begin would otherwise be read to the end of the header. */
const CLAIMED_SERVICE = new RegExp(
  `(?:^|Credential=)(?:[^/,\\s]{0,${ACCESS_KEY_ID_CHARS_MAX}}/){3}([^/,\\s]{0,${ACCESS_KEY_ID_CHARS_MAX}})/`,
)

function claimText({ query, headers }: SignedRequest): string {
  const header = headers.get('authorization')
  return header ?? readQuery(query).find(({ name }) => name === 'X-Amz-Credential')?.value ?? ''
}
