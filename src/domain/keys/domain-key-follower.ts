/**
 * Keeps all domain keys unwrapped on a serving node: those that there are when it starts, and those that come. So it needs the
 * root key at its start and once a day, not in the middle of a call; and if the root key was changed and cannot be opened here,
 * the operator is told at once, while what was unwrapped before still serves every call.
 */
import type { Log } from '../../base/log.ts'
import type { Remembering } from '../change-follower.ts'
import type { DomainKeys } from './domain-keys.ts'

export interface DomainKeyFollower extends Remembering {
  /** @throws {RootKeyError} if the root key does not open them. */
  start(): Promise<void>
  stop(): Promise<void>
}

export function createDomainKeyFollower(domainKeys: Pick<DomainKeys, 'loadAll'>, log: Log): DomainKeyFollower {
  let isServing = false
  let following: Promise<void> | undefined

  async function load(): Promise<void> {
    try {
      await domainKeys.loadAll()
    } catch (error) {
      const { message: problem } = error as Error
      log.error(
        { problem },
        'cannot open the root key that the store is under now; if it was changed, restart this server with the new one within a day',
      )
    }
  }

  function follow(): void {
    if (!isServing) return
    // One that is under way may have looked already.
    following = following === undefined ? load() : following.then(load)
  }

  return {
    async start() {
      await domainKeys.loadAll()
      isServing = true
    },
    drop(notices) {
      if (notices.some(({ kind }) => kind === 'root-key' || kind === 'domain-key')) follow()
    },
    clear: follow,
    async stop() {
      isServing = false
      await following
    },
  }
}
