/**
 * The files of root keys in a data folder. The first one is `root-key` or `root-key.json`; those that came by a change have
 * their id in the name, so that old and new lie beside one another and the store alone says which of them counts.
 */
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { DataFolder } from './data-folder.ts'
import { providerNamedIn } from './root-key-parameters.ts'

export const ROOT_KEY_PROVIDERS = ['file', 'passphrase', 'kms', 'pkcs11', 'shares'] as const
export type RootKeyProvider = (typeof ROOT_KEY_PROVIDERS)[number]

export interface RootKeyFile {
  readonly provider: RootKeyProvider
  readonly path: string
}

/** Where that of a new data folder is. */
export function firstRootKeyFile({ rootKey, rootKeyParameters }: DataFolder, provider: RootKeyProvider): string {
  return provider === 'file' ? rootKey : rootKeyParameters
}

/** Where a change puts the root key with this id. */
export function changedRootKeyFile({ rootKey }: DataFolder, provider: RootKeyProvider, id: string): string {
  return provider === 'file' ? `${rootKey}-${id}` : `${rootKey}-${id}.json`
}

/** @param id of the root key that the store is under; `undefined`: nothing was sealed yet. */
export function rootKeyFileOf(folder: DataFolder, id: string | undefined): RootKeyFile | undefined {
  const changed = id === undefined ? [] : [`${folder.rootKey}-${id}.json`, `${folder.rootKey}-${id}`]
  const path = [...changed, folder.rootKeyParameters, folder.rootKey].find((path) => existsSync(path))
  return path === undefined ? undefined : { provider: providerOf(path), path }
}

function providerOf(path: string): RootKeyProvider {
  if (!path.endsWith('.json')) return 'file'
  const named = providerNamedIn(path)
  // That of a passphrase names none.
  return ROOT_KEY_PROVIDERS.find((provider) => provider === named) ?? 'passphrase'
}

/** All of them, those of earlier changes too. */
export function rootKeyFiles({ path, rootKey }: DataFolder): readonly RootKeyFile[] {
  const name = new RegExp(`^${basename(rootKey)}(-[0-9a-f]{32})?(\\.json)?$`)
  return readdirSync(path)
    .filter((entry) => name.test(entry))
    .sort()
    .map((entry) => `${dirname(rootKey)}/${entry}`)
    .map((path) => ({ provider: providerOf(path), path }))
}
