/**
 * Delivers what is new in the log, batch by batch: at least once, since a batch that a crash interrupted is delivered again, and
 * nothing twice under different names. Only what is on stable storage is delivered.
 */
import { closeSync, fdatasyncSync, openSync } from 'node:fs'
import { AUDIT_DELIVERY_BATCH_BYTES_MAX } from '../../base/limits.ts'
import { linesOf } from '../read-log.ts'
import { readSegment } from '../read-segment.ts'
import { isCompressed } from '../segment-file.ts'
import { listStreams, type Segment } from '../stream-names.ts'
import { type Batch, type LogPlace, readDeliveryState, writeDeliveryState } from './delivery-state.ts'
import { writeLogFiles } from './log-files.ts'

export interface DeliveryRules {
  /** Folder that files are delivered to. */
  readonly target: string
  /** Path of the file that says how far the log has been delivered. */
  readonly statePath: string
  /** Of the records of one batch. */
  readonly batchBytesMax?: number
}

const BEGINNING: LogPlace = { segment: 0, offset: 0 }

/** @throws the file system's error; what was delivered until then stays delivered. */
export async function deliver(folder: string, rules: DeliveryRules, now: () => number): Promise<void> {
  const streams = await listStreams(folder)
  const delivery = new Delivery(rules, new Set(streams.map(({ stream }) => stream)))
  for (const { stream, segments } of streams) {
    await delivery.finishPending(stream, segments)
    await delivery.deliverNew(stream, segments, now)
  }
  delivery.save()
}

/** Whether all of a segment has been delivered, as the file says. */
export function deliveredBy(statePath: string): (segment: Segment, length: number) => boolean {
  const { places } = readDeliveryState(statePath)
  return ({ stream, number }, length) => {
    const place = places.get(stream) ?? BEGINNING
    return place.segment > number || (place.segment === number && place.offset >= length)
  }
}

class Delivery {
  readonly #rules: DeliveryRules
  readonly #places: Map<string, LogPlace>
  #pending: Batch | undefined
  #isSaved = true

  /** @param streams those that there are: of others nothing needs to be known any more. */
  constructor(rules: DeliveryRules, streams: ReadonlySet<string>) {
    const { places, pending } = readDeliveryState(rules.statePath)
    this.#rules = rules
    this.#places = new Map([...places].filter(([stream]) => streams.has(stream)))
    this.#pending = pending !== undefined && streams.has(pending.stream) ? pending : undefined
  }

  async finishPending(stream: string, segments: readonly Segment[]): Promise<void> {
    const pending = this.#pending
    if (pending?.stream !== stream) return
    const { lines } = await collect(segments, pending.from, { until: pending.to })
    this.#write(pending, lines)
  }

  async deliverNew(stream: string, segments: readonly Segment[], now: () => number): Promise<void> {
    const { batchBytesMax = AUDIT_DELIVERY_BATCH_BYTES_MAX } = this.#rules
    for (;;) {
      const from = this.#places.get(stream) ?? BEGINNING
      const { to, lines } = await collect(segments, from, { bytesMax: batchBytesMax })
      if (to.segment === from.segment && to.offset === from.offset) return
      const batch = { stream, from, to, time: now() }
      if (lines.length > 0) {
        this.#pending = batch
        this.save()
      }
      this.#write(batch, lines)
    }
  }

  save(): void {
    if (this.#isSaved && this.#pending === undefined) return
    writeDeliveryState(this.#rules.statePath, { places: this.#places, pending: this.#pending })
    this.#isSaved = true
  }

  /** That it is done is noted with the next batch, or at the end. */
  #write(batch: Batch, lines: readonly string[]): void {
    if (lines.length > 0) writeLogFiles(this.#rules.target, batch, lines)
    this.#places.set(batch.stream, batch.to)
    this.#pending = undefined
    this.#isSaved = false
  }
}

interface Collected {
  readonly to: LogPlace
  readonly lines: readonly string[]
}

/** Records behind a place: up to another one, or as many as fit. */
async function collect(
  segments: readonly Segment[],
  from: LogPlace,
  { until, bytesMax = Number.POSITIVE_INFINITY }: { readonly until?: LogPlace; readonly bytesMax?: number },
): Promise<Collected> {
  const lines: string[] = []
  let bytes = 0
  let to = from
  for (const { number, path } of segments) {
    if (number < from.segment) continue
    const start = number === from.segment ? from.offset : 0
    to = { segment: number, offset: start }
    // What cannot be read is the verifier's affair; what is behind it is delivered.
    for await (const item of readSegment(path, { from: start, beyondDamage: true, endsUnreadable: true })) {
      if ('end' in item) continue
      const { frame, offset } = item
      const isEnd =
        until !== undefined && (number > until.segment || (number === until.segment && offset >= until.offset))
      if (isEnd || (lines.length > 0 && bytes + frame.payload.length > bytesMax)) {
        if (to.offset > start) makeDurable(path)
        return { to, lines }
      }
      to = { segment: number, offset: offset + frame.bytes.length }
      if (frame.kind !== 'records') continue
      lines.push(...linesOf(frame))
      bytes += frame.payload.length
    }
    if (to.offset > start) makeDurable(path)
  }
  return { to, lines }
}

/** What was read may be being written: a crash must not take away what has been delivered. */
function makeDurable(path: string): void {
  if (isCompressed(path)) return
  let file: number
  try {
    file = openSync(path, 'r+')
  } catch (error) {
    // Compressed meanwhile, for which it had to be durable.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    fdatasyncSync(file)
  } finally {
    closeSync(file)
  }
}
