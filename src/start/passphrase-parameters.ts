/** `root-key.json` of the provider `passphrase`: salt and cost. */
import { readFileSync } from 'node:fs'
import { fileFault } from '../base/file-fault.ts'
import { OperatorError } from '../config/operator-error.ts'
import { createRandomSource } from '../crypto/random.ts'
import { PASSPHRASE_DEFAULTS, type PassphraseParameters, SALT_BYTES } from '../crypto/root-key/passphrase-root-key.ts'
import { writeDurably } from './write-durably.ts'

export const RESTORE_PARAMETERS = { hint: 'restore it from its backup; the passphrase alone is not enough' }
const NUMBERS = ['memoryKib', 'passes', 'parallelism'] as const

export function newPassphraseParameters(): PassphraseParameters {
  return { salt: createRandomSource().nonce(SALT_BYTES), ...PASSPHRASE_DEFAULTS }
}

export function writePassphraseParameters(path: string, parameters: PassphraseParameters): void {
  writeDurably(path, `${JSON.stringify({ ...parameters, salt: parameters.salt.toString('base64') }, undefined, 2)}\n`)
}

export function readPassphraseParameters(path: string): PassphraseParameters {
  try {
    const parsed = JSON.parse(readFileSync(path, 'utf8'))
    const salt = Buffer.from(parsed.salt, 'base64')
    const numbers = NUMBERS.map((name) => parsed[name])
    if (salt.length === SALT_BYTES && numbers.every((value) => Number.isSafeInteger(value) && value > 0)) {
      const [memoryKib, passes, parallelism] = numbers
      return { salt, memoryKib, passes, parallelism }
    }
  } catch (cause) {
    const { reason, hint = RESTORE_PARAMETERS.hint } = fileFault(cause)
    throw new OperatorError(`cannot read ${path}: ${reason}`, { hint, cause })
  }
  throw new OperatorError(`${path} does not hold the salt and cost of a passphrase`, RESTORE_PARAMETERS)
}
