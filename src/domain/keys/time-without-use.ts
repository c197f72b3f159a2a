/** For how long a key was not used for cryptography (lifecycle.md DEL-31, authorization.md 3.2). */
import { DAY_MS } from '../../base/clock.ts'
import type { KeyUse } from '../store.ts'
import type { Key } from './key.ts'

/** Since when nothing that was done with the key can be unknown. Milliseconds since the epoch, as all times here. */
export function trackingStart({ createdAt }: Pick<Key, 'createdAt'>, trackedSince: number): number {
  return Math.max(createdAt, trackedSince)
}

/**
 * The value of `kms:TrailingDaysWithoutKeyUsage`: whole days since the last use, and without one since tracking began.
 *
 * @param lastUse the newest that is known; `undefined`: none.
 * @param trackedSince when this installation began to track uses.
 */
export function trailingDaysWithoutUsage(
  key: Pick<Key, 'createdAt'>,
  lastUse: Pick<KeyUse, 'time'> | undefined,
  trackedSince: number,
  now: number,
): number {
  const since = lastUse?.time ?? trackingStart(key, trackedSince)
  // Nodes' clocks differ a little, so a use can lie in the future.
  return Math.max(0, Math.floor((now - since) / DAY_MS))
}
