/** Errors of `node:sqlite` and of the file system, and what they mean to whoever starts Keyhold. */
import { StoreError } from '../store-error.ts'

/** Primary result codes, https://www.sqlite.org/rescode.html. */
const BUSY = 5
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

/** Extended result codes carry the primary one in their low byte. */
function resultCode(error: unknown): number | undefined {
  const errcode = (error as { errcode?: unknown } | undefined)?.errcode
  return typeof errcode === 'number' ? errcode & 0xff : undefined
}

/** Another connection holds the lock that was asked for; trying again can help. */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY
}

/** @returns the error to throw when the store at `path` could not be opened because of `error`. */
export function openError(path: string, error: unknown): unknown {
  if (error instanceof StoreError) return error
  const advice = adviceFor(path, resultCode(error) ?? (error as NodeJS.ErrnoException).code)
  if (advice === undefined) return error
  return new StoreError(`Cannot open the store ${path}: ${(error as Error).message}. ${advice}`, { cause: error })
}

function adviceFor(path: string, code: number | string | undefined): string | undefined {
  switch (code) {
    case NOTADB:
    case CORRUPT:
      return 'The file is damaged or was not made by Keyhold. Restore it from a backup, or name another folder.'
    case READONLY:
    case CANTOPEN:
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `The user that runs Keyhold must be able to write '${path}' and to create files beside it.`
    case 'ENOENT':
    case 'ENOTDIR':
      return 'Its folder does not exist. Create it, or name another.'
    case 'EISDIR':
      return 'It is a folder, where a file is expected.'
    case FULL:
    case 'ENOSPC':
    case 'EDQUOT':
      return 'The disk is full. Free some space and start again; nothing that was acknowledged is lost.'
    case IOERR:
      return 'The disk reports an error or refuses to grow the file. Check the device, quotas and file size limits.'
    case BUSY:
      return 'Another process keeps it locked. Only Keyhold may use this file; stop the other program and start again.'
    default:
      return undefined
  }
}
