/**
 * One page of events: blocks that may hold some are read, newest first, until enough are found that nothing unread can come before.
 * Events are in order of their second; those of one second in the order of their blocks, then as they stand in them.
 */
import { KmsError } from '../../base/errors.ts'
import { EVENT_BLOCKS_READ_MAX, EVENT_HISTORY_MS } from '../../base/limits.ts'
import type { EventPage, EventQuery } from '../event-history.ts'
import { isAskedFor, type RecordedEvent, ROOT, recordedEvent } from '../history-event.ts'
import { linesOf } from '../read-log.ts'
import { isDamage, readSegment } from '../read-segment.ts'
import { segmentPath } from '../stream-names.ts'
import type { Block, EventIndex } from './event-index.ts'
import { markOf, timeOf } from './marks.ts'

interface Place {
  /** Seconds since the epoch. */
  readonly second: number
  readonly block: number
  /** Byte of its frame in the segment, and its number in the frame. */
  readonly offset: number
  readonly line: number
}

interface Found extends Place {
  readonly event: RecordedEvent
}

export interface FindOptions {
  readonly folder: string
  readonly index: EventIndex
  readonly blocksReadMax?: number
}

/** @throws {KmsError} `InvalidNextTokenException`, `OperationNotPermittedException` */
export async function findEvents(query: EventQuery, options: FindOptions): Promise<EventPage> {
  const { index } = options
  const { account, region, attribute } = query
  const after = query.after === undefined ? undefined : readPlace(query.after, index.id)
  const seconds = secondsOf(query, after)
  if (index.hasDamage(seconds.from, seconds.to)) throw damaged()
  const marked = index.candidates({ mark: markOf(account, region, attribute), ...seconds })
  if (attribute?.key !== 'EventId') return pageOf(marked, query, after, options)
  // Ids of routine events have no marks: one that is not among the rare is looked for everywhere.
  const page = await pageOf(marked, query, after, options)
  if (page.events.length > 0) return page
  return pageOf(index.candidates({ mark: markOf(account, region, undefined), ...seconds }), query, after, options)
}

async function pageOf(
  blocks: readonly Block[],
  query: EventQuery,
  after: Place | undefined,
  { folder, index, blocksReadMax = EVENT_BLOCKS_READ_MAX }: FindOptions,
): Promise<EventPage> {
  const { count } = query
  let found: Found[] = []
  /** All that is older has not been read. */
  let end: Place | undefined
  let read = 0
  for (const block of blocks) {
    const newest = before(block)
    const enough = found.length >= count && isAfter(found[count - 1]!, newest)
    if (enough || read >= blocksReadMax) {
      end = newest
      break
    }
    // Blocks that were read for an earlier page are read again for what is older in them, and do not count.
    if (after === undefined || !isAfter(newest, after)) read++
    const more = await eventsIn(block, query, after, folder)
    // One more than asked for shows that there is another page.
    found = [...found, ...more].sort((left, right) => (isAfter(left, right) ? -1 : 1)).slice(0, count + 1)
  }
  const bound = end
  const certain = bound === undefined ? found : found.filter((place) => isAfter(place, bound))
  const page = certain.slice(0, count)
  const isFull = certain.length > count || (bound !== undefined && certain.length === count)
  const next = isFull ? page.at(-1) : bound
  const since = Math.max(index.since * 1000, Date.now() - EVENT_HISTORY_MS)
  return {
    events: page.map(({ event }) => event),
    next: next && placeText(next, index.id),
    completeSince: since,
    routineCompleteSince: Math.max(since, index.routineSince * 1000),
  }
}

let lastTime = ''
let lastSecond = 0

/** Most lines share the one before's. */
function secondOf(line: string): number {
  const time = timeOf(line)
  if (time !== lastTime) {
    lastSecond = Date.parse(time) / 1000
    lastTime = time
  }
  return lastSecond
}

function secondsOf({ startTime, endTime }: EventQuery, after: Place | undefined) {
  const to = Math.floor(endTime / 1000)
  return { from: Math.ceil(startTime / 1000), to: after === undefined ? to : Math.min(to, after.second) }
}

/** At most one more than asked for, newest first. */
async function eventsIn(block: Block, query: EventQuery, after: Place | undefined, folder: string): Promise<Found[]> {
  const lines = await linesIn(block, folder, quickLook(query))
  const older = lines
    .filter((place) => after === undefined || isAfter(after, place))
    .sort((left, right) => (isAfter(left, right) ? -1 : 1))
  const found: Found[] = []
  for (const { text, ...place } of older) {
    const event = recordedEvent(text)
    if (event === undefined || !isAskedFor(event, query)) continue
    found.push({ ...place, event })
    if (found.length > query.count) break
  }
  return found
}

interface PlacedLine extends Place {
  readonly text: string
}

async function linesIn(block: Block, folder: string, mayBe: (line: string) => boolean): Promise<PlacedLine[]> {
  const { id, stream, segment, start, end } = block
  const lines: PlacedLine[] = []
  try {
    for await (const item of readSegment(segmentPath(folder, stream, segment), { from: start, beyondDamage: true })) {
      if ('end' in item) {
        // Altered, or shorter than it was.
        if (item.end.offset < end) throw damaged()
        continue
      }
      const { frame, offset } = item
      if (offset >= end) break
      if (frame.kind !== 'records') continue
      for (const [line, text] of linesOf(frame).entries()) {
        if (mayBe(text)) lines.push({ second: secondOf(text), block: id, offset, line, text })
      }
    }
  } catch (error) {
    if (isDamage(error)) throw damaged()
    throw error
  }
  return lines
}

/** Cheaper than parsing every record. What JSON would spell otherwise is not searched for. */
function quickLook({ account, region, attribute }: EventQuery): (line: string) => boolean {
  const words = [`"recipientAccountId":"${account}"`, `"awsRegion":"${region}"`]
  if (attribute?.key === 'ReadOnly') words.push(`"readOnly":${attribute.value},`)
  else if (attribute !== undefined && /^[\w:/.@=+-]+$/.test(attribute.value) && attribute.value !== ROOT) {
    words.push(attribute.value)
  }
  return (line) => words.every((word) => line.includes(word))
}

/** Newer than the other. */
function isAfter(left: Place, right: Place): boolean {
  if (left.second !== right.second) return left.second > right.second
  if (left.block !== right.block) return left.block > right.block
  if (left.offset !== right.offset) return left.offset > right.offset
  return left.line > right.line
}

/** Right behind the newest that the block can hold. */
function before({ to, id }: Block): Place {
  return { second: to, block: id, offset: Number.MAX_SAFE_INTEGER, line: 0 }
}

function placeText({ second, block, offset, line }: Place, index: string): string {
  return [index, second, block, offset, line].join('.')
}

function readPlace(text: string, index: string): Place {
  const match = /^([0-9a-f]{16})\.(-?\d{1,13})\.(\d{1,16})\.(\d{1,16})\.(\d{1,16})$/.exec(text)
  // Another index has other blocks.
  if (match?.[1] !== index) throw new KmsError('InvalidNextTokenException', 'The token is not valid any more.')
  const [second, block, offset, line] = match.slice(2).map(Number) as [number, number, number, number]
  return { second, block, offset, line }
}

function damaged(): KmsError {
  const text = `The audit log is damaged in this range of time, so events could be missing. 'keyhold audit verify' tells where.`
  return new KmsError('OperationNotPermittedException', text)
}
