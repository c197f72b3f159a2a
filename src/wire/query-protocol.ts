/** The query protocol of STS and IAM, in both directions (authorization.md 6.2 and 6.3). */
import type { SignedRequest } from '../auth/signed-request.ts'
import { KmsError } from '../base/errors.ts'
import { QUERY_DEPTH_MAX, QUERY_PARAMETERS_MAX } from '../base/limits.ts'
import { formText, parseParameters, QueryError, type QueryNode, type QueryTree, queryTree } from '../base/query-tree.ts'
import type { Service } from '../base/services.ts'
import type { Operation } from '../pipeline/operation.ts'
import { type Answer, plainJsonAnswer, textXmlAnswer } from './answer.ts'
import { xmlElement, xmlText } from './xml.ts'

export type QueryService = Exclude<Service, 'kms' | 'cloudtrail'>

const VERSIONS: Readonly<Record<QueryService, string>> = { sts: '2011-06-15', iam: '2010-05-08' }

const FORM = /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i

/**
 * A form, or a URL that says what to do: the body of one and the query of the other hold the parameters. A POST without a body is
 * a URL too: so workload identity federation has GetCallerIdentity signed.
 */
export function isQueryRequest({ method, query, headers, body }: SignedRequest): boolean {
  if (method === 'POST' && FORM.test(headers.get('content-type') ?? '')) return true
  const isUrl = method === 'GET' || (method === 'POST' && body.length === 0)
  return isUrl && /(?:^|&)Action=/.test(query)
}

/** @throws {KmsError} `MalformedQueryString` without any more words: this comes before authentication. */
export function readParameters({ method, query, body }: SignedRequest): QueryTree {
  try {
    const isForm = method === 'POST' && body.length > 0
    const parameters = parseParameters(isForm ? formText(body) : query, isForm, QUERY_PARAMETERS_MAX)
    return queryTree(parameters, { parametersMax: QUERY_PARAMETERS_MAX, depthMax: QUERY_DEPTH_MAX })
  } catch (error) {
    if (!(error instanceof QueryError)) throw error
    throw new KmsError('MalformedQueryString', 'The query string contains a syntax error.', { cause: error })
  }
}

/** For requests whose signature does not say it. */
export function serviceOfVersion(parameters: QueryTree): QueryService {
  return parameters.get('Version') === VERSIONS.iam ? 'iam' : 'sts'
}

/** @throws {KmsError} `MissingAction`, `InvalidAction`. */
export function findQueryOperation(
  operations: ReadonlyMap<string, Operation>,
  service: QueryService,
  parameters: QueryTree,
): Operation {
  const action = parameters.get('Action')
  const version = parameters.get('Version') ?? 'NO_VERSION_SPECIFIED'
  if (typeof action !== 'string' || action === '') {
    throw new KmsError('MissingAction', 'The request is missing an action or a required parameter.')
  }
  const operation = version === VERSIONS[service] ? operations.get(action) : undefined
  if (operation === undefined) {
    const asked = `${excerpt(action)} for version ${excerpt(version)}`
    throw new KmsError('InvalidAction', `Could not find operation ${asked}`)
  }
  return operation
}

/** Names of operations are shorter. */
const EXCERPT_CHARS = 64

function excerpt(node: QueryNode): string {
  return typeof node === 'string' ? node.slice(0, EXCERPT_CHARS) : ''
}

function namespaceOf(service: QueryService): string {
  return `https://${service}.amazonaws.com/doc/${VERSIONS[service]}/`
}

export type QueryForm = 'xml' | 'json'

/** STS answers in JSON to those who ask for it: aws-iam-authenticator, which checks tokens of Kubernetes clusters, reads nothing else. */
export function formAsked(service: QueryService, { headers }: SignedRequest): QueryForm {
  return service === 'sts' && /(?:^|,)\s*application\/json\s*(?:;|,|$)/i.test(headers.get('accept') ?? '')
    ? 'json'
    : 'xml'
}

/** @param output `undefined` for operations without one: their answer has no result. */
export function queryAnswer(
  service: QueryService,
  { name }: Operation,
  output: unknown,
  requestId: string,
  form: QueryForm,
): Answer {
  if (form === 'json') {
    const response = { [`${name}Result`]: output, ResponseMetadata: { RequestId: requestId } }
    return plainJsonAnswer(200, { [`${name}Response`]: withSeconds(response) }, requestId)
  }
  const result = xmlElement(`${name}Result`, output)
  const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`
  const body = `<${name}Response xmlns="${namespaceOf(service)}">${result}${metadata}</${name}Response>`
  return textXmlAnswer(200, body, requestId)
}

/** Times are seconds since the epoch in JSON; of those of STS there is one. */
function withSeconds(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'Expiration' ? Date.parse(member) / 1000 : withSeconds(member),
    ]),
  )
}

/** Errors that the domain shares with KMS, by their names in the query protocol. */
const SHARED: ReadonlyMap<string, string> = new Map([
  ['AccessDeniedException', 'AccessDenied'],
  ['KMSInternalException', 'InternalFailure'],
  ['SerializationException', 'MalformedInput'],
  ['ThrottlingException', 'Throttling'],
  ['UnrecognizedClientException', 'InvalidClientTokenId'],
  ['ValidationException', 'ValidationError'],
])

/** authorization.md 5.4, the right column. `ExpiredTokenException` of AssumeRoleWithWebIdentity is another error. */
const OF_AUTHENTICATION: ReadonlyMap<string, string> = new Map([
  ['ExpiredTokenException', 'ExpiredToken'],
  ['IncompleteSignatureException', 'IncompleteSignature'],
  ['InvalidSignatureException', 'SignatureDoesNotMatch'],
  ['MissingAuthenticationTokenException', 'MissingAuthenticationToken'],
  ['UnrecognizedClientException', 'InvalidClientTokenId'],
])

/** All others are 400. */
const STATUS: ReadonlyMap<string, number> = new Map([
  ['AccessDenied', 403],
  ['ConcurrentModification', 409],
  ['DeleteConflict', 409],
  ['EntityAlreadyExists', 409],
  ['EntityTemporarilyUnmodifiable', 409],
  ['ExpiredToken', 403],
  ['IDPRejectedClaim', 403],
  ['InternalFailure', 500],
  ['InvalidClientTokenId', 403],
  ['LimitExceeded', 409],
  ['MalformedQueryString', 404],
  ['MissingAuthenticationToken', 403],
  ['NoSuchEntity', 404],
  ['RegionDisabledException', 403],
  ['ServiceFailure', 500],
  ['SignatureDoesNotMatch', 403],
])

/** @param isInside false: whatever failed did so before the operation began. */
export function queryErrorAnswer(
  service: QueryService,
  error: unknown,
  requestId: string,
  isInside: boolean,
  form: QueryForm,
): Answer {
  const { code: thrown, text } = error instanceof KmsError ? error : new KmsError('KMSInternalException')
  const code = (isInside ? undefined : OF_AUTHENTICATION.get(thrown)) ?? SHARED.get(thrown) ?? thrown
  const status = STATUS.get(code) ?? 400
  const type = status >= 500 ? 'Receiver' : 'Sender'
  if (form === 'json') {
    const answer = { Error: { Code: code, Message: text, Type: type }, RequestId: requestId }
    return plainJsonAnswer(status, answer, requestId)
  }
  const message = text === undefined ? '' : `<Message>${xmlText(text)}</Message>`
  const body =
    `<ErrorResponse xmlns="${namespaceOf(service)}"><Error><Type>${type}</Type><Code>${xmlText(code)}</Code>${message}</Error>` +
    `<RequestId>${requestId}</RequestId></ErrorResponse>`
  return textXmlAnswer(status, body, requestId)
}
