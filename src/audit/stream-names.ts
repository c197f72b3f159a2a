/** Names of streams and of their segment files, and what a folder holds of them. */
import { readdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '../crypto/hash.ts'
import { STREAM_ID_BYTES } from './frame.ts'

const SEGMENT_NAME =
  /^([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})-(\d{6}|[1-9]\d{6,8})\.audit(\.zst)?$/
const RESERVE_NAME = /^[0-9a-f-]{36}\.reserve$/

/** Of a segment that was compressed. */
export const COMPRESSED_SUFFIX = '.zst'

export interface Segment {
  /** UUID text of the stream. */
  readonly stream: string
  /** From 0, without gaps. */
  readonly number: number
  readonly path: string
}

export interface StreamSegments {
  readonly stream: string
  /** In order of number; never empty. */
  readonly segments: readonly Segment[]
}

let streamsMade = 0

/**
 * A UUID of version 7 (RFC 9562 5.7): 48 bits of time, so names sort by age, and bits that set apart what starts in the same
 * millisecond. They need to be unique, not secret, so they come from a hash of who and when, and files are created
 * exclusively.
 */
export function createStreamId(node: string, time: number): Buffer {
  const origin = [node, hostname(), process.pid, process.hrtime.bigint(), performance.timeOrigin, streamsMade++]
  const id = Buffer.from(sha256(origin.join('\n')).subarray(0, STREAM_ID_BYTES))
  id.writeUIntBE(time, 0, 6)
  id[6] = 0x70 | (id[6]! & 0x0f)
  id[8] = 0x80 | (id[8]! & 0x3f)
  return id
}

/** 8-4-4-4-12 lower-case hex digits. */
export function streamName(id: Buffer): string {
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Milliseconds since the epoch: what its id begins with. */
export function startOfStream(stream: string): number {
  return Number.parseInt(stream.slice(0, 8) + stream.slice(9, 13), 16)
}

/** As it is written. */
export function segmentPath(folder: string, stream: string, number: number): string {
  return join(folder, `${stream}-${String(number).padStart(6, '0')}.audit`)
}

export function reservePath(folder: string, stream: string): string {
  return join(folder, `${stream}.reserve`)
}

/** The streams of a folder, oldest first. A folder that does not exist holds none; files of other names are not ours. */
export async function listStreams(folder: string): Promise<readonly StreamSegments[]> {
  const streams = new Map<string, Segment[]>()
  const names = new Set(await namesIn(folder))
  for (const name of names) {
    const match = SEGMENT_NAME.exec(name)
    // While one is being compressed, what was written counts.
    if (match === null || (match[3] !== undefined && names.has(name.slice(0, -COMPRESSED_SUFFIX.length)))) continue
    const [, stream, number] = match as unknown as [string, string, string]
    const segments = streams.get(stream) ?? []
    segments.push({ stream, number: Number(number), path: join(folder, name) })
    streams.set(stream, segments)
  }
  return [...streams]
    .map(([stream, segments]) => ({ stream, segments: segments.sort((left, right) => left.number - right.number) }))
    .sort((left, right) => (left.stream < right.stream ? -1 : 1))
}

/** Reserve files (audit.md G-4) that a writer left behind. */
export async function listReserves(folder: string): Promise<readonly string[]> {
  return (await namesIn(folder)).filter((name) => RESERVE_NAME.test(name)).map((name) => join(folder, name))
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
