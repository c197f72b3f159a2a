/** Root key provider `passphrase`, in a data folder: salt and cost are in `root-key.json`. */
import { dirname } from 'node:path'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { PASSPHRASE_VARIABLE } from '../config/passphrase.ts'
import { createRandomSource } from '../crypto/random.ts'
import {
  openPassphraseRootKey,
  PASSPHRASE_CHARS_MIN,
  PASSPHRASE_DEFAULTS,
  type PassphraseParameters,
  SALT_BYTES,
} from '../crypto/root-key/passphrase-root-key.ts'
import type { RootKeyMaker } from './root-key-maker.ts'
import { readParameters, writeParameters } from './root-key-parameters.ts'

export const RESTORE_PARAMETERS = { hint: 'restore it from its backup; the passphrase alone is not enough' }
const NUMBERS = ['memoryKib', 'passes', 'parallelism'] as const

export const passphraseRootKeys: RootKeyMaker = {
  async make({ passphrase }) {
    const parameters = { salt: createRandomSource().nonce(SALT_BYTES), ...PASSPHRASE_DEFAULTS }
    const rootKey = await openPassphraseRootKey(required(passphrase), parameters)
    return {
      rootKey,
      save: (path) => writeParameters(path, { ...parameters, salt: parameters.salt.toString('base64') }),
    }
  },
  async open(path, { passphrase: given }) {
    const passphrase = required(given)
    // None so short was ever taken: it is a wrong one, not one to be replaced.
    if (passphrase.length < PASSPHRASE_CHARS_MIN) throw wrongPassphrase(dirname(path))
    return openPassphraseRootKey(passphrase, parametersIn(path))
  },
}

export function wrongPassphrase(folder: string): OperatorError {
  return new OperatorError(`the passphrase is not the one that ${folder} was made with`)
}

function required(passphrase: string | undefined): string {
  if (passphrase !== undefined) return passphrase
  throw new UsageError('the root key needs your passphrase', {
    hint: `put it into the variable ${PASSPHRASE_VARIABLE}, or name a file that holds it with --passphrase-file`,
  })
}

function parametersIn(path: string): PassphraseParameters {
  return readParameters(path, {
    what: 'the salt and cost of a passphrase',
    ...RESTORE_PARAMETERS,
    parse(parsed) {
      const salt = Buffer.from(parsed.salt as string, 'base64')
      const numbers = NUMBERS.map((name) => parsed[name] as number)
      if (salt.length !== SALT_BYTES || !numbers.every((value) => Number.isSafeInteger(value) && value > 0)) return
      const [memoryKib, passes, parallelism] = numbers as [number, number, number]
      return { salt, memoryKib, passes, parallelism }
    },
  })
}
