/** What the newest checkpoints say of some streams, looked for from the newest back. */
import {
  type Checkpoint,
  isSigned,
  type RemovedSegments,
  readCheckpoint,
  type StreamPosition,
} from '../checkpoints/checkpoint.ts'
import { listCheckpointFiles, readCheckpointLines } from '../checkpoints/checkpoint-files.ts'
import type { InspectedSegment } from '../inspect-segment.ts'

export interface Told {
  /** How far it had come. */
  readonly position: StreamPosition | undefined
  /** What had been removed of it. */
  readonly removed: RemovedSegments | undefined
}

/** A checkpoint tells of its last frame, or of a record behind it. */
export function isVouchedFor({ records, hash }: InspectedSegment, told: Told | undefined): boolean {
  const position = told?.position
  return position !== undefined && (position.records > records || position.hash === hash)
}

/**
 * Only of lines whose signature is right. Ends when all is found; a stream that begins with its first segment has had nothing removed.
 * @param streams id → number of the first segment that is there
 */
export async function lookUpTold(
  folder: string,
  streams: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, Told>> {
  const positions = new Map<string, StreamPosition>()
  const removals = new Map<string, RemovedSegments>()
  const isComplete = () => [...streams].every(([id, first]) => positions.has(id) && (first === 0 || removals.has(id)))
  const take = ({ streams: told, removed = [] }: Checkpoint) => {
    for (const position of told) if (!positions.has(position.stream)) positions.set(position.stream, position)
    for (const of of removed) if (!removals.has(of.stream)) removals.set(of.stream, of)
  }
  for (const { path } of (await listCheckpointFiles(folder)).toReversed()) {
    if (isComplete()) break
    for (const { text, isWhole } of ((await readCheckpointLines(path)) ?? []).toReversed()) {
      if (!isWhole || !tellsOfOne(text, streams)) continue
      const checkpoint = readCheckpoint(text)
      if (checkpoint !== undefined && isSigned(text, checkpoint)) take(checkpoint)
    }
  }
  return new Map([...streams.keys()].map((id) => [id, { position: positions.get(id), removed: removals.get(id) }]))
}

/** Cheaper than parsing every checkpoint. */
function tellsOfOne(text: string, streams: ReadonlyMap<string, number>): boolean {
  return text.matchAll(/"stream":"([0-9a-f-]{36})"/g).some(([, stream]) => streams.has(stream!))
}
