/** Which root key a data folder has, and opening it. */
import { existsSync, readFileSync } from 'node:fs'
import { fileFault } from '../base/file-fault.ts'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { PASSPHRASE_VARIABLE } from '../config/passphrase.ts'
import type { Settings } from '../config/settings.ts'
import { createRandomSource } from '../crypto/random.ts'
import { openFileRootKey } from '../crypto/root-key/file-root-key.ts'
import {
  openPassphraseRootKey,
  PASSPHRASE_CHARS_MIN,
  PASSPHRASE_DEFAULTS,
  type PassphraseParameters,
  SALT_BYTES,
} from '../crypto/root-key/passphrase-root-key.ts'
import type { RootKey } from '../crypto/root-key/root-key.ts'
import type { StoredDomainKey } from '../domain/store.ts'
import type { DataFolder } from './data-folder.ts'
import type { StorePlace } from './store-place.ts'
import { writeDurably } from './write-durably.ts'

export interface RootKeyChoice {
  /** `undefined`: as the folder was made. */
  readonly provider: Settings['rootKey']
  readonly passphrase: string | undefined
}

/**
 * @param newest the store's newest domain key; `undefined` means that nothing was ever sealed, so a root key may be made.
 * @throws {OperatorError | RootKeyError} if the root key is missing or does not fit.
 */
export async function openRootKey(
  folder: DataFolder,
  choice: RootKeyChoice,
  place: StorePlace,
  newest: StoredDomainKey | undefined,
): Promise<RootKey> {
  const made = madeWith(folder)
  if (newest !== undefined && made === undefined) {
    throw place.isShared ? notCopied(folder, place) : missing(folder, choice.provider)
  }
  const provider = providerOf(folder, made, choice)
  const rootKey =
    provider === 'passphrase'
      ? await openWithPassphrase(folder, choice.passphrase)
      : openFileRootKey(folder.rootKey, { create: newest === undefined })
  if (newest !== undefined && newest.rootKeyId !== rootKey.id) {
    throw place.isShared ? otherRootKey(folder, provider, place) : misfit(folder, provider)
  }
  return rootKey
}

type Provider = 'file' | 'passphrase'

function providerOf(
  folder: DataFolder,
  made: Provider | undefined,
  { provider: wanted, passphrase }: RootKeyChoice,
): Provider {
  if (made === undefined && wanted === undefined && passphrase !== undefined) {
    throw new UsageError('there is a passphrase, but the new root key would be a file', {
      hint: 'give --root-key passphrase to use it, or --root-key file',
    })
  }
  if (wanted === undefined || made === undefined || made === wanted) return wanted ?? made ?? 'file'
  throw new UsageError(`the data folder ${folder.path} was made with --root-key ${made}, not ${wanted}`)
}

/** Which of the two it was only the operator knows. */
function missing({ rootKey, rootKeyParameters }: DataFolder, wanted: Settings['rootKey']): OperatorError {
  if (wanted === 'passphrase') return parametersMissing(rootKeyParameters)
  const what = wanted === 'file' ? rootKey : `${rootKey} (or root-key.json, of a passphrase)`
  return new OperatorError(`${what} is missing, and this data folder was made with it`, {
    hint: 'restore it from its backup',
  })
}

function parametersMissing(path: string): OperatorError {
  return new OperatorError(`${path} is missing, and this data folder was made with it`, RESTORE)
}

const FROM_ANOTHER_MACHINE =
  'copy root-key, or root-key.json of a passphrase, from the data folder of a machine that runs on this store'

function notCopied({ path }: DataFolder, { name }: StorePlace): OperatorError {
  return new OperatorError(`there is no root key in ${path}, and the store ${name} was made with one`, {
    hint: FROM_ANOTHER_MACHINE,
  })
}

function otherRootKey({ path }: DataFolder, provider: Provider, { name }: StorePlace): OperatorError {
  const what = provider === 'passphrase' ? `the passphrase, with root-key.json of ${path},` : `the root key of ${path}`
  return new OperatorError(`${what} is not the one that the store ${name} was made with`, {
    hint: FROM_ANOTHER_MACHINE,
  })
}

function madeWith({ rootKey, rootKeyParameters }: DataFolder): Provider | undefined {
  if (existsSync(rootKeyParameters)) return 'passphrase'
  return existsSync(rootKey) ? 'file' : undefined
}

function misfit({ path, rootKey }: DataFolder, provider: Provider): OperatorError {
  if (provider === 'passphrase') return new OperatorError(`the passphrase is not the one that ${path} was made with`)
  return new OperatorError(`${rootKey} is not the root key that ${path} was made with`, {
    hint: 'restore the right one from its backup',
  })
}

async function openWithPassphrase(folder: DataFolder, passphrase: string | undefined): Promise<RootKey> {
  const { rootKeyParameters: path } = folder
  if (passphrase === undefined) {
    throw new UsageError('the root key needs your passphrase', {
      hint: `put it into the variable ${PASSPHRASE_VARIABLE}, or name a file that holds it with --passphrase-file`,
    })
  }
  if (existsSync(path)) {
    // None so short was ever taken: it is a wrong one, not one to be replaced.
    if (passphrase.length < PASSPHRASE_CHARS_MIN) throw misfit(folder, 'passphrase')
    return openPassphraseRootKey(passphrase, readParameters(path))
  }
  const parameters = { salt: createRandomSource().nonce(SALT_BYTES), ...PASSPHRASE_DEFAULTS }
  // Before the file: a passphrase that is refused must not leave the folder bound to one.
  const rootKey = await openPassphraseRootKey(passphrase, parameters)
  writeDurably(path, `${JSON.stringify({ ...parameters, salt: parameters.salt.toString('base64') }, undefined, 2)}\n`)
  return rootKey
}

const RESTORE = { hint: 'restore it from its backup; the passphrase alone is not enough' }
const NUMBERS = ['memoryKib', 'passes', 'parallelism'] as const

function readParameters(path: string): PassphraseParameters {
  try {
    const parsed = JSON.parse(readFileSync(path, 'utf8'))
    const salt = Buffer.from(parsed.salt, 'base64')
    const numbers = NUMBERS.map((name) => parsed[name])
    if (salt.length === SALT_BYTES && numbers.every((value) => Number.isSafeInteger(value) && value > 0)) {
      const [memoryKib, passes, parallelism] = numbers
      return { salt, memoryKib, passes, parallelism }
    }
  } catch (cause) {
    const { reason, hint = RESTORE.hint } = fileFault(cause)
    throw new OperatorError(`cannot read ${path}: ${reason}`, { hint, cause })
  }
  throw new OperatorError(`${path} does not hold the salt and cost of a passphrase`, RESTORE)
}
