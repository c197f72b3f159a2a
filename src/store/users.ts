/** The table `users`. */
import type { StoredUser } from '../domain/identity/entities.ts'
import type { Db } from './dialects/store-database.ts'

export async function findUser(db: Db, account: string, userName: string): Promise<StoredUser | undefined> {
  const row = await db
    .selectFrom('users')
    .select(['path', 'user_id', 'created_at'])
    .where('account', '=', account)
    .where('user_name', '=', userName)
    .executeTakeFirst()
  return row && { account, userName, path: row.path, userId: row.user_id, createdAt: row.created_at }
}

export async function insertUser(db: Db, user: StoredUser): Promise<void> {
  await db
    .insertInto('users')
    .values({
      account: user.account,
      user_name: user.userName,
      path: user.path,
      user_id: user.userId,
      created_at: user.createdAt,
    })
    .execute()
}
