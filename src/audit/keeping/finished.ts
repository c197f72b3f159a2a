/** Which segments nobody writes to any more. */
import { endsWithClose, firstFrame } from '../read-segment.ts'
import { isCompressed } from '../segment-file.ts'
import type { Segment } from '../stream-names.ts'

/**
 * A writer is done with a segment once there is a frame in the next one; with its last one the stream has to be over.
 * @param next of the stream, if there is one.
 * @param ended streams that nobody can be writing to, however they ended.
 */
export async function isFinished(
  { path, stream }: Segment,
  next: Segment | undefined,
  ended: ReadonlySet<string>,
): Promise<boolean> {
  if (isCompressed(path)) return true
  if (next !== undefined) return (await firstFrame(next.path)) !== undefined
  return ended.has(stream) || endsWithClose(path)
}
