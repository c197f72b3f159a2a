/** A KMS key in a custom key store, as CreateKey makes it (keystores.md KS-3, HK-3). */
import { KmsError } from '../../base/errors.ts'
import { arnOf } from '../keys/key.ts'
import type { KeyMaterials } from '../keys/key-material.ts'
import { assembleKey, type KeyChoices, type NewKey, newKeyId } from '../keys/new-key.ts'
import type { RandomSource } from '../services.ts'
import type { Change, Reader, StoredKeyMaterial } from '../store.ts'
import type { CustomKeyStore, KeyStoreName } from './custom-key-store.ts'
import type { StoreCaller } from './key-store-backend.ts'
import { invalidStoreState, keyStoreNotFound } from './key-store-errors.ts'
import type { KeyStorePlace } from './key-store-place.ts'
import type { KeyStores } from './key-stores.ts'

export interface StoreKeyServices {
  readonly random: RandomSource
  readonly keyMaterials: KeyMaterials
  readonly keyStores: KeyStores
}

/** @throws {KmsError} if no key of this origin can be made in the store now. */
export async function storeForKey(
  reader: Pick<Reader, 'findKeyStore'>,
  name: KeyStoreName,
  { origin }: Pick<KeyChoices, 'origin'>,
): Promise<CustomKeyStore> {
  const store = await reader.findKeyStore(name)
  if (store === undefined) throw keyStoreNotFound(name.storeId)
  if (store.type !== origin) {
    const text = `Origin ${origin} is not valid for custom key store ${store.storeId} of type ${store.type}.`
    throw new KmsError('UnsupportedOperationException', text)
  }
  if (store.connectionState !== 'CONNECTED') throw invalidStoreState(store)
  return store
}

/** Key and material, not yet stored; never inside a transaction. */
export async function makeStoreKey(
  choices: KeyChoices,
  store: CustomKeyStore,
  xksKeyId: string | undefined,
  call: StoreCaller,
  { random, keyMaterials, keyStores }: StoreKeyServices,
): Promise<NewKey> {
  const { account, region, createdAt } = choices
  const name = { account, region, keyId: newKeyId(random, false) }
  const wanted = { keyId: name.keyId, arn: arnOf(name), createdAt, xksKeyId }
  const { suite, materialId } = await keyStores.createKey(store, wanted, call)
  const material =
    materialId === undefined
      ? await keyMaterials.create({ ...choices, ...name }, createdAt)
      : elsewhere({ ...name, createdAt }, materialId)
  const place: KeyStorePlace = {
    storeId: store.storeId,
    suite,
    xksKeyId,
    clusterId: store.type === 'AWS_CLOUDHSM' ? store.clusterId : undefined,
    connectionState: store.connectionState,
  }
  return assembleKey(choices, name, material, place)
}

/** Its bytes are in the HSM, for ever: what is here is its name. */
function elsewhere(
  { account, region, keyId, createdAt }: Pick<StoredKeyMaterial, 'account' | 'region' | 'keyId' | 'createdAt'>,
  materialId: string,
): StoredKeyMaterial {
  const facts = { materialId, token: undefined, createdAt, sealedIn: region, state: 'CURRENT' } as const
  return { account, region, keyId, ...facts, rotation: undefined, imported: undefined }
}

/**
 * The last look inside the transaction: the store may have been disconnected, or deleted, and the external key may have been taken,
 * since the key was made.
 */
export async function settleStoreKey(change: Change, { key, materials }: NewKey): Promise<void> {
  const { account, region, origin, customKeyStore } = key
  const name = { account, region, storeId: customKeyStore!.storeId }
  await storeForKey(change, name, { origin })
  await refuseTakenXksKey(change, name, customKeyStore!.xksKeyId)
  for (const material of materials) await change.deleteUnfinishedStoreKey(material)
}

/** CRE-13. @throws {KmsError} `XksKeyAlreadyInUseException` */
export async function refuseTakenXksKey(
  reader: Pick<Reader, 'findKeyIdByXksKey'>,
  name: KeyStoreName,
  xksKeyId: string | undefined,
): Promise<void> {
  if (xksKeyId === undefined) return
  if ((await reader.findKeyIdByXksKey(name, xksKeyId)) === undefined) return
  const text = `The external key ${xksKeyId} is already associated with a KMS key in custom key store ${name.storeId}.`
  throw new KmsError('XksKeyAlreadyInUseException', text)
}
