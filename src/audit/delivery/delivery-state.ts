/**
 * How far the log has been delivered: a small file that is written anew as a whole. A batch is noted before its files are made, so
 * that after a crash it is delivered again as it was, under the same names.
 */
import { readFileSync } from 'node:fs'
import { writeWhole } from '../durable-files.ts'

/** Between two frames of a stream. */
export interface LogPlace {
  readonly segment: number
  /** Bytes in the segment. */
  readonly offset: number
}

/** A part of a stream that is delivered at one time. */
export interface Batch {
  readonly stream: string
  readonly from: LogPlace
  readonly to: LogPlace
  /** Milliseconds since the epoch: what its files are named after. */
  readonly time: number
}

export interface DeliveryState {
  /** Stream → everything before is delivered. */
  readonly places: ReadonlyMap<string, LogPlace>
  readonly pending: Batch | undefined
}

const VERSION = 1

/** Nothing is delivered where there is no such file. @throws {Error} if it is none. */
export function readDeliveryState(path: string): DeliveryState {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return { places: new Map(), pending: undefined }
  }
  try {
    const { version, places, pending } = JSON.parse(text)
    if (version !== VERSION) throw new Error('it is of another version')
    return { places: new Map(Object.entries(places as Record<string, LogPlace>)), pending }
  } catch (cause) {
    throw new Error(`${path} does not say how far the audit log was delivered; without it all is delivered again`, {
      cause,
    })
  }
}

/** On stable storage when this returns. */
export function writeDeliveryState(path: string, { places, pending }: DeliveryState): void {
  const text = JSON.stringify({ version: VERSION, places: Object.fromEntries(places), pending })
  writeWhole(path, Buffer.from(`${text}\n`))
}
