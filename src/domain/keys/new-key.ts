/** A KMS key as CreateKey makes it. */
import { KmsError } from '../../base/errors.ts'
import type { KeyStorePlace } from '../key-stores/key-store-place.ts'
import { type Quotas, UNLIMITED } from '../quotas.ts'
import type { RandomSource } from '../services.ts'
import type { Change, StoredKeyMaterial } from '../store.ts'
import { importedMaterialOf } from './imported-material.ts'
import { arnOf, type Key, type KeyName } from './key.ts'
import type { KeyMaterials } from './key-material.ts'
import { newMultiRegionSet } from './multi-region.ts'

export interface NewKey {
  readonly key: Key
  readonly materials: readonly StoredKeyMaterial[]
}

/** What the caller chooses; the rest follows. */
export type KeyChoices = Pick<
  Key,
  'account' | 'region' | 'spec' | 'usage' | 'origin' | 'multiRegion' | 'description' | 'createdAt' | 'tags' | 'policy'
>

/** CRE-5: the prefix tells multi-Region keys apart, and programs rely on it. */
export function newKeyId(random: RandomSource, multiRegion: boolean): string {
  return multiRegion ? `mrk-${random.uuid().replaceAll('-', '')}` : random.uuid()
}

/** Key and material, if it is made here, not yet stored. Sealing may change the store (a new domain key), so never inside a transaction. */
export async function makeKey(choices: KeyChoices, random: RandomSource, keyMaterials: KeyMaterials): Promise<NewKey> {
  const name = {
    account: choices.account,
    region: choices.region,
    keyId: newKeyId(random, choices.multiRegion),
  }
  const isExternal = choices.origin === 'EXTERNAL'
  const material = isExternal ? undefined : await keyMaterials.create({ ...choices, ...name }, choices.createdAt)
  return assembleKey(choices, name, material, undefined)
}

/** @param place of a key in a custom key store. */
export function assembleKey(
  choices: KeyChoices,
  name: KeyName,
  material: StoredKeyMaterial | undefined,
  place: KeyStorePlace | undefined,
): NewKey {
  const key: Key = Object.freeze({
    ...choices,
    ...name,
    arn: arnOf(name),
    manager: 'CUSTOMER',
    enabled: true,
    multiRegionSet: choices.multiRegion ? newMultiRegionSet(choices.region) : undefined,
    deletion: undefined,
    currentMaterialId: material?.materialId,
    rotation: undefined,
    onDemandRotations: 0,
    importedMaterial: choices.origin === 'EXTERNAL' ? importedMaterialOf([]) : undefined,
    customKeyStore: place,
  })
  return { key, materials: material === undefined ? [] : [material] }
}

/** @throws {KmsError} `LimitExceededException` when the account has all the keys it can have here. */
export async function checkKeyQuota(change: Change, account: string, region: string, quotas: Quotas): Promise<void> {
  const { keys } = quotas.of(account)
  // Counting takes its time where there are many.
  if (keys === UNLIMITED) return
  const usage = await change.countKeys(account, region)
  if (usage < keys) return
  const quota = `Key quota for this account in this region is ${keys}`
  throw new KmsError('LimitExceededException', `${quota} but the current usage is ${usage}.`)
}
