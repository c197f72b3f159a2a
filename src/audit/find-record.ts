/** One record of the log, by its event id. */
import { HOUR_MS } from '../base/clock.ts'
import { parseLine } from './parse-line.ts'
import { linesOf } from './read-log.ts'
import { firstFrame, readSegment } from './read-segment.ts'
import { segmentStat } from './segment-file.ts'
import { listStreams } from './stream-names.ts'

/** Clocks of machines, and of a development server, may differ from the one that wrote the log. */
const TOLERANCE_MS = HOUR_MS

/**
 * @param time when about it was written, in milliseconds since the epoch: segments of that time are read first.
 * @returns the line, `undefined` if the log does not have it (any more).
 */
export async function findRecord(folder: string, eventId: string, time: number): Promise<string | undefined> {
  const later: string[] = []
  const segments = (await listStreams(folder)).flatMap((stream) => stream.segments)
  for (const { path } of segments.toReversed()) {
    if (!(await isOfTime(path, time))) later.push(path)
    else {
      const line = await findIn(path, eventId)
      if (line !== undefined) return line
    }
  }
  for (const path of later) {
    const line = await findIn(path, eventId)
    if (line !== undefined) return line
  }
  return undefined
}

async function isOfTime(path: string, time: number): Promise<boolean> {
  const found = await segmentStat(path)
  if (found === undefined || found.mtimeMs < time - TOLERANCE_MS) return false
  const first = await firstFrame(path)
  return first !== undefined && first.time <= time + TOLERANCE_MS
}

async function findIn(path: string, eventId: string): Promise<string | undefined> {
  // Removed meanwhile, because it is old.
  if ((await segmentStat(path)) === undefined) return undefined
  const wanted = Buffer.from(`"eventID":"${eventId}"`)
  // Altered parts are the verifier's affair.
  for await (const item of readSegment(path, { endsUnreadable: true })) {
    if (!('frame' in item) || item.frame.kind !== 'records' || !item.frame.payload.includes(wanted)) continue
    // A client can put the text where it is not the event's id.
    const line = linesOf(item.frame).find((line) => parseLine(line)?.eventID === eventId)
    if (line !== undefined) return line
  }
  return undefined
}
