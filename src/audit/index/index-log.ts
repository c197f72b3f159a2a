/** Reads what is new in the log into its index. */
import { open } from 'node:fs/promises'
import { EVENT_BLOCK_BYTES } from '../../base/limits.ts'
import type { Frame } from '../frame.ts'
import { linesOf } from '../read-log.ts'
import { isDamage, readSegment, type SegmentEnd } from '../read-segment.ts'
import { isCompressed, segmentStat } from '../segment-file.ts'
import { listStreams, type Segment, startOfStream } from '../stream-names.ts'
import type { Block, EventIndex, StreamPlace } from './event-index.ts'
import { BlockMarks } from './marks.ts'

const BEGINNING: StreamPlace = { segment: 0, offset: 0 }
/** Damage is given this much room, since an event is a little older than the frame that it is in. */
const AROUND_SECONDS = 60

/** Whoever else does the same at the same time: each block is indexed once. */
export async function indexLog(folder: string, index: EventIndex): Promise<void> {
  for (const { stream, segments } of await listStreams(folder)) await indexStream(stream, segments, index)
}

async function indexStream(stream: string, segments: readonly Segment[], index: EventIndex): Promise<void> {
  let expected = 0
  for (const segment of segments) {
    const place = index.place(stream) ?? BEGINNING
    if (segment.number > expected && segment.number > place.segment) {
      const [from, to] = [secondsOfStream(stream), await lastWrite(segment.path)]
      index.addDamage(stream, { segment: expected, offset: 0 }, from, to)
    }
    expected = segment.number + 1
    if (segment.number >= place.segment) await indexSegment(segment, place, index)
  }
}

async function indexSegment(segment: Segment, place: StreamPlace, index: EventIndex): Promise<void> {
  const reading = new SegmentReading(segment, place, index)
  try {
    for await (const item of readSegment(segment.path, { from: reading.start, beyondDamage: true })) {
      const goesOn = await ('end' in item ? reading.end(item.end) : reading.frame(item.frame, item.offset))
      if (!goesOn) return
    }
    await reading.finish()
  } catch (error) {
    if (!isDamage(error)) throw error
    index.addDamage(segment.stream, place, secondsOfStream(segment.stream), Math.floor(Date.now() / 1000))
  }
}

/** What has been read of a segment and is not in the index yet. Its methods return false once another process was quicker. */
class SegmentReading {
  readonly #segment: Segment
  readonly #index: EventIndex
  #after: StreamPlace
  #start: number
  #marks = new BlockMarks()
  /** Seconds since the epoch. */
  #lastTime: number
  #damagedAt: number | undefined

  constructor(segment: Segment, place: StreamPlace, index: EventIndex) {
    this.#segment = segment
    this.#index = index
    this.#after = place
    this.#start = segment.number === place.segment ? place.offset : 0
    this.#lastTime = secondsOfStream(segment.stream)
  }

  get start(): number {
    return this.#start
  }

  frame(frame: Frame, offset: number): boolean | Promise<boolean> {
    const time = Math.floor(frame.time / 1000)
    if (this.#damagedAt !== undefined) this.#noteDamage(time)
    this.#lastTime = time
    if (frame.kind === 'records') for (const line of linesOf(frame)) this.#marks.add(line)
    const end = offset + frame.bytes.length
    return end - this.#start < EVENT_BLOCK_BYTES || this.#store(end)
  }

  /** A torn end is being written, or nobody was answered for it. */
  end({ state, offset }: SegmentEnd): Promise<boolean> {
    if (state === 'altered') this.#damagedAt = offset
    return this.#store(offset)
  }

  async finish(): Promise<void> {
    if (this.#damagedAt !== undefined) this.#noteDamage(await lastWrite(this.#segment.path))
  }

  #noteDamage(until: number): void {
    const { stream, number } = this.#segment
    const at = { segment: number, offset: this.#damagedAt! }
    this.#index.addDamage(stream, at, this.#lastTime - AROUND_SECONDS, until)
    this.#damagedAt = undefined
  }

  async #store(end: number): Promise<boolean> {
    if (end <= this.#start) return true
    if (!isCompressed(this.#segment.path)) await makeDurable(this.#segment.path)
    const { stream, number } = this.#segment
    const to = { segment: number, offset: end }
    const after = this.#after
    const marks = this.#marks
    const block = { stream, after, segment: number, start: this.#start, end, ...timesOf(marks) }
    const isStored =
      marks.to === '' ? this.#index.pass(stream, after, to) : this.#index.add({ ...block, marks: marks.marks }, canGoOn)
    this.#after = to
    this.#start = end
    this.#marks = new BlockMarks()
    return isStored
  }
}

/** What was read may be being written: the index must not know of a frame that a crash takes away. */
async function makeDurable(path: string): Promise<void> {
  const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
    // Compressed or removed meanwhile, for which it had to be durable.
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  try {
    await file?.datasync()
  } finally {
    await file?.close()
  }
}

/** A newest block that is small takes in what comes next. */
function canGoOn({ start, end }: Block): boolean {
  return end - start < EVENT_BLOCK_BYTES / 2
}

function timesOf({ from, to }: BlockMarks) {
  return { from: Date.parse(from) / 1000, to: Date.parse(to) / 1000 }
}

function secondsOfStream(stream: string): number {
  return Math.floor(startOfStream(stream) / 1000)
}

async function lastWrite(path: string): Promise<number> {
  return Math.ceil(((await segmentStat(path))?.mtimeMs ?? Date.now()) / 1000)
}
