/** The table `access_keys`: the secrets are sealed. */
import type { Insertable, Selectable } from 'kysely'
import type { AccessKeyUse, Credential, StoredAccessKey } from '../domain/identity/entities.ts'
import type { Db } from './dialects/store-database.ts'
import { asBuffer, assertOneRow } from './rows.ts'
import type { AccessKeysTable } from './schema.ts'
import { findUser, findUserById } from './users.ts'

const COLUMNS = ['access_key_id', 'account', 'user_id', 'active', 'token', 'created_at'] as const

type AccessKeyRow = Pick<Selectable<AccessKeysTable>, (typeof COLUMNS)[number]>

export async function findCredential(db: Db, accessKeyId: string): Promise<Credential | undefined> {
  const row = await db
    .selectFrom('access_keys')
    .select(COLUMNS)
    .where('access_key_id', '=', accessKeyId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const user = row.user_id === null ? undefined : await findUserById(db, row.user_id)
  return { accessKey: toAccessKey(row, user?.userName), user }
}

export async function listAccessKeys(
  db: Db,
  account: string,
  userName: string | undefined,
): Promise<readonly StoredAccessKey[]> {
  const user = userName === undefined ? undefined : await findUser(db, account, userName)
  if (userName !== undefined && user === undefined) return []
  const rows = await db
    .selectFrom('access_keys')
    .select(COLUMNS)
    .$if(user === undefined, (query) => query.where('account', '=', account).where('user_id', 'is', null))
    .$if(user !== undefined, (query) => query.where('user_id', '=', user!.userId))
    .orderBy('created_at')
    .orderBy('access_key_id')
    .execute()
  return rows.map((row) => toAccessKey(row, user?.userName))
}

/** Ids only: for what depends on the user. */
export async function accessKeyIdsOf(db: Db, userId: string): Promise<readonly string[]> {
  const rows = await db.selectFrom('access_keys').select('access_key_id').where('user_id', '=', userId).execute()
  return rows.map(({ access_key_id }) => access_key_id)
}

export async function insertAccessKey(db: Db, accessKey: StoredAccessKey): Promise<void> {
  await db
    .insertInto('access_keys')
    .values(await toRow(db, accessKey))
    .execute()
}

export async function updateAccessKey(db: Db, accessKey: StoredAccessKey): Promise<void> {
  const result = await db
    .updateTable('access_keys')
    .set(await toRow(db, accessKey))
    .where('access_key_id', '=', accessKey.accessKeyId)
    .executeTakeFirst()
  assertOneRow(result, accessKey.accessKeyId)
}

/** @returns its account; `undefined` if it was not there. */
export async function deleteAccessKey(db: Db, accessKeyId: string): Promise<string | undefined> {
  const row = await db
    .deleteFrom('access_keys')
    .where('access_key_id', '=', accessKeyId)
    .returning('account')
    .executeTakeFirst()
  return row?.account
}

/** Users' keys and those of services: no two have one id. */
const TABLES = ['access_keys', 'service_access_keys'] as const

export async function findAccessKeyUse(db: Db, accessKeyId: string): Promise<AccessKeyUse | undefined> {
  for (const table of TABLES) {
    const row = await db
      .selectFrom(table)
      .select(['used_at', 'used_service', 'used_region'])
      .where('access_key_id', '=', accessKeyId)
      .executeTakeFirst()
    if (row === undefined || row.used_at === null || row.used_service === null || row.used_region === null) continue
    return { accessKeyId, usedAt: row.used_at, service: row.used_service, region: row.used_region }
  }
  return undefined
}

/** Nodes save in any order, so an older use never replaces a newer one; a key that is gone meanwhile stays gone. */
export async function saveAccessKeyUse(db: Db, use: AccessKeyUse): Promise<void> {
  for (const table of TABLES) {
    await db
      .updateTable(table)
      .set({ used_at: use.usedAt, used_service: use.service, used_region: use.region })
      .where('access_key_id', '=', use.accessKeyId)
      .where((is) => is.or([is('used_at', 'is', null), is('used_at', '<=', use.usedAt)]))
      .execute()
  }
}

function toAccessKey(row: AccessKeyRow, userName: string | undefined): StoredAccessKey {
  return {
    accessKeyId: row.access_key_id,
    account: row.account,
    userName,
    active: row.active === 1,
    token: asBuffer(row.token),
    createdAt: row.created_at,
  }
}

async function toRow(db: Db, accessKey: StoredAccessKey): Promise<Insertable<AccessKeysTable>> {
  const { account, userName } = accessKey
  const user = userName === undefined ? undefined : await findUser(db, account, userName)
  if (userName !== undefined && user === undefined) throw new Error(`there is no user ${userName} in ${account}`)
  return {
    access_key_id: accessKey.accessKeyId,
    account,
    user_id: user?.userId ?? null,
    active: accessKey.active ? 1 : 0,
    token: accessKey.token,
    created_at: accessKey.createdAt,
  }
}
