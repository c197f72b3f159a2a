/** The table `access_keys`: the secrets are sealed. */
import type { Credential, StoredAccessKey } from '../domain/identity/entities.ts'
import type { Db } from './dialects/store-database.ts'
import { asBuffer } from './rows.ts'
import { findUser } from './users.ts'

export async function findCredential(db: Db, accessKeyId: string): Promise<Credential | undefined> {
  const row = await db
    .selectFrom('access_keys')
    .select(['account', 'user_name', 'active', 'token', 'created_at'])
    .where('access_key_id', '=', accessKeyId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const accessKey: StoredAccessKey = {
    accessKeyId,
    account: row.account,
    userName: row.user_name ?? undefined,
    active: row.active === 1,
    token: asBuffer(row.token),
    createdAt: row.created_at,
  }
  return { accessKey, user: row.user_name === null ? undefined : await findUser(db, row.account, row.user_name) }
}

export async function insertAccessKey(db: Db, accessKey: StoredAccessKey): Promise<void> {
  await db
    .insertInto('access_keys')
    .values({
      access_key_id: accessKey.accessKeyId,
      account: accessKey.account,
      user_name: accessKey.userName ?? null,
      active: accessKey.active ? 1 : 0,
      token: accessKey.token,
      created_at: accessKey.createdAt,
    })
    .execute()
}
