/**
 * Deletes what checkpoints have announced as removed, and nothing else. The announcement is on stable storage before: a crash at any
 * instant leaves files that the next start deletes, and never a gap that nothing tells of.
 */
import { rmSync } from 'node:fs'
import { readRemovals } from '../checkpoints/removals.ts'
import { syncFolder } from '../durable-files.ts'
import { listStreams } from '../stream-names.ts'

/** @returns how many files. @throws the file system's error */
export async function deleteRemoved(folder: string): Promise<number> {
  const removals = await readRemovals(folder)
  for (let deleted = 0; ; ) {
    const announced = (await listStreams(folder)).flatMap(({ stream, segments }) => {
      return segments.filter(({ number }) => number < (removals.get(stream)?.segments ?? 0))
    })
    // A crash can have left a segment under both of its names, and the second shows only now.
    if (announced.length === 0) return deleted
    // Oldest first, so that what is left of a stream has no hole.
    for (const { path } of announced) rmSync(path)
    syncFolder(folder)
    deleted += announced.length
  }
}
