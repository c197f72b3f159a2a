/**
 * Compresses segments that nobody writes to any more. A compressed one is read back as a whole before it takes the place of what was
 * written; while both are there, what was written counts, so a crash at any instant loses nothing and the next round begins anew.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  futimesSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { AUDIT_SEGMENTS_COMPRESSED_AT_ONCE_MAX } from '../../base/limits.ts'
import { CHUNK_BYTES, SegmentCompressor } from '../compressed-segment.ts'
import { syncFolder } from '../durable-files.ts'
import { inspectSegment } from '../inspect-segment.ts'
import { isCompressed } from '../segment-file.ts'
import { COMPRESSED_SUFFIX, listStreams, type Segment } from '../stream-names.ts'
import { isFinished } from './finished.ts'
import type { SegmentFault } from './segment-fault.ts'
import { isVouchedFor, lookUpTold } from './told.ts'

/** No name of a segment, so nobody else looks at it. */
const UNFINISHED = `.new${COMPRESSED_SUFFIX}`

export interface CompressionOptions {
  readonly folder: string
  /** Of streams that nobody can be writing to. */
  readonly ended: ReadonlySet<string>
  /** Those that are removed in a moment. */
  readonly passesOver: (segment: Segment) => boolean
}

/** @returns those that cannot be, because they are not as they were written. @throws the file system's error */
export async function compressSegments(options: CompressionOptions): Promise<readonly SegmentFault[]> {
  const { folder } = options
  for (const name of readdirSync(folder)) if (name.endsWith(UNFINISHED)) rmSync(join(folder, name))
  const segments = await candidates(options)
  const told = await lookUpTold(folder, new Map(segments.map(({ stream }) => [stream, 0])))
  const faults: SegmentFault[] = []
  for (const segment of segments) {
    const inspected = await inspectSegment(segment)
    if (typeof inspected === 'string') faults.push({ path: segment.path, problem: inspected })
    else if (isVouchedFor(inspected, told.get(segment.stream))) await compress(folder, segment, inspected.hash)
  }
  return faults
}

async function candidates({ folder, ended, passesOver }: CompressionOptions): Promise<readonly Segment[]> {
  const found: Segment[] = []
  for (const { segments } of await listStreams(folder)) {
    for (const [index, segment] of segments.entries()) {
      if (found.length === AUDIT_SEGMENTS_COMPRESSED_AT_ONCE_MAX) return found
      if (isCompressed(segment.path) || passesOver(segment)) continue
      if (await isFinished(segment, segments[index + 1], ended)) found.push(segment)
    }
  }
  return found
}

async function compress(folder: string, segment: Segment, hash: string): Promise<void> {
  const unfinished = `${segment.path}${UNFINISHED}`
  const length = writeCompressed(segment.path, unfinished)
  const back = await inspectSegment({ ...segment, path: unfinished })
  if (typeof back === 'string' || back.hash !== hash || back.length !== length) {
    throw new Error(`${unfinished} is not what it was made of`)
  }
  renameSync(unfinished, segment.path + COMPRESSED_SUFFIX)
  syncFolder(folder)
  rmSync(segment.path)
  syncFolder(folder)
}

/** @returns how many bytes it holds. */
function writeCompressed(from: string, to: string): number {
  const source = openSync(from, 'r')
  try {
    // wx: never through a link that somebody else put there.
    const target = openSync(to, 'wx', 0o600)
    try {
      const compressor = new SegmentCompressor()
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
      let at = 0
      for (let read = fill(source, chunk, at); read > 0; read = fill(source, chunk, at)) {
        writeAll(target, compressor.compress(chunk.subarray(0, read)))
        at += read
      }
      writeAll(target, compressor.seekTable())
      // When a segment was last written to says what can be in it.
      const { atime, mtime } = fstatSync(source)
      futimesSync(target, atime, mtime)
      fsyncSync(target)
      return at
    } finally {
      closeSync(target)
    }
  } finally {
    closeSync(source)
  }
}

/** @returns how many bytes; fewer than fit only at the end. */
function fill(file: number, into: Buffer, position: number): number {
  let filled = 0
  for (let read = -1; read !== 0 && filled < into.length; filled += read) {
    read = readSync(file, into, filled, into.length - filled, position + filled)
  }
  return filled
}

function writeAll(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
}
