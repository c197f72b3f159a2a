/** The table `aliases`. */

import type { Selectable } from 'kysely'
import { ALIASES_PER_KEY_MAX } from '../base/limits.ts'
import { type Alias, type AliasName, aliasRef, RESERVED_ALIAS_PREFIX } from '../domain/aliases.ts'
import type { KeyName } from '../domain/keys/key.ts'
import type { Page } from '../domain/page.ts'
import type { Db } from './dialects/store-database.ts'
import { assertOneRow } from './rows.ts'
import type { AliasesTable } from './schema.ts'

const COLUMNS = [
  'aliases.account',
  'aliases.region',
  'aliases.alias_name',
  'aliases.key_id',
  'aliases.created_at',
  'aliases.updated_at',
] as const

export async function findAlias(db: Db, { account, region, aliasName }: AliasName): Promise<Alias | undefined> {
  const row = await db
    .selectFrom('aliases')
    .select(COLUMNS)
    .where('account', '=', account)
    .where('region', '=', region)
    .where('alias_name', '=', aliasName)
    .executeTakeFirst()
  return row && toAlias(row)
}

export async function listAliases(
  db: Db,
  account: string,
  region: string,
  keyId: string | undefined,
  { after, limit }: Page,
  now: number,
): Promise<readonly Alias[]> {
  const rows = await db
    .selectFrom('aliases')
    .innerJoin('keys', (join) =>
      join
        .onRef('keys.account', '=', 'aliases.account')
        .onRef('keys.region', '=', 'aliases.region')
        .onRef('keys.key_id', '=', 'aliases.key_id'),
    )
    .select(COLUMNS)
    .where('aliases.account', '=', account)
    .where('aliases.region', '=', region)
    .$if(keyId !== undefined, (query) => query.where('aliases.key_id', '=', keyId!))
    .where('aliases.alias_name', '>', after ?? '')
    .where((is) => is.or([is('keys.deletion_date', 'is', null), is('keys.deletion_date', '>', now)]))
    .orderBy('aliases.alias_name')
    .limit(limit)
    .execute()
  return rows.map(toAlias)
}

export async function countAliases(db: Db, { account, region, keyId }: KeyName): Promise<number> {
  const { count } = await db
    .selectFrom('aliases')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** In order of name. */
export async function aliasNamesOf(db: Db, { account, region, keyId }: KeyName): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('aliases')
    .select('alias_name')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .orderBy('alias_name')
    .limit(ALIASES_PER_KEY_MAX + 1)
    .execute()
  return rows.map(({ alias_name }) => alias_name)
}

/** One for each AWS managed key. */
export async function countReservedAliases(db: Db, account: string, region: string): Promise<number> {
  const { count } = await db
    .selectFrom('aliases')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account', '=', account)
    .where('region', '=', region)
    .where('alias_name', '>', RESERVED_ALIAS_PREFIX)
    .where('alias_name', '<', AFTER_RESERVED_ALIASES)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** `0` is the character after `/`. */
const AFTER_RESERVED_ALIASES = `${RESERVED_ALIAS_PREFIX.slice(0, -1)}0`

export async function insertAlias(db: Db, alias: Alias): Promise<void> {
  await db
    .insertInto('aliases')
    .values({
      account: alias.account,
      region: alias.region,
      alias_name: alias.aliasName,
      key_id: alias.keyId,
      created_at: alias.createdAt,
      updated_at: alias.updatedAt,
    })
    .execute()
}

export async function updateAlias(db: Db, alias: Alias): Promise<void> {
  const result = await db
    .updateTable('aliases')
    .set({ key_id: alias.keyId, created_at: alias.createdAt, updated_at: alias.updatedAt })
    .where('account', '=', alias.account)
    .where('region', '=', alias.region)
    .where('alias_name', '=', alias.aliasName)
    .executeTakeFirst()
  assertOneRow(result, aliasRef(alias))
}

/** @returns whether the alias was there. */
export async function deleteAlias(db: Db, { account, region, aliasName }: AliasName): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('aliases')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('alias_name', '=', aliasName)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

/** @returns the names of the aliases that there were. */
export async function deleteAliasesOfKey(db: Db, { account, region, keyId }: KeyName): Promise<readonly AliasName[]> {
  const rows = await db
    .deleteFrom('aliases')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .returning('alias_name')
    .execute()
  return rows.map(({ alias_name }) => ({ account, region, aliasName: alias_name }))
}

function toAlias(row: Selectable<AliasesTable>): Alias {
  return Object.freeze({
    account: row.account,
    region: row.region,
    aliasName: row.alias_name,
    keyId: row.key_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  })
}
