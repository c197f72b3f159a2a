/** What the domain needs of a store for custom key stores. */
import type { Page } from '../page.ts'
import type { CustomKeyStore, KeyStoreName } from './custom-key-store.ts'
import type { ConnectionState } from './key-store-place.ts'

/**
 * A key that is being made in an HSM (HK-3): written before the HSM is asked, gone with the change that makes the KMS key. What is
 * left of one whose change never came is swept.
 */
export interface UnfinishedStoreKey extends KeyStoreName {
  readonly keyId: string
  /** 64 hex digits; its bytes are the CKA_ID. */
  readonly materialId: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

export interface KeyStoreReader {
  findKeyStore(name: KeyStoreName): Promise<CustomKeyStore | undefined>
  findKeyStoreByName(account: string, region: string, name: string): Promise<CustomKeyStore | undefined>
  /** In order of id, which is also what `page.after` is. At most `limit`. */
  listKeyStores(account: string, region: string, page: Page): Promise<readonly CustomKeyStore[]>
  countKeyStores(account: string, region: string): Promise<number>
  /** Of all accounts and Regions. */
  keyStoresOfClusters(clusterIds: readonly string[]): Promise<readonly CustomKeyStore[]>
  /** Of all accounts and Regions. */
  keyStoresIn(states: readonly ConnectionState[]): Promise<readonly CustomKeyStore[]>
  /** KMS keys in the store, in any state. */
  countKeysInStore(name: KeyStoreName): Promise<number>
  /** Of the KMS keys in the store, in any order; 64 hex digits each. At most `limit`. */
  materialIdsInStore(name: KeyStoreName, limit: number): Promise<readonly string[]>
  /** The KMS key of the store that has this external key, if one has. @returns its key id. */
  findKeyIdByXksKey(name: KeyStoreName, xksKeyId: string): Promise<string | undefined>
  /** Begun before `before`. At most `limit`. */
  unfinishedStoreKeys(before: number, limit: number): Promise<readonly UnfinishedStoreKey[]>
}

export interface KeyStoreChange extends KeyStoreReader {
  insertKeyStore(store: CustomKeyStore): Promise<void>
  /** Replaces all facts of the store but its id, type and date of creation. */
  updateKeyStore(store: CustomKeyStore): Promise<void>
  /** Gone already: no change. Its keys must be gone. */
  deleteKeyStore(name: KeyStoreName): Promise<void>
  insertUnfinishedStoreKey(key: UnfinishedStoreKey): Promise<void>
  /** Gone already: no change. */
  deleteUnfinishedStoreKey(key: Pick<UnfinishedStoreKey, 'region' | 'materialId'>): Promise<void>
}
