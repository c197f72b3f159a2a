/** The password of a PostgreSQL store: from a variable or a file, never from a flag, which every user of the machine could see. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { fileFault } from '../base/file-fault.ts'
import { UsageError } from './operator-error.ts'
import type { Environment } from './settings.ts'

export const STORE_PASSWORD_VARIABLE = 'KEYHOLD_STORE_PASSWORD'

export function storePasswordIn(env: Environment): string | undefined {
  return env[STORE_PASSWORD_VARIABLE] || undefined
}

/** The group may read it: secrets that Kubernetes mounts belong to root. */
const EVERYBODY = 0o007

/** One line end after the password is not part of it. */
export function readStorePassword(path: string): string {
  try {
    const file = openSync(path, constants.O_RDONLY)
    try {
      if (process.platform !== 'win32' && (fstatSync(file).mode & EVERYBODY) !== 0) throw readableByAll(path)
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    const { reason, hint } = fileFault(cause)
    throw new UsageError(`--store-password-file: cannot read ${path}: ${reason}`, { hint, cause })
  }
}

function readableByAll(path: string): UsageError {
  return new UsageError(`--store-password-file: every user of this machine can read ${path}`, {
    hint: `run: chmod o= '${path}'`,
  })
}
