/** The table `key_materials`: one row per key material, sealed; `generation` counts the materials of each key. */
import { type Insertable, type Selectable, sql } from 'kysely'
import type { KeyName } from '../domain/keys/key.ts'
import type { Page } from '../domain/page.ts'
import type { KeyMaterialState, MaterialFilter, RotationType, StoredKeyMaterial } from '../domain/store.ts'
import type { Db } from './dialects/store-database.ts'
import { asBuffer, assertOneRow } from './rows.ts'
import type { KeyMaterialsTable } from './schema.ts'

const COLUMNS = [
  'account',
  'region',
  'key_id',
  'material_id',
  'token',
  'created_at',
  'sealed_in',
  'state',
  'rotation_type',
  'rotated_at',
  'imported',
  'valid_to',
  'description',
] as const

type Row = Omit<Selectable<KeyMaterialsTable>, 'generation'>

export async function findMaterial(db: Db, region: string, materialId: string): Promise<StoredKeyMaterial | undefined> {
  const row = await db
    .selectFrom('key_materials')
    .select(COLUMNS)
    .where('region', '=', region)
    .where('material_id', '=', materialId)
    .executeTakeFirst()
  return row && toMaterial(row)
}

export async function listMaterials(
  db: Db,
  { account, region, keyId }: KeyName,
  { after, limit }: Page,
  filter: MaterialFilter,
): Promise<readonly StoredKeyMaterial[]> {
  const rows = await db
    .selectFrom('key_materials')
    .select(COLUMNS)
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .$if(filter === 'rotated', (query) => query.where('rotated_at', 'is not', null))
    .$if(after !== undefined, (query) =>
      query.where('generation', '>', (nested) =>
        nested
          .selectFrom('key_materials as last')
          .select('last.generation')
          .where('last.region', '=', region)
          .where('last.material_id', '=', after!),
      ),
    )
    .orderBy('generation')
    .limit(limit)
    .execute()
  return rows.map(toMaterial)
}

export async function expiredMaterials(db: Db, now: number, limit: number): Promise<readonly StoredKeyMaterial[]> {
  const rows = await db
    .selectFrom('key_materials')
    .select(COLUMNS)
    .where('valid_to', '<=', now)
    .where('token', 'is not', null)
    .orderBy('valid_to')
    .limit(limit)
    .execute()
  return rows.map(toMaterial)
}

export async function insertMaterial(db: Db, material: StoredKeyMaterial): Promise<void> {
  const { account, region, keyId } = material
  await db
    .insertInto('key_materials')
    .values(({ selectFrom }) => ({
      ...toRow(material),
      account,
      region,
      key_id: keyId,
      generation: selectFrom('key_materials')
        .select(sql<number>`coalesce(max(generation), -1) + 1`.as('generation'))
        .where('account', '=', account)
        .where('region', '=', region)
        .where('key_id', '=', keyId),
    }))
    .execute()
}

export async function updateMaterial(db: Db, material: StoredKeyMaterial): Promise<void> {
  const { account, region, keyId, materialId } = material
  const result = await db
    .updateTable('key_materials')
    .set(toRow(material))
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .where('material_id', '=', materialId)
    .executeTakeFirst()
  assertOneRow(result, `key material ${materialId}`)
}

export async function deleteMaterial(db: Db, { account, region, keyId, materialId }: StoredKeyMaterial): Promise<void> {
  await db
    .deleteFrom('key_materials')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .where('material_id', '=', materialId)
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

function toMaterial(row: Row): StoredKeyMaterial {
  return {
    account: row.account,
    region: row.region,
    keyId: row.key_id,
    materialId: row.material_id,
    token: row.token === null ? undefined : asBuffer(row.token),
    createdAt: row.created_at,
    sealedIn: row.sealed_in ?? row.region,
    state: row.state as KeyMaterialState,
    rotation: toRotation(row),
    imported: toImported(row),
  }
}

function toRotation({ rotation_type, rotated_at }: Row): StoredKeyMaterial['rotation'] {
  if (rotation_type === null || rotated_at === null) return undefined
  return { type: rotation_type as RotationType, date: rotated_at }
}

function toImported({ imported, valid_to, description }: Row): StoredKeyMaterial['imported'] {
  if (imported === null) return undefined
  return { isPresent: imported === 1, validTo: valid_to ?? undefined, description: description ?? undefined }
}

type Facts = Omit<Insertable<KeyMaterialsTable>, 'account' | 'region' | 'key_id' | 'generation'>

function toRow({
  region,
  materialId,
  token,
  createdAt,
  sealedIn,
  state,
  rotation,
  imported,
}: StoredKeyMaterial): Facts {
  return {
    material_id: materialId,
    token: token ?? null,
    created_at: createdAt,
    sealed_in: sealedIn === region ? null : sealedIn,
    state,
    rotation_type: rotation?.type ?? null,
    rotated_at: rotation?.date ?? null,
    imported: imported === undefined ? null : Number(imported.isPresent),
    valid_to: imported?.validTo ?? null,
    description: imported?.description ?? null,
  }
}
