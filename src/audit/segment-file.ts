/** The file of a segment: as it was written, or compressed since. It can be replaced by its compressed form, or removed, at any time. */
import type { Stats } from 'node:fs'
import { constants, open, stat } from 'node:fs/promises'
import { CompressedSegment } from './compressed-segment.ts'
import { COMPRESSED_SUFFIX } from './stream-names.ts'

/** By offsets in the segment as it was written. */
export interface SegmentFile {
  length(): Promise<number>
  /** @returns how many bytes were read; 0 at the end. */
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<number>
  close(): Promise<void>
}

/** A pipe that somebody put in the place of a segment would keep the one who opens it waiting for ever. */
const READING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** @throws {CompressedSegmentError} where a compressed file is not what was written, or the file system's error */
export async function openSegment(path: string): Promise<SegmentFile> {
  const found = await orCompressed(path, async (path) => ({ path, file: await open(path, READING) }))
  const { file } = found
  if (!isCompressed(found.path)) {
    return {
      length: async () => (await file.stat()).size,
      read: async (...where) => (await file.read(...where)).bytesRead,
      close: () => file.close(),
    }
  }
  try {
    const segment = await CompressedSegment.open(file)
    return {
      length: async () => segment.length,
      read: (...where) => segment.read(...where),
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Of the file, whose time of change is that of the segment. `undefined`: it is not there any more. */
export async function segmentStat(path: string): Promise<Stats | undefined> {
  try {
    return await orCompressed(path, (path) => stat(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export function isCompressed(path: string): boolean {
  return path.endsWith(COMPRESSED_SUFFIX)
}

/** A segment that is no longer there under its first name may be there under its second. */
async function orCompressed<T>(path: string, work: (path: string) => Promise<T>): Promise<T> {
  try {
    return await work(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || isCompressed(path)) throw error
    return work(path + COMPRESSED_SUFFIX)
  }
}
