/** What the materials of an EXTERNAL key amount to (lifecycle.md IMP-5, IMP-60). */
import type { StoredKeyMaterial } from '../store.ts'
import type { ImportedMaterial } from './key.ts'

/** Permanently associated: the key works only while every one of these is present (lifecycle.md IMP-3, IMP-5). */
export function isPermanent({ state }: StoredKeyMaterial): boolean {
  return state === 'CURRENT' || state === 'NON_CURRENT'
}

/**
 * @param materials all of the key's; at most one for each on-demand rotation and one more, so they are few.
 * @returns what the key's row says of them. Expiry is not looked at: the state follows from `validTo` at any time.
 */
export function importedMaterialOf(materials: readonly StoredKeyMaterial[]): ImportedMaterial {
  const permanent = materials.filter(isPermanent)
  const ends = permanent.map(({ imported }) => imported?.validTo).filter((validTo) => validTo !== undefined)
  return {
    isMissing: permanent.length === 0 || permanent.some(({ token }) => token === undefined),
    validTo: ends.length === 0 ? undefined : Math.min(...ends),
  }
}
