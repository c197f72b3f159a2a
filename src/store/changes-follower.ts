/** Follows the changes of other nodes; asking again when nothing has happened costs no query. */
import type { ChangesBatch } from '../domain/store.ts'
import { readChanges } from './changes.ts'
import type { StoreDatabase } from './dialects/store-database.ts'

const NOTHING: readonly [] = Object.freeze([])

export interface ChangesFollower {
  changesAfter(position: number): Promise<ChangesBatch>
  /** Moves on without reading: this node has committed a change of its own at `position`. */
  passOwn(position: number | undefined): void
}

/** @param node the name of this node's own changes from now on. */
export function createChangesFollower(database: StoreDatabase, node: () => string): ChangesFollower {
  /** What was true when the changes were last read. */
  let seen: { readonly commits: number; readonly position: number } | undefined
  let newestOwn = 0

  return {
    async changesAfter(position) {
      // Before the rows: a commit in between is read now and noticed again next time, never missed.
      const commits = await database.foreignCommits()
      if (seen?.commits === commits && position >= seen.position) {
        // All that came since is our own. Standing still would fall behind what is pruned.
        return { position: Math.max(position, newestOwn), notices: NOTHING }
      }
      const batch = await readChanges(database.committed, position, node())
      seen = { commits, position: batch.position }
      return batch
    },
    passOwn(position) {
      if (position !== undefined) newestOwn = position
    },
  }
}
