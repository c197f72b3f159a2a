/**
 * What has to be true of a data folder before any node runs on it. The order matters: a crash at any instant leaves
 * something that the next start completes.
 *
 * 1. The lock: nobody else writes from here on.
 * 2. The audit log: a torn tail is cut before a writer can append to it.
 * 3. The store, and its migrations.
 * 4. The root key. It is on disk before anything is sealed under it; the store's first domain key tells that it counts.
 * 5. The outbox: records that committed with their change reach the log before new ones do.
 * 6. Custom key stores that were connected are to be connected again.
 * 7. The administrator. The credentials file is whole on disk before the transaction that makes them valid; while the store
 *    has no account, the next start takes the credentials from the file.
 * 8. A checkpoint of the audit log tells what it has come to.
 */
import { existsSync, rmSync } from 'node:fs'
import type { Checkpoints } from '../audit/checkpoints/checkpoints.ts'
import { readRemovals } from '../audit/checkpoints/removals.ts'
import type { AuditKeeper } from '../audit/keeping/keeper.ts'
import { AuditLogError, readAuditLog } from '../audit/read-log.ts'
import { recoverAuditFolder } from '../audit/recover.ts'
import { systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { createRandomSource } from '../crypto/random.ts'
import type { RootKey } from '../crypto/root-key/root-key.ts'
import { insertAdministrator, newAdministrator } from '../domain/identity/administrator.ts'
import { reconnectKeyStores } from '../domain/key-stores/connector.ts'
import { createDomainKeys } from '../domain/keys/domain-keys.ts'
import type { PendingAuditRecord, Store } from '../domain/store.ts'
import { readCredentials, writeCredentials } from './credentials-file.ts'
import { createDataFolder, type DataFolder } from './data-folder.ts'
import { drainOutbox } from './drain-outbox.ts'
import { openFolderAuditLog } from './folder-audit-log.ts'
import { type CheckpointCopies, openFolderCheckpoints } from './folder-checkpoints.ts'
import { type KeepingSettings, openFolderKeeper } from './folder-keeper.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { openRootKey } from './root-key.ts'
import {
  type FolderSecrets,
  inPostgres,
  placeToRemember,
  rememberStore,
  type StorePlace,
  storePlaceOf,
  type WantedStore,
} from './store-place.ts'
import { writeDurably } from './write-durably.ts'

export interface PrepareOptions extends FolderSecrets {
  readonly folder: DataFolder
  /** A PostgreSQL database; `undefined`: as the folder was made. */
  readonly store?: WantedStore | undefined
  /** The one to make at first start; must be the folder's own otherwise. */
  readonly account: string | undefined
  readonly region: string
  /** Development folders have no administrator: everybody is let in, so they must hold nothing that is worth keeping. */
  readonly mode: 'server' | 'development'
  /** Where checkpoints of the audit log are kept as well. */
  readonly copies?: CheckpointCopies | undefined
  /** How much of the audit log is kept; all of it if not given. */
  readonly keeping?: KeepingSettings | undefined
  readonly log: Log
}

export interface PreparedFolder {
  /** Hold it as long as anything runs on the folder. */
  readonly lock: FolderLock
  /** Close it when nothing writes any more, before the lock is released. */
  readonly checkpoints: Checkpoints
  /** Close it before the checkpoints; `undefined`: nothing is ever removed. */
  readonly keeper: AuditKeeper | undefined
  /** `undefined` in development. */
  readonly account: string | undefined
  readonly isFirstStart: boolean
  /** The address of one that machines share; `undefined`: it is in the folder. */
  readonly store: string | undefined
  /** Of the audit log, that a crash had left and are cut off. */
  readonly tornFrames: number
}

type PreparedStore = Omit<PreparedFolder, 'lock' | 'store' | 'tornFrames' | 'checkpoints' | 'keeper'>

const NODE = 'start'

export async function prepareDataFolder(options: PrepareOptions): Promise<PreparedFolder> {
  const { folder, log } = options
  createDataFolder(folder)
  let prepared: Omit<PreparedFolder, 'lock' | 'checkpoints' | 'keeper'> | undefined
  let checkpoints: Checkpoints | undefined
  let keeper: AuditKeeper | undefined
  const lock = await lockFolder(folder, 'server', async () => {
    const { tornFrames } = await recoverAuditFolder(folder.audit, log)
    prepared = { ...(await prepareIn(options)), tornFrames: tornFrames.length }
    checkpoints = await openFolderCheckpoints(folder, options.copies ?? {}, log)
    keeper = await openFolderKeeper(folder, options.keeping ?? {}, checkpoints, log)
  })
  return { lock, checkpoints: checkpoints!, keeper, ...prepared! }
}

/** For a command that is alone with the folder: steps 2, 3 and 5. */
export async function putInOrder(folder: DataFolder, place: StorePlace, log: Log): Promise<void> {
  await recoverAuditFolder(folder.audit, log)
  await withStore(place, (store) => drainAll(store, place, folder, log))
}

async function prepareIn(options: PrepareOptions): Promise<PreparedStore & Pick<PreparedFolder, 'store'>> {
  const { folder, log, storePassword } = options
  const wanted = options.store && placeToRemember(folder, options.store)
  const place = wanted === undefined ? storePlaceOf(folder, storePassword) : inPostgres(wanted, storePassword)
  if (place.isShared && options.mode === 'development') {
    throw new UsageError(`${folder.path} belongs to a server over ${place.name}`, {
      hint: "give 'keyhold dev' a folder of its own with --data, or none",
    })
  }
  return withStore(place, async (store) => {
    // Once it is known to be one: a wrong address must not leave the folder bound to it.
    if (wanted !== undefined) rememberStore(folder, wanted)
    const prepare = () => prepareStore(options, place, store)
    if (!place.isShared) return { ...(await prepare()), store: undefined }
    if ((await store.listAccounts()).length > 0) return { ...(await prepare()), store: place.name }
    const { asTheOnlyOne } = await import('./first-start.ts')
    return { ...(await asTheOnlyOne(store, place.nodeName(NODE), log, prepare)), store: place.name }
  })
}

async function withStore<T>(place: StorePlace, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await place.open(place.nodeName(NODE), systemClock)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

async function prepareStore(options: PrepareOptions, place: StorePlace, store: Store): Promise<PreparedStore> {
  const { folder, log, mode } = options
  const accounts = await store.listAccounts()
  checkMode(options, accounts)
  const newest = await store.newestDomainKey()
  if (accounts.length === 0 && newest === undefined && mode === 'server') await refuseLostStore(folder, place)
  const rootKey = await openRootKey(folder, options, place, newest)
  await drainAll(store, place, folder, log)
  // Where other machines run they are connected, and a node that is not connects when it first has to.
  if (!place.isShared) await reconnectKeyStores(store)
  if (mode === 'development') return { account: undefined, isFirstStart: false }
  if (accounts.length > 0) return { account: accountToShow(options, accounts), isFirstStart: false }
  return makeAdministrator(options, store, rootKey)
}

/** Whoever has a damaged disk, or restored half of a backup, must not be given a new service that knows none of his keys. */
async function refuseLostStore({ audit, path }: DataFolder, { name }: StorePlace): Promise<void> {
  if (!existsSync(audit) || !(await hasRecords(audit))) return
  throw new OperatorError(`${name} is empty, but the audit log of ${path} tells of calls: the database was lost`, {
    hint: 'restore the database from a backup, or give another folder with --data',
  })
}

async function hasRecords(audit: string): Promise<boolean> {
  try {
    for await (const _ of readAuditLog(audit)) return true
    return (await readRemovals(audit)).size > 0
  } catch (error) {
    if (error instanceof AuditLogError) return true
    throw error
  }
}

/** The administrator's, as his credentials file has it; the operator may have moved that away. */
function accountToShow({ folder, account }: PrepareOptions, accounts: readonly string[]): string {
  const [only] = accounts
  return account ?? (accounts.length === 1 ? only! : (readCredentials(folder.credentials)?.account ?? only!))
}

/** Development lets everybody in, and a seed may give it users: so whose folder it is must not hang on what is in it. */
function checkMode({ folder, mode, account: wanted }: PrepareOptions, accounts: readonly string[]): void {
  const isForDevelopment = existsSync(folder.development)
  if (mode === 'development') {
    if (!isForDevelopment && accounts.length > 0) {
      throw new UsageError(`${folder.path} belongs to a server: development mode would let anybody use its keys`, {
        hint: "give 'keyhold dev' a folder of its own with --data, or none",
      })
    }
    if (!isForDevelopment)
      writeDurably(folder.development, "'keyhold dev' lets everybody use what is in this folder.\n")
    return
  }
  if (isForDevelopment && accounts.length > 0) {
    throw new UsageError(`${folder.path} belongs to 'keyhold dev', which let everybody use what is in it`, {
      hint: 'give the server a folder of its own with --data',
    })
  }
  rmSync(folder.development, { force: true })
  if (accounts.length > 0 && wanted !== undefined && !accounts.includes(wanted)) {
    const made = accounts.join(', ')
    throw new UsageError(`--account ${wanted}: the data folder ${folder.path} was made for account ${made}`)
  }
}

/** No node runs over this folder: what is in the outbox is nobody's any more, but for that of other machines. */
async function drainAll(store: Store, place: StorePlace, folder: DataFolder, log: Log): Promise<void> {
  const ofFolder = place.nodeName('')
  const takes = ({ node }: PendingAuditRecord) => node.startsWith(ofFolder)
  if (!(await store.pendingAuditRecords()).some(takes)) return
  const auditLog = await openFolderAuditLog(folder, place.nodeName(NODE), log)
  try {
    await drainOutbox({ store, auditLog, folder, log, takes })
  } finally {
    await auditLog.close()
  }
}

async function makeAdministrator(options: PrepareOptions, store: Store, rootKey: RootKey): Promise<PreparedStore> {
  const { folder, account, region, log } = options
  const random = createRandomSource()
  const found = readCredentials(folder.credentials)
  const administrator =
    found !== undefined && (account ?? found.account) === found.account ? found : newAdministrator(account, random)
  if (administrator !== found) writeCredentials(folder.credentials, administrator, region)
  if (found !== undefined)
    log.info({ credentials: folder.credentials }, 'completing a first start that was interrupted')
  const domainKeys = createDomainKeys(store, rootKey, systemClock, random)
  if (await insertAdministrator({ store, domainKeys, random }, administrator, systemClock.now())) {
    return { account: administrator.account, isFirstStart: true }
  }
  // Another machine was quicker, so these open nothing.
  rmSync(folder.credentials)
  return { account: accountToShow(options, await store.listAccounts()), isFirstStart: false }
}
