/** Secrets from files: a flag that held one would show it to every user of the machine. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { fileFault } from '../base/file-fault.ts'
import { UsageError } from './operator-error.ts'

/** The group may read it: secrets that Kubernetes mounts belong to root. */
const EVERYBODY = 0o007

/** One line end after the secret is not part of it. @param flag by which the file was given. @throws {UsageError} */
export function readSecretFile(path: string, flag: string): string {
  try {
    const file = openSync(path, constants.O_RDONLY)
    try {
      if (process.platform !== 'win32' && (fstatSync(file).mode & EVERYBODY) !== 0) throw readableByAll(path, flag)
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    const { reason, hint } = fileFault(cause)
    throw new UsageError(`${flag}: cannot read ${path}: ${reason}`, { hint, cause })
  }
}

function readableByAll(path: string, flag: string): UsageError {
  return new UsageError(`${flag}: every user of this machine can read ${path}`, {
    hint: `run: chmod o= '${path}'`,
  })
}
