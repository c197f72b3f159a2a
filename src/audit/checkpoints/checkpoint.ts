/**
 * A checkpoint: what the streams of the log have come to, signed (audit.md section 10; drawn in docs/formats/audit-log.md). It is one
 * line of JSON of one spelling. Each names the hash of the one before, so none can be taken out of their row.
 */
import { type AuditKey, isSignedBy } from '../../crypto/audit-key.ts'
import { sha256, sha256Hex } from '../../crypto/hash.ts'

/** Why it was made: nothing runs between a `stop` and the next `start`; a `removal` announces what is deleted then. */
export const CHECKPOINT_REASONS = ['start', 'interval', 'stop', 'removal'] as const
export type CheckpointReason = (typeof CHECKPOINT_REASONS)[number]

/** How far a stream has come. */
export interface StreamPosition {
  /** UUID text. */
  readonly stream: string
  /** Records in all of its frames so far. */
  readonly records: number
  /** Of its last frame, hex. */
  readonly hash: string
}

/** The oldest segments of a stream, which are no longer kept. What follows them continues their last frame. */
export interface RemovedSegments {
  /** UUID text. */
  readonly stream: string
  /** Process that wrote it, as the open record in the first of them says. */
  readonly node: string
  /** How many, since the stream began: the number of the first that is kept. */
  readonly segments: number
  /** In all of them: the sequence number of the first that is kept. */
  readonly records: number
  /** Of their last frame, hex. */
  readonly hash: string
  /** Of their newest frame, milliseconds since the epoch. */
  readonly until: number
}

export interface Checkpoint {
  /** From 0, without gaps. */
  readonly number: number
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly reason: CheckpointReason
  /** Hash of the line before, hex; zeros in the first. */
  readonly previous: string
  /** Those that have grown since the checkpoint before, in order of their ids. */
  readonly streams: readonly StreamPosition[]
  /** Only of a `removal`. */
  readonly removed?: readonly RemovedSegments[] | undefined
  /** Public key that verifies the signature. */
  readonly key: string
  /** Public key of all that follow, if it is another. */
  readonly nextKey?: string | undefined
}

export const NO_CHECKPOINT = '0'.repeat(64)
const LABEL = 'audit checkpoint 1'

/** The line, without its line end. */
export function signedCheckpoint(checkpoint: Checkpoint, key: AuditKey): string {
  const text = textOf(checkpoint)
  return withSignature(text, key.sign(text))
}

/** What is signed. */
function textOf({ number, time, reason, previous, streams, removed, key, nextKey }: Checkpoint): string {
  return JSON.stringify({
    keyhold: LABEL,
    number,
    time: new Date(time).toISOString(),
    reason,
    previous,
    streams: streams.map(({ stream, records, hash }) => ({ stream, records, hash })),
    root: merkleRoot(streams).toString('hex'),
    removed: removed?.map(({ stream, node, segments, records, hash, until }) => {
      return { stream, node, segments, records, hash, until: new Date(until).toISOString() }
    }),
    key,
    nextKey,
  })
}

function withSignature(text: string, signature: string): string {
  return `${text.slice(0, -1)},"signature":"${signature}"}`
}

/** Names the checkpoint in the one after it. */
export function checkpointHash(line: string): string {
  return sha256Hex(line)
}

/** Strict: what would not be written like this is none. Says nothing of the signature. */
export function readCheckpoint(line: string): Checkpoint | undefined {
  let value: Record<string, unknown>
  try {
    value = JSON.parse(line)
    const { time, signature, ...members } = value
    const removed = (value.removed as { until: string }[] | undefined)?.map((of) => {
      return { ...of, until: Date.parse(String(of.until)) }
    })
    const checkpoint = { ...members, time: Date.parse(String(time)), removed } as unknown as Checkpoint
    return isWellFormed(checkpoint) && withSignature(textOf(checkpoint), String(signature)) === line
      ? checkpoint
      : undefined
  } catch {
    return undefined
  }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const HASH = /^[0-9a-f]{64}$/

function isWellFormed({ number, reason, previous, streams, removed, key, nextKey }: Checkpoint): boolean {
  return (
    isCount(number) &&
    CHECKPOINT_REASONS.includes(reason) &&
    (reason === 'removal') === (removed !== undefined) &&
    (removed ?? []).every(isRemoved) &&
    HASH.test(previous) &&
    typeof key === 'string' &&
    (nextKey === undefined || typeof nextKey === 'string') &&
    Array.isArray(streams) &&
    streams.every(({ stream, records, hash }) => UUID.test(stream) && isCount(records) && HASH.test(hash))
  )
}

function isRemoved({ stream, node, segments, records, hash }: RemovedSegments): boolean {
  return UUID.test(stream) && typeof node === 'string' && isCount(segments) && isCount(records) && HASH.test(hash)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** By the key that it names; whether that is to be believed is the caller's to say. */
export function isSigned(line: string, { key }: Checkpoint): boolean {
  const at = line.lastIndexOf(',"signature":"')
  const signature = line.slice(at + ',"signature":"'.length, -'"}'.length)
  return isSignedBy(key, `${line.slice(0, at)}}`, signature)
}

/** The tree of RFC 9162 2.1.1 over the positions; a leaf is stream id (16 bytes) ‖ records (8, big-endian) ‖ hash (32). */
export function merkleRoot(streams: readonly StreamPosition[]): Buffer {
  return rootOf(streams.map(leafHash))
}

function rootOf(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return sha256('')
  if (hashes.length === 1) return hashes[0]!
  // The largest power of two that is smaller than the number of leaves.
  const split = 2 ** Math.floor(Math.log2(hashes.length - 1))
  return sha256(Buffer.concat([NODE, rootOf(hashes.slice(0, split)), rootOf(hashes.slice(split))]))
}

const LEAF = Buffer.from([0])
const NODE = Buffer.from([1])

function leafHash({ stream, records, hash }: StreamPosition): Buffer {
  const count = Buffer.alloc(8)
  count.writeBigUInt64BE(BigInt(records))
  const leaf = Buffer.concat([LEAF, Buffer.from(stream.replaceAll('-', ''), 'hex'), count, Buffer.from(hash, 'hex')])
  return sha256(leaf)
}
