/**
 * The unit of the durable log: what one group commit writes (audit.md section 10; drawn in docs/formats/audit-log.md).
 *
 * ```
 *  0  4  magic "KHAF"
 *  4  1  version 1
 *  5  1  kind: 1 open, 2 records, 3 resume, 4 close
 *  6  2  zero
 *  8 16  stream id
 * 24  8  sequence number of the first record
 * 32  4  count of records
 * 36  8  wall time, milliseconds since the epoch
 * 44 32  hash of the frame before; zero in a stream's first
 * 76  4  payload length n
 * 80  n  payload: lines of JSON, each closed by LF
 *  …  32  SHA-256 over everything above
 * ```
 * Integers are unsigned and big-endian.
 */
import assert from 'node:assert'
import { AUDIT_FRAME_BYTES_MAX } from '../base/limits.ts'
import { sha256 } from '../crypto/hash.ts'

export const FRAME_KINDS = ['open', 'records', 'resume', 'close'] as const
export type FrameKind = (typeof FRAME_KINDS)[number]

export const MAGIC = 'KHAF'
const VERSION = 1
export const STREAM_ID_BYTES = 16
export const HASH_BYTES = 32
export const HEADER_BYTES = 80
export const NO_HASH: Buffer = Buffer.alloc(HASH_BYTES)

const AT = {
  version: 4,
  kind: 5,
  zero: 6,
  streamId: 8,
  sequence: 24,
  count: 32,
  time: 36,
  previousHash: 44,
  length: 76,
}

export interface FrameHeader {
  readonly kind: FrameKind
  readonly streamId: Buffer
  /** Sequence number of the first record; in a frame without records, of the next one. */
  readonly sequence: number
  /** Records in the payload; open, resume and close frames hold one line that is not a record. */
  readonly count: number
  /** Milliseconds since the epoch, when the frame was made. */
  readonly time: number
  readonly previousHash: Buffer
}

export interface Frame extends FrameHeader {
  /** Whole frame; a view that the reader's next step overwrites. */
  readonly bytes: Buffer
  readonly payload: Buffer
  /** A copy, so it may be kept. */
  readonly hash: Buffer
}

/** Why bytes are not a frame; the last two of those that a compressed segment, or the disk, does not give back. */
export type FrameFault = 'incomplete' | 'bad header' | 'wrong hash' | 'not decompressed' | 'not readable'

/**
 * Writes a frame to the front of `into` and returns its length.
 * @param text the lines, each closed by LF; it must fit, which the writer's batch limit ensures.
 */
export function encodeFrame(into: Buffer, header: FrameHeader, text: string): number {
  const length = into.write(text, HEADER_BYTES, into.length - HEADER_BYTES - HASH_BYTES, 'utf8')
  const end = HEADER_BYTES + length
  into.write(MAGIC, 'latin1')
  into[AT.version] = VERSION
  into[AT.kind] = FRAME_KINDS.indexOf(header.kind) + 1
  into.writeUInt16BE(0, AT.zero)
  header.streamId.copy(into, AT.streamId)
  writeUInt64BE(into, header.sequence, AT.sequence)
  into.writeUInt32BE(header.count, AT.count)
  writeUInt64BE(into, header.time, AT.time)
  header.previousHash.copy(into, AT.previousHash)
  into.writeUInt32BE(length, AT.length)
  sha256(into.subarray(0, end)).copy(into, end)
  // A text is cut only where the next character, of 4 bytes at most, does not fit.
  assert(into.length - end - HASH_BYTES > 4, 'audit frame holds its whole payload')
  return end + HASH_BYTES
}

/** Hash of a frame that {@link encodeFrame} made; a copy. */
export function hashOf(frame: Buffer, length: number): Buffer {
  return Buffer.from(frame.subarray(length - HASH_BYTES, length))
}

/** The latest that ECMAScript can tell as a date (ECMA-262 21.4.1.1). */
const TIME_MAX = 8.64e15

/** Whole length of the frame whose header begins `bytes`, `undefined` if there is none. */
export function frameLength(bytes: Buffer): number | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC || bytes[AT.version] !== VERSION) return undefined
  // No writer comes that far; what reads or signs such numbers could not tell them.
  if (bytes.readBigUInt64BE(AT.sequence) >= 2n ** 52n || bytes.readBigUInt64BE(AT.time) > TIME_MAX) return undefined
  const length = HEADER_BYTES + bytes.readUInt32BE(AT.length) + HASH_BYTES
  return length > AUDIT_FRAME_BYTES_MAX ? undefined : length
}

/** Reads the frame that begins `bytes`; strict: there is one spelling of every frame. */
export function decodeFrame(bytes: Buffer): Frame | FrameFault {
  if (bytes.length < HEADER_BYTES) return 'incomplete'
  const length = frameLength(bytes)
  if (length === undefined) return 'bad header'
  if (bytes.length < length) return 'incomplete'
  const frame = bytes.subarray(0, length)
  const hashed = frame.subarray(0, length - HASH_BYTES)
  const hash = hashOf(frame, length)
  if (!sha256(hashed).equals(hash)) return 'wrong hash'
  const kind = FRAME_KINDS[frame[AT.kind]! - 1]
  if (kind === undefined || frame.readUInt16BE(AT.zero) !== 0) return 'bad header'
  return {
    kind,
    streamId: Buffer.from(frame.subarray(AT.streamId, AT.sequence)),
    sequence: Number(frame.readBigUInt64BE(AT.sequence)),
    count: frame.readUInt32BE(AT.count),
    time: Number(frame.readBigUInt64BE(AT.time)),
    previousHash: Buffer.from(frame.subarray(AT.previousHash, AT.length)),
    bytes: frame,
    payload: hashed.subarray(HEADER_BYTES),
    hash,
  }
}

/** Like writeBigUInt64BE for a safe integer, without making a BigInt. */
function writeUInt64BE(into: Buffer, value: number, offset: number): void {
  into.writeUInt32BE(Math.floor(value / 0x1_0000_0000), offset)
  into.writeUInt32BE(value % 0x1_0000_0000, offset + 4)
}
