/** Brings the schema of a store to the newest step, in one transaction; refuses one that is too new for this software. */
import { type Kysely, sql } from 'kysely'
import type { Clock } from '../base/clock.ts'
import type { ColumnTypes, Db, StoreDatabase } from './dialects/store-database.ts'
import { migrations } from './migrations/index.ts'
import type { Migration } from './migrations/migration.ts'
import { StoreError } from './store-error.ts'

/**
 * Always takes the write lock: of two processes that start at once one migrates, and a store that cannot be written is
 * found out now and not by the first change.
 *
 * @throws {StoreError} if newer software made a breaking step.
 */
export async function migrate(database: StoreDatabase, clock: Clock, known: readonly Migration[] = migrations) {
  await database.transaction('durable', async (db) => {
    await createMigrationsTable(db, database.columnTypes)
    const applied = await appliedSteps(db)
    refuseTooNew(applied, known)
    const done = new Set(applied.map(({ number }) => number))
    for (const migration of known) if (!done.has(migration.number)) await apply(db, migration, database, clock)
  })
}

/** For those who only read. @throws {StoreError} if steps are missing, or newer software made a breaking one. */
export async function requireMigrated(db: Db, known: readonly Migration[] = migrations): Promise<void> {
  const applied = await appliedSteps(db)
  refuseTooNew(applied, known)
  const done = new Set(applied.map(({ number }) => number))
  if (known.every(({ number }) => done.has(number))) return
  throw new StoreError('The store was made by an older Keyhold. Start the server of this version once to upgrade it.')
}

/** For those who need all that there is, and not only what they use. @throws {StoreError} if newer software made a step. */
export async function requireKnown(db: Db, known: readonly Migration[] = migrations): Promise<void> {
  const newest = known.at(-1)!.number
  const unknown = (await appliedSteps(db)).find(({ number }) => number > newest)
  if (unknown === undefined) return
  throw new StoreError(
    `The store was upgraded by a newer Keyhold (schema ${unknown.number}, "${unknown.name}"; this one knows up to ${newest}). Use that version.`,
  )
}

function appliedSteps(db: Db) {
  return db.selectFrom('migrations').select(['number', 'name', 'breaking']).orderBy('number').execute()
}

function refuseTooNew(applied: Awaited<ReturnType<typeof appliedSteps>>, known: readonly Migration[]): void {
  const newest = known.at(-1)!.number
  const tooNew = applied.find(({ number, breaking }) => number > newest && breaking === 1)
  if (tooNew === undefined) return
  throw new StoreError(
    `The store was upgraded by a newer Keyhold (schema ${tooNew.number}, "${tooNew.name}"; this one knows up to ` +
      `${newest}). Start that version again, or restore a backup from before the upgrade.`,
  )
}

async function apply(db: Db, { number, name, breaking, up }: Migration, { columnTypes }: StoreDatabase, clock: Clock) {
  await up(db as unknown as Kysely<unknown>, columnTypes)
  await db
    .insertInto('migrations')
    .values({ number, name, breaking: breaking ? 1 : 0, applied_at: clock.now() })
    .execute()
}

async function createMigrationsTable(db: Db, { text, integer, tableOptions }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('migrations')
    .ifNotExists()
    .addColumn('number', integer, (column) => column.primaryKey().notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('breaking', integer, (column) => column.notNull())
    .addColumn('applied_at', integer, (column) => column.notNull())
    .modifyEnd(sql.raw(tableOptions))
    .execute()
}
