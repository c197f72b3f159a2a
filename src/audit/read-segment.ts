/** Reads a segment file frame by frame in constant memory, and tells a torn end from an altered file. */
import { AUDIT_FRAME_BYTES_MAX, AUDIT_PREALLOCATION_BYTES, AUDIT_SEGMENT_BYTES_MAX } from '../base/limits.ts'
import { CompressedSegmentError } from './compressed-segment.ts'
import { decodeFrame, type Frame, type FrameFault, frameLength, HEADER_BYTES, MAGIC } from './frame.ts'
import { openSegment, type SegmentFile, segmentStat } from './segment-file.ts'

/** What stands behind the last whole frame of a segment. */
export interface SegmentEnd {
  /** Length of the whole frames. */
  readonly offset: number
  /**
   * - `clean`: nothing, or zeros laid out for frames that were never written.
   * - `torn`: the beginning of one frame, as a crash during a write leaves it.
   * - `altered`: something else; whole frames may follow, so nothing may be cut off. A compressed file that is not what was written ends
   *   like this, too, and nothing behind it is read.
   */
  readonly state: 'clean' | 'torn' | 'altered'
  /** Bytes behind `offset` without the zeros at the end; of a compressed file that is not what was written, all that it has. */
  readonly bytes: number
  readonly fault: FrameFault | undefined
}

export type SegmentItem = { readonly frame: Frame; readonly offset: number } | { readonly end: SegmentEnd }

/**
 * The frames in order, each valid until the next step, then one end. Says nothing about how frames follow each other.
 * @param from where a frame begins, in bytes.
 * @param beyondDamage where an end is `altered` goes on with the next whole frame, if there is one; there are then several ends.
 * @param endsUnreadable a file that is there and {@link isDamage cannot be read} ends so, `altered`: for who goes on with others.
 */
export async function* readSegment(
  path: string,
  { from = 0, beyondDamage = false, endsUnreadable = false } = {},
): AsyncGenerator<SegmentItem, void, undefined> {
  let offset = from
  try {
    for await (const item of readFrames(path, from, beyondDamage)) {
      if ('frame' in item) offset = item.offset + item.frame.bytes.length
      yield item
    }
  } catch (error) {
    if (endsUnreadable && isDamage(error) && error.code !== 'ENOENT') {
      yield { end: { offset, state: 'altered', bytes: 0, fault: 'not readable' } }
      return
    }
    if (!(error instanceof CompressedSegmentError)) throw error
    const { size = 0 } = (await segmentStat(path)) ?? {}
    yield { end: { offset, state: 'altered', bytes: size, fault: 'not decompressed' } }
  }
}

async function* readFrames(
  path: string,
  from: number,
  beyondDamage: boolean,
): AsyncGenerator<SegmentItem, void, undefined> {
  const file = await openSegment(path)
  try {
    const window = new Window(file, from)
    for (let isReadAgain = false; ; ) {
      await window.fill(HEADER_BYTES)
      await window.fill(frameLength(window.bytes) ?? HEADER_BYTES)
      const frame = decodeFrame(window.bytes)
      if (typeof frame === 'string') {
        const end = await endOf(window, frame)
        // The view may be older than what is behind it, where the segment is being written. Frames are written one after the other: what
        // has another one behind it is whole by now, unless it is altered.
        if (end.state === 'altered' && !isReadAgain) {
          window.forget()
          isReadAgain = true
          continue
        }
        yield { end }
        if (!beyondDamage || end.state !== 'altered' || !(await findFrame(window))) return
        continue
      }
      isReadAgain = false
      yield { frame, offset: window.offset }
      window.advance(frame.bytes.length)
    }
  } finally {
    await file.close()
  }
}

/**
 * Whether a file cannot be read because of what became of it: a bad disk, or something else in its place. Not if this user may not
 * read it, or has too many files open: that says nothing about the file.
 */
export function isDamage(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error && 'code' in error)) return false
  return DAMAGE.has(String(error.code))
}

const DAMAGE: ReadonlySet<string> = new Set(['EIO', 'EISDIR', 'ELOOP', 'ENOENT', 'ENXIO', 'ESPIPE'])

/** Only the end of a segment, for which all of it is read. */
export async function segmentEnd(path: string): Promise<{ end: SegmentEnd; last: Frame | undefined }> {
  let last: Frame | undefined
  for await (const item of readSegment(path, { endsUnreadable: true })) {
    if ('end' in item) return { end: item.end, last }
    last = item.frame
  }
  throw new Error(`no end of ${path}`)
}

/** Whether the stream ends with this segment, by its last bytes alone. */
export async function endsWithClose(path: string): Promise<boolean> {
  const bytes = await lastBytes(path, CLOSE_BYTES_MAX).catch((error) => {
    if (!isDamage(error)) throw error
    return Buffer.alloc(0)
  })
  const at = bytes.lastIndexOf(MAGIC, bytes.length, 'latin1')
  const frame = at === -1 ? undefined : decodeFrame(bytes.subarray(at))
  return typeof frame === 'object' && frame.kind === 'close' && at + frame.bytes.length === bytes.length
}

async function lastBytes(path: string, count: number): Promise<Buffer> {
  const file = await openSegment(path)
  try {
    const length = await file.length()
    const bytes = Buffer.alloc(Math.min(count, length))
    let read = 0
    for (let more = -1; more !== 0 && read < bytes.length; read += more) {
      more = await file.read(bytes, read, bytes.length - read, length - bytes.length + read)
    }
    return bytes
  } finally {
    await file.close()
  }
}

/** Header, `{"records":N}` and hash are shorter. */
const CLOSE_BYTES_MAX = 256

/** A segment's first frame, if it is whole and can be read. */
export async function firstFrame(path: string): Promise<Frame | undefined> {
  for await (const item of readSegment(path, { endsUnreadable: true })) return 'frame' in item ? item.frame : undefined
  return undefined
}

/** One write is under way at a time, so a torn end is shorter than a frame, and no whole frame stands behind it. */
async function endOf(window: Window, fault: FrameFault): Promise<SegmentEnd> {
  const { offset } = window
  await window.fill(AUDIT_FRAME_BYTES_MAX)
  const bytes = lengthWithoutZeros(window.bytes)
  const clean = bytes === 0 && (await window.onlyZerosFollow())
  if (clean) return { offset, state: 'clean', bytes: 0, fault: undefined }
  const isTorn = bytes < AUDIT_FRAME_BYTES_MAX && !holdsFrame(window.bytes) && (await window.onlyZerosFollow())
  return { offset, state: isTorn ? 'torn' : 'altered', bytes, fault }
}

/** Moves the view behind its first byte to the next whole frame. @returns false if there is none */
async function findFrame(window: Window): Promise<boolean> {
  window.advance(1)
  while (window.offset < LENGTH_MAX) {
    const at = window.bytes.indexOf(MAGIC, 0, 'latin1')
    if (at === -1) {
      // The last bytes of the view may be the first of the magic.
      window.advance(Math.max(0, window.bytes.length - MAGIC.length + 1))
      const { length } = window.bytes
      await window.fill(READ_BYTES)
      if (window.bytes.length === length) return false
      continue
    }
    window.advance(at)
    await window.fill(HEADER_BYTES)
    await window.fill(frameLength(window.bytes) ?? HEADER_BYTES)
    if (typeof decodeFrame(window.bytes) !== 'string') return true
    window.advance(1)
  }
  return false
}

function holdsFrame(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(MAGIC, 1, 'latin1'); at !== -1; at = bytes.indexOf(MAGIC, at + 1, 'latin1')) {
    if (typeof decodeFrame(bytes.subarray(at)) !== 'string') return true
  }
  return false
}

function lengthWithoutZeros(bytes: Buffer): number {
  let length = bytes.length
  while (length > 0 && bytes[length - 1] === 0) length--
  return length
}

/** Of a segment: frames until it is full, and what is laid out behind them. */
const LENGTH_MAX = AUDIT_SEGMENT_BYTES_MAX + 2 * AUDIT_FRAME_BYTES_MAX + AUDIT_PREALLOCATION_BYTES

/** Enough for speed, little for those who want the first frame only. */
const READ_BYTES = 128 * 1024

/** A view into a file that moves forward and grows to the longest frame. */
class Window {
  readonly #file: SegmentFile
  #buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  #start = 0
  #end = 0
  /** Position of the view in the file. */
  offset: number

  constructor(file: SegmentFile, offset: number) {
    this.#file = file
    this.offset = offset
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end)
  }

  /** Makes the view at least `length` bytes long, where the file has them. */
  async fill(length: number): Promise<void> {
    if (this.#end - this.#start >= length) return
    this.#moveToFront(length)
    while (this.#end < length) {
      const room = this.#buffer.length - this.#end
      const bytesRead = await this.#file.read(this.#buffer, this.#end, room, this.offset + this.#end)
      if (bytesRead === 0) return
      this.#end += bytesRead
    }
  }

  #moveToFront(length: number): void {
    const source = this.#buffer
    if (length > source.length) this.#buffer = Buffer.allocUnsafeSlow(length + READ_BYTES)
    source.copy(this.#buffer, 0, this.#start, this.#end)
    this.#end -= this.#start
    this.#start = 0
  }

  advance(length: number): void {
    this.#start += length
    this.offset += length
  }

  /** What was read is read again. */
  forget(): void {
    this.#start = 0
    this.#end = 0
  }

  /** Of the file behind the view; the view stays. */
  async onlyZerosFollow(): Promise<boolean> {
    const part = Buffer.allocUnsafe(64 * 1024)
    // A writer lays out less; a file that somebody made longer, all of it a hole perhaps, is not read to its end.
    for (let position = this.offset + this.bytes.length; position < LENGTH_MAX; ) {
      const bytesRead = await this.#file.read(part, 0, part.length, position)
      if (bytesRead === 0) return true
      if (lengthWithoutZeros(part.subarray(0, bytesRead)) > 0) return false
      position += bytesRead
    }
    return false
  }
}
