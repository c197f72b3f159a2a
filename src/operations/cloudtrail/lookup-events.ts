/** Events of the audit log by one attribute, newest first: CloudTrail's event history (audit.md section 6). */
import { javaDate } from '../../audit/audit-record.ts'
import { type HistoryEvent, LOOKUP_KEYS, type LookupKey } from '../../audit/event-history.ts'
import { isAccount, parseArn } from '../../base/arn.ts'
import { KmsError } from '../../base/errors.ts'
import { EVENT_HISTORY_MS } from '../../base/limits.ts'
import { integer, list, optional, string, structure, timestamp } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { type MarkerScope, markerOf, nameInMarker } from '../shapes/pagination.ts'

const RESULTS_MAX = 50
const VALUE_CHARS_MAX = 2_000
/** Characters that count twice. */
const COUNT_TWICE = /[_ ,\n]/g
const NEXT_TOKEN_CHARS_MAX = 8_192
/** Beyond it there are no dates. */
const TIME_MS_MAX = 8.64e15

/** Bounds are checked below: each has an exception of its own. */
const input = structure({
  LookupAttributes: optional(list(structure({ AttributeKey: optional(string()), AttributeValue: optional(string()) }))),
  StartTime: optional(timestamp()),
  EndTime: optional(timestamp()),
  EventCategory: optional(string()),
  MaxResults: optional(integer(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)),
  NextToken: optional(string()),
})

type Input = ReturnType<typeof input.parse>

const KEYS: ReadonlySet<string> = new Set(LOOKUP_KEYS)

/** @throws {KmsError} `InvalidLookupAttributesException` */
function attributeOf({ LookupAttributes = [] }: Input): { key: LookupKey; value: string } | undefined {
  const [attribute] = LookupAttributes
  if (attribute === undefined) return undefined
  const { AttributeKey: key = '', AttributeValue: value = '' } = attribute
  const length = value.length + (value.match(COUNT_TWICE)?.length ?? 0)
  const complaint =
    LookupAttributes.length > 1
      ? 'Only one lookup attribute can be specified.'
      : !KEYS.has(key)
        ? `The attribute key must be one of ${LOOKUP_KEYS.join(', ')}.`
        : length < 1 || length > VALUE_CHARS_MAX
          ? `The value of the attribute ${key} must have from 1 to ${VALUE_CHARS_MAX} characters.`
          : key === 'ReadOnly' && value !== 'true' && value !== 'false'
            ? 'The value of the attribute ReadOnly must be true or false.'
            : undefined
  if (complaint !== undefined) throw new KmsError('InvalidLookupAttributesException', complaint)
  return { key: key as LookupKey, value }
}

function check(asked: Input): void {
  attributeOf(asked)
  const { StartTime = 0, EndTime = Number.POSITIVE_INFINITY, EventCategory, MaxResults = RESULTS_MAX } = asked
  if (StartTime > EndTime || !isTime(asked.StartTime) || !isTime(asked.EndTime)) {
    const text = 'The end time must not be before the start time, and both must be dates.'
    throw new KmsError('InvalidTimeRangeException', text)
  }
  if (EventCategory !== undefined && EventCategory !== 'insight') {
    throw new KmsError('InvalidEventCategoryException', 'The event category must be insight, or be left out.')
  }
  if (MaxResults < 1 || MaxResults > RESULTS_MAX) {
    throw new KmsError('InvalidMaxResultsException', `MaxResults must be from 1 to ${RESULTS_MAX}.`)
  }
}

function isTime(time: number | undefined): boolean {
  return time === undefined || Math.abs(time) <= TIME_MS_MAX
}

/** A token belongs to the caller's account and Region, and to what was asked for. */
function scopeOf({ LookupAttributes = [], StartTime, EndTime, EventCategory }: Input, account: string, region: string) {
  const [{ AttributeKey = '', AttributeValue = '' } = {}] = LookupAttributes
  const asked = [AttributeKey, AttributeValue, StartTime, EndTime, EventCategory].map((value) => String(value ?? ''))
  return ['LookupEvents', account, region, ...asked] satisfies MarkerScope
}

/** @throws {KmsError} `InvalidNextTokenException` */
function pageStart({ NextToken }: Input, scope: MarkerScope): string | undefined {
  if (NextToken === undefined) return undefined
  const place = NextToken.length > NEXT_TOKEN_CHARS_MAX ? undefined : nameInMarker(NextToken, scope)
  if (place !== undefined) return place
  const text = 'The token was not given for these parameters. Send it with those of the call that answered with it.'
  throw new KmsError('InvalidNextTokenException', text)
}

function shown(event: HistoryEvent, account: string) {
  return {
    EventId: event.eventId,
    EventName: event.eventName,
    ReadOnly: String(event.readOnly),
    AccessKeyId: event.accessKeyId,
    EventTime: event.time / 1000,
    EventSource: event.eventSource,
    Username: event.username,
    Resources: event.resources.map(({ type, name }) => ({ ResourceType: type, ResourceName: name })),
    CloudTrailEvent: isRefusalElsewhere(event.line, account) ? withoutDecision(event.line) : event.line,
  }
}

interface RefusalRecord {
  readonly additionalEventData: { readonly authorization: { readonly resource: string } }
}

/** A call that was refused on what another account owns, or on a key that nobody has. */
function isRefusalElsewhere(line: string, account: string): boolean {
  if (!line.includes('"additionalEventData":{') || !line.includes('"authorization":{')) return false
  const { additionalEventData } = JSON.parse(line) as Partial<RefusalRecord>
  const resource = additionalEventData?.authorization?.resource
  if (resource === undefined) return false
  const owner = parseArn(resource)?.account
  return owner === undefined ? resource === '' : isAccount(owner) && owner !== account
}

/**
 * What decided is for the operator, in the log: it names the key behind an alias or a ciphertext, and tells whether a policy of
 * its owner denied, so that there is one (authorization.md 5.3).
 */
function withoutDecision(line: string): string {
  const record = JSON.parse(line) as RefusalRecord
  const { authorization: _, ...others } = record.additionalEventData
  const additionalEventData = Object.keys(others).length === 0 ? undefined : others
  return JSON.stringify({ ...record, additionalEventData })
}

/** What cannot be written as a date has already been refused. */
function recordedTime(time: number | undefined): string | undefined {
  return time !== undefined && isTime(time) ? javaDate(time) : undefined
}

export const LookupEvents = defineOperation({
  service: 'cloudtrail',
  name: 'LookupEvents',
  input,
  check,
  uses: [{ on: 'account', permission: 'cloudtrail:LookupEvents', shownAs: () => '' }],
  audit: {
    readOnly: true,
    parameters: (asked) => ({
      lookupAttributes: asked.LookupAttributes?.map(({ AttributeKey, AttributeValue }) => ({
        attributeKey: AttributeKey,
        attributeValue: AttributeValue,
      })),
      startTime: recordedTime(asked.StartTime),
      endTime: recordedTime(asked.EndTime),
      eventCategory: asked.EventCategory,
      maxResults: asked.MaxResults,
      nextToken: asked.NextToken,
    }),
  },
  async handler(asked, { call, eventHistory }) {
    const { principal, region, time } = call
    const scope = scopeOf(asked, principal.account, region)
    const after = pageStart(asked, scope)
    // Nobody computes insights here.
    if (asked.EventCategory === 'insight') return { Events: [] }
    if (eventHistory === undefined)
      throw new KmsError('UnsupportedOperationException', 'There is no event history here.')
    const startTime = Math.max(asked.StartTime ?? 0, time - EVENT_HISTORY_MS)
    const page = await eventHistory.lookup({
      account: principal.account,
      region,
      attribute: attributeOf(asked),
      startTime,
      endTime: asked.EndTime ?? Number.MAX_SAFE_INTEGER,
      count: asked.MaxResults ?? RESULTS_MAX,
      after,
    })
    return {
      Events: page.events.map((event) => shown(event, principal.account)),
      NextToken: page.next === undefined ? undefined : markerOf(scope, page.next),
      // Not AWS's: from when on nothing is missing (audit.md section 6).
      CompleteSince: seconds(Math.max(startTime, page.completeSince)),
      ReadOnlyCompleteSince: seconds(Math.max(startTime, page.routineCompleteSince)),
    }
  },
})

function seconds(time: number): number {
  return Math.ceil(time / 1000)
}
