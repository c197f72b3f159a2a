/** What lies where in a data folder. */
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../config/operator-error.ts'

export interface DataFolder {
  readonly path: string
  /** Held while something runs on the folder. */
  readonly lock: string
  readonly store: string
  /** Folder of the audit log. */
  readonly audit: string
  /** Provider `file`: 32 secret bytes. */
  readonly rootKey: string
  /** Provider `passphrase`: salt and cost. */
  readonly rootKeyParameters: string
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
    audit: join(path, 'audit'),
    rootKey: join(path, 'root-key'),
    rootKeyParameters: join(path, 'root-key.json'),
    credentials: join(path, 'credentials'),
    development: join(path, 'development'),
  })
}

/** Makes the folder, for its owner only, if it is not there yet. */
export function createDataFolder({ path }: DataFolder): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    const hint = 'give another folder with --data, or let this user write to it'
    throw new OperatorError(`cannot use the data folder ${path}: ${(cause as Error).message}`, { hint, cause })
  }
}

/** @throws {OperatorError} unless a server was started on the folder before. */
export function requireDataFolder(folder: DataFolder): void {
  const isFolder = statSync(folder.path, { throwIfNoEntry: false })?.isDirectory() ?? false
  if (isFolder && existsSync(folder.store)) return
  const found = isFolder ? `there is no Keyhold data in ${folder.path}` : `there is no folder ${folder.path}`
  throw new OperatorError(found, { hint: "name the folder with --data; 'keyhold start' makes a new one" })
}
