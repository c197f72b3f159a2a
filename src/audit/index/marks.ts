/**
 * What a part of the log (a block) can be found by: one number for each value that an event in it can be looked up with. Different
 * values may share a number; who follows it reads the block and sees.
 */
import { sha256 } from '../../crypto/hash.ts'
import { LOOKUP_KEYS, type LookupKey } from '../event-history.ts'
import { type RecordedEvent, recordedEvent, valuesOf } from '../history-event.ts'

export type Mark = number

const MARK_BYTES = 6

/** @param attribute `undefined`: any event of the account and Region. */
export function markOf(
  account: string,
  region: string,
  attribute: { readonly key: LookupKey; readonly value: string } | undefined,
): Mark {
  const parts = attribute === undefined ? [account, region] : [account, region, attribute.key, attribute.value]
  return sha256(JSON.stringify(parts)).readUIntBE(0, MARK_BYTES)
}

/** What the events of a block have shown. */
export class BlockMarks {
  /** Mark → whether a rare event has it. */
  readonly marks = new Map<Mark, boolean>()
  /** UTC text of whole seconds, which sorts by time. */
  from = ''
  to = ''
  /** Of routine events: caller, operation, Region and account, whose marks are known. */
  readonly #seen = new Set<string>()

  add(line: string): void {
    const routine = readRoutine(line)
    if (routine === undefined) {
      const event = recordedEvent(line)
      if (event === undefined) return
      this.#note(instant(event.time))
      this.#mark(event)
      return
    }
    if (this.#seen.has(routine.likeness)) {
      this.#note(routine.time)
      return
    }
    const event = recordedEvent(line)
    if (event === undefined) return
    this.#note(routine.time)
    this.#seen.add(routine.likeness)
    this.#mark(event)
  }

  #note(time: string): void {
    if (this.from === '' || time < this.from) this.from = time
    if (time > this.to) this.to = time
  }

  #mark(event: RecordedEvent): void {
    const { account, region, isRoutine } = event
    if (account === undefined) return
    this.#set(markOf(account, region, undefined), isRoutine)
    for (const key of LOOKUP_KEYS) {
      // Their ids are too many; a look for one goes through what is there.
      if (isRoutine && key === 'EventId') continue
      for (const value of valuesOf(event, key)) this.#set(markOf(account, region, { key, value }), isRoutine)
    }
  }

  #set(mark: Mark, isRoutine: boolean): void {
    this.marks.set(mark, this.marks.get(mark) === true || !isRoutine)
  }
}

function instant(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`
}

const TIME = ',"eventTime":"'
const TIME_CHARS = 20
/**
 * UTC text of a record's second. The first of that name is it: only callers stand before it, and nobody chooses names there.
 */
export function timeOf(line: string): string {
  const start = line.indexOf(TIME) + TIME.length
  return line.slice(start, start + TIME_CHARS)
}

/** As `audit-record.ts` spells what comes behind the caller; a failure would have its code before the parameters. */
const ROUTINE =
  /,"eventTime":"[\dTZ:-]{20}","eventSource":"kms\.amazonaws\.com","eventName":"(\w+)","awsRegion":"([\w-]+)","sourceIPAddress":"(?:[^"\\]|\\.)*","userAgent":"(?:[^"\\]|\\.)*","requestParameters":/y
/** Between the resources of a call and the account that the record is for. */
const RECIPIENT = ',"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"'
const READ_ONLY = ',"readOnly":'
const ACCOUNT_CHARS = 12

/**
 * Without parsing: these are the many. A text of a client cannot be taken for a name, since quotes in it are escaped; a name that he
 * chose, of a pair of an encryption context, stands behind the time and before what is looked for from the end.
 */
function readRoutine(line: string): { readonly time: string; readonly likeness: string } | undefined {
  const at = line.indexOf(TIME)
  ROUTINE.lastIndex = at
  const match = at === -1 ? null : ROUTINE.exec(line)
  const recipient = line.lastIndexOf(RECIPIENT)
  if (match === null || recipient === -1) return undefined
  const readOnly = line.lastIndexOf(READ_ONLY, recipient)
  if (!line.startsWith('true', readOnly + READ_ONLY.length)) return undefined
  const start = recipient + RECIPIENT.length
  const account = line.slice(start, start + ACCOUNT_CHARS)
  return { time: timeOf(line), likeness: `${match[1]} ${match[2]} ${account} ${line.slice(0, at)}` }
}
