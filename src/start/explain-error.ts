/** From whatever kept Keyhold from starting to one paragraph for the person at the terminal. */
import { fileFault } from '../base/file-fault.ts'
import { OperatorError } from '../config/operator-error.ts'
import { RootKeyError } from '../crypto/root-key/root-key.ts'
import { SeedError } from '../seed/seed-error.ts'
import { StoreError } from '../store/store-error.ts'

/** What to do about errors of the system, by their code. */
const SYSTEM_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there; choose another --port, or 0 for any free one',
  EADDRNOTAVAIL: 'this machine does not have that address; choose another --host',
  ENOTFOUND: 'this machine cannot resolve that name; choose another --host',
  ENOSPC: 'the disk is full; free some space and start again, nothing that was acknowledged is lost',
  EDQUOT: 'the disk quota is used up; free some space and start again, nothing that was acknowledged is lost',
  EMFILE: 'raise the limit of open files (ulimit -n)',
}

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const SQLITE_HINTS: Readonly<Record<number, string>> = {
  5: 'another process has the database open; stop it first',
  8: 'the database or its folder is read-only; let this user write to it',
  10: 'the disk reports an error; look into the system log before you start again',
  11: 'the database is damaged; restore it from a backup',
  13: 'the disk is full; free some space and start again, nothing that was acknowledged is lost',
  14: 'the database cannot be opened; let this user read and write the data folder',
  26: 'the file is no database; restore it from a backup',
}

/** @returns `undefined` for what is no known circumstance but a bug, which deserves its stack. */
export function explainError(error: unknown): OperatorError | undefined {
  if (error instanceof OperatorError) return error
  if (error instanceof RootKeyError || error instanceof StoreError || error instanceof SeedError)
    return new OperatorError(error.message, { hint: fileFault(error.cause).hint, cause: error })
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const hint = hintOf(cause)
    if (hint !== undefined) return new OperatorError((error as Error).message, { hint, cause: error })
    const explained = explainFile(cause)
    if (explained !== undefined) return explained
  }
  return undefined
}

/** Where nobody said more of the file than its path. */
function explainFile(error: Error): OperatorError | undefined {
  const { path, syscall } = error as NodeJS.ErrnoException
  const { reason, hint } = fileFault(error)
  if (hint === undefined || path === undefined || syscall === 'listen') return undefined
  return new OperatorError(`cannot use ${path}: ${reason}`, { hint, cause: error })
}

function hintOf(error: Error): string | undefined {
  if ('errcode' in error) return SQLITE_HINTS[Number(error.errcode) & 0xff]
  if (!('code' in error)) return undefined
  const isPort = error.code === 'EACCES' && 'syscall' in error && error.syscall === 'listen'
  return isPort
    ? 'this user may not listen on ports below 1024; choose another --port'
    : SYSTEM_HINTS[String(error.code)]
}
