/** All records of an audit folder, streaming; the log may be in use. */
import { HOUR_MS } from '../base/clock.ts'
import type { RemovedSegments } from './checkpoints/checkpoint.ts'
import { KnownRemovals } from './checkpoints/removals.ts'
import type { Frame } from './frame.ts'
import { parseLine } from './parse-line.ts'
import { isDamage, readSegment } from './read-segment.ts'
import { segmentStat } from './segment-file.ts'
import { listStreams, type Segment } from './stream-names.ts'

export interface LoggedRecord {
  /** UUID text. */
  readonly stream: string
  /** Gapless within its stream, from 0. */
  readonly sequence: number
  /** One line of JSON. */
  readonly line: string
}

/** What is read is not what was written; `keyhold audit verify` tells all about it. */
export class AuditLogError extends Error {}

/** Told of each place where a log is altered or something of it is missing. Reading goes on behind it, unless this throws. */
export type OnDamage = (damage: AuditLogError) => void

const stopAtDamage: OnDamage = (damage) => {
  throw damage
}

/**
 * Every record: streams in order of their start, records in order of their sequence. Ends at the torn or growing end of a
 * stream. @throws {AuditLogError} at damage, unless somebody else is told of it
 */
export async function* readAuditLog(
  folder: string,
  onDamage: OnDamage = stopAtDamage,
): AsyncGenerator<LoggedRecord, void, undefined> {
  const removals = new KnownRemovals(folder)
  for (const { stream, segments } of await listStreams(folder)) {
    let next = 0
    let nextSegment = 0
    const passOver = (removed: RemovedSegments | undefined) => {
      if (removed !== undefined) [nextSegment, next] = [removed.segments, removed.records]
      return removed !== undefined
    }
    for (const [index, segment] of segments.entries()) {
      if (segment.number > nextSegment) passOver(await removals.explaining(stream, nextSegment))
      if (segment.number < nextSegment) continue
      nextSegment = segment.number + 1
      try {
        for await (const frame of wholeFrames(segment, index === segments.length - 1, onDamage)) {
          if (frame.sequence !== next) onDamage(new AuditLogError(`${segment.path}: ${gap(next, frame.sequence)}`))
          next = frame.sequence + frame.count
          if (frame.kind !== 'records') continue
          let { sequence } = frame
          for (const line of linesOf(frame)) yield { stream, sequence: sequence++, line }
        }
      } catch (error) {
        if (!isDamage(error)) throw error
        // Or it was removed after the folder was listed.
        if (passOver(await removals.explaining(stream, segment.number))) continue
        onDamage(new AuditLogError(`${segment.path}: cannot be read: ${error.message}`, { cause: error }))
      }
    }
  }
}

function gap(expected: number, found: number): string {
  if (found < expected) return `record ${found} comes again`
  return found === expected + 1 ? `record ${expected} is missing` : `records ${expected} to ${found - 1} are missing`
}

async function* wholeFrames(
  { path }: Segment,
  isLast: boolean,
  onDamage: OnDamage,
): AsyncGenerator<Frame, void, undefined> {
  for await (const item of readSegment(path, { beyondDamage: true })) {
    if ('frame' in item) yield item.frame
    else if (item.end.state === 'altered' || (item.end.state === 'torn' && !isLast)) {
      onDamage(new AuditLogError(`${path}: ${item.end.fault} at byte ${item.end.offset}`))
    }
  }
}

/** Each line of a frame's payload is closed by LF. */
export function linesOf(frame: Frame): string[] {
  return frame.payload.toString().split('\n').slice(0, -1)
}

const EVENT_ID = /"eventID":"([0-9a-f-]{36})"/g

/**
 * Which of these events the log has. Newest segments first, as far back as needed: an id that is not there is looked for
 * everywhere, unless `since` bounds it.
 * @param since milliseconds since the epoch; segments that were not written to after it (less an hour, for clocks that differ)
 *   are not read
 */
export async function eventIdsPresent(
  folder: string,
  eventIds: ReadonlySet<string>,
  { since = 0 } = {},
): Promise<ReadonlySet<string>> {
  const present = new Set<string>()
  const segments = (await listStreams(folder)).flatMap((stream) => stream.segments)
  const written = await Promise.all(segments.map(async ({ path }) => (await segmentStat(path))?.mtimeMs ?? 0))
  // The newest are always read: where events are younger than the whole log, it is their clock that is wrong.
  const from = Math.min(since, Math.max(...written)) - HOUR_MS
  for (const [index, { path }] of [...segments.entries()].toReversed()) {
    if (present.size === eventIds.size) break
    // Or it is removed meanwhile, because it is old.
    if (written[index]! < from || (await segmentStat(path)) === undefined) continue
    // Altered parts are the verifier's affair; a record written twice does less harm than a service that does not start.
    for await (const item of readSegment(path, { endsUnreadable: true })) {
      if ('frame' in item && item.frame.kind === 'records') addEventIds(item.frame, eventIds, present)
    }
  }
  return present
}

/** The text of a whole line costs more than a search, and a client can put the pattern where it is not the event's id. */
function addEventIds(frame: Frame, wanted: ReadonlySet<string>, present: Set<string>): void {
  const text = frame.payload.toString()
  for (const match of text.matchAll(EVENT_ID)) {
    const eventId = match[1]!
    if (!wanted.has(eventId) || present.has(eventId)) continue
    const start = text.lastIndexOf('\n', match.index) + 1
    if (parseLine(text.slice(start, text.indexOf('\n', start)))?.eventID === eventId) present.add(eventId)
  }
}
