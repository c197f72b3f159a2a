/** Passwords and proxy credentials of custom key stores: sealed under domain keys like key material, and bound to their store. */
import type { TokenSubject } from '../../crypto/domain-key.ts'
import type { DomainKeys } from '../keys/domain-keys.ts'
import type { CustomKeyStore, CustomKeyStoreType, KeyStoreName } from './custom-key-store.ts'

export interface StoreSecrets {
  seal(name: KeyStoreName, type: CustomKeyStoreType, secret: string): Promise<Buffer>
  /** UTF-8 bytes; the caller wipes them. */
  open(store: CustomKeyStore, sealed?: Buffer): Promise<Buffer>
}

export function keyStoreSubject({ account, region, storeId }: KeyStoreName, type: CustomKeyStoreType): TokenSubject {
  return ['kms:custom-key-store:v1', account, region, storeId, type]
}

export function createStoreSecrets(domainKeys: DomainKeys): StoreSecrets {
  return {
    seal: (name, type, secret) => domainKeys.seal(keyStoreSubject(name, type), Buffer.from(secret)),
    open: (store, sealed = store.secret) => domainKeys.open(keyStoreSubject(store, store.type), sealed),
  }
}
