/**
 * Keeps the caches of this node true (design.md section 3): applies its own changes at once, those of other nodes within
 * the poll interval, and refuses to vouch for the caches once the store has been out of reach for too long.
 */
import { KmsError } from '../base/errors.ts'
import { CHANGE_POLL_INTERVAL_MS, STALENESS_MS_MAX } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { ChangeNotice, Store } from './store.ts'

/** Something that remembers what the store said. */
export interface Remembering {
  drop(notices: readonly ChangeNotice[]): void
  clear(): void
}

export interface ChangeFollower {
  /** @throws {KmsError} `KMSInternalException` if what is cached may be older than the bound. */
  assertFresh(): void
  /** Reads the changes now, not at the next interval. */
  poll(): Promise<void>
  stop(): Promise<void>
}

export async function followChanges(store: Store, memories: readonly Remembering[], log: Log): Promise<ChangeFollower> {
  let position = await store.changesPosition()
  // The monotonic clock: a moved wall clock must not make fresh caches stale or stale ones fresh.
  let freshAt = performance.now()
  let polling: Promise<void> | undefined
  let failing = false

  store.onCommit((notices) => {
    for (const memory of memories) memory.drop(notices)
  })

  async function read(): Promise<void> {
    const startedAt = performance.now()
    try {
      const batch = await store.changesAfter(position)
      position = batch.position
      for (const memory of memories) {
        if (batch.notices === undefined) memory.clear()
        else if (batch.notices.length > 0) memory.drop(batch.notices)
      }
      freshAt = startedAt
      if (failing) log.info({}, 'the store answers again')
      failing = false
    } catch (error) {
      if (!failing)
        log.error({ err: error }, 'cannot read the changes of other nodes; will refuse requests if this lasts')
      failing = true
    }
  }

  async function poll(): Promise<void> {
    polling ??= read().finally(() => {
      polling = undefined
    })
    return polling
  }

  const timer = setInterval(poll, CHANGE_POLL_INTERVAL_MS).unref()

  return {
    poll,
    assertFresh() {
      if (performance.now() - freshAt <= STALENESS_MS_MAX) return
      // A busy event loop delays the timer too; that alone is no reason to refuse the next request as well.
      void poll()
      throw new KmsError('KMSInternalException')
    },
    async stop() {
      clearInterval(timer)
      await polling
    },
  }
}
