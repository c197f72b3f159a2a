/** Carries everything from one database to another, whatever they are; both know the same migrations. */
import { type Insertable, type Selectable, sql } from 'kysely'
import { STORE_COPIED_AT_ONCE_MAX } from '../base/limits.ts'
import type { Db } from './dialects/store-database.ts'
import { requireKnown } from './migrate.ts'
import type { Tables } from './schema.ts'
import { StoreError } from './store-error.ts'

type Table = keyof Tables

/** What is true of one installation's processes alone, and nothing of what they keep. */
type NotCopied = 'changes' | 'changes_pruned' | 'leases' | 'migrations'

type Keys = { readonly [T in Exclude<Table, NotCopied>]: readonly (keyof Tables[T] & string)[] }

const KEY_NAME = ['account', 'region', 'key_id'] as const

/** Primary keys, by which pages are read. Tables follow those that their rows refer to. */
const COPIED: Keys = {
  accounts: ['account'],
  users: ['user_id'],
  access_keys: ['access_key_id'],
  services: ['name'],
  service_access_keys: ['access_key_id'],
  roles: ['role_id'],
  groups: ['group_id'],
  group_members: ['group_id', 'user_id'],
  managed_policies: ['arn'],
  policy_versions: ['policy_arn', 'version'],
  inline_policies: ['owner_id', 'policy_name'],
  attached_policies: ['owner_id', 'policy_arn'],
  oidc_providers: ['arn'],
  revoked_sessions: ['access_key_id'],
  keys: KEY_NAME,
  key_materials: ['region', 'material_id'],
  key_last_usage: KEY_NAME,
  deletion_alarms: KEY_NAME,
  aliases: ['account', 'region', 'alias_name'],
  grants: [...KEY_NAME, 'grant_id'],
  custom_key_stores: ['account', 'region', 'store_id'],
  unfinished_store_keys: ['region', 'material_id'],
  domain_keys: ['id'],
  audit_outbox: ['position'],
  event_outbox: ['position'],
}

type AnyTable = 'accounts'
type AnyRow = Selectable<Tables[AnyTable]>

/**
 * Both are in a transaction: nothing changes meanwhile, and all of it arrives or nothing.
 * @returns how many rows there were.
 * @throws {StoreError} if the other has rows already, or not as many afterwards; if newer software may have put something into one of
 *   them that is not known here.
 */
export async function copyStore(from: Db, to: Db): Promise<number> {
  const tables = Object.keys(COPIED) as AnyTable[]
  for (const db of [from, to]) await requireKnown(db)
  for (const table of tables) {
    if ((await countRows(to, table)) > 0)
      throw new StoreError('There is a store in that place already. Name an empty one.')
  }
  let rows = 0
  for (const table of tables) rows += await copyTable(from, to, table)
  for (const table of tables) {
    const [before, after] = [await countRows(from, table), await countRows(to, table)]
    if (before !== after) throw new StoreError(`Of ${before} rows of ${table} ${after} arrived; nothing was changed.`)
  }
  await copyMigrationTimes(from, to)
  return rows
}

async function copyTable(from: Db, to: Db, table: AnyTable): Promise<number> {
  let copied = 0
  for (let last: AnyRow | undefined; ; ) {
    const rows = await pageAfter(from, table, last)
    if (rows.length > 0) await to.insertInto(table).values(rows.map(withoutPosition)).execute()
    copied += rows.length
    last = rows.at(-1)
    if (last === undefined || rows.length < STORE_COPIED_AT_ONCE_MAX) return copied
  }
}

/** From where the last page ended, which the primary key's index finds at once: an offset would walk through all that came before. */
function pageAfter(from: Db, table: AnyTable, last: AnyRow | undefined): Promise<AnyRow[]> {
  const key = COPIED[table] as readonly (keyof AnyRow)[]
  // The whole row: a column that is forgotten here would be lost.
  const page = from.selectFrom(table).selectAll().limit(STORE_COPIED_AT_ONCE_MAX)
  const rest =
    last === undefined
      ? page
      : page.where(
          sql<boolean>`(${sql.join(key.map((column) => sql.ref(column)))}) > (${sql.join(key.map((column) => last[column]))})`,
        )
  return key.reduce((query, column) => query.orderBy(column), rest).execute()
}

/** Positions are counted by the database that has them; the order stays. */
function withoutPosition(row: AnyRow): Insertable<Tables[AnyTable]> {
  const { position, ...rest } = row as typeof row & { position?: number }
  return rest
}

async function countRows(db: Db, table: AnyTable): Promise<number> {
  const { count } = await db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** That of one step says since when uses of keys are known. */
async function copyMigrationTimes(from: Db, to: Db): Promise<void> {
  for (const { number, applied_at } of await from.selectFrom('migrations').select(['number', 'applied_at']).execute()) {
    await to.updateTable('migrations').set({ applied_at }).where('number', '=', number).execute()
  }
}
