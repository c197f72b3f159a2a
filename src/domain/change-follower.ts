/**
 * Keeps the caches of this node true (design.md section 3): applies its own changes at once, those of other nodes within
 * the poll interval, and refuses to vouch for the caches once the store has been out of reach for too long.
 */
import type { Clock } from '../base/clock.ts'
import { KmsError } from '../base/errors.ts'
import { CHANGE_POLL_INTERVAL_MS, CHANGES_IN_FORCE_MS_MAX, STALENESS_MS_MAX } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { ChangeNotice, Store } from './store.ts'

/** Something that remembers what the store said. */
export interface Remembering {
  drop(notices: readonly ChangeNotice[]): void
  clear(): void
}

export interface ChangeFollower {
  /**
   * `undefined` when what is cached may be trusted; else a promise that reads the changes first.
   * @throws {KmsError} `KMSInternalException` if the store has not answered for too long and does not now.
   */
  ensureFresh(): Promise<void> | undefined
  /** Reads the changes now, not at the next interval. */
  poll(): Promise<void>
  /** Since the changes were last read, in milliseconds. */
  lag(): number
  stop(): Promise<void>
}

/** @param wallClock the real time. */
export async function followChanges(
  store: Store,
  memories: readonly Remembering[],
  wallClock: Clock,
  log: Log,
): Promise<ChangeFollower> {
  let position = await store.changesPosition()
  let freshAt = present()
  let polling: Promise<void> | undefined
  let failing = false

  store.onCommit((notices) => {
    for (const memory of memories) memory.drop(notices)
  })

  async function read(): Promise<void> {
    const startedAt = present()
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

  function present() {
    return { monotonic: performance.now(), wall: wallClock.now() }
  }

  /**
   * By two clocks: one that is set must not make stale caches fresh, and the monotonic one stands still while the machine is suspended,
   * or its virtual machine paused. One that is set forward only has the changes looked at once more.
   */
  const age = () => Math.max(performance.now() - freshAt.monotonic, wallClock.now() - freshAt.wall)

  /** One that is under way may have looked already. */
  const pollAnew = () => (polling === undefined ? poll() : polling.then(poll))

  /** A process that slept, or was too busy for its timer, has only to look. */
  async function refresh(): Promise<void> {
    await pollAnew()
    if (age() > STALENESS_MS_MAX) throw new KmsError('KMSInternalException')
  }

  store.onForeignChange(() => void pollAnew())
  const timer = setInterval(poll, CHANGE_POLL_INTERVAL_MS).unref()

  return {
    poll: pollAnew,
    lag: age,
    ensureFresh: () => (age() <= CHANGES_IN_FORCE_MS_MAX ? undefined : refresh()),
    async stop() {
      clearInterval(timer)
      await polling
    },
  }
}
