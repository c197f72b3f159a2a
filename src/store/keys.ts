/** The table `keys`: the facts of every KMS key that is not erased. */
import { type Insertable, type Selectable, sql } from 'kysely'
import type { ConnectionState } from '../domain/key-stores/key-store-place.ts'
import { arnOf, type Key, type KeyName, type KeyUsage, keyRef, type Origin } from '../domain/keys/key.ts'
import type { Page } from '../domain/page.ts'
import { sharedPolicyText } from '../domain/policy/compile-policy.ts'
import { countReservedAliases } from './aliases.ts'
import type { Db } from './dialects/store-database.ts'
import { assertOneRow } from './rows.ts'
import type { KeysTable } from './schema.ts'
import { tagsFromText, tagsToText } from './tags.ts'

const COLUMNS = [
  'keys.account',
  'keys.region',
  'keys.key_id',
  'keys.spec',
  'keys.usage',
  'keys.origin',
  'keys.manager',
  'keys.multi_region',
  'keys.primary_region',
  'keys.replica_regions',
  'keys.description',
  'keys.created_at',
  'keys.enabled',
  'keys.deletion_window_in_days',
  'keys.deletion_date',
  'keys.replica_deletion_window_in_days',
  'keys.current_material_id',
  'keys.tags',
  'keys.policy',
  'keys.rotation_period_in_days',
  'keys.next_rotation_at',
  'keys.on_demand_rotations',
  'keys.material_missing',
  'keys.material_valid_to',
  'keys.custom_key_store_id',
  'keys.ciphertext_suite',
  'keys.xks_key_id',
  'custom_key_stores.cluster_id',
  'custom_key_stores.connection_state',
] as const

/** A row with what the key's store, if it is in one, says now. */
type Row = Selectable<KeysTable> & { readonly cluster_id: string | null; readonly connection_state: string | null }

/** With the store that the key may be in: its state is part of the key's (lifecycle.md ST-1). */
function selectKeys(db: Db) {
  return db
    .selectFrom('keys')
    .leftJoin('custom_key_stores', (join) =>
      join
        .onRef('custom_key_stores.account', '=', 'keys.account')
        .onRef('custom_key_stores.region', '=', 'keys.region')
        .onRef('custom_key_stores.store_id', '=', 'keys.custom_key_store_id'),
    )
    .select(COLUMNS)
}

export async function findKey(db: Db, { account, region, keyId }: KeyName): Promise<Key | undefined> {
  const row = await selectKeys(db)
    .where('keys.account', '=', account)
    .where('keys.region', '=', region)
    .where('keys.key_id', '=', keyId)
    .executeTakeFirst()
  return row && toKey(row)
}

export async function findKeyByMaterial(db: Db, region: string, materialId: string): Promise<Key | undefined> {
  const row = await selectKeys(db)
    .innerJoin('key_materials as material', (join) =>
      join
        .onRef('material.account', '=', 'keys.account')
        .onRef('material.region', '=', 'keys.region')
        .onRef('material.key_id', '=', 'keys.key_id'),
    )
    .where('material.region', '=', region)
    .where('material.material_id', '=', materialId)
    .executeTakeFirst()
  return row && toKey(row)
}

export async function listKeys(
  db: Db,
  account: string,
  region: string,
  { after, limit }: Page,
  now: number,
): Promise<readonly KeyName[]> {
  const rows = await db
    .selectFrom('keys')
    .select('key_id')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '>', after ?? '')
    .where((is) => is.or([is('deletion_date', 'is', null), is('deletion_date', '>', now)]))
    .orderBy('key_id')
    .limit(limit)
    .execute()
  return rows.map(({ key_id }) => ({ account, region, keyId: key_id }))
}

/** Counts in the index of the primary key, less the few aliases of AWS managed keys; the table's rows are not read. */
export async function countKeys(db: Db, account: string, region: string): Promise<number> {
  const { count } = await db
    .selectFrom('keys')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account', '=', account)
    .where('region', '=', region)
    .executeTakeFirstOrThrow()
  return Number(count) - (await countReservedAliases(db, account, region))
}

export async function keysToErase(db: Db, now: number, limit: number): Promise<readonly Key[]> {
  const rows = await selectKeys(db).where('deletion_date', '<=', now).orderBy('deletion_date').limit(limit).execute()
  return rows.map(toKey)
}

/** The literal 1 and the tests are those of the index `keys_to_rotate`, which no parameter would match. */
export async function keysToRotate(db: Db, now: number, limit: number): Promise<readonly Key[]> {
  const rows = await selectKeys(db)
    .where('next_rotation_at', '<=', now)
    .where('enabled', '=', sql.lit(1))
    .where('deletion_date', 'is', null)
    .where('replica_deletion_window_in_days', 'is', null)
    .orderBy('next_rotation_at')
    .limit(limit)
    .execute()
  return rows.map(toKey)
}

export async function insertKey(db: Db, key: Key): Promise<void> {
  await db.insertInto('keys').values(toRow(key)).execute()
}

export async function updateKey(db: Db, key: Key): Promise<void> {
  const { account, region, key_id, ...facts } = toRow(key)
  const result = await db
    .updateTable('keys')
    .set(facts)
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', key_id)
    .executeTakeFirst()
  assertOneRow(result, keyRef(key))
}

/** Its materials and aliases must be gone. @returns whether the key was there. */
export async function deleteKey(db: Db, { account, region, keyId }: KeyName): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('keys')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

function toKey(row: Row): Key {
  const name = { account: row.account, region: row.region, keyId: row.key_id }
  return Object.freeze({
    ...name,
    arn: arnOf(name),
    spec: row.spec,
    usage: row.usage as KeyUsage,
    origin: row.origin as Origin,
    manager: row.manager as Key['manager'],
    multiRegion: row.multi_region === 1,
    multiRegionSet: toMultiRegionSet(row),
    description: row.description,
    createdAt: row.created_at,
    enabled: row.enabled === 1,
    deletion: toDeletion(row),
    currentMaterialId: row.current_material_id ?? undefined,
    tags: tagsFromText(row.tags),
    policy: sharedPolicyText(row.policy),
    rotation: toRotation(row),
    onDemandRotations: row.on_demand_rotations,
    importedMaterial: toImportedMaterial(row),
    customKeyStore: toPlace(row),
  })
}

function toPlace(row: Row): Key['customKeyStore'] {
  if (row.custom_key_store_id === null) return undefined
  return Object.freeze({
    storeId: row.custom_key_store_id,
    suite: row.ciphertext_suite!,
    xksKeyId: row.xks_key_id ?? undefined,
    clusterId: row.cluster_id ?? undefined,
    // A store is never deleted before its keys.
    connectionState: row.connection_state as ConnectionState,
  })
}

function toRotation({ rotation_period_in_days, next_rotation_at }: Selectable<KeysTable>): Key['rotation'] {
  if (rotation_period_in_days === null || next_rotation_at === null) return undefined
  return Object.freeze({ periodInDays: rotation_period_in_days, nextRotationAt: next_rotation_at })
}

function toImportedMaterial({ material_missing, material_valid_to }: Selectable<KeysTable>): Key['importedMaterial'] {
  if (material_missing === null) return undefined
  return Object.freeze({ isMissing: material_missing === 1, validTo: material_valid_to ?? undefined })
}

function toDeletion(row: Selectable<KeysTable>): Key['deletion'] {
  if (row.deletion_window_in_days !== null && row.deletion_date !== null) {
    return Object.freeze({ windowInDays: row.deletion_window_in_days, date: row.deletion_date })
  }
  const windowInDays = row.replica_deletion_window_in_days
  return windowInDays === null ? undefined : Object.freeze({ windowInDays, date: undefined })
}

function fromDeletion({ deletion }: Key) {
  const isDated = deletion?.date !== undefined
  return {
    deletion_window_in_days: isDated ? deletion.windowInDays : null,
    deletion_date: isDated ? deletion.date : null,
    replica_deletion_window_in_days: deletion === undefined || isDated ? null : deletion.windowInDays,
  }
}

function toMultiRegionSet({ primary_region, replica_regions }: Selectable<KeysTable>): Key['multiRegionSet'] {
  if (primary_region === null || replica_regions === null) return undefined
  const replicaRegions: readonly string[] = Object.freeze(JSON.parse(replica_regions))
  return Object.freeze({ primaryRegion: primary_region, replicaRegions })
}

function toRow(key: Key): Insertable<KeysTable> {
  return {
    account: key.account,
    region: key.region,
    key_id: key.keyId,
    spec: key.spec,
    usage: key.usage,
    origin: key.origin,
    manager: key.manager,
    multi_region: key.multiRegion ? 1 : 0,
    primary_region: key.multiRegionSet?.primaryRegion ?? null,
    replica_regions: key.multiRegionSet === undefined ? null : JSON.stringify(key.multiRegionSet.replicaRegions),
    description: key.description,
    created_at: key.createdAt,
    enabled: key.enabled ? 1 : 0,
    ...fromDeletion(key),
    current_material_id: key.currentMaterialId ?? null,
    tags: tagsToText(key.tags),
    policy: key.policy,
    rotation_period_in_days: key.rotation?.periodInDays ?? null,
    next_rotation_at: key.rotation?.nextRotationAt ?? null,
    on_demand_rotations: key.onDemandRotations,
    material_missing: key.importedMaterial === undefined ? null : Number(key.importedMaterial.isMissing),
    material_valid_to: key.importedMaterial?.validTo ?? null,
    custom_key_store_id: key.customKeyStore?.storeId ?? null,
    ciphertext_suite: key.customKeyStore?.suite ?? null,
    xks_key_id: key.customKeyStore?.xksKeyId ?? null,
  }
}
