/** The store of several machines. */
import type { Clock } from '../base/clock.ts'
import type { Store } from '../domain/store.ts'
import { openPostgres, openPostgresSnapshot as openSnapshot, type PostgresDatabase } from './dialects/postgres.ts'
import { openError } from './dialects/postgres-errors.ts'
import type { PostgresLogin } from './dialects/postgres-login.ts'
import { migrate, requireMigrated } from './migrate.ts'
import { createReader, type StoreSnapshot } from './reader.ts'
import { createSqlStore } from './sql-store.ts'

export type { PostgresAddress, PostgresLogin } from './dialects/postgres-login.ts'

/** @throws {StoreError} if the store cannot be opened for a reason that the operator can remove. */
export async function openPostgresStore(login: PostgresLogin, clock: Clock): Promise<Store> {
  const database = await openMigratedPostgres(login, clock)
  // Not the node's own name: of two machines that were made from one image, each would take the other's changes for its own.
  return createSqlStore(database, database.session, clock)
}

/** @throws {StoreError} as above. */
export async function openMigratedPostgres(login: PostgresLogin, clock: Clock): Promise<PostgresDatabase> {
  const database = await openPostgres(login)
  try {
    await migrate(database, clock)
    return database
  } catch (error) {
    await database.close()
    throw openError(login, error)
  }
}

/** For looking at a store beside servers that may be running: nothing is written, and all reads see one state. */
export async function openPostgresSnapshot(login: PostgresLogin): Promise<StoreSnapshot> {
  const { db, close } = await openSnapshot(login)
  try {
    await requireMigrated(db)
    return { reader: createReader(db), close }
  } catch (error) {
    await close()
    throw openError(login, error)
  }
}
