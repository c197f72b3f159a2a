/** When each access key was last used (authorization.md SEC-7): noted in memory, saved at most once a minute. */
import { ACCESS_KEY_USES_HELD_MAX, ACCESS_KEY_USES_SAVE_INTERVAL_MS } from '../../base/limits.ts'
import type { Log } from '../../base/log.ts'
import { createNotedUses } from '../noted-uses.ts'
import type { Store } from '../store.ts'
import type { AccessKeyUse } from './entities.ts'

export interface AccessKeyUsage {
  /**
   * A request that was signed with it, whatever became of the request. Never fails, never waits. Temporary ones are not noted:
   * AWS does not say when they were last used either.
   */
  note(accessKeyId: string, service: string, region: string, time: number): void
  /** The newest use that this node knows of; those of other nodes' last minute are not known yet. */
  lastUse(accessKeyId: string): Promise<AccessKeyUse | undefined>
  /** Saves what was noted. Never fails. */
  save(): Promise<void>
  /** Saves for the last time. */
  stop(): Promise<void>
}

export function createAccessKeyUsage(store: Store, log: Log): AccessKeyUsage {
  const uses = createNotedUses<AccessKeyUse>({
    saveAll: (noted) => store.saveAccessKeyUses(noted),
    intervalMs: ACCESS_KEY_USES_SAVE_INTERVAL_MS,
    heldMax: ACCESS_KEY_USES_HELD_MAX,
    log,
    what: 'when access keys were last used',
  })
  return {
    note(accessKeyId, service, region, time) {
      if (!accessKeyId.startsWith('AKIA')) return
      uses.note(accessKeyId, { accessKeyId, usedAt: time, service, region })
    },
    async lastUse(accessKeyId) {
      const own = uses.peek(accessKeyId)
      const saved = await store.findAccessKeyUse(accessKeyId)
      return own === undefined || (saved !== undefined && saved.usedAt > own.usedAt) ? saved : own
    },
    save: uses.save,
    stop: uses.stop,
  }
}
