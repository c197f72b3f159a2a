/** The embedded database: `node:sqlite`, one file or memory, any number of processes on one machine. */
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { STORE_WRITE_LOCK_WAIT_MS_MAX } from '../../base/limits.ts'
import { StoreError } from '../store-error.ts'
import { createExecute, sqliteQueryBuilder } from './sqlite-connection.ts'
import { connectToFile, connectToMemory, READER_TIMEOUT_MS, type SqliteConnections } from './sqlite-connections.ts'
import { isBusy } from './sqlite-errors.ts'
import { createPrivateFile, makePrivate, prepare, recognise } from './sqlite-file.ts'
import { createTransactions } from './sqlite-transactions.ts'
import type { ColumnTypes, Db, StoreDatabase } from './store-database.ts'

const LOCK_POLL_MS = 5

const COLUMN_TYPES: ColumnTypes = {
  text: 'text',
  integer: 'integer',
  bytes: 'blob',
  // Without it SQLite would keep any value in any column.
  tableOptions: 'strict',
  counted: (column) => column.primaryKey().autoIncrement(),
}

/** @param path a file, or `:memory:`. Errors are as they come; `openError` tells what they mean. */
export async function openSqlite(path: string): Promise<StoreDatabase> {
  return path === ':memory:' ? createDatabase(connectToMemory()) : openFile(resolve(path))
}

export interface SqliteSnapshot {
  /** Sees the database as it was when it was opened. */
  readonly db: Db
  close(): void
}

/** For reading beside a server that may be running; changes nothing. @throws {StoreError} if the file is not ours. */
export function openSqliteSnapshot(path: string): SqliteSnapshot {
  const file = resolve(path)
  const database = new DatabaseSync(file, { timeout: READER_TIMEOUT_MS })
  try {
    database.exec('PRAGMA query_only = ON')
    database.exec('BEGIN')
    if (recognise(database, file) === 'ours') {
      return { db: sqliteQueryBuilder(createExecute(database)), close: () => database.close() }
    }
    throw new StoreError(`${file} is empty.`)
  } catch (error) {
    database.close()
    throw error
  }
}

async function openFile(file: string): Promise<StoreDatabase> {
  createPrivateFile(file)
  const connections = connectToFile(file)
  const { writer } = connections
  try {
    // Other processes may be starting too, and each of them needs the file for itself for a moment.
    await whileBusy(() => recognise(writer, file))
    makePrivate(file)
    await whileBusy(() => prepare(writer, file))
    return createDatabase(connections)
  } catch (error) {
    connections.close()
    throw error
  }
}

async function whileBusy(act: () => unknown): Promise<void> {
  const deadline = performance.now() + STORE_WRITE_LOCK_WAIT_MS_MAX
  for (;;) {
    try {
      act()
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error
    }
    await sleep(LOCK_POLL_MS)
  }
}

/** Settings last as long as the connection. `synchronous` is set by each transaction. */
const WRITER_SETTINGS = `
  PRAGMA foreign_keys = ON;
  PRAGMA secure_delete = ON;        -- erased tokens are overwritten, not only unlinked
  PRAGMA fullfsync = ON;            -- macOS: fsync alone leaves the data in the drive's cache
  PRAGMA checkpoint_fullfsync = ON;
  PRAGMA journal_size_limit = 67108864`

function createDatabase(connections: SqliteConnections): StoreDatabase {
  const { writer, reader } = connections
  writer.exec(WRITER_SETTINGS)
  // Not in memory: there the reader is written to, by commits.
  if (connections.shared) reader.exec('PRAGMA query_only = ON')
  const dataVersion = writer.prepare('PRAGMA data_version')
  const transactions = createTransactions(connections)
  let closing: Promise<void> | undefined

  return {
    columnTypes: COLUMN_TYPES,
    committed: sqliteQueryBuilder(createExecute(reader)),
    transaction: transactions.run,
    // On the writer: it moves for the commits of every connection but its own.
    foreignCommits: () => ({ commits: Number(dataVersion.get()!.data_version), history: '' }),
    async scrub() {
      await transactions.between(() => {
        try {
          writer.exec('PRAGMA wal_checkpoint(TRUNCATE)')
        } catch {
          // The change is committed whatever becomes of the journal; the next checkpoint comes to it.
        }
      })
    },
    close() {
      closing ??= transactions.end().then(connections.close)
      return closing
    },
  }
}
