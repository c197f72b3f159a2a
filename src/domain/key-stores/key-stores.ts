/**
 * The custom key stores of this node at work: finds the store of a key and the backend of its type, and keeps within the store's
 * quota. Whether the store is CONNECTED is the key's state, which was looked at before.
 */
import { LRUCache } from 'lru-cache'
import { KmsError } from '../../base/errors.ts'
import { CACHED_KEY_STORES_MAX, KEY_STORE_CALLS_PER_SECOND_MAX } from '../../base/limits.ts'
import type { Key } from '../keys/key.ts'
import { createRateCounter } from '../rate-counter.ts'
import type { ChangeNotice, MaybePromise, Store } from '../store.ts'
import type { CustomKeyStore, CustomKeyStoreType, KeyStoreName } from './custom-key-store.ts'
import { keyStoreOf, keyStoreRef } from './custom-key-store.ts'
import type {
  DeletedBackingKey,
  KeyStoreBackend,
  KeyStoreBackends,
  MadeStoreKey,
  NewStoreKey,
  StoreCaller,
  StoreMessage,
} from './key-store-backend.ts'
import { asStoreFailure, withoutGenerator } from './key-store-errors.ts'
import type { StoreSecrets } from './store-secrets.ts'

export interface KeyStores {
  /** @throws {KmsError} `UnsupportedOperationException` for a type that this server has nothing for. */
  backendOf(type: CustomKeyStoreType): KeyStoreBackend
  /** @param key in a store; likewise below. @returns a whole ciphertext blob. */
  encrypt(key: Key, message: StoreMessage, plaintext: Uint8Array): Promise<Buffer>
  /** The caller wipes the result. */
  decrypt(key: Key, message: StoreMessage, blob: Buffer): Promise<Buffer>
  /** Bytes of a new data key, from the store's hardware; `undefined`: it has no generator, and any other will do. */
  dataKeyBytes(key: Key, length: number): Promise<Buffer | undefined>
  /** @throws {KmsError} `UnsupportedOperationException` if stores of this type have no generator (KS-6). */
  randomBytes(store: CustomKeyStore, length: number): Promise<Buffer>
  /** The backing of a new KMS key; material that an HSM made is noted before, so that it cannot be forgotten (HK-3). */
  createKey(store: CustomKeyStore, key: NewStoreKey, call: StoreCaller): Promise<MadeStoreKey>
  readonly secrets: StoreSecrets
  /**
   * The backing of a key that is about to be erased, or that never came to be. Never fails; `undefined`: there is nothing to delete, or
   * no store any more.
   */
  deleteKey(store: KeyStoreName, key: Pick<Key, 'arn' | 'currentMaterialId'>): Promise<DeletedBackingKey | undefined>
  drop(notices: readonly ChangeNotice[]): void
  clear(): void
}

/** What {@link KeyStores} does for the material of keys. */
export type StoreKeyCiphers = Pick<KeyStores, 'encrypt' | 'decrypt' | 'dataKeyBytes'>

/** @param onThrottle told of each call beyond a store's quota. */
export function createKeyStores(
  records: Store,
  secrets: StoreSecrets,
  backends: KeyStoreBackends,
  onThrottle?: (store: KeyStoreName, operation: string) => void,
): KeyStores {
  const cache = new LRUCache<string, CustomKeyStore>({ max: CACHED_KEY_STORES_MAX })
  const rate = createRateCounter()
  /** Rises with every drop: a store that was read before one must not be kept after it. */
  let generation = 0

  function backendOf(type: CustomKeyStoreType): KeyStoreBackend {
    const backend = backends[type]
    if (backend !== undefined) return backend
    throw new KmsError('UnsupportedOperationException', `Custom key stores of type ${type} are not supported.`)
  }

  function find(name: KeyStoreName): MaybePromise<CustomKeyStore> {
    return cache.get(keyStoreRef(name)) ?? load(name)
  }

  async function load(name: KeyStoreName): Promise<CustomKeyStore> {
    const before = generation
    const store = await records.findKeyStore(name)
    if (store === undefined) throw new Error(`custom key store ${name.storeId} of a key is missing`)
    if (generation === before) cache.set(keyStoreRef(name), store)
    return store
  }

  /** KS-7, KS-8: each counts once. @param operation as AWS names it. */
  async function work<T>(
    name: KeyStoreName,
    operation: string,
    operate: (backend: KeyStoreBackend, store: CustomKeyStore) => Promise<T>,
  ): Promise<T> {
    try {
      rate.take(keyStoreRef(name), KEY_STORE_CALLS_PER_SECOND_MAX)
    } catch (error) {
      onThrottle?.(name, operation)
      throw error
    }
    const store = await find(name)
    return operate(backendOf(store.type), store)
  }

  return {
    backendOf,
    encrypt: (key, message, plaintext) =>
      work(keyStoreOf(key), message.operation, (backend, store) => backend.encrypt(store, key, message, plaintext)),
    decrypt: (key, message, blob) =>
      work(keyStoreOf(key), message.operation, (backend, store) => backend.decrypt(store, key, message, blob)),
    async dataKeyBytes(key, length) {
      const store = await find(keyStoreOf(key))
      return backendOf(store.type).randomBytes?.(store, length)
    },
    randomBytes: (store, length) =>
      work(store, 'GenerateRandom', (backend) => {
        if (backend.randomBytes !== undefined) return backend.randomBytes(store, length).catch(asStoreFailure)
        throw withoutGenerator(store)
      }),
    createKey(store, key, call) {
      const { account, region, storeId } = store
      const { keyId, createdAt } = key
      const reserve = (materialId: string) =>
        records.change((change) =>
          change.insertUnfinishedStoreKey({ account, region, storeId, keyId, materialId, createdAt }),
        )
      return backendOf(store.type).createKey(store, key, call, reserve).catch(asStoreFailure)
    },
    secrets,
    async deleteKey(name, key) {
      const store = await records.findKeyStore(name)
      return store && backends[store.type]?.deleteKey(store, key)
    },
    drop(notices) {
      generation++
      for (const { kind, subject } of notices) {
        if (kind === 'key-store') cache.delete(subject)
        // Secrets that were sealed under it are sealed anew, and those in the cache are not.
        else if (kind === 'unused-domain-key') cache.clear()
      }
    },
    clear() {
      generation++
      cache.clear()
    },
  }
}

/** For programs that only work with keys that are in no custom key store. */
export const NO_KEY_STORES: StoreKeyCiphers = {
  encrypt: refuse,
  decrypt: refuse,
  dataKeyBytes: refuse,
}

function refuse(): never {
  throw new Error('this program does not work with keys in custom key stores')
}
