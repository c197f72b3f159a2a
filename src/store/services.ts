/** The tables `services` and `service_access_keys`: the secrets are sealed. */
import type { Selectable } from 'kysely'
import type { ServiceAccessKey, StoredService } from '../domain/identity/entities.ts'
import type { Db } from './dialects/store-database.ts'
import { asBuffer, assertOneRow } from './rows.ts'
import type { ServiceAccessKeysTable } from './schema.ts'

export async function hasService(db: Db, name: string): Promise<boolean> {
  const row = await db.selectFrom('services').select('name').where('name', '=', name).executeTakeFirst()
  return row !== undefined
}

export async function listServices(db: Db): Promise<readonly StoredService[]> {
  const rows = await db.selectFrom('services').select(['name', 'created_at']).orderBy('name').execute()
  return rows.map(({ name, created_at }) => ({ name, createdAt: created_at }))
}

/** One that is there already stays as it is. */
export async function insertService(db: Db, { name, createdAt }: StoredService): Promise<void> {
  await db
    .insertInto('services')
    .values({ name, created_at: createdAt })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
}

/** The caller has made sure that it has no access keys left. */
export async function deleteService(db: Db, name: string): Promise<void> {
  await db.deleteFrom('services').where('name', '=', name).execute()
}

const COLUMNS = ['access_key_id', 'service', 'active', 'token', 'created_at'] as const

export async function findServiceAccessKey(db: Db, accessKeyId: string): Promise<ServiceAccessKey | undefined> {
  const row = await db
    .selectFrom('service_access_keys')
    .select(COLUMNS)
    .where('access_key_id', '=', accessKeyId)
    .executeTakeFirst()
  return row && toAccessKey(row)
}

/** Oldest first. */
export async function listServiceAccessKeys(db: Db, service: string): Promise<readonly ServiceAccessKey[]> {
  const rows = await db
    .selectFrom('service_access_keys')
    .select(COLUMNS)
    .where('service', '=', service)
    .orderBy('created_at')
    .orderBy('access_key_id')
    .execute()
  return rows.map(toAccessKey)
}

export async function insertServiceAccessKey(db: Db, key: ServiceAccessKey): Promise<void> {
  const { accessKeyId, service, active, token, createdAt } = key
  await db
    .insertInto('service_access_keys')
    .values({ access_key_id: accessKeyId, service, active: active ? 1 : 0, token, created_at: createdAt })
    .execute()
}

export async function setServiceAccessKeyActive(db: Db, accessKeyId: string, active: boolean): Promise<void> {
  const result = await db
    .updateTable('service_access_keys')
    .set({ active: active ? 1 : 0 })
    .where('access_key_id', '=', accessKeyId)
    .executeTakeFirst()
  assertOneRow(result, accessKeyId)
}

export async function deleteServiceAccessKey(db: Db, accessKeyId: string): Promise<void> {
  await db.deleteFrom('service_access_keys').where('access_key_id', '=', accessKeyId).execute()
}

function toAccessKey(row: Pick<Selectable<ServiceAccessKeysTable>, (typeof COLUMNS)[number]>): ServiceAccessKey {
  return {
    accessKeyId: row.access_key_id,
    service: row.service,
    active: row.active === 1,
    token: asBuffer(row.token),
    createdAt: row.created_at,
  }
}
