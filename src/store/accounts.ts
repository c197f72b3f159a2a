/** The table `accounts`. */
import type { Db } from './dialects/store-database.ts'
import { assertOneRow } from './rows.ts'

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

export async function hasAccount(db: Db, account: string): Promise<boolean> {
  const row = await db.selectFrom('accounts').select('account').where('account', '=', account).executeTakeFirst()
  return row !== undefined
}

/** Milliseconds since the epoch. */
export async function accountCreatedAt(db: Db, account: string): Promise<number | undefined> {
  const row = await db.selectFrom('accounts').select('created_at').where('account', '=', account).executeTakeFirst()
  return row?.created_at
}

export async function accountAlias(db: Db, account: string): Promise<string | undefined> {
  const row = await db.selectFrom('accounts').select('alias').where('account', '=', account).executeTakeFirst()
  return row?.alias ?? undefined
}

export async function findAccountByAlias(db: Db, alias: string): Promise<string | undefined> {
  const row = await db.selectFrom('accounts').select('account').where('alias', '=', alias).executeTakeFirst()
  return row?.account
}

export async function setAccountAlias(db: Db, account: string, alias: string | undefined): Promise<void> {
  const result = await db
    .updateTable('accounts')
    .set({ alias: alias ?? null })
    .where('account', '=', account)
    .executeTakeFirst()
  assertOneRow(result, account)
}
