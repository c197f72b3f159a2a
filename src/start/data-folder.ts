/** What lies where in a data folder. */
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileFault } from '../base/file-fault.ts'
import { OperatorError } from '../config/operator-error.ts'

export interface DataFolder {
  readonly path: string
  /** Held while something runs on the folder. */
  readonly lock: string
  readonly store: string
  /** A file that says where the store is, if it is not here. */
  readonly shared: string
  /** Folder of the audit log. */
  readonly audit: string
  /** Signs checkpoints of the audit log: a private key, PEM. */
  readonly auditKey: string
  /** Says how far the audit log has been delivered. */
  readonly auditDelivery: string
  /** Index of the audit log's events; it can be lost. */
  readonly eventIndex: string
  /** Provider `file`: 32 secret bytes. */
  readonly rootKey: string
  /** Of all other providers: what they need besides a secret. */
  readonly rootKeyParameters: string
  /** Where a server takes shares of its root key. */
  readonly unsealSocket: string
  /** The administrator's access key, in AWS's shared credentials format. */
  readonly credentials: string
  /** A file that is there if 'keyhold dev' runs on the folder. */
  readonly development: string
}

export function dataFolder(path: string): DataFolder {
  return Object.freeze({
    path,
    lock: join(path, 'lock'),
    store: join(path, 'keyhold.db'),
    shared: join(path, 'store.json'),
    audit: join(path, 'audit'),
    auditKey: join(path, 'audit-key'),
    auditDelivery: join(path, 'audit-delivery.json'),
    eventIndex: join(path, 'event-index.db'),
    rootKey: join(path, 'root-key'),
    rootKeyParameters: join(path, 'root-key.json'),
    unsealSocket: join(path, 'unseal'),
    credentials: join(path, 'credentials'),
    development: join(path, 'development'),
  })
}

/** Makes the folder, for its owner only, if it is not there yet. */
export function createDataFolder({ path, store }: DataFolder): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    // SQLite would open a database that is read-only, write beside it, and fail at the next start.
    if (existsSync(store)) accessSync(store, constants.R_OK | constants.W_OK)
  } catch (cause) {
    const hint = 'give another folder with --data, or let this user write to it'
    throw unusable(path, cause, hint)
  }
}

/** @throws {OperatorError} unless a server was started on the folder before. */
export function requireDataFolder(folder: DataFolder): void {
  requireOneOf(folder, [folder.store, folder.shared])
}

/** For commands that only read the audit log, of which there may be a copy without the rest. @throws {OperatorError} */
export function requireAuditFolder(folder: DataFolder): void {
  requireOneOf(folder, [folder.store, folder.shared, folder.audit])
}

function requireOneOf({ path }: DataFolder, entries: readonly string[]): void {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
  if (isFolder && entries.some((entry) => isPresent(path, entry))) return
  const found = isFolder ? `there is no Keyhold data in ${path}` : `there is no folder ${path}`
  throw new OperatorError(found, { hint: "name the folder with --data; 'keyhold start' makes a new one" })
}

function isPresent(path: string, entry: string): boolean {
  try {
    accessSync(entry)
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw unusable(path, cause, 'run this command as the user that the server runs as')
  }
}

function unusable(folder: string, cause: unknown, hint: string): OperatorError {
  const { path = folder } = cause as NodeJS.ErrnoException
  const what = path === folder ? `the data folder ${folder}` : `${path} in the data folder ${folder}`
  return new OperatorError(`cannot use ${what}: ${fileFault(cause).reason}`, { hint, cause })
}

/**
 * For commands that write: what another user writes here, root above all, the server could not read, and so not start again.
 * @param user the id of this process's; `undefined` where the system has none
 * @throws {OperatorError}
 */
export function requireOwner(
  { path, store, shared }: DataFolder,
  user: number | undefined = process.geteuid?.(),
): void {
  const { uid } = statSync(existsSync(shared) ? shared : store)
  if (user === undefined || uid === user) return
  throw new OperatorError(
    `${path} belongs to the user with the id ${uid}, who could not read what this command writes`,
    {
      hint: `run it as that user, for example with: sudo -u '#${uid}'`,
    },
  )
}
