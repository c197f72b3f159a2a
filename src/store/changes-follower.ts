/** Follows the changes of other nodes; asking again when nothing has happened costs no query. */
import type { ChangesBatch } from '../domain/store.ts'
import { readChanges } from './changes.ts'
import type { ForeignCommits, StoreDatabase } from './dialects/store-database.ts'

const NOTHING: readonly [] = Object.freeze([])

export interface ChangesFollower {
  changesAfter(position: number): Promise<ChangesBatch>
  /** Moves on without reading: this node has committed a change of its own at `position`. */
  passOwn(position: number | undefined): void
}

/** @param node the name of this node's own changes from now on. */
export function createChangesFollower(database: StoreDatabase, node: () => string): ChangesFollower {
  /** What was true when the changes were last read. */
  let seen: (ForeignCommits & { readonly position: number }) | undefined
  let newestOwn = 0

  return {
    async changesAfter(position) {
      // Before the question: while its answer is on the way another node may commit, and then this one, which must not be passed over.
      const own = newestOwn
      // Before the rows: a commit in between is read now and noticed again next time, never missed.
      const { commits, history } = await database.foreignCommits()
      if (seen?.commits === commits && seen.history === history && position >= seen.position) {
        // All that came since is our own. Standing still would fall behind what is pruned.
        return { position: Math.max(position, own), notices: NOTHING }
      }
      const batch = await readChanges(database.committed, position, node())
      const goesOn = seen === undefined || seen.history === history
      seen = { commits, history, position: batch.position }
      if (goesOn && batch.notices !== undefined) return batch
      // What was lost may be remembered here, and others may have its positions now, those of our own too.
      newestOwn = 0
      return { position: batch.position, notices: undefined }
    },
    passOwn(position) {
      if (position !== undefined) newestOwn = position
    },
  }
}
