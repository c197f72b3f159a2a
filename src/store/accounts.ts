/** The table `accounts`. */
import type { Db } from './dialects/store-database.ts'

/** An account that is there already stays as it is. */
export async function insertAccount(db: Db, account: string, createdAt: number): Promise<void> {
  await db
    .insertInto('accounts')
    .values({ account, created_at: createdAt })
    .onConflict((conflict) => conflict.column('account').doNothing())
    .execute()
}

export async function listAccounts(db: Db): Promise<readonly string[]> {
  const rows = await db.selectFrom('accounts').select('account').orderBy('account').execute()
  return rows.map(({ account }) => account)
}
