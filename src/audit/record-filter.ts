/** Which records somebody wants to see, in the terms of CloudTrail's LookupEvents. */
import { ROOT, usernameOf } from './history-event.ts'
import { parseRecord } from './parse-line.ts'

/** All that are given have to hold. */
export interface RecordFilter {
  readonly eventId?: string | undefined
  readonly eventName?: string | undefined
  /** `kms.amazonaws.com` */
  readonly eventSource?: string | undefined
  readonly readOnly?: boolean | undefined
  /** Name of a user, `root`, or the session name of a role; an ARN is compared whole. */
  readonly username?: string | undefined
  readonly accessKeyId?: string | undefined
  /** ARN of a resource, a key id, or `alias/…`. */
  readonly resourceName?: string | undefined
  /** Milliseconds since the epoch, both included. */
  readonly startTime?: number | undefined
  readonly endTime?: number | undefined
}

/** The parts that are looked at (audit.md section 1). */
interface Record {
  readonly eventID?: string
  readonly eventName?: string
  readonly eventSource?: string
  readonly eventTime?: string
  readonly readOnly?: boolean
  readonly userIdentity?: { readonly arn?: string; readonly userName?: string; readonly accessKeyId?: string }
  readonly resources?: readonly { readonly ARN?: string }[]
  readonly requestParameters?: { readonly keyId?: unknown } | null
}

/** @returns the time of a record that fits, in milliseconds since the epoch; `undefined` for others. */
export function createRecordFilter(filter: RecordFilter): (line: string) => number | undefined {
  const { eventId, eventName, eventSource, username, accessKeyId, resourceName } = filter
  const exact = [eventId, eventName, eventSource, username, accessKeyId, resourceName]
  // Cheaper than parsing every record. What JSON would spell otherwise is not searched for.
  const words = exact.filter((text) => text !== undefined && /^[\w:/.@=+-]+$/.test(text) && text !== ROOT) as string[]

  return (line) => {
    if (!words.every((word) => line.includes(word))) return undefined
    const record = parseRecord(line) as Record | undefined
    if (record === undefined) return undefined
    const time = Date.parse(record.eventTime ?? '')
    return fits(record, time, filter) ? time : undefined
  }
}

function fits(record: Record, time: number, filter: RecordFilter): boolean {
  const { startTime = Number.NEGATIVE_INFINITY, endTime = Number.POSITIVE_INFINITY } = filter
  return (
    is(filter.eventId, record.eventID) &&
    is(filter.eventName, record.eventName) &&
    is(filter.eventSource, record.eventSource) &&
    is(filter.readOnly, record.readOnly) &&
    is(filter.accessKeyId, record.userIdentity?.accessKeyId) &&
    (filter.username === undefined || isBy(filter.username, record)) &&
    (filter.resourceName === undefined || isOn(filter.resourceName, record)) &&
    !(time < startTime || time > endTime)
  )
}

function is<T>(wanted: T | undefined, found: T | undefined): boolean {
  return wanted === undefined || wanted === found
}

function isBy(username: string, { userIdentity = {} }: Record): boolean {
  return username === userIdentity.arn || username === usernameOf(userIdentity)
}

/** A key that was named by an alias is a resource by its ARN alone; how it was named is a parameter. */
function isOn(name: string, { resources = [], requestParameters }: Record): boolean {
  const named = [requestParameters?.keyId, ...resources.map(({ ARN }) => ARN)]
  return named.some(
    (found) =>
      typeof found === 'string' && (found === name || found.endsWith(`:${name}`) || found.endsWith(`:key/${name}`)),
  )
}
