/**
 * Where the store of a data folder is: in the folder, or in a PostgreSQL database that several machines share. The folder remembers
 * which: a server that was started without the setting must not make a new, empty store beside the one that has the keys.
 */
import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Clock } from '../base/clock.ts'
import { fileFault } from '../base/file-fault.ts'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { storeAddressOf } from '../config/store-address.ts'
import { readStorePassword } from '../config/store-password.ts'
import { createRandomSource } from '../crypto/random.ts'
import type { Store } from '../domain/store.ts'
import type { PostgresLogin } from '../store/postgres-store.ts'
import type { StoreSnapshot } from '../store/reader.ts'
import { openSqliteSnapshot, openSqliteStore } from '../store/sqlite-store.ts'
import type { DataFolder } from './data-folder.ts'
import type { RootKeyChoice } from './root-key-choice.ts'
import { writeDurably } from './write-durably.ts'

export interface StorePlace {
  /** For people. */
  readonly name: string
  /** Other machines may have it open. */
  readonly isShared: boolean
  /** Names a process of this folder among all that share the store; the same at its next start. */
  nodeName(process: string): string
  /** @throws {StoreError} if it cannot be opened for a reason that the operator can remove. */
  open(node: string, clock: Clock): Promise<Store>
  /** For looking at it beside a server that may be running. */
  openSnapshot(): Promise<StoreSnapshot>
}

/** What a process needs to open a data folder. */
export interface FolderSecrets extends RootKeyChoice {
  /** That of the variable. */
  readonly storePassword?: string | undefined
}

/** `DIR/store.json`: no secrets. */
export interface RememberedStore {
  /** As the operator wrote it. */
  readonly address: string
  readonly passwordFile: string | undefined
  /** This folder's among all that share the store. */
  readonly machine: string
}

const MACHINE_BYTES = 4

/** @param storePassword that of the variable. */
export function storePlaceOf(folder: DataFolder, storePassword: string | undefined): StorePlace {
  const remembered = rememberedStore(folder)
  return remembered === undefined ? inFolder(folder) : inPostgres(remembered, storePassword)
}

export function inFolder({ store: path }: DataFolder): StorePlace {
  return {
    name: path,
    isShared: false,
    nodeName: (process) => process,
    open: (node, clock) => openSqliteStore({ path, node, clock }),
    openSnapshot: () => openSqliteSnapshot(path),
  }
}

export function inPostgres(remembered: RememberedStore, storePassword: string | undefined): StorePlace {
  const login = () => loginOf(remembered, storePassword)
  return {
    name: remembered.address,
    isShared: true,
    nodeName: (process) => `${remembered.machine}/${process}`,
    // Loaded only where it is used: most servers have no database but their own, and each worker would carry the library.
    open: async (_node, clock) => (await import('../store/postgres-store.ts')).openPostgresStore(login(), clock),
    openSnapshot: async () => (await import('../store/postgres-store.ts')).openPostgresSnapshot(login()),
  }
}

/** @throws {UsageError} if the password cannot be read now. */
export function loginOf({ address, passwordFile }: RememberedStore, storePassword: string | undefined): PostgresLogin {
  const own = storeAddressOf(address)
  if (passwordFile === undefined) return { ...own, password: storePassword }
  readStorePassword(passwordFile)
  // Read anew for each connection: a password that is changed there is used from then on.
  return { ...own, password: () => readStorePassword(passwordFile) }
}

/** @returns `undefined`: the store is in the folder. @throws {OperatorError} if nobody can say. */
export function rememberedStore({ shared: path }: DataFolder): RememberedStore | undefined {
  try {
    const { address, passwordFile, machine } = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof address === 'string' && typeof machine === 'string') return { address, passwordFile, machine }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unreadable(path, fileFault(cause).reason, cause)
  }
  throw unreadable(path, 'it names no store')
}

function unreadable(path: string, reason: string, cause?: unknown): OperatorError {
  return new OperatorError(`cannot tell where the store is from ${path}: ${reason}`, {
    hint: 'restore it from a backup, or remove it and name the store with --store',
    cause,
  })
}

export interface WantedStore {
  readonly address: string
  readonly passwordFile: string | undefined
}

/** @throws {UsageError} if the folder has a store of its own already. */
export function placeToRemember(folder: DataFolder, { address, passwordFile }: WantedStore): RememberedStore {
  const before = rememberedStore(folder)
  if (before === undefined && existsSync(folder.store)) {
    throw new UsageError(`--store: ${folder.path} keeps its store in the file ${folder.store}`, {
      hint: "'keyhold store move ADDRESS' moves it to the database; or give another folder with --data",
    })
  }
  return { address, passwordFile, machine: before?.machine ?? newMachineName() }
}

/** Names are for people, who know hosts; the rest sets apart those that were made alike. */
export function newMachineName(): string {
  return `${hostname()}-${createRandomSource().nonce(MACHINE_BYTES).toString('hex')}`
}

export function rememberStore(folder: DataFolder, remembered: RememberedStore): void {
  const text = `${JSON.stringify(remembered, undefined, 2)}\n`
  if (!existsSync(folder.shared) || readFileSync(folder.shared, 'utf8') !== text) writeDurably(folder.shared, text)
}
