/**
 * How far the streams of a log have come, found out beside their writers: from one frame's header to the next, without reading what is in
 * them. Only what is on stable storage counts: a checkpoint must not tell of a frame that a crash can still take away.
 */
import { readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { AUDIT_FRAME_BYTES_MAX } from '../../base/limits.ts'
import { decodeFrame, FRAME_KINDS, frameLength, HASH_BYTES, HEADER_BYTES } from '../frame.ts'
import { isDamage } from '../read-segment.ts'
import { isCompressed, segmentStat } from '../segment-file.ts'
import { listStreams, type Segment, type StreamSegments, streamName } from '../stream-names.ts'
import type { StreamPosition } from './checkpoint.ts'

/** Between what a checkpoint read and its time, and for what clocks do. */
const MARGIN_MS = 60_000
/** Frames between two turns of the event loop: a few hundred microseconds. */
const FRAMES_AT_ONCE = 128

interface WalkedStream {
  segment: number
  /** End of the last frame. */
  offset: number
  records: number
  /** `undefined`: nothing was read yet, so the first frame continues whatever it says. */
  hash: Buffer | undefined
  /** What stands there is no continuation: nothing behind it is told of any more, and the verifier says what is wrong. */
  isBroken: boolean
  isClosed: boolean
}

const UNREAD = { offset: 0, records: 0, hash: undefined, isBroken: false, isClosed: false }

export class StreamWalk {
  readonly #folder: string
  readonly #toldAt: (stream: string) => number
  readonly #streams = new Map<string, WalkedStream>()
  #isFirstWalk = true

  /**
   * @param toldAt when a checkpoint told of the stream, in milliseconds since the epoch. One that was last written well before need not be
   *   read: the log may be old and large. That holds of what is there at first; later ones are new, whatever the clock says that they are.
   */
  constructor(folder: string, toldAt: (stream: string) => number) {
    this.#folder = folder
    this.#toldAt = toldAt
  }

  /** Goes on from where it was. @returns streams that may have grown, in order of their ids. */
  async positions(): Promise<readonly StreamPosition[]> {
    const positions: StreamPosition[] = []
    for (const segments of await listStreams(this.#folder)) {
      const { hash, records } = await this.#walk(segments)
      if (hash !== undefined) positions.push({ stream: segments.stream, records, hash: hash.toString('hex') })
    }
    this.#isFirstWalk = false
    return positions
  }

  async #walk({ stream, segments }: StreamSegments): Promise<WalkedStream> {
    let known = this.#streams.get(stream)
    if (known === undefined) {
      known = await this.#begin(stream, segments.at(-1)!)
      this.#streams.set(stream, known)
    }
    for (const segment of segments) {
      if (segment.number < known.segment || known.isBroken || known.isClosed || isCompressed(segment.path)) continue
      if (segment.number > known.segment + 1) break
      try {
        await walkSegment(segment, known)
      } catch (error) {
        // A file that is not there, or not readable, is the verifier's affair.
        if (!isDamage(error)) throw error
      }
    }
    return known
  }

  /** With the newest segment that has a frame: what it begins with says how many records came before. */
  async #begin(stream: string, { path, number }: Segment): Promise<WalkedStream> {
    const found = await segmentStat(path)
    // What is compressed was told of.
    const isOld = this.#isFirstWalk && found !== undefined && found.mtimeMs < this.#toldAt(stream) - MARGIN_MS
    const isSettled = found === undefined || isCompressed(path) || isOld
    return { ...UNREAD, segment: found?.size === 0 ? Math.max(0, number - 1) : number, isClosed: isSettled }
  }
}

async function walkSegment({ path, number, stream }: Segment, walked: WalkedStream): Promise<void> {
  // Windows makes nothing durable through a file that is open for reading alone.
  const handle = await open(path, 'r+')
  try {
    const { size } = await handle.stat()
    let next = number === walked.segment ? { ...walked } : { ...walked, segment: number, offset: 0 }
    if (next.offset >= size) return
    await handle.datasync()
    const header = Buffer.alloc(HEADER_BYTES)
    let last: WalkedStream | undefined
    let isBroken = false
    for (let frames = 1; ; frames++) {
      if (frames % FRAMES_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
      const frame = readHeader(handle.fd, next.offset, size, header)
      if (frame === undefined) break
      isBroken = streamName(frame.streamId) !== stream || !continues(frame, next)
      if (isBroken) break
      last = next
      next = {
        ...next,
        offset: next.offset + frame.length,
        records: frame.sequence + frame.count,
        hash: readAt(handle.fd, next.offset + frame.length - HASH_BYTES, HASH_BYTES),
        isClosed: frame.isClose,
      }
    }
    // One write is under way at a time, so all frames but the last are whole; that may be in the middle of being written.
    const isWhole = last === undefined || holdsFrame(handle.fd, last.offset, next)
    Object.assign(walked, isWhole ? next : last, { isBroken: isBroken && isWhole })
  } finally {
    await handle.close()
  }
}

function continues({ previousHash, sequence }: WalkedHeader, { hash, records }: WalkedStream): boolean {
  return hash === undefined || (previousHash.equals(hash) && sequence === records)
}

interface WalkedHeader {
  readonly length: number
  readonly streamId: Buffer
  readonly previousHash: Buffer
  readonly sequence: number
  readonly count: number
  readonly isClose: boolean
}

function readHeader(file: number, offset: number, size: number, into: Buffer): WalkedHeader | undefined {
  if (readSync(file, into, 0, HEADER_BYTES, offset) < HEADER_BYTES) return undefined
  const length = frameLength(into)
  if (length === undefined || offset + length > size) return undefined
  return {
    length,
    streamId: into.subarray(8, 24),
    sequence: Number(into.readBigUInt64BE(24)),
    count: into.readUInt32BE(32),
    previousHash: into.subarray(44, 76),
    isClose: into[5] === FRAME_KINDS.indexOf('close') + 1,
  }
}

function readAt(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  readSync(file, bytes, 0, length, offset)
  return bytes
}

function holdsFrame(file: number, offset: number, { offset: end, hash }: WalkedStream): boolean {
  const bytes = readAt(file, offset, Math.min(end - offset, AUDIT_FRAME_BYTES_MAX))
  const frame = decodeFrame(bytes)
  return typeof frame !== 'string' && frame.hash.equals(hash!)
}
