/** Takes what was removed from the log out of its index, so that nobody looks for it, and the index says from when on it is complete. */
import type { RemovedSegments } from '../checkpoints/checkpoint.ts'
import { readRemovals } from '../checkpoints/removals.ts'
import { listStreams } from '../stream-names.ts'
import type { EventIndex } from './event-index.ts'

/**
 * @param isFirst looks for streams as well that were removed before the index knew of them, for which all checkpoints are read.
 * @returns whether there was anything that the index did not know.
 */
export async function forgetRemoved(folder: string, index: EventIndex, isFirst: boolean): Promise<boolean> {
  const firstSegments = new Map(
    (await listStreams(folder)).map(({ stream, segments }) => [stream, segments[0]!.number] as const),
  )
  const gone = index.streams().filter((stream) => !firstSegments.has(stream))
  const cut = [...firstSegments].filter(([stream, segment]) => segment > 0 && !index.beginsAt(stream, segment))
  if (gone.length + cut.length === 0 && !isFirst) return false
  const removals = await readRemovals(folder)
  const until = Math.ceil([...removals.values()].reduce((newest, removed) => Math.max(newest, removed.until), 0) / 1000)
  if (until > 0) index.noteRemoved(until)
  let isNews = false
  const forget = ({ stream, segments }: RemovedSegments, isGone: boolean) => {
    index.forgetRemoved(stream, segments, isGone)
    isNews = true
  }
  // What is gone without a word is damage, and stays in the index to be found as such.
  for (const removed of gone.map((stream) => removals.get(stream))) if (removed !== undefined) forget(removed, true)
  for (const [stream] of cut) {
    const removed = removals.get(stream)
    if (removed !== undefined && !index.beginsAt(stream, removed.segments)) forget(removed, false)
  }
  return isNews
}
