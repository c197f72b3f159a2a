/** The end of a key (lifecycle.md TR-14, DEL-8), and what it means for the rest of its multi-Region set. */
import { DAY_MS } from '../../base/clock.ts'
import { settlePendingMaterial } from '../imports/pending-material.ts'
import { type KeyEvent, keyEvent } from '../key-event.ts'
import type { DeletedBackingKey } from '../key-stores/key-store-backend.ts'
import type { Change } from '../store.ts'
import type { Key } from './key.ts'
import { hasReplicas, isPrimary, multiRegionSet, relatedKeys } from './multi-region.ts'

/**
 * @param key whose deletion date has come.
 * @param backing what became of the key in the HSM, if it was in one.
 * @returns the events to commit with it.
 */
export async function eraseKey(
  change: Change,
  key: Key,
  now: number,
  backing?: DeletedBackingKey,
): Promise<readonly KeyEvent[]> {
  const related = await relatedKeys(change, key)
  await change.eraseKey(key)
  await leaveSet(change, key, related, now)
  const additional = backing && { additional: backingFields(key, backing) }
  return [keyEvent('DeleteKey', key, { response: { keyId: key.arn }, ...additional })]
}

/** lifecycle.md 10.1: lists as JSON inside of a text, as AWS writes them. */
function backingFields({ customKeyStore }: Key, { backingKeyId, keyHandle, deletionStatus }: DeletedBackingKey) {
  const { storeId, clusterId } = customKeyStore!
  return {
    customKeyStoreId: storeId,
    clusterId: clusterId!,
    backingKeys: JSON.stringify([{ keyHandle, backingKeyId }]),
    backingKeysDeletionStatus: JSON.stringify([{ keyHandle, backingKeyId, deletionStatus }]),
  }
}

/** @param gone a replica: a primary that has replicas waits for them (DEL-21). */
async function leaveSet(change: Change, gone: Key, related: readonly Key[], now: number): Promise<void> {
  for (const member of related) {
    const { primaryRegion, replicaRegions } = member.multiRegionSet!
    const remaining = replicaRegions.filter((region) => region !== gone.region)
    const left: Key = { ...member, multiRegionSet: multiRegionSet(primaryRegion, remaining) }
    await change.updateKey(isPrimary(left) ? beginWindow(left, now) : left)
    if (isPrimary(left)) await settlePendingMaterial(change, left)
  }
}

/** TR-12: the whole waiting period of a primary that was only waiting for its last replica starts now. */
function beginWindow(primary: Key, now: number): Key {
  const { deletion } = primary
  if (deletion === undefined || deletion.date !== undefined || hasReplicas(primary)) return primary
  const { windowInDays } = deletion
  return { ...primary, deletion: { windowInDays, date: now + windowInDays * DAY_MS } }
}
