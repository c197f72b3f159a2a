/**
 * Which material of a key a message names: its place among all that the key has had, from 1 (XP-3). Materials stay in their places;
 * a pending one, which may still be replaced by another, has none yet.
 */
import assert from 'node:assert'
import type { Key } from '../domain/keys/key.ts'
import type { Reader } from '../domain/store.ts'

export interface MaterialIndex {
  /** Of the material that new messages use. */
  ofCurrent(key: Key): Promise<number>
  /** The id of the material; `undefined`: the key has none of that index. */
  materialAt(key: Key, index: number): Promise<string | undefined>
}

const MATERIALS_PER_PAGE = 1_000

/** Keeps what it has read: as many lists as there are keys that the operator has named. */
export function createMaterialIndex(reader: Pick<Reader, 'listMaterials'>): MaterialIndex {
  /** By ARN, ids in order. */
  const known = new Map<string, readonly string[]>()

  async function read(key: Key): Promise<readonly string[]> {
    const ids: string[] = []
    let after: string | undefined
    for (;;) {
      const materials = await reader.listMaterials(key, { after, limit: MATERIALS_PER_PAGE }, 'all')
      const associated = materials.filter(({ state }) => state === 'CURRENT' || state === 'NON_CURRENT')
      ids.push(...associated.map(({ materialId }) => materialId))
      if (materials.length < MATERIALS_PER_PAGE) break
      after = materials.at(-1)!.materialId
    }
    known.set(key.arn, ids)
    return ids
  }

  return {
    async ofCurrent(key) {
      const materialId = key.currentMaterialId!
      const at = known.get(key.arn)?.indexOf(materialId) ?? -1
      if (at !== -1) return 1 + at
      // A list without it is older than the last rotation.
      const found = (await read(key)).indexOf(materialId)
      assert(found !== -1, 'the current material is one of the key')
      return 1 + found
    },
    async materialAt(key, index) {
      return known.get(key.arn)?.[index - 1] ?? (await read(key))[index - 1]
    },
  }
}
