/**
 * One server per data folder. The lock is SQLite's own on an empty database, because the system frees it however the
 * process ends, and it knows two degrees: the primary process holds RESERVED, its workers SHARED. A new primary needs
 * EXCLUSIVE first, which neither lets it have, so a worker that outlives its killed primary is waited for as well.
 */
import { closeSync, existsSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { OperatorError } from '../config/operator-error.ts'
import type { DataFolder } from './data-folder.ts'

export interface FolderLock {
  release(): void
}

/** Something runs on the folder: a server, or a command that changes what is in it. */
export class FolderInUseError extends OperatorError {}

/** A server stays; a command of an operator is done soon. */
export type FolderHolder = 'server' | 'command'

/** Workers whose primary was killed end as soon as they notice. */
const ORPHANS_WAIT_MS = 3_000
const COMMANDS_WAIT_MS = 10_000
/** Whoever prepares the folder cannot say who it is until it is done. */
const PREPARING_WAIT_MS = 10_000
const RETRY_INTERVAL_MS = 50
const SQLITE_BUSY = 5

/**
 * For the process that prepares the folder. A server waits for commands to be done, a command waits for nobody.
 * @param prepare runs while nobody else can even join: it may repair what a crash left behind.
 * @throws {FolderInUseError} if another holds it.
 */
export async function lockFolder(
  folder: DataFolder,
  holder: FolderHolder = 'server',
  prepare: () => Promise<void> = async () => {},
): Promise<FolderLock> {
  const database = open(folder)
  try {
    await orInUse(database, folder, () => exclusively(database, folder, holder))
    await prepare()
    await orInUse(database, folder, async () => {
      // The number tells a second start whom it met: the process id, negative for a command.
      database.exec(`PRAGMA user_version = ${holder === 'server' ? process.pid : -process.pid}`)
      database.exec('COMMIT')
      database.exec('BEGIN IMMEDIATE')
    })
  } catch (error) {
    database.close()
    throw error
  }
  return { release: () => database.close() }
}

async function orInUse(database: DatabaseSync, folder: DataFolder, lock: () => Promise<void>): Promise<void> {
  try {
    await lock()
  } catch (error) {
    throw isBusy(error) ? alreadyUsed(folder, holderOf(database)) : error
  }
}

/** For a worker, while its primary holds the folder. */
export function joinFolder(folder: DataFolder): FolderLock {
  const database = open(folder)
  try {
    database.exec('BEGIN')
    // A transaction takes its lock with the first read.
    database.prepare('SELECT count(*) FROM sqlite_schema').get()
  } catch (error) {
    database.close()
    throw error
  }
  return { release: () => database.close() }
}

/** For a command: waits as long as somebody prepares the folder. */
export async function joinPreparedFolder(folder: DataFolder): Promise<FolderLock> {
  const giveUpAt = performance.now() + PREPARING_WAIT_MS
  for (;;) {
    try {
      return joinFolder(folder)
    } catch (error) {
      if (!isBusy(error)) throw error
      if (performance.now() > giveUpAt) throw alreadyUsed(folder, undefined)
    }
    await sleep(RETRY_INTERVAL_MS)
  }
}

function open({ lock }: DataFolder): DatabaseSync {
  // SQLite would let the umask decide who may read it, and so who may lock us out.
  closeSync(openSync(lock, 'a', 0o600))
  const database = new DatabaseSync(lock, { timeout: 0 })
  try {
    // Nothing in this file needs to survive the power.
    database.exec('PRAGMA synchronous = OFF')
  } catch (error) {
    // Somebody prepares the folder: who waits for him does so further on.
    if (isBusy(error)) return database
    database.close()
    throw error
  }
  return database
}

async function exclusively(database: DatabaseSync, folder: DataFolder, holder: FolderHolder): Promise<void> {
  const startedAt = performance.now()
  for (;;) {
    try {
      database.exec('BEGIN EXCLUSIVE')
      return
    } catch (error) {
      if (!isBusy(error) || holder === 'command') throw error
      const waited = performance.now() - startedAt
      if (waited > (hasPrimary(folder) ? patienceWith(holderOf(database)) : ORPHANS_WAIT_MS)) throw error
      await sleep(RETRY_INTERVAL_MS)
    }
  }
}

/** How long to wait for whoever holds the folder. A server will not go away by itself. */
function patienceWith(pid: number | undefined): number {
  if (pid === undefined) return PREPARING_WAIT_MS
  return pid < 0 ? COMMANDS_WAIT_MS : -1
}

/** A primary is no orphan. */
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

function alreadyUsed({ path, unsealSocket }: DataFolder, holder: number | undefined): FolderInUseError {
  // Whoever prepares the folder for so long waits for shares of its root key.
  if (holder === undefined && existsSync(unsealSocket)) {
    return new FolderInUseError(`a sealed Keyhold is running on the data folder ${path}`, {
      hint: "open it with 'keyhold unseal', or stop it",
    })
  }
  const who = holder === undefined ? 'another Keyhold' : `another Keyhold (process ${Math.abs(holder)})`
  return new FolderInUseError(`${who} is running on the data folder ${path}`, {
    hint: 'stop it first, or give this one a folder of its own with --data',
  })
}
