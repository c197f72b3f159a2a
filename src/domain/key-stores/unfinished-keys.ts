/** HSM keys whose KMS keys never came to be, because CreateKey failed, or its node did, in between (HK-3). */
import { UNFINISHED_STORE_KEY_MS } from '../../base/limits.ts'
import { arnOf } from '../keys/key.ts'
import type { Store } from '../store.ts'
import type { UnfinishedStoreKey } from './key-store-records.ts'
import type { KeyStores } from './key-stores.ts'

const KEYS_PER_ROUND = 100

/** Destroys those that it can; the others stay noted until their store is connected again. */
export async function sweepUnfinishedKeys(records: Store, keyStores: KeyStores, now: number): Promise<void> {
  const unfinished = await records.unfinishedStoreKeys(now - UNFINISHED_STORE_KEY_MS, KEYS_PER_ROUND)
  for (const key of unfinished) {
    if (await isSwept(key, keyStores)) await records.change((change) => change.deleteUnfinishedStoreKey(key))
  }
}

async function isSwept({ materialId, ...name }: UnfinishedStoreKey, keyStores: KeyStores): Promise<boolean> {
  const deleted = await keyStores.deleteKey(name, { arn: arnOf(name), currentMaterialId: materialId })
  return deleted === undefined || deleted.deletionStatus === 'SUCCESS' || deleted.isMissing
}
