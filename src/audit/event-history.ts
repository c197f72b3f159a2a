/** What LookupEvents is answered from (audit.md section 6): the log, seen by its events instead of by its streams. */

/** As the model names them. */
export const LOOKUP_KEYS = [
  'EventId',
  'EventName',
  'ReadOnly',
  'Username',
  'ResourceType',
  'ResourceName',
  'EventSource',
  'AccessKeyId',
] as const
export type LookupKey = (typeof LOOKUP_KEYS)[number]

export interface EventQuery {
  /** Whose events: an account has those of which a record was made for it. */
  readonly account: string
  readonly region: string
  /** Compared whole, with its case. */
  readonly attribute: { readonly key: LookupKey; readonly value: string } | undefined
  /** Milliseconds since the epoch, both included. */
  readonly startTime: number
  readonly endTime: number
  readonly count: number
  /** `next` of the page before. */
  readonly after: string | undefined
}

export interface EventResource {
  readonly type: string
  readonly name: string
}

/** An event by what it can be looked up with. */
export interface HistoryEvent {
  readonly eventId: string
  readonly eventName: string
  /** `kms.amazonaws.com` */
  readonly eventSource: string
  /** Milliseconds since the epoch, whole seconds. */
  readonly time: number
  readonly readOnly: boolean
  /** `undefined` of whoever has none. */
  readonly accessKeyId: string | undefined
  /** Name of a user, `root`, or the session name of a role. */
  readonly username: string | undefined
  readonly resources: readonly EventResource[]
  /** The record: one line of JSON. */
  readonly line: string
}

export interface EventPage {
  /** Newest first. There may be fewer than asked for, even none, although more follow. */
  readonly events: readonly HistoryEvent[]
  /** Where the next page begins; `undefined`: there is no more. */
  readonly next: string | undefined
  /**
   * Milliseconds since the epoch from which on no event is missing: of everything that is rare (changes, failures, what the service
   * does itself, STS, IAM), and of successful calls of KMS that change nothing.
   */
  readonly completeSince: number
  readonly routineCompleteSince: number
}

export interface EventHistory {
  /**
   * @throws {KmsError} `InvalidNextTokenException` for an `after` that is none; `ThrottlingException` while the log has to be read
   * first; `OperationNotPermittedException` where it is damaged, so that no answer is silently incomplete.
   */
  lookup(query: EventQuery): Promise<EventPage>
  /** Reads what is new in the log, if that is ever asked for; returns at once. */
  keepUp(): void
  close(): Promise<void>
}
