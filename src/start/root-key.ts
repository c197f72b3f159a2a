/** Which root key a data folder has, and opening it. */
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { PASSPHRASE_VARIABLE, readPassphraseFile } from '../config/passphrase.ts'
import type { Settings } from '../config/settings.ts'
import { openFileRootKey } from '../crypto/root-key/file-root-key.ts'
import { openPassphraseRootKey, PASSPHRASE_CHARS_MIN } from '../crypto/root-key/passphrase-root-key.ts'
import type { RootKey } from '../crypto/root-key/root-key.ts'
import type { StoredDomainKey } from '../domain/store.ts'
import type { DataFolder } from './data-folder.ts'
import {
  type KmsKeyChoice,
  newKmsParameters,
  openKmsRootKey,
  readKmsParameters,
  tryRootKey,
  writeKmsParameters,
} from './kms-root-key.ts'
import {
  newPassphraseParameters,
  RESTORE_PARAMETERS,
  readPassphraseParameters,
  writePassphraseParameters,
} from './passphrase-parameters.ts'
import type { RootKeyChoice } from './root-key-choice.ts'
import { type RootKeyFile, type RootKeyProvider, rootKeyFileOf } from './root-key-files.ts'
import type { StorePlace } from './store-place.ts'

/** All that is needed of a domain key to tell which root key the store is under. */
type UnderRootKey = Pick<StoredDomainKey, 'rootKeyId'>

/**
 * @param newest the store's newest domain key; `undefined` means that nothing was ever sealed, so a root key may be made.
 * @throws {OperatorError | RootKeyError} if the root key is missing or does not fit.
 */
export async function openRootKey(
  folder: DataFolder,
  choice: RootKeyChoice,
  place: StorePlace,
  newest: UnderRootKey | undefined,
  settings: 'must fit' | 'as it is' = 'must fit',
): Promise<RootKey> {
  const file = rootKeyFileOf(folder, newest?.rootKeyId)
  if (newest !== undefined && file === undefined) {
    throw place.isShared ? notCopied(folder, place) : missing(folder, choice.provider)
  }
  const provider = providerOf(folder, file?.provider, choice)
  if (settings === 'must fit') checkKmsKey(provider, file, choice.kms)
  const rootKey =
    file === undefined ? await makeFirst(folder, provider, choice) : await openExisting(folder, file, choice)
  if (newest !== undefined && newest.rootKeyId !== rootKey.id) {
    throw place.isShared ? otherRootKey(file!, place) : misfit(folder, file!, newest)
  }
  return rootKey
}

/**
 * For a process of a running server: the provider was looked at when the server started, and the root key may have been changed
 * since, its passphrase with it.
 */
export async function openRootKeyAgain(
  folder: DataFolder,
  { passphrase, passphraseFile, kms }: RootKeyChoice,
  place: StorePlace,
  newest: UnderRootKey | undefined,
): Promise<RootKey> {
  try {
    return await openRootKey(folder, { provider: undefined, passphrase, kms }, place, newest, 'as it is')
  } catch (error) {
    const again = passphraseFile === undefined ? undefined : readPassphraseFile(passphraseFile)
    if (again === passphrase) throw error
    return openRootKey(folder, { provider: undefined, passphrase: again, kms }, place, newest, 'as it is')
  }
}

function providerOf(
  folder: DataFolder,
  made: RootKeyProvider | undefined,
  { provider: wanted, passphrase }: RootKeyChoice,
): RootKeyProvider {
  if (made === undefined && wanted === undefined && passphrase !== undefined) {
    throw new UsageError('there is a passphrase, but the new root key would be a file', {
      hint: 'give --root-key passphrase to use it, or --root-key file',
    })
  }
  if (wanted === undefined || made === undefined || made === wanted) return wanted ?? made ?? 'file'
  throw new UsageError(`the data folder ${folder.path} was made with --root-key ${made}, not ${wanted}`, {
    hint: "'keyhold root-key change' changes it",
  })
}

/** One that would not be used is not passed over: its owner believes that it protects the keys. */
function checkKmsKey(provider: RootKeyProvider, file: RootKeyFile | undefined, kms: KmsKeyChoice | undefined): void {
  if (kms?.keyArn === undefined) return
  const under = file?.provider === 'kms' ? readKmsParameters(file.path).keyArn : undefined
  if (provider !== 'kms') {
    throw new UsageError(`there is --root-key-arn, but the root key is of the kind ${provider}`, {
      hint: 'a new data folder takes --root-key kms; keyhold root-key change changes another',
    })
  }
  if (under !== undefined && under !== kms.keyArn) {
    throw new UsageError(`--root-key-arn ${kms.keyArn}: the data folder is under ${under}`, {
      hint: "'keyhold root-key change' changes it",
    })
  }
}

/** Which of the two it was only the operator knows. */
function missing({ rootKey, rootKeyParameters }: DataFolder, wanted: Settings['rootKey']): OperatorError {
  if (wanted === 'passphrase' || wanted === 'kms') {
    const hint = wanted === 'passphrase' ? RESTORE_PARAMETERS : { hint: 'restore it from its backup' }
    return new OperatorError(`${rootKeyParameters} is missing, and this data folder was made with it`, hint)
  }
  const what = wanted === 'file' ? rootKey : `${rootKey} (or root-key.json, of a passphrase or a KMS key)`
  return new OperatorError(`${what} is missing, and this data folder was made with it`, {
    hint: 'restore it from its backup',
  })
}

const FROM_ANOTHER_MACHINE =
  'copy its files root-key… from the data folder of a machine that runs on this store; after a change its file is root-key-ID'

function notCopied({ path }: DataFolder, { name }: StorePlace): OperatorError {
  return new OperatorError(`there is no root key in ${path}, and the store ${name} was made with one`, {
    hint: FROM_ANOTHER_MACHINE,
  })
}

function otherRootKey(file: RootKeyFile, { name }: StorePlace): OperatorError {
  const what = file.provider === 'passphrase' ? `the passphrase, with ${file.path},` : `the root key ${file.path}`
  return new OperatorError(`${what} is not the one that the store ${name} is under`, {
    hint: FROM_ANOTHER_MACHINE,
  })
}

function misfit({ path, store }: DataFolder, file: RootKeyFile, { rootKeyId }: UnderRootKey): OperatorError {
  if (file.provider === 'passphrase') return wrongPassphrase(path)
  return new OperatorError(`${file.path} is not the root key that ${store} is under`, {
    hint: `restore the one with the id ${rootKeyId} from its backup; after a change that is in its file name, root-key-ID`,
  })
}

function wrongPassphrase(path: string): OperatorError {
  return new OperatorError(`the passphrase is not the one that ${path} was made with`)
}

async function makeFirst(
  folder: DataFolder,
  provider: RootKeyProvider,
  { passphrase, kms }: RootKeyChoice,
): Promise<RootKey> {
  if (provider === 'file') return openFileRootKey(folder.rootKey, { create: true })
  if (provider === 'kms') {
    const made = newKmsParameters(kms ?? NO_KMS_KEY)
    const rootKey = openKmsRootKey(made, kms)
    // Before the file: a KMS key that refuses must not leave the folder bound to it.
    await tryRootKey(rootKey)
    writeKmsParameters(folder.rootKeyParameters, made)
    return rootKey
  }
  const parameters = newPassphraseParameters()
  // Before the file: a passphrase that is refused must not leave the folder bound to one.
  const rootKey = await openPassphraseRootKey(required(passphrase), parameters)
  writePassphraseParameters(folder.rootKeyParameters, parameters)
  return rootKey
}

async function openExisting(
  folder: DataFolder,
  { provider, path }: RootKeyFile,
  choice: RootKeyChoice,
): Promise<RootKey> {
  if (provider === 'file') return openFileRootKey(path, { create: false })
  if (provider === 'kms') return openKmsRootKey(readKmsParameters(path), choice.kms)
  const passphrase = required(choice.passphrase)
  // None so short was ever taken: it is a wrong one, not one to be replaced.
  if (passphrase.length < PASSPHRASE_CHARS_MIN) {
    throw wrongPassphrase(folder.path)
  }
  return openPassphraseRootKey(passphrase, readPassphraseParameters(path))
}

const NO_KMS_KEY = { keyArn: undefined, endpoint: undefined, credentialsFile: undefined }

function required(passphrase: string | undefined): string {
  if (passphrase !== undefined) return passphrase
  throw new UsageError('the root key needs your passphrase', {
    hint: `put it into the variable ${PASSPHRASE_VARIABLE}, or name a file that holds it with --passphrase-file`,
  })
}
