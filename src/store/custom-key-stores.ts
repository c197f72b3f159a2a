/** The tables `custom_key_stores` and `unfinished_store_keys`; secrets are sealed. */
import type { Insertable, Selectable } from 'kysely'
import {
  type CloudHsmKeyStore,
  type ConnectionErrorCode,
  type CustomKeyStore,
  type CustomKeyStoreType,
  type ExternalKeyStore,
  type KeyStoreName,
  keyStoreRef,
} from '../domain/key-stores/custom-key-store.ts'
import type { ConnectionState } from '../domain/key-stores/key-store-place.ts'
import type { UnfinishedStoreKey } from '../domain/key-stores/key-store-records.ts'
import type { Page } from '../domain/page.ts'
import type { Db } from './dialects/store-database.ts'
import { asBuffer, assertOneRow } from './rows.ts'
import type { CustomKeyStoresTable } from './schema.ts'

const COLUMNS = [
  'account',
  'region',
  'store_id',
  'name',
  'type',
  'created_at',
  'connection_state',
  'connection_error_code',
  'attempt',
  'cluster_id',
  'configuration',
  'secret',
  'pending_secret',
] as const

type Row = Selectable<CustomKeyStoresTable>

function select(db: Db) {
  return db.selectFrom('custom_key_stores').select(COLUMNS)
}

export async function findKeyStore(
  db: Db,
  { account, region, storeId }: KeyStoreName,
): Promise<CustomKeyStore | undefined> {
  const row = await select(db)
    .where('account', '=', account)
    .where('region', '=', region)
    .where('store_id', '=', storeId)
    .executeTakeFirst()
  return row && toKeyStore(row)
}

export async function findKeyStoreByName(
  db: Db,
  account: string,
  region: string,
  name: string,
): Promise<CustomKeyStore | undefined> {
  const row = await select(db)
    .where('account', '=', account)
    .where('region', '=', region)
    .where('name', '=', name)
    .executeTakeFirst()
  return row && toKeyStore(row)
}

export async function listKeyStores(
  db: Db,
  account: string,
  region: string,
  { after, limit }: Page,
): Promise<readonly CustomKeyStore[]> {
  const rows = await select(db)
    .where('account', '=', account)
    .where('region', '=', region)
    .where('store_id', '>', after ?? '')
    .orderBy('store_id')
    .limit(limit)
    .execute()
  return rows.map(toKeyStore)
}

export async function countKeyStores(db: Db, account: string, region: string): Promise<number> {
  const { count } = await db
    .selectFrom('custom_key_stores')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account', '=', account)
    .where('region', '=', region)
    .executeTakeFirstOrThrow()
  return Number(count)
}

export async function keyStoresOfClusters(db: Db, clusterIds: readonly string[]): Promise<readonly CustomKeyStore[]> {
  const rows = await select(db).where('cluster_id', 'in', clusterIds).orderBy('cluster_id').execute()
  return rows.map(toKeyStore)
}

/** Reads the whole table: each account and Region has ten stores at most, and few have any. */
export async function keyStoresIn(db: Db, states: readonly ConnectionState[]): Promise<readonly CustomKeyStore[]> {
  const rows = await select(db).where('connection_state', 'in', states).orderBy('store_id').execute()
  return rows.map(toKeyStore)
}

export async function countKeysInStore(db: Db, { account, region, storeId }: KeyStoreName): Promise<number> {
  const { count } = await db
    .selectFrom('keys')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account', '=', account)
    .where('region', '=', region)
    .where('custom_key_store_id', '=', storeId)
    .executeTakeFirstOrThrow()
  return Number(count)
}

export async function materialIdsInStore(
  db: Db,
  { account, region, storeId }: KeyStoreName,
  limit: number,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('keys')
    .select('current_material_id')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('custom_key_store_id', '=', storeId)
    .where('current_material_id', 'is not', null)
    .limit(limit)
    .execute()
  return rows.map(({ current_material_id }) => current_material_id!)
}

export async function findKeyIdByXksKey(
  db: Db,
  { account, region, storeId }: KeyStoreName,
  xksKeyId: string,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('keys')
    .select('key_id')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('custom_key_store_id', '=', storeId)
    .where('xks_key_id', '=', xksKeyId)
    .executeTakeFirst()
  return row?.key_id
}

export async function insertKeyStore(db: Db, store: CustomKeyStore): Promise<void> {
  await db.insertInto('custom_key_stores').values(toRow(store)).execute()
}

export async function updateKeyStore(db: Db, store: CustomKeyStore): Promise<void> {
  const { account, region, store_id, type, created_at, ...facts } = toRow(store)
  const result = await db
    .updateTable('custom_key_stores')
    .set(facts)
    .where('account', '=', account)
    .where('region', '=', region)
    .where('store_id', '=', store_id)
    .executeTakeFirst()
  assertOneRow(result, keyStoreRef(store))
}

/** @returns whether it was there. */
export async function deleteKeyStore(db: Db, { account, region, storeId }: KeyStoreName): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('custom_key_stores')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('store_id', '=', storeId)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

export async function unfinishedStoreKeys(
  db: Db,
  before: number,
  limit: number,
): Promise<readonly UnfinishedStoreKey[]> {
  const rows = await db
    .selectFrom('unfinished_store_keys')
    .select(['region', 'material_id', 'account', 'key_id', 'store_id', 'created_at'])
    .where('created_at', '<', before)
    .orderBy('created_at')
    .limit(limit)
    .execute()
  return rows.map(({ region, account, material_id, key_id, store_id, created_at }) => ({
    account,
    region,
    storeId: store_id,
    keyId: key_id,
    materialId: material_id,
    createdAt: created_at,
  }))
}

export async function insertUnfinishedStoreKey(db: Db, key: UnfinishedStoreKey): Promise<void> {
  const { account, region, storeId, keyId, materialId, createdAt } = key
  await db
    .insertInto('unfinished_store_keys')
    .values({ account, region, store_id: storeId, key_id: keyId, material_id: materialId, created_at: createdAt })
    .execute()
}

export async function deleteUnfinishedStoreKey(
  db: Db,
  { region, materialId }: Pick<UnfinishedStoreKey, 'region' | 'materialId'>,
): Promise<void> {
  await db
    .deleteFrom('unfinished_store_keys')
    .where('region', '=', region)
    .where('material_id', '=', materialId)
    .execute()
}

/** The facts of one type alone that nothing is searched by: JSON. */
type CloudHsmConfiguration = Pick<CloudHsmKeyStore, 'trustAnchorCertificate' | 'isSecretRefused'>
type ExternalConfiguration = Pick<
  ExternalKeyStore,
  'uriEndpoint' | 'uriPath' | 'connectivity' | 'accessKeyId' | 'vpcEndpointServiceName' | 'vpcEndpointServiceOwner'
> & {
  /** Not in rows from before it was noted: then the store is as old. */
  readonly credentialSetAt?: number
}

function toKeyStore(row: Row): CustomKeyStore {
  const shared = {
    account: row.account,
    region: row.region,
    storeId: row.store_id,
    name: row.name,
    createdAt: row.created_at,
    connectionState: row.connection_state as ConnectionState,
    connectionErrorCode: (row.connection_error_code ?? undefined) as ConnectionErrorCode | undefined,
    attempt: row.attempt,
    secret: asBuffer(row.secret),
  }
  if ((row.type as CustomKeyStoreType) === 'AWS_CLOUDHSM') {
    const { trustAnchorCertificate, isSecretRefused } = JSON.parse(row.configuration) as CloudHsmConfiguration
    const pendingSecret = row.pending_secret === null ? undefined : asBuffer(row.pending_secret)
    const own = { clusterId: row.cluster_id!, trustAnchorCertificate, pendingSecret, isSecretRefused }
    return Object.freeze({ ...shared, type: 'AWS_CLOUDHSM', ...own })
  }
  const configuration = JSON.parse(row.configuration) as ExternalConfiguration
  const { uriEndpoint, uriPath, connectivity, accessKeyId } = configuration
  return Object.freeze({
    ...shared,
    type: 'EXTERNAL_KEY_STORE',
    ...{ uriEndpoint, uriPath, connectivity, accessKeyId },
    credentialSetAt: configuration.credentialSetAt ?? row.created_at,
    vpcEndpointServiceName: configuration.vpcEndpointServiceName,
    vpcEndpointServiceOwner: configuration.vpcEndpointServiceOwner,
  })
}

function configurationOf(store: CustomKeyStore): CloudHsmConfiguration | ExternalConfiguration {
  if (store.type === 'AWS_CLOUDHSM') {
    const { trustAnchorCertificate, isSecretRefused } = store
    return { trustAnchorCertificate, isSecretRefused }
  }
  const { uriEndpoint, uriPath, connectivity, accessKeyId, credentialSetAt } = store
  const { vpcEndpointServiceName, vpcEndpointServiceOwner } = store
  const place = { uriEndpoint, uriPath, connectivity, vpcEndpointServiceName, vpcEndpointServiceOwner }
  return { ...place, accessKeyId, credentialSetAt }
}

function toRow(store: CustomKeyStore): Insertable<CustomKeyStoresTable> {
  const isHsm = store.type === 'AWS_CLOUDHSM'
  return {
    account: store.account,
    region: store.region,
    store_id: store.storeId,
    name: store.name,
    type: store.type,
    created_at: store.createdAt,
    connection_state: store.connectionState,
    connection_error_code: store.connectionErrorCode ?? null,
    attempt: store.attempt,
    cluster_id: isHsm ? store.clusterId : null,
    configuration: JSON.stringify(configurationOf(store)),
    secret: store.secret,
    pending_secret: isHsm ? (store.pendingSecret ?? null) : null,
  }
}
