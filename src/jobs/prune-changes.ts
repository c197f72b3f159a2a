/** Forgets changes that every node has long read; one that was away for longer drops all it remembers (design.md section 3). */
import type { Clock } from '../base/clock.ts'
import { CHANGES_PRUNE_INTERVAL_MS, CHANGES_RETENTION_MS } from '../base/limits.ts'
import type { Store } from '../domain/store.ts'
import type { Job } from './job-runner.ts'

export function pruneChanges(store: Store, clock: Clock): Job {
  let prunedAt = Number.NEGATIVE_INFINITY
  return {
    name: 'prune changes',
    async run() {
      const now = clock.now()
      // Each pruning takes the store's write lock, so not at every look; a clock moved back must not stop it for long.
      if (Math.abs(now - prunedAt) < CHANGES_PRUNE_INTERVAL_MS) return
      await store.pruneChanges(now - CHANGES_RETENTION_MS)
      prunedAt = now
    },
  }
}
