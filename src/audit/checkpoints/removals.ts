/**
 * What was removed from a log on purpose, as its checkpoints tell. Whether they are to be believed is the verifier's to say: those who
 * read here want records, and whoever could forge a line could delete a file as well.
 */
import { type RemovedSegments, readCheckpoint } from './checkpoint.ts'
import { listCheckpointFiles, readCheckpointLines } from './checkpoint-files.ts'

/** Cheaper than parsing every checkpoint; `readCheckpoint` knows. */
const REMOVAL = '"reason":"removal"'

/** The newest word on each stream that has lost segments, by its id. */
export async function readRemovals(folder: string): Promise<ReadonlyMap<string, RemovedSegments>> {
  const removals = new Map<string, RemovedSegments>()
  for (const { path } of await listCheckpointFiles(folder)) {
    for (const { text } of (await readCheckpointLines(path)) ?? []) {
      if (!text.includes(REMOVAL)) continue
      for (const removed of readCheckpoint(text)?.removed ?? []) removals.set(removed.stream, removed)
    }
  }
  return removals
}

/** Removals of a folder for a reader who meets a place where something is not there. */
export class KnownRemovals {
  readonly #folder: string
  #removals: ReadonlyMap<string, RemovedSegments> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * What tells why a segment is not there; `undefined`: it is not known to have been removed. A removal is announced before anything is
   * deleted, so one that happens while the log is read is found as well.
   */
  async explaining(stream: string, missingSegment: number): Promise<RemovedSegments | undefined> {
    const known = this.#removals?.get(stream)
    if (known !== undefined && known.segments > missingSegment) return known
    this.#removals = await readRemovals(this.#folder)
    const found = this.#removals.get(stream)
    return found !== undefined && found.segments > missingSegment ? found : undefined
  }
}
