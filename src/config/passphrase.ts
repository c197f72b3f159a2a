/** The passphrase of the root key: from a variable or a file, never from a flag, which every user of the machine could see. */
import { readFileSync } from 'node:fs'
import { fileFault } from '../base/file-fault.ts'
import { UsageError } from './operator-error.ts'
import type { Environment, Settings } from './settings.ts'

export const PASSPHRASE_VARIABLE = 'KEYHOLD_PASSPHRASE'
/** The one that a root key is changed to. */
export const NEW_PASSPHRASE_VARIABLE = 'KEYHOLD_NEW_PASSPHRASE'

/** `undefined` if none is given. One line end after the passphrase in a file is not part of it. */
export function readPassphrase(
  { passphraseFile }: Pick<Settings, 'passphraseFile'>,
  env: Environment,
): string | undefined {
  return passphraseFile === undefined ? env[PASSPHRASE_VARIABLE] || undefined : readPassphraseFile(passphraseFile)
}

/** @param flag by which the file was given. */
export function readPassphraseFile(path: string, flag = '--passphrase-file'): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    const { reason, hint } = fileFault(cause)
    throw new UsageError(`${flag}: cannot read ${path}: ${reason}`, { hint, cause })
  }
}
