/**
 * One CloudTrail record per call (audit.md sections 1 to 4): what is in it, and its form as one line of JSON. Fields are
 * allow-listed by each operation's declaration; nothing else of a request or an answer can get here.
 */
import {
  AUDIT_ADDITIONAL_BYTES_MAX,
  AUDIT_ERROR_MESSAGE_BYTES_MAX,
  AUDIT_PARAMETERS_BYTES_MAX,
  AUDIT_RECORD_BYTES_MAX,
  AUDIT_USER_AGENT_BYTES_MAX,
} from '../base/limits.ts'
import type { Service } from '../base/services.ts'

/** Source of records of uses of external keys, which are not made here (`xks-proxy/call-record.ts`). */
export const XKS_PROXY_SOURCE = 'kms-xks-proxy.amazonaws.com'

/** The caller; a principal of the domain is one. A service has its name for an ARN, and an empty account. */
export interface AuditIdentity {
  readonly type: 'Root' | 'IAMUser' | 'AssumedRole' | 'FederatedUser' | 'WebIdentityUser' | 'AWSService'
  readonly principalId: string
  readonly arn: string
  readonly account: string
  /** Unique id and ARN of the user or role whose policies count; of a web identity the ARN is its provider's. */
  readonly entityId: string
  readonly principalArn: string
  /** Empty for whoever has none. */
  readonly accessKeyId: string
  readonly userName?: string
  /** Of temporary credentials. */
  readonly session?: AuditSession
  /** The service that acts for the caller. */
  readonly invokedBy?: string
}

export interface AuditSession {
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  readonly roleName?: string
  readonly mfaAuthenticatedAt?: number
  readonly sourceIdentity?: string
  /** ARN of the identity provider. */
  readonly federatedProvider?: string
  /** Of the user who vouches for a federated one. */
  readonly issuer?: { readonly userName: string; readonly arn: string }
}

export interface AuditResource {
  /** `AWS::KMS::Key` */
  readonly type: string
  readonly account: string
  readonly arn: string
}

export interface TlsDetails {
  readonly tlsVersion: string
  readonly cipherSuite: string
  readonly clientProvidedHostHeader: string
}

export type AuditFields = Readonly<Record<string, unknown>>

export interface AuditRecord {
  readonly eventId: string
  readonly requestId: string
  /** Milliseconds since the epoch, when the request completed. */
  readonly time: number
  readonly service: Service
  readonly eventName: string
  readonly region: string
  readonly identity: AuditIdentity
  readonly sourceIp: string
  readonly userAgent: string
  readonly readOnly: boolean
  readonly error: { readonly code: string; readonly text: string | undefined } | undefined
  readonly parameters: AuditFields | undefined
  readonly response: AuditFields | undefined
  readonly additional: AuditFields | undefined
  /** `undefined`: the record has no such field. */
  readonly resources: readonly AuditResource[] | undefined
  /** Account that this copy is for; the caller's if left out. */
  readonly recipient?: string | undefined
  /** The same in the copies for all accounts (audit.md AU-5). */
  readonly sharedEventId?: string | undefined
  readonly tls: TlsDetails | undefined
}

/** Something that happened without a call (audit.md section 5). */
export interface ServiceEvent {
  readonly eventId: string
  /** Milliseconds since the epoch. */
  readonly time: number
  /** `DeleteKey` */
  readonly eventName: string
  readonly region: string
  /** The key's owner. */
  readonly account: string
  readonly keyArn: string
  /** Only `DeleteKey` and `SynchronizeMultiRegionKey` have one. */
  readonly response?: AuditFields
  readonly details?: AuditFields
  /** Of `DeleteKey` on a key in an HSM (lifecycle.md 10.1). */
  readonly additional?: AuditFields
}

/** Where records go. */
export interface AuditSink {
  /** @throws {KmsError} before any work is done, when records cannot be kept (audit.md G-3, G-4) or too many wait (section 9). */
  admit(changes: boolean): void
  /** Resolves once the line is on stable storage. @throws {KmsError} `KMSInternalException` when it cannot be. */
  append(line: string): Promise<void>
}

/** What the query protocol of IAM and STS shortens by the word `Exception`. */
const SHORTENED: ReadonlySet<string> = new Set([
  'ConcurrentModification',
  'DeleteConflict',
  'EntityAlreadyExists',
  'IDPCommunicationError',
  'InvalidIdentityToken',
  'InvalidInput',
  'LimitExceeded',
  'MalformedPolicyDocument',
  'NoSuchEntity',
  'PackedPolicyTooLarge',
])

/** CloudTrail's name for a denial differs from the exception's; all others have the exception's (audit.md 4.4). */
function errorCode(code: string): string {
  if (code === 'AccessDeniedException') return 'AccessDenied'
  return SHORTENED.has(code) ? `${code}Exception` : code
}

/** Constant parts are made into text once: the caller's for each principal, TLS for each connection. */
const identityTexts = new WeakMap<AuditIdentity, string>()
const tlsTexts = new WeakMap<TlsDetails, string>()

function remembered<T extends object>(texts: WeakMap<T, string>, value: T, make: (value: T) => string): string {
  const known = texts.get(value)
  if (known !== undefined) return known
  const text = make(value)
  texts.set(value, text)
  return text
}

/** audit.md section 2. */
function identityText(identity: AuditIdentity): string {
  const { type, principalId, arn, account, accessKeyId, userName, invokedBy } = identity
  if (type === 'AWSService') return JSON.stringify({ type, invokedBy: arn })
  if (type === 'WebIdentityUser') {
    // Known only by what the provider said, and only once its token has been verified.
    return JSON.stringify({ type, ...stated({ principalId, userName, identityProvider: identity.principalArn }) })
  }
  const sessionContext = identity.session && sessionContextOf(identity, identity.session)
  return JSON.stringify({
    type,
    principalId,
    arn,
    accountId: account,
    accessKeyId,
    userName,
    sessionContext,
    invokedBy,
  })
}

function stated(fields: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
}

function sessionContextOf(identity: AuditIdentity, session: AuditSession) {
  const { federatedProvider, sourceIdentity, issuedAt, mfaAuthenticatedAt } = session
  return {
    sessionIssuer: sessionIssuerOf(identity, session),
    webIdFederationData: federatedProvider === undefined ? undefined : { federatedProvider, attributes: {} },
    attributes: { creationDate: eventTime(issuedAt), mfaAuthenticated: String(mfaAuthenticatedAt !== undefined) },
    sourceIdentity,
  }
}

function sessionIssuerOf({ type, account, entityId, principalArn }: AuditIdentity, { roleName, issuer }: AuditSession) {
  if (type === 'AssumedRole') {
    return { type: 'Role', principalId: entityId, arn: principalArn, accountId: account, userName: roleName }
  }
  if (type !== 'FederatedUser') return undefined
  return issuer === undefined
    ? { type: 'Root', principalId: account, arn: `arn:aws:iam::${account}:root`, accountId: account }
    : { type: 'IAMUser', principalId: entityId, arn: issuer.arn, accountId: account, userName: issuer.userName }
}

function tlsText({ tlsVersion, cipherSuite, clientProvidedHostHeader }: TlsDetails): string {
  return JSON.stringify({ tlsVersion, cipherSuite, clientProvidedHostHeader })
}

let lastSecond = -1
let lastSecondText = ''

/** UTC, whole seconds; most records of a busy server share the one before's. */
function eventTime(time: number): string {
  const second = Math.floor(time / 1000)
  if (second !== lastSecond) {
    lastSecond = second
    lastSecondText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
  }
  return lastSecondText
}

/** Text of the fields, `null` where there are none. */
function fieldsText(fields: AuditFields | undefined): string {
  if (fields === undefined) return 'null'
  const text = JSON.stringify(fields)
  return text === '{}' ? 'null' : text
}

function resourcesText(resources: readonly AuditResource[]): string {
  let text = ''
  for (const { account, type, arn } of resources) {
    text += `${text === '' ? '' : ','}{"accountId":${JSON.stringify(account)},"type":"${type}","ARN":${JSON.stringify(arn)}}`
  }
  return `[${text}]`
}

/** At most `bytesMax` of UTF-8, whole characters. */
export function limited(text: string, bytesMax: number): string {
  // A UTF-16 unit is at most three bytes.
  if (text.length * 3 <= bytesMax) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= bytesMax) return text
  let end = bytesMax
  while ((bytes[end]! & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}

/** The parts of a record that shortening may leave out. */
interface Parts {
  readonly parameters: string
  readonly response: string
  readonly additional: string
  readonly userAgent: string
}

/** One line without its line end, at most 256 KB: parts that are too long are left out and named (audit.md section 1). */
export function auditLine(record: AuditRecord): string {
  const parts = {
    parameters: fieldsText(record.parameters),
    response: fieldsText(record.response),
    additional: fieldsText(record.additional),
    userAgent: limited(record.userAgent, AUDIT_USER_AGENT_BYTES_MAX),
  }
  const line = compose(record, parts)
  // Below the smallest of the limits nothing can be above its own.
  return line.length * 3 <= AUDIT_ADDITIONAL_BYTES_MAX ? line : shortened(record, parts, line)
}

/** In the order of audit.md section 1: what is too long itself, then whatever is next until the whole fits. */
function shortened(record: AuditRecord, whole: Parts, line: string): string {
  const cuts = [
    { name: 'requestParameters', part: 'parameters', bytesMax: AUDIT_PARAMETERS_BYTES_MAX, rest: 'null' },
    { name: 'responseElements', part: 'response', bytesMax: AUDIT_PARAMETERS_BYTES_MAX, rest: 'null' },
    { name: 'additionalEventData', part: 'additional', bytesMax: AUDIT_ADDITIONAL_BYTES_MAX, rest: '{}' },
    { name: 'userAgent', part: 'userAgent', bytesMax: AUDIT_USER_AGENT_BYTES_MAX, rest: '' },
  ] as const
  const truncated = new Set<string>()
  let parts = whole
  const recompose = () => {
    const additional = parts.additional === 'null' ? {} : JSON.parse(parts.additional)
    return compose(record, { ...parts, additional: JSON.stringify({ ...additional, truncated: [...truncated] }) })
  }
  for (const { name, part, bytesMax, rest } of cuts) {
    if (Buffer.byteLength(parts[part]) <= bytesMax) continue
    parts = { ...parts, [part]: rest }
    truncated.add(name)
  }
  let short = truncated.size === 0 ? line : recompose()
  for (const { name, part, rest } of cuts) {
    if (Buffer.byteLength(short) <= AUDIT_RECORD_BYTES_MAX) break
    parts = { ...parts, [part]: rest }
    truncated.add(name)
    short = recompose()
  }
  return short
}

/** What a record begins with: a caller's records of one second and one operation share it, as busy callers' do. */
interface Head {
  readonly time: string
  readonly service: Service
  readonly eventName: string
  readonly region: string
  readonly sourceIp: string
  readonly userAgent: string
  readonly text: string
}

/** The last one of each caller. */
const heads = new WeakMap<AuditIdentity, Head>()

function headText(record: AuditRecord, userAgent: string): string {
  const { identity, time: at, service, eventName, region, sourceIp } = record
  const time = eventTime(at)
  const known = heads.get(identity)
  const fits =
    known !== undefined &&
    known.time === time &&
    known.eventName === eventName &&
    known.service === service &&
    known.region === region &&
    known.sourceIp === sourceIp &&
    known.userAgent === userAgent
  if (fits) return known.text
  // Joined, not added up: the text is then in one piece in memory, which is cheaper to use many times.
  const text = [
    `{"eventVersion":"1.11","userIdentity":${remembered(identityTexts, identity, identityText)}`,
    `,"eventTime":"${time}","eventSource":"${service}.amazonaws.com","eventName":"${eventName}"`,
    `,"awsRegion":${JSON.stringify(region)},"sourceIPAddress":${JSON.stringify(sourceIp)}`,
    `,"userAgent":${JSON.stringify(userAgent)}`,
  ].join('')
  heads.set(identity, { time, service, eventName, region, sourceIp, userAgent, text })
  return text
}

/** Names and ids of our own need no escaping; all that a client had a hand in gets it. */
function compose(record: AuditRecord, { parameters, response, additional, userAgent }: Parts): string {
  const { error, tls, identity } = record
  let line = headText(record, userAgent)
  if (error !== undefined) {
    line += `,"errorCode":"${errorCode(error.code)}"`
    if (error.text !== undefined) {
      line += `,"errorMessage":${JSON.stringify(limited(error.text, AUDIT_ERROR_MESSAGE_BYTES_MAX))}`
    }
  }
  line += `,"requestParameters":${parameters},"responseElements":${response}`
  if (additional !== 'null') line += `,"additionalEventData":${additional}`
  line += `,"requestID":"${record.requestId}","eventID":"${record.eventId}","readOnly":${record.readOnly}`
  if (record.resources !== undefined) line += `,"resources":${resourcesText(record.resources)}`
  line += `,"eventType":"AwsApiCall","managementEvent":true`
  const recipient = record.recipient ?? identity.account
  // A service that touched nobody's key has none.
  if (recipient !== '') line += `,"recipientAccountId":"${recipient}"`
  if (record.sharedEventId !== undefined) line += `,"sharedEventID":"${record.sharedEventId}"`
  line += `,"eventCategory":"Management"`
  if (tls !== undefined) line += `,"tlsDetails":${remembered(tlsTexts, tls, tlsText)}`
  return `${line}}`
}

/** The line of an `AwsServiceEvent`; it has no request, so it has no request id and no caller. */
export function serviceEventLine(event: ServiceEvent): string {
  const { account, keyArn } = event
  return JSON.stringify({
    eventVersion: '1.11',
    userIdentity: { accountId: account, invokedBy: 'AWS Internal' },
    eventTime: eventTime(event.time),
    eventSource: 'kms.amazonaws.com',
    eventName: event.eventName,
    awsRegion: event.region,
    sourceIPAddress: 'AWS Internal',
    userAgent: 'AWS Internal',
    requestParameters: null,
    responseElements: event.response ?? null,
    additionalEventData: event.additional,
    eventID: event.eventId,
    readOnly: false,
    resources: [{ accountId: account, type: 'AWS::KMS::Key', ARN: keyArn }],
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: account,
    serviceEventDetails: event.details,
    eventCategory: 'Management',
  })
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

/** Java's default text of a date, which CloudTrail uses inside parameters and answers: `Aug 10, 2022, 10:38:27 PM`, UTC. */
export function javaDate(time: number): string {
  const date = new Date(time)
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = date.getUTCHours()
  const day = `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}, ${date.getUTCFullYear()}`
  return `${day}, ${hours % 12 || 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} ${hours < 12 ? 'AM' : 'PM'}`
}
