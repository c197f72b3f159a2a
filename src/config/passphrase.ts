/** The passphrase of the root key: from a variable or a file, never from a flag, which every user of the machine could see. */
import { readFileSync } from 'node:fs'
import { fileFault } from '../base/file-fault.ts'
import { UsageError } from './operator-error.ts'
import type { Environment, Settings } from './settings.ts'

export const PASSPHRASE_VARIABLE = 'KEYHOLD_PASSPHRASE'

/** `undefined` if none is given. One line end after the passphrase in a file is not part of it. */
export function readPassphrase(
  { passphraseFile }: Pick<Settings, 'passphraseFile'>,
  env: Environment,
): string | undefined {
  if (passphraseFile === undefined) return env[PASSPHRASE_VARIABLE] || undefined
  try {
    return readFileSync(passphraseFile, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    const { reason, hint } = fileFault(cause)
    throw new UsageError(`--passphrase-file: cannot read ${passphraseFile}: ${reason}`, { hint, cause })
  }
}
