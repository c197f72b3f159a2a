/** Puts an audit folder in order after a crash, before any writer starts (audit.md section 9, row 9). */
import { open, rm } from 'node:fs/promises'
import type { Log } from '../base/log.ts'
import { readOpenRecord, type StreamEnd, writePreviousStreams } from './previous-streams.ts'
import { firstFrame, segmentEnd } from './read-segment.ts'
import { isCompressed } from './segment-file.ts'
import { listReserves, listStreams, type StreamSegments } from './stream-names.ts'

/** The torn last frame of a stream; nobody was answered on its account, so nothing visible is lost with it. */
export interface RecoveredTornFrame {
  readonly path: string
  /** Length of the file now. */
  readonly offset: number
  /** Length of what was cut off, without zeros at its end. */
  readonly bytes: number
}

export interface RecoveredAuditFolder {
  readonly tornFrames: readonly RecoveredTornFrame[]
  /** Streams that ended since the last recovery, oldest first; the next open records name them. */
  readonly ends: readonly StreamEnd[]
  /** Hash of the last frame of the newest of them, hex. */
  readonly lastHash: string | undefined
}

/**
 * Call it while no writer is alive. Cuts torn last frames and laid out space of streams that did not close, and leaves word of
 * all ends to the writers to come. A folder that does not exist is in order. An altered segment is reported and left as
 * evidence. @throws the file system's error
 */
export async function recoverAuditFolder(folder: string, log: Log): Promise<RecoveredAuditFolder> {
  for (const path of await listReserves(folder)) await rm(path, { force: true })
  const tornFrames: RecoveredTornFrame[] = []
  const ends: StreamEnd[] = []
  const streams = await unnamedStreams(folder)
  for (const stream of streams) {
    const end = await recoverStream(stream, tornFrames, log)
    if (end !== undefined) ends.push(end)
  }
  if (streams.length > 0) await writePreviousStreams(folder, ends)
  return { tornFrames, ends, lastHash: ends.at(-1)?.lastHash }
}

/** Those that no open record names yet. Their number is that of the last run's processes, not of all that ever ran. */
async function unnamedStreams(folder: string): Promise<readonly StreamSegments[]> {
  const streams = await listStreams(folder)
  const named = new Set<string>()
  for (const { segments } of streams) {
    const frame = await firstFrame(segments[0]!.path)
    const record = frame && readOpenRecord(frame)
    for (const { stream } of record?.previousStreams ?? []) named.add(stream)
  }
  return streams.filter(({ stream }) => !named.has(stream))
}

async function recoverStream(
  { stream, segments }: StreamSegments,
  tornFrames: RecoveredTornFrame[],
  log: Log,
): Promise<StreamEnd | undefined> {
  let tornBytes = 0
  // Last to first, until one has a frame: a crash while switching segments leaves an empty one.
  for (const { path } of segments.toReversed()) {
    const { end, last } = await segmentEnd(path)
    const { offset, bytes } = end
    if (end.state === 'altered') {
      log.error({ path, offset, bytes }, 'A segment of the audit log is altered; it is left as it is.')
    } else if (!isCompressed(path)) {
      await cut(path, offset)
    }
    if (end.state === 'torn') {
      tornBytes += bytes
      tornFrames.push({ path, offset, bytes })
      log.warn({ path, offset, bytes }, 'RecoveredTornFrame: the last frame of a stream was not whole and is cut off.')
    }
    if (last !== undefined) {
      return { stream, lastHash: last.hash.toString('hex'), closed: last.kind === 'close', tornBytes }
    }
    // Not even its open record was written: an empty file says nothing, and the streams that say something are many.
    if (end.state !== 'altered') await rm(path)
  }
  return undefined
}

async function cut(path: string, length: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    if ((await file.stat()).size === length) return
    await file.truncate(length)
    await file.sync()
  } finally {
    await file.close()
  }
}
