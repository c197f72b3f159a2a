/** Forgets revocations of sessions that have ended by themselves meanwhile (authorization.md 6.7). */
import type { Clock } from '../base/clock.ts'
import { REVOCATIONS_PRUNE_INTERVAL_MS } from '../base/limits.ts'
import type { Store } from '../domain/store.ts'
import type { Job } from './job-runner.ts'

export function pruneRevocations(store: Store, clock: Clock): Job {
  let prunedAt = Number.NEGATIVE_INFINITY
  return {
    name: 'prune revocations',
    async run() {
      const now = clock.now()
      // Takes the store's write lock, so not at every look.
      if (Math.abs(now - prunedAt) < REVOCATIONS_PRUNE_INTERVAL_MS) return
      await store.pruneRevokedSessions(now)
      prunedAt = now
    },
  }
}
