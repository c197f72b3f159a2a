/**
 * How streams ended, handed from recovery, which runs alone, to the writers that start after it in several processes: each
 * names them in its open record, so that a stream cannot vanish or lose its tail unseen (audit.md section 10).
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AUDIT_PREVIOUS_STREAMS_MAX } from '../base/limits.ts'
import type { Frame } from './frame.ts'

export interface StreamEnd {
  /** UUID text. */
  readonly stream: string
  /** Hash of its last whole frame, hex. */
  readonly lastHash: string
  /** False: it ended without a close record, in a crash. */
  readonly closed: boolean
  /** Bytes of a torn last frame that were cut off; 0: none. */
  readonly tornBytes: number
}

/** Not evidence, only a message: the verifier believes open records alone. */
const NAME = 'previous-streams.json'

export async function writePreviousStreams(folder: string, ends: readonly StreamEnd[]): Promise<void> {
  const path = join(folder, NAME)
  await writeFile(`${path}.new`, JSON.stringify(ends.slice(0, AUDIT_PREVIOUS_STREAMS_MAX)), { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/** None where there was nothing to recover. */
export async function readPreviousStreams(folder: string): Promise<readonly StreamEnd[]> {
  try {
    const ends: unknown = JSON.parse(await readFile(join(folder, NAME), 'utf8'))
    return Array.isArray(ends) ? ends.filter(isStreamEnd) : []
  } catch {
    // Absent, or cut by a crash: the next recovery names them again.
    return []
  }
}

export interface OpenRecord {
  readonly node: string
  readonly softwareVersion: string
  /** Hash of the configuration in force, hex. */
  readonly configurationHash?: string | undefined
  /** The log has checkpoints when the stream begins, so it must have them for ever. */
  readonly checkpoints?: true | undefined
  readonly previousStreams: readonly StreamEnd[]
}

/** `undefined` where the frame is not an open record of ours. */
export function readOpenRecord({ kind, payload }: Frame): OpenRecord | undefined {
  if (kind !== 'open') return undefined
  try {
    const record = JSON.parse(payload.toString()) as OpenRecord
    return typeof record.node === 'string' && record.previousStreams.every(isStreamEnd) ? record : undefined
  } catch {
    return undefined
  }
}

function isStreamEnd(value: unknown): value is StreamEnd {
  const { stream, lastHash } = (value ?? {}) as Record<string, unknown>
  return typeof stream === 'string' && typeof lastHash === 'string'
}
