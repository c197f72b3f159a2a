/** Replicas of a multi-Region primary (lifecycle.md 6.1): what a new one takes from its set, and what is its own. */
import { partitionOf } from '../../base/arn.ts'
import { KmsError, validationError } from '../../base/errors.ts'
import { MATERIALS_READ_AT_ONCE_MAX } from '../../base/limits.ts'
import { awaitedMaterial, unsettlePendingMaterial } from '../imports/pending-material.ts'
import type { KeyEvent } from '../key-event.ts'
import type { Quotas } from '../quotas.ts'
import type { Change, Reader, StoredKeyMaterial } from '../store.ts'
import { eraseKey } from './erase-key.ts'
import { importedMaterialOf } from './imported-material.ts'
import { arnOf, isDeleted, type Key } from './key.ts'
import { multiRegionSet, relatedKeys, synchronizeEvent } from './multi-region.ts'
import { checkKeyQuota } from './new-key.ts'

/** What is a replica's own; the rest it has from its primary (MRK-4, MRK-5). */
export type ReplicaChoices = Pick<Key, 'region' | 'description' | 'createdAt' | 'tags' | 'policy'>

export interface Replicated {
  readonly replica: Key
  /** To commit with it. */
  readonly events: readonly KeyEvent[]
}

/** MRK-13. @throws {KmsError} `ValidationException` for a Region that can have no replica of this primary. */
export function checkReplicaRegion(primary: Key, region: string): void {
  if (region === primary.region) {
    throw validationError(`${region} cannot have a replica because it contains the primary.`)
  }
  if (partitionOf(region) !== partitionOf(primary.region)) {
    throw validationError('The replica key Region must be in the same AWS partition as the primary key Region.')
  }
}

/**
 * @param primary with all of its permanently associated material.
 * @throws {KmsError} `AlreadyExistsException` if the Region has one, `LimitExceededException`.
 */
export async function replicate(
  change: Change,
  primary: Key,
  choices: ReplicaChoices,
  quotas: Quotas,
): Promise<Replicated> {
  const cleared = await clearRegion(change, primary, choices)
  const { account } = primary
  await checkKeyQuota(change, account, choices.region, quotas)
  const present = (await change.findKey(primary))!
  const materials = await materialsForReplica(change, present, choices.region)
  const replica = makeReplica(present, choices, materials)
  for (const member of [present, ...(await relatedKeys(change, present))]) {
    await change.updateKey({ ...member, multiRegionSet: replica.multiRegionSet })
  }
  await change.insertKey(replica, materials)
  await unsettlePendingMaterial(change, replica)
  return { replica, events: [...cleared, synchronizeEvent(present)] }
}

/** A former replica whose time is over does not block its Region, whenever the job comes by that erases it. */
async function clearRegion(change: Change, primary: Key, { region, createdAt }: ReplicaChoices) {
  const former = await change.findKey({ ...primary, region })
  if (former === undefined) return []
  if (isDeleted(former, createdAt)) return eraseKey(change, former, createdAt)
  const text = 'You can create only one replica of each primary key in each AWS Region.'
  throw new KmsError('AlreadyExistsException', text)
}

function makeReplica(primary: Key, choices: ReplicaChoices, materials: readonly StoredKeyMaterial[]): Key {
  const { primaryRegion, replicaRegions } = primary.multiRegionSet!
  const { account, keyId } = primary
  return Object.freeze({
    ...primary,
    ...choices,
    arn: arnOf({ account, region: choices.region, keyId }),
    multiRegionSet: multiRegionSet(primaryRegion, [...replicaRegions, choices.region]),
    enabled: true,
    deletion: undefined,
    rotation: undefined,
    onDemandRotations: 0,
    importedMaterial: primary.importedMaterial && importedMaterialOf(materials),
  })
}

/** MRK-16: all of them, so that it decrypts what is older than itself. Of imported ones only what they are called (IMP-80). */
async function materialsForReplica(
  reader: Reader,
  primary: Key,
  region: string,
): Promise<readonly StoredKeyMaterial[]> {
  const isImported = primary.origin === 'EXTERNAL'
  const materials = await allMaterials(reader, primary)
  return materials.map((material) => (isImported ? awaitedMaterial(material, region) : { ...material, region }))
}

/** A primary that rotates by itself may have very many. */
async function allMaterials(reader: Reader, key: Key): Promise<readonly StoredKeyMaterial[]> {
  const materials: StoredKeyMaterial[] = []
  for (;;) {
    const page = { after: materials.at(-1)?.materialId, limit: MATERIALS_READ_AT_ONCE_MAX }
    const found = await reader.listMaterials(key, page, 'all')
    materials.push(...found)
    if (found.length < page.limit) return materials
  }
}
