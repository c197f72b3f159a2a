/**
 * Moves the store of a data folder into a PostgreSQL database, or back into the folder, while no server runs. The order matters: the copy is
 * whole before the folder names it, and only then is a file set aside, so that a crash leaves a folder whose store is whole. What counts is
 * `store.json`: as long as it is there no file is in use, whatever is left of a move that was interrupted.
 */
import { existsSync, rmSync } from 'node:fs'
import { systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { copyStore } from '../store/copy-store.ts'
import type { StoreDatabase } from '../store/dialects/store-database.ts'
import { openMigratedSqlite } from '../store/sqlite-store.ts'
import type { DataFolder } from './data-folder.ts'
import { lockFolder } from './folder-lock.ts'
import { putInOrder } from './prepare.ts'
import {
  inPostgres,
  loginOf,
  newMachineName,
  type RememberedStore,
  rememberedStore,
  rememberStore,
  storePlaceOf,
  type WantedStore,
} from './store-place.ts'
import { removeDurably, renameDurably } from './write-durably.ts'

export interface StoreMove {
  readonly folder: DataFolder
  /** `undefined`: the folder itself. */
  readonly to: WantedStore | undefined
  /** That of the variable. */
  readonly storePassword: string | undefined
  readonly log: Log
}

export interface MovedStore {
  readonly rows: number
  readonly from: string
  readonly to: string
}

export async function moveStore({ folder, to, storePassword, log }: StoreMove): Promise<MovedStore> {
  const place = storePlaceOf(folder, storePassword)
  const lock = await lockFolder(folder, 'server', () => putInOrder(folder, place, log))
  try {
    const remembered = rememberedStore(folder)
    return to === undefined
      ? await intoFolder(folder, remembered, storePassword)
      : await intoPostgres(folder, remembered, { ...to, machine: newMachineName() }, storePassword)
  } finally {
    lock.release()
  }
}

async function intoPostgres(
  folder: DataFolder,
  remembered: RememberedStore | undefined,
  wanted: RememberedStore,
  storePassword: string | undefined,
): Promise<MovedStore> {
  if (remembered !== undefined) throw new UsageError(`the store is in ${remembered.address} already`)
  const from = await openMigratedSqlite(folder.store, systemClock)
  const rows = await closing(from, async () => {
    const to = await openPostgres(wanted, storePassword)
    return closing(to, () => copy(from, to))
  })
  rememberStore(folder, wanted)
  return { rows, from: setAside(folder), to: inPostgres(wanted, storePassword).name }
}

/** It is somebody's backup now, as those are that were set aside before. */
function setAside({ store }: DataFolder): string {
  let name = `${store}.moved`
  for (let number = 2; existsSync(name); number++) name = `${store}.moved-${number}`
  renameDurably(store, name)
  return name
}

async function intoFolder(
  folder: DataFolder,
  remembered: RememberedStore | undefined,
  storePassword: string | undefined,
): Promise<MovedStore> {
  if (remembered === undefined) throw new UsageError(`the store is in ${folder.store} already`)
  const from = await openPostgres(remembered, storePassword)
  const unfinished = `${folder.store}.unfinished`
  removeFile(unfinished)
  try {
    const rows = await closing(from, async () => {
      const refuseOthers = async () => {
        const others = await from.othersConnected()
        if (others === 0) return
        throw new OperatorError(`other machines have ${others} connections to ${remembered.address}`, {
          hint: 'stop their servers first',
        })
      }
      await refuseOthers()
      const to = await openMigratedSqlite(unfinished, systemClock)
      // Again at the end: one that was started meanwhile waits to write there.
      return closing(to, () => copy(from, to, refuseOthers))
    })
    // Left by a move that was interrupted.
    if (existsSync(folder.store)) setAside(folder)
    renameDurably(unfinished, folder.store)
    removeDurably(folder.shared)
    return { rows, from: remembered.address, to: folder.store }
  } finally {
    removeFile(unfinished)
  }
}

const JOURNALS = ['-wal', '-shm']

function removeFile(database: string): void {
  for (const path of [database, ...JOURNALS.map((suffix) => database + suffix)]) rmSync(path, { force: true })
}

/** @param check before the copy counts. */
async function copy(from: StoreDatabase, to: StoreDatabase, check = async () => {}): Promise<number> {
  let rows: number | undefined
  try {
    await from.transaction('relaxed', async (source) => {
      rows = await to.transaction('durable', async (target) => {
        const copied = await copyStore(source, target)
        await check()
        return copied
      })
    })
  } catch (error) {
    // Nothing was changed there, so it does not matter how that ends: a database does not wait for a large file to be on the disk.
    if (rows === undefined) throw error
  }
  return rows!
}

async function closing<T>(database: StoreDatabase, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    await database.close()
  }
}

async function openPostgres(remembered: RememberedStore, storePassword: string | undefined) {
  const { openMigratedPostgres } = await import('../store/postgres-store.ts')
  return openMigratedPostgres(loginOf(remembered, storePassword), systemClock)
}
