/** An audit record as LookupEvents shows it (audit.md section 6). */
import { XKS_PROXY_SOURCE } from './audit-record.ts'
import type { EventQuery, EventResource, HistoryEvent, LookupKey } from './event-history.ts'
import { parseRecord } from './parse-line.ts'

/** The parts of a record that are looked at (audit.md section 1). */
interface Record {
  readonly eventID: string
  readonly eventName: string
  readonly eventSource: string
  readonly eventTime: string
  readonly eventType: string
  readonly awsRegion: string
  readonly readOnly: boolean
  readonly errorCode?: string
  readonly userIdentity?: {
    readonly arn?: string
    readonly userName?: string
    readonly accessKeyId?: string
  }
  readonly resources?: readonly { readonly type: string; readonly ARN: string }[]
  readonly recipientAccountId?: string
}

/** An event with where it belongs. */
export interface RecordedEvent extends HistoryEvent {
  /** `undefined`: no account's. */
  readonly account: string | undefined
  readonly region: string
  /** A successful call that changes nothing, of KMS or of the external key store proxy: the many. */
  readonly isRoutine: boolean
}

const KMS = 'kms.amazonaws.com'

/** @returns `undefined` of a line that is no record. */
export function recordedEvent(line: string): RecordedEvent | undefined {
  const record = parseRecord(line) as unknown as Record | undefined
  if (record === undefined) return undefined
  const { userIdentity = {}, eventSource, readOnly } = record
  return {
    eventId: record.eventID,
    eventName: record.eventName,
    eventSource,
    time: Date.parse(record.eventTime),
    readOnly,
    accessKeyId: userIdentity.accessKeyId || undefined,
    username: usernameOf(userIdentity),
    resources: resourcesOf(record),
    account: record.recipientAccountId,
    region: record.awsRegion,
    isRoutine: isOfKeys(record) && readOnly && record.errorCode === undefined,
    line,
  }
}

/** Other services' calls are few, and so are events of KMS itself. */
function isOfKeys({ eventSource, eventType }: Record): boolean {
  return eventSource === XKS_PROXY_SOURCE || (eventSource === KMS && eventType === 'AwsApiCall')
}

/** `root`, the name of a user, or of a role that of its session, which ends its ARN; services have none. */
export function usernameOf({ arn, userName }: NonNullable<Record['userIdentity']>): string | undefined {
  if (userName !== undefined) return userName
  if (arn === undefined) return undefined
  if (arn.endsWith(':root')) return ROOT
  return arn.includes('/') ? arn.slice(arn.lastIndexOf('/') + 1) : undefined
}

export const ROOT = 'root'

/** Of KMS only those of operations that change a key: AWS shows no others. */
function resourcesOf({ eventSource, readOnly, resources = [] }: Record): readonly EventResource[] {
  if (eventSource === KMS && readOnly) return []
  return resources.map(({ type, ARN }) => ({ type, name: ARN }))
}

/** Whether the event is what was asked for, its place in the list aside. */
export function isAskedFor(event: RecordedEvent, query: EventQuery): boolean {
  const { account, region, attribute, startTime, endTime } = query
  if (event.account !== account || event.region !== region) return false
  if (event.time < startTime || event.time > endTime) return false
  return attribute === undefined || valuesOf(event, attribute.key).includes(attribute.value)
}

/** What an event can be found by under a key. */
export function valuesOf(event: HistoryEvent, key: LookupKey): readonly string[] {
  switch (key) {
    case 'EventId':
      return [event.eventId]
    case 'EventName':
      return [event.eventName]
    case 'EventSource':
      return [event.eventSource]
    case 'ReadOnly':
      return [String(event.readOnly)]
    case 'AccessKeyId':
      return event.accessKeyId === undefined ? NONE : [event.accessKeyId]
    case 'Username':
      return event.username === undefined ? NONE : [event.username]
    case 'ResourceType':
      return event.resources.map(({ type }) => type)
    case 'ResourceName':
      return event.resources.map(({ name }) => name)
  }
}

const NONE: readonly string[] = []
