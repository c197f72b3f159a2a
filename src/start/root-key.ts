/** Which root key a data folder has, and opening it. */
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { readPassphraseFile } from '../config/passphrase.ts'
import type { Settings } from '../config/settings.ts'
import { type RootKey, SecretRefusedError } from '../crypto/root-key/root-key.ts'
import type { StoredDomainKey } from '../domain/store.ts'
import type { DataFolder } from './data-folder.ts'
import { RESTORE_PARAMETERS, wrongPassphrase } from './passphrase-root-key.ts'
import type { RootKeyChoice } from './root-key-choice.ts'
import { firstRootKeyFile, type RootKeyFile, type RootKeyProvider, rootKeyFileOf } from './root-key-files.ts'
import { ROOT_KEY_MAKERS } from './root-key-makers.ts'
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
  if (settings === 'must fit') checkNamedKey(provider, file, choice)
  if (file === undefined) return makeFirst(folder, provider, choice)
  const checkId = (id: string) => {
    if (newest === undefined || newest.rootKeyId === id) return
    throw place.isShared ? otherRootKey(file, place) : misfit(folder, file, newest)
  }
  const { idIn, open } = ROOT_KEY_MAKERS[file.provider]
  // Nobody is to come with his share for nothing.
  if (idIn !== undefined) checkId(idIn(file.path))
  const rootKey = await open(file.path, choice)
  checkId(rootKey.id)
  return rootKey
}

/**
 * For a process of a running server: the provider was looked at when the server started, and the root key may have been changed
 * since, its passphrase with it.
 */
export async function openRootKeyAgain(
  folder: DataFolder,
  choice: RootKeyChoice,
  place: StorePlace,
  newest: UnderRootKey | undefined,
): Promise<RootKey> {
  const { passphrase, passphraseFile } = choice
  const asItIs = { ...choice, provider: undefined }
  try {
    return await openRootKey(folder, asItIs, place, newest, 'as it is')
  } catch (error) {
    // A PIN that is wrong has nothing to do with it, and each attempt counts.
    if (passphraseFile === undefined || error instanceof SecretRefusedError) throw error
    const again = readPassphraseFile(passphraseFile)
    if (again === passphrase) throw error
    return openRootKey(folder, { ...asItIs, passphrase: again }, place, newest, 'as it is')
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
function checkNamedKey(provider: RootKeyProvider, file: RootKeyFile | undefined, choice: RootKeyChoice): void {
  for (const [other, { namedBy }] of Object.entries(ROOT_KEY_MAKERS)) {
    const flag = other === provider ? undefined : namedBy?.(choice)
    if (flag === undefined) continue
    throw new UsageError(`there is ${flag}, but the root key is of the kind ${provider}`, {
      hint: `a new data folder takes --root-key ${other}; keyhold root-key change changes another`,
    })
  }
  if (file !== undefined) ROOT_KEY_MAKERS[provider].checkNamed?.(file.path, choice)
}

/** Which of the two it was only the operator knows. */
function missing(folder: DataFolder, wanted: Settings['rootKey']): OperatorError {
  if (wanted === 'passphrase') {
    return new OperatorError(
      `${folder.rootKeyParameters} is missing, and this data folder was made with it`,
      RESTORE_PARAMETERS,
    )
  }
  const what = wanted === undefined ? `${folder.rootKey} (or root-key.json)` : firstRootKeyFile(folder, wanted)
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

async function makeFirst(folder: DataFolder, provider: RootKeyProvider, choice: RootKeyChoice): Promise<RootKey> {
  const { rootKey, save } = await ROOT_KEY_MAKERS[provider].make(choice)
  save(firstRootKeyFile(folder, provider))
  return rootKey
}
