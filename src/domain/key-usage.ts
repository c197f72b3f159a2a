/**
 * When each key was last used for cryptography (lifecycle.md DEL-31). A use is noted in memory, where it costs one write to a
 * map, and saved within a minute: a process that is killed forgets the uses of its last minute, never a key's older ones.
 */
import { DAY_MS } from '../base/clock.ts'
import { KEY_USES_HELD_MAX, KEY_USES_SAVE_INTERVAL_MS, KEY_USES_SAVED_AT_ONCE_MAX } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { Key, KeyName } from './keys/key.ts'
import { createNotedUses } from './noted-uses.ts'
import type { KeyUse, Reader, Store } from './store.ts'

export interface KeyUsage {
  /** A success. Never fails, never waits. */
  note(key: Key, operation: string, time: number, eventId: string, requestId: string): void
  /** The newest use that this node knows of: noted, or saved for `reader` to find. Those of other nodes' last minute are not known yet. */
  lastUse(key: Key, reader: Pick<Reader, 'findLastUsage'>): Promise<KeyUse | undefined>
  /** Saves what was noted. Never fails: what could not be saved is kept. */
  save(): Promise<void>
  /** Saves for the last time. */
  stop(): Promise<void>
}

/** As noted: the name is taken from the key only when it is saved. */
interface NotedUse {
  readonly key: KeyName
  readonly operation: string
  readonly time: number
  readonly eventId: string
  readonly requestId: string
}

export function createKeyUsage(store: Store, log: Log): KeyUsage {
  /** By ARN. */
  const uses = createNotedUses<NotedUse>({
    // In several transactions: other changes have a turn in between.
    async saveAll(noted) {
      for (let start = 0; start < noted.length; start += KEY_USES_SAVED_AT_ONCE_MAX) {
        await store.saveUses(noted.slice(start, start + KEY_USES_SAVED_AT_ONCE_MAX).map(toKeyUse))
      }
    },
    intervalMs: KEY_USES_SAVE_INTERVAL_MS,
    heldMax: KEY_USES_HELD_MAX,
    log,
    what: 'when keys were last used',
  })
  return {
    note(key, operation, time, eventId, requestId) {
      uses.note(key.arn, { key, operation, time, eventId, requestId })
    },
    async lastUse(key, reader) {
      const own = uses.peek(key.arn)
      const saved = await reader.findLastUsage(key)
      if (own === undefined || (saved !== undefined && saved.time > own.time)) return saved
      return toKeyUse(own)
    },
    save: uses.save,
    stop: uses.stop,
  }
}

function toKeyUse({ key: { account, region, keyId }, ...use }: NotedUse): KeyUse {
  return { account, region, keyId, ...use }
}

/**
 * kms:TrailingDaysWithoutKeyUsage: whole days since the last use, else since creation or since uses are tracked, whichever
 * is later (authorization.md 3.2).
 */
export function trailingDaysWithoutUsage(
  { createdAt }: { readonly createdAt: number },
  lastUse: { readonly time: number } | undefined,
  trackedSince: number,
  now: number,
): number {
  return Math.max(0, Math.floor((now - (lastUse?.time ?? Math.max(createdAt, trackedSince))) / DAY_MS))
}
