/** What connections to HSMs need of the rest. */
import type { Log } from '../base/log.ts'
import type { RandomSource } from '../crypto/random.ts'
import type { KeyStoreReader } from '../domain/key-stores/key-store-records.ts'
import type { PasswordRotation } from '../domain/key-stores/password-rotation.ts'
import type { Clusters } from './clusters.ts'

export interface ConnectionServices {
  readonly clusters: Clusters
  readonly passwords: PasswordRotation
  readonly keys: StoreKeys
  readonly random: RandomSource
  readonly log: Log
}

/** What a store should find in its HSM. */
export type StoreKeys = Pick<KeyStoreReader, 'materialIdsInStore'>
