/**
 * The two connections of a process: one writes, one reads what is committed. A change spans many turns of the event loop;
 * were it to share a connection with the readers, they would see (and cache) what may yet be rolled back.
 */
import assert from 'node:assert/strict'
import { DatabaseSync, type Session } from 'node:sqlite'

export interface SqliteConnections {
  readonly writer: DatabaseSync
  readonly reader: DatabaseSync
  /** Other processes may have the same store open. */
  readonly shared: boolean
  /** Throws at once if another process is writing. */
  begin(): void
  commit(): void
  /** Also after an error that rolled back by itself, as that of a full disk does. */
  rollback(): void
  close(): void
}

/** Reads wait this long, blocking, where a journal is being recovered after a crash: the one time that they must wait. */
export const READER_TIMEOUT_MS = 5_000

/** `file` is absolute, so that SQLite cannot take it for a URI. */
export function connectToFile(file: string): SqliteConnections {
  // A writer that finds the lock taken must not sleep: the holder may be waiting for this very event loop.
  const writer = new DatabaseSync(file, { timeout: 0 })
  let reader: DatabaseSync
  try {
    reader = new DatabaseSync(file, { timeout: READER_TIMEOUT_MS })
  } catch (error) {
    writer.close()
    throw error
  }
  return {
    writer,
    reader,
    shared: true,
    begin: () => writer.exec('BEGIN IMMEDIATE'),
    commit: () => writer.exec('COMMIT'),
    rollback: () => rollBack(writer),
    close() {
      reader.close()
      // The last one out folds the journal into the file.
      writer.close()
    },
  }
}

/**
 * A store in memory. Two connections to one database in memory lock each other out for as long as a change lasts, so the
 * reader has a database of its own, and a commit replays the change there.
 */
export function connectToMemory(): SqliteConnections {
  const writer = new DatabaseSync(':memory:')
  // Rows arrive in the order of the changeset, a child perhaps before its parent; the writer has checked them.
  const reader = new DatabaseSync(':memory:', { enableForeignKeyConstraints: false })
  const schemaVersion = writer.prepare('PRAGMA schema_version')
  let session: Session | undefined
  let schemaBefore: unknown

  function forgetSession(): void {
    session?.close()
    session = undefined
  }

  return {
    writer,
    reader,
    shared: false,
    begin() {
      session = writer.createSession()
      schemaBefore = schemaVersion.get()?.schema_version
      writer.exec('BEGIN IMMEDIATE')
    },
    commit() {
      writer.exec('COMMIT')
      // A changeset has rows only.
      if (schemaVersion.get()?.schema_version !== schemaBefore) reader.deserialize(writer.serialize())
      else assert(reader.applyChangeset(session!.changeset()), 'the reader of a store in memory lost touch')
      forgetSession()
    },
    rollback() {
      rollBack(writer)
      forgetSession()
    },
    close() {
      reader.close()
      writer.close()
    },
  }
}

function rollBack(writer: DatabaseSync): void {
  if (writer.isTransaction) writer.exec('ROLLBACK')
}
