/** The table `key_materials`: one row per key material, sealed. */
import type { KeyName } from '../domain/keys/key.ts'
import type { StoredKeyMaterial } from '../domain/store.ts'
import type { Db } from './dialects/store-database.ts'
import { asBuffer } from './rows.ts'

export async function findMaterial(db: Db, region: string, materialId: string): Promise<StoredKeyMaterial | undefined> {
  const row = await db
    .selectFrom('key_materials')
    .select(['account', 'key_id', 'token', 'created_at'])
    .where('region', '=', region)
    .where('material_id', '=', materialId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { account, key_id: keyId, token, created_at: createdAt } = row
  return { account, region, keyId, materialId, token: asBuffer(token), createdAt }
}

export async function insertMaterial(db: Db, material: StoredKeyMaterial): Promise<void> {
  await db
    .insertInto('key_materials')
    .values({
      account: material.account,
      region: material.region,
      key_id: material.keyId,
      material_id: material.materialId,
      token: material.token,
      created_at: material.createdAt,
    })
    .execute()
}

export async function deleteMaterialsOfKey(db: Db, { account, region, keyId }: KeyName): Promise<void> {
  await db
    .deleteFrom('key_materials')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .execute()
}
