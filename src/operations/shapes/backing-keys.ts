/**
 * What records say of the key in an HSM behind a KMS key, when that is made or is to be deleted: as JSON inside of a text, as AWS writes it
 * (ct-createkey, ct-schedule-key-deletion; lifecycle.md 10.1).
 */
import type { Key } from '../../domain/keys/key.ts'

type Noted = Record<string, unknown>

/** CreateKey. */
export function noteNewBackingKey(additionalEventData: Noted, key: Key): void {
  if (isInHsm(key)) additionalEventData.backingKey = JSON.stringify(backingKey(key))
}

/** ScheduleKeyDeletion: what will be destroyed, and where. */
export function noteDoomedBackingKey(additionalEventData: Noted, key: Key): void {
  if (!isInHsm(key)) return
  const { storeId, clusterId } = key.customKeyStore!
  Object.assign(additionalEventData, {
    customKeyStoreId: storeId,
    clusterId,
    backingKeys: JSON.stringify([backingKey(key)]),
  })
}

function isInHsm({ origin }: Key): boolean {
  return origin === 'AWS_CLOUDHSM'
}

function backingKey({ currentMaterialId }: Key) {
  return { backingKeyId: currentMaterialId }
}
