/** The file of an SQLite store: private to its owner, and recognised before anything is done to it. */
import { chmodSync, closeSync, constants, fsyncSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../store-error.ts'

/** "Khld": tells our files from those of other programs, https://www.sqlite.org/pragma.html#pragma_application_id. */
const APPLICATION_ID = 0x4b686c64

const OTHERS = 0o077
/** SQLite gives its journals the permissions of the file. */
const JOURNALS = ['-wal', '-shm']

/** Makes an empty file if there is none; SQLite would make it readable for everybody. */
export function createPrivateFile(path: string): void {
  let file: number
  try {
    file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    throw error
  }
  closeSync(file)
  syncFolder(dirname(path))
}

/** A new name is durable only once its folder is; SQLite sees to its journals itself. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Writes nothing. @throws {StoreError} if the database is not ours. */
export function recognise(database: DatabaseSync, path: string): 'ours' | 'empty' {
  const id = database.prepare('PRAGMA application_id').get()!.application_id
  if (id === APPLICATION_ID) return 'ours'
  if (id === 0 && database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined) return 'empty'
  throw new StoreError(
    `${path} is a database of another program, not a store of Keyhold. Name another folder, or move the file away.`,
  )
}

/** Marks an empty database as ours and makes it write through a journal that readers need not wait for. */
export function prepare(database: DatabaseSync, path: string): void {
  if (recognise(database, path) === 'empty') database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
  const mode = database.prepare('PRAGMA journal_mode = WAL').get()!.journal_mode
  if (mode === 'wal') return
  throw new StoreError(
    `${path} is on a file system that SQLite's journal does not work on. Name a folder on a local disk.`,
  )
}

/** Takes back what others may do with the file and its journals. */
export function makePrivate(path: string): void {
  for (const name of [path, ...JOURNALS.map((suffix) => path + suffix)]) {
    const stats = statSync(name, { throwIfNoEntry: false })
    if (stats !== undefined && (stats.mode & OTHERS) !== 0) chmodSync(name, 0o600)
  }
}
