/**
 * One server per data folder. The lock is SQLite's own on an empty database, because the system frees it however the
 * process ends, and it knows two degrees: the primary process holds RESERVED, its workers SHARED. A new primary needs
 * EXCLUSIVE first, which neither lets it have, so a worker that outlives its killed primary is waited for as well.
 */
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { OperatorError } from '../config/operator-error.ts'
import type { DataFolder } from './data-folder.ts'

export interface FolderLock {
  release(): void
}

/** Something runs on the folder: a server, or a command that changes what is in it. */
export class FolderInUseError extends OperatorError {}

/** Workers whose primary was killed end as soon as they notice. */
const ORPHANS_WAIT_MS = 3_000
const RETRY_INTERVAL_MS = 50
const SQLITE_BUSY = 5

/** For the process that prepares the folder. @throws {FolderInUseError} if another holds it. */
export async function lockFolder(folder: DataFolder): Promise<FolderLock> {
  const database = open(folder)
  try {
    await exclusively(database, folder)
    // The number tells a second start whom it met; no more than a message hangs on it.
    database.exec(`PRAGMA user_version = ${process.pid}`)
    database.exec('COMMIT')
    database.exec('BEGIN IMMEDIATE')
  } catch (error) {
    const holder = isBusy(error) ? holderOf(database) : undefined
    database.close()
    throw isBusy(error) ? alreadyUsed(folder, holder) : error
  }
  return { release: () => database.close() }
}

/** For a worker, while its primary holds the folder. */
export function joinFolder(folder: DataFolder): FolderLock {
  const database = open(folder)
  database.exec('BEGIN')
  // A transaction takes its lock with the first read.
  database.prepare('SELECT count(*) FROM sqlite_schema').get()
  return { release: () => database.close() }
}

function open({ lock }: DataFolder): DatabaseSync {
  // SQLite would let the umask decide who may read it, and so who may lock us out.
  closeSync(openSync(lock, 'a', 0o600))
  const database = new DatabaseSync(lock, { timeout: 0 })
  // Nothing in this file needs to survive the power.
  database.exec('PRAGMA synchronous = OFF')
  return database
}

async function exclusively(database: DatabaseSync, folder: DataFolder): Promise<void> {
  const giveUpAt = performance.now() + ORPHANS_WAIT_MS
  for (;;) {
    try {
      database.exec('BEGIN EXCLUSIVE')
      return
    } catch (error) {
      if (!isBusy(error) || hasPrimary(folder) || performance.now() > giveUpAt) throw error
      await sleep(RETRY_INTERVAL_MS)
    }
  }
}

/** A primary is no orphan: no use waiting for it. */
function hasPrimary(folder: DataFolder): boolean {
  const database = open(folder)
  try {
    database.exec('BEGIN IMMEDIATE')
    return false
  } catch (error) {
    if (isBusy(error)) return true
    throw error
  } finally {
    database.close()
  }
}

function holderOf(database: DatabaseSync): number | undefined {
  try {
    const row = database.prepare('PRAGMA user_version').get()
    return Number(row?.user_version) || undefined
  } catch {
    return undefined
  }
}

function isBusy(error: unknown): boolean {
  // The low byte is the primary result code.
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY
}

function alreadyUsed({ path }: DataFolder, holder: number | undefined): FolderInUseError {
  const who = holder === undefined ? 'another Keyhold' : `another Keyhold (process ${holder})`
  return new FolderInUseError(`${who} is running on the data folder ${path}`, {
    hint: 'stop it first, or give this one a folder of its own with --data',
  })
}
