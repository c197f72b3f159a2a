/** The embedded store. */
import type { Clock } from '../base/clock.ts'
import type { Store } from '../domain/store.ts'
import { openSqliteSnapshot as openSnapshot, openSqlite } from './dialects/sqlite.ts'
import { openError } from './dialects/sqlite-errors.ts'
import type { StoreDatabase } from './dialects/store-database.ts'
import { migrate, requireMigrated } from './migrate.ts'
import { createReader, type StoreSnapshot } from './reader.ts'
import { createSqlStore } from './sql-store.ts'

export interface SqliteStoreOptions {
  /** A file, made if it does not exist (its folder must), or `:memory:`. */
  readonly path: string
  /** Names this process; no two processes that have the store open share a name. */
  readonly node: string
  readonly clock: Clock
}

/** @throws {StoreError} if the store cannot be opened for a reason that the operator can remove. */
export async function openSqliteStore({ path, node, clock }: SqliteStoreOptions): Promise<Store> {
  try {
    const database = await openMigratedSqlite(path, clock)
    return createSqlStore(database, node, clock)
  } catch (error) {
    throw openError(path, error)
  }
}

/**
 * For looking at a store beside a server that may be running: nothing is written, and all reads see one state.
 *
 * @param path a file that exists.
 * @throws {StoreError} if it cannot be read for a reason that the operator can remove.
 */
export async function openSqliteSnapshot(path: string): Promise<StoreSnapshot> {
  try {
    const { db, close } = openSnapshot(path)
    try {
      await requireMigrated(db)
      return { reader: createReader(db), close }
    } catch (error) {
      close()
      throw error
    }
  } catch (error) {
    throw openError(path, error)
  }
}

/** Errors are as they come. */
export async function openMigratedSqlite(path: string, clock: Clock): Promise<StoreDatabase> {
  const database = await openSqlite(path)
  try {
    await migrate(database, clock)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}
