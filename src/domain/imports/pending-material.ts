/**
 * Imported material that waits to be rotated to, in a multi-Region set (lifecycle.md IMP-81, IMP-82, IMP-85): the primary gets
 * it first; every replica then has an entry for it, without bytes, and imports the same bytes itself. The entries of all
 * members are in the same state.
 */
import { IMPORTED_MATERIALS_PER_KEY_MAX } from '../../base/limits.ts'
import { isPermanent } from '../keys/imported-material.ts'
import type { Key, KeyName } from '../keys/key.ts'
import { relatedKeys } from '../keys/multi-region.ts'
import type { Change, KeyMaterialState, Reader, StoredKeyMaterial } from '../store.ts'

export function importedMaterials(reader: Reader, key: KeyName): Promise<readonly StoredKeyMaterial[]> {
  return reader.listMaterials(key, { after: undefined, limit: IMPORTED_MATERIALS_PER_KEY_MAX }, 'all')
}

/** A material of the set as a member has it that has not imported it: its id and description, and nothing of its bytes. */
export function awaitedMaterial(material: StoredKeyMaterial, region: string): StoredKeyMaterial {
  const imported = { isPresent: false, validTo: undefined, description: material.imported?.description }
  return { ...material, region, sealedIn: region, token: undefined, imported }
}

/** A pending material becomes ready to be rotated to as soon as no member lacks it (IMP-82). */
export async function settlePendingMaterial(change: Change, member: Key): Promise<void> {
  const entries = await pendingEntries(change, member)
  if (entries.every(({ imported }) => imported?.isPresent)) await setState(change, entries, 'PENDING_ROTATION')
}

/** A replica that is new to the set lacks it. */
export async function unsettlePendingMaterial(change: Change, member: Key): Promise<void> {
  await setState(change, await pendingEntries(change, member), 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION')
}

/** One of each member; none if nothing is pending. */
async function pendingEntries(change: Change, member: Key): Promise<readonly StoredKeyMaterial[]> {
  if (member.origin !== 'EXTERNAL') return []
  const own = (await importedMaterials(change, member)).find((material) => !isPermanent(material))
  if (own === undefined) return []
  const entries = [own]
  for (const { region } of await relatedKeys(change, member)) {
    entries.push((await change.findMaterial(region, own.materialId))!)
  }
  return entries
}

async function setState(change: Change, entries: readonly StoredKeyMaterial[], state: KeyMaterialState): Promise<void> {
  for (const entry of entries) if (entry.state !== state) await change.updateMaterial({ ...entry, state })
}
