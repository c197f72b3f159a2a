/** The materials of a key whose material comes from outside: which it has, and how they come and go (lifecycle.md section 4). */
import { KmsError, validationError } from '../../base/errors.ts'
import { type KeyEvent, keyEvent } from '../key-event.ts'
import { importedMaterialOf, isPermanent } from '../keys/imported-material.ts'
import { isMaterialMissing, type Key, keyRef } from '../keys/key.ts'
import { SYMMETRIC_DEFAULT } from '../keys/key-specs.ts'
import { hasReplicas, isReplica, relatedKeys, synchronizeEvent } from '../keys/multi-region.ts'
import type { Change, Reader, StoredKeyMaterial } from '../store.ts'
import type { ReceivedMaterial } from './key-imports.ts'
import { awaitedMaterial, importedMaterials, settlePendingMaterial } from './pending-material.ts'

export const IMPORT_TYPES = ['NEW_KEY_MATERIAL', 'EXISTING_KEY_MATERIAL'] as const
export type ImportType = (typeof IMPORT_TYPES)[number]

/** What the caller of an import chooses. All but `validTo` are for symmetric encryption keys only. */
export interface ImportChoices {
  readonly importType: ImportType | undefined
  /** Must be that of the material. */
  readonly materialId: string | undefined
  /** `undefined`: the one it has stays. */
  readonly description: string | undefined
  /** Milliseconds since the epoch, whole seconds; `undefined`: does not expire. */
  readonly validTo: number | undefined
}

/** IMP-43. */
export function effectiveImportType(key: Key, importType: ImportType | undefined): ImportType {
  return importType ?? (key.currentMaterialId === undefined ? 'NEW_KEY_MATERIAL' : 'EXISTING_KEY_MATERIAL')
}

/** The key as its materials, which have changed in this transaction, make it. */
async function withSummary(reader: Reader, key: Key): Promise<Key> {
  return { ...key, importedMaterial: importedMaterialOf(await importedMaterials(reader, key)) }
}

/**
 * Step 9 of IMP-47.
 * @returns the events to commit with it.
 * @throws {KmsError} `IncorrectKeyMaterialException` or `KMSInvalidStateException` for a material that the key does not take.
 */
export async function associateMaterial(
  change: Change,
  key: Key,
  received: ReceivedMaterial,
  choices: ImportChoices,
  now: number,
): Promise<readonly KeyEvent[]> {
  const { materialId } = received
  const present = await change.findMaterial(key.region, materialId)
  const isNew = effectiveImportType(key, choices.importType) === 'NEW_KEY_MATERIAL'
  if (isNew) checkNew(key, materialId, await importedMaterials(change, key))
  else checkExisting(key, materialId, present, choices.materialId)
  const material: StoredKeyMaterial = {
    ...(present ?? firstOrPending(key)),
    ...received,
    sealedIn: key.region,
    imported: {
      isPresent: true,
      validTo: choices.validTo,
      description: choices.description ?? present?.imported?.description,
    },
  }
  if (present === undefined) await change.insertMaterial(material)
  else await change.updateMaterial(material)
  await updateKey(change, key, material, now)
  const events = isReplica(key) ? [] : await informReplicas(change, key, present, material)
  if (!isPermanent(material)) await settlePendingMaterial(change, key)
  return events
}

/** IMP-81, IMP-83: a new material's id and every new description, not the bytes. */
async function informReplicas(
  change: Change,
  key: Key,
  before: StoredKeyMaterial | undefined,
  material: StoredKeyMaterial,
): Promise<readonly KeyEvent[]> {
  const { description } = material.imported!
  if (before !== undefined && before.imported?.description === description) return []
  const replicas = await relatedKeys(change, key)
  for (const { region } of replicas) {
    const entry = before && (await change.findMaterial(region, material.materialId))
    if (entry === undefined) await change.insertMaterial(awaitedMaterial(material, region))
    else await change.updateMaterial({ ...entry, imported: { ...entry.imported!, description } })
  }
  return replicas.length === 0 ? [] : [synchronizeEvent(key)]
}

function firstOrPending(key: Key): Pick<StoredKeyMaterial, 'account' | 'region' | 'keyId' | 'state' | 'rotation'> {
  const { account, region, keyId } = key
  return { account, region, keyId, state: firstState(key), rotation: undefined }
}

function firstState(key: Key): StoredKeyMaterial['state'] {
  if (key.currentMaterialId === undefined) return 'CURRENT'
  return hasReplicas(key) ? 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION' : 'PENDING_ROTATION'
}

function checkNew(key: Key, materialId: string, materials: readonly StoredKeyMaterial[]): void {
  if (materials.some((material) => material.materialId === materialId)) {
    throw incorrectMaterial(
      `Key material (id: ${materialId}) being imported as NEW_KEY_MATERIAL is already associated with KMS key ${key.arn}.`,
    )
  }
  const pending = materials.find((material) => !isPermanent(material))
  if (pending === undefined) return
  const rest = `because another key material (id: ${pending.materialId}) is pending rotation.`
  throw new KmsError(
    'KMSInvalidStateException',
    `New key material (id: ${materialId}) cannot be imported into KMS key ${key.arn}, ${rest}`,
  )
}

function checkExisting(
  key: Key,
  materialId: string,
  present: StoredKeyMaterial | undefined,
  expected: string | undefined,
): void {
  if (present !== undefined && (expected ?? materialId) === materialId) return
  const shown = expected ?? key.currentMaterialId ?? 'none'
  throw incorrectMaterial(`Imported key material does not have the expected identifier (${shown}).`)
}

function incorrectMaterial(text: string): KmsError {
  return new KmsError('IncorrectKeyMaterialException', text)
}

/** TR-8: an import after which nothing is missing enables the key, one of a pending material leaves it alone. */
async function updateKey(change: Change, key: Key, material: StoredKeyMaterial, now: number): Promise<void> {
  if (!isPermanent(material)) return
  const updated = await withSummary(change, key)
  await change.updateKey({
    ...updated,
    currentMaterialId: key.currentMaterialId ?? material.materialId,
    enabled: key.enabled || !isMaterialMissing(updated.importedMaterial!, now),
  })
}

export interface DeletedMaterial {
  /** `undefined`: the key never had one. */
  readonly materialId: string | undefined
  /** To commit with it. */
  readonly events: readonly KeyEvent[]
}

/**
 * IMP-70 to IMP-74.
 * @param materialId `undefined`: the current one.
 * @throws {KmsError} `ValidationException` for a material that the key never had.
 */
export async function deleteImportedMaterial(
  change: Change,
  key: Key,
  materialId: string | undefined,
): Promise<DeletedMaterial> {
  const id = materialId ?? key.currentMaterialId
  if (id === undefined) return { materialId: id, events: [] }
  const material = await change.findMaterial(key.region, id)
  // The ids of other kinds of material are nobody's business, so naming one is naming nothing (IMP-56).
  const isNamedInVain = materialId !== undefined && key.spec !== SYMMETRIC_DEFAULT
  if (material === undefined || keyRef(material) !== keyRef(key) || isNamedInVain) {
    throw validationError(`Key material (id: ${id}) has never been imported into KMS key ${key.arn}.`)
  }
  if (!isPermanent(material) && !isReplica(key)) return { materialId: id, events: await forget(change, key, material) }
  if (material.imported?.isPresent) await eraseBytes(change, key, material)
  return { materialId: id, events: [] }
}

/** Of a pending material nothing is left, in the whole set (IMP-71, IMP-84). */
async function forget(change: Change, key: Key, material: StoredKeyMaterial): Promise<readonly KeyEvent[]> {
  await change.deleteMaterial(material)
  const replicas = await relatedKeys(change, key)
  for (const { region } of replicas) await change.deleteMaterial({ ...material, region })
  return replicas.length === 0 ? [] : [synchronizeEvent(key)]
}

/**
 * A permanent material is missing from then on; it is remembered by its id, so that the same can come back. So is a replica's
 * copy of a pending one: that it waits in the set is for the primary to end (IMP-84).
 */
async function eraseBytes(change: Change, key: Key, material: StoredKeyMaterial): Promise<void> {
  const imported = { ...material.imported!, isPresent: false, validTo: undefined }
  await change.updateMaterial({ ...material, token: undefined, imported })
  await change.updateKey(await withSummary(change, key))
}

/**
 * Erases the bytes of a material whose time is over. A pending one stays on the list as it was (IMP-60, IMP-63).
 * @returns what happened; `undefined` if there is nothing to erase: it may have been imported anew or deleted meanwhile.
 */
export async function eraseExpiredMaterial(
  change: Change,
  key: Key,
  { region, materialId }: StoredKeyMaterial,
  now: number,
): Promise<KeyEvent | undefined> {
  const material = await change.findMaterial(region, materialId)
  const validTo = material?.imported?.validTo
  if (material?.token === undefined || validTo === undefined || validTo > now) return undefined
  if (isPermanent(material)) await eraseBytes(change, key, material)
  else await change.updateMaterial({ ...material, token: undefined })
  // Materials of other specs have an internal id that is never shown.
  const named = key.spec === SYMMETRIC_DEFAULT ? { keyMaterialId: materialId } : {}
  return keyEvent('DeleteExpiredKeyMaterial', key, { details: { keyId: key.keyId, ...named } })
}
