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
  const announced = (await listStreams(folder)).flatMap(({ stream, segments }) => {
    return segments.filter(({ number }) => number < (removals.get(stream)?.segments ?? 0))
  })
  // Oldest first, so that what is left of a stream has no hole.
  for (const { path } of announced) rmSync(path, { force: true })
  if (announced.length > 0) syncFolder(folder)
  return announced.length
}
