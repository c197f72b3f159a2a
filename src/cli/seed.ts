/** `keyhold seed FILE`: keys that somebody chose, into the folder of a stopped server. */
import { resolve } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { defaultDataFolder, type Settings } from '../config/settings.ts'
import { storePasswordIn } from '../config/store-password.ts'
import { createRandomSource } from '../crypto/random.ts'
import { NO_KEY_STORES } from '../domain/key-stores/key-stores.ts'
import { createDomainKeys } from '../domain/keys/domain-keys.ts'
import { createKeyMaterials } from '../domain/keys/key-material.ts'
import type { Store } from '../domain/store.ts'
import { applySeed, type SeedDefaults, type SeedOutcome } from '../seed/apply-seed.ts'
import type { Seed } from '../seed/seed.ts'
import { loadSeedFile } from '../seed/seed-file.ts'
import { type DataFolder, dataFolder, requireDataFolder, requireOwner } from '../start/data-folder.ts'
import { DEVELOPMENT_ACCOUNT } from '../start/development.ts'
import { lockFolder } from '../start/folder-lock.ts'
import { openRootKey } from '../start/root-key.ts'
import { ROOT_KEY_SETTINGS, rootKeyChoiceOf } from '../start/root-key-choice.ts'
import { type FolderSecrets, storePlaceOf } from '../start/store-place.ts'
import { sharesWhenNeeded } from './ask-shares.ts'
import { defineCommand } from './command.ts'
import { whichAccount } from './operator-command.ts'
import { EXIT_OK } from './terminal.ts'

const NODE = 'seed'

export const seed = defineCommand({
  args: ['FILE'],
  settings: ['data', ...ROOT_KEY_SETTINGS, 'account', 'region', 'externalAccounts', 'config'],
  fallbacks: { data: '~/.local/share/keyhold', account: "the data folder's own", externalAccounts: 'reject' },
  meanings: {
    account: 'Account of keys and identities that name none.',
    region: 'Region of keys that name none.',
  },
  description: `
Creates the keys, aliases and identities that a YAML file describes (docs/seed-file.md). Stop the
server first. What is there already, just as the file wants it, is left alone; if anything
contradicts the file, nothing is changed.

Meant for development: material and secrets that are written down in a file protect nothing.`,
  async run({ settings, args: [file], terminal }) {
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    requireDataFolder(folder)
    requireOwner(folder)
    const loaded = loadSeedFile(resolve(terminal.folder, file!))
    const openShares = sharesWhenNeeded(terminal)
    const storePassword = storePasswordIn(terminal.env)
    const choice = { ...rootKeyChoiceOf(settings, terminal.env), openShares, storePassword }
    const lock = await lockFolder(folder)
    try {
      const outcome = await applyTo(folder, choice, loaded, settings)
      terminal.print(report(outcome))
      return EXIT_OK
    } finally {
      lock.release()
    }
  },
})

type Wanted = Pick<Settings, 'account' | 'region' | 'externalAccounts'>

async function applyTo(folder: DataFolder, choice: FolderSecrets, loaded: Seed, wanted: Wanted): Promise<SeedOutcome> {
  const random = createRandomSource()
  const place = storePlaceOf(folder, choice.storePassword)
  const store = await place.open(place.nodeName(NODE), systemClock)
  try {
    const rootKey = await openRootKey(folder, choice, place, await store.newestDomainKey())
    const domainKeys = createDomainKeys(store, rootKey, systemClock, random)
    const keyMaterials = createKeyMaterials(store, domainKeys, random, NO_KEY_STORES)
    const account = wanted.account ?? (await onlyAccount(store, loaded))
    const defaults: SeedDefaults = { account, region: wanted.region }
    const externalAccounts = wanted.externalAccounts ?? 'reject'
    const services = { store, keyMaterials, domainKeys, random, clock: systemClock, externalAccounts }
    return await applySeed(services, loaded, defaults)
  } finally {
    await store.close()
  }
}

/** @throws {UsageError} if there are several, and the seed does not say of all that is in it whose it is. */
async function onlyAccount(store: Store, { account, keys, identities }: Seed): Promise<string> {
  const accounts = await store.listAccounts()
  const owned = [...keys, ...identities.groups, ...identities.users, ...identities.roles]
  const namesAll = account !== undefined || owned.every((entry) => entry.account !== undefined)
  if (accounts.length > 1 && !namesAll) throw whichAccount(accounts)
  return accounts[0] ?? DEVELOPMENT_ACCOUNT
}

function report({ keysMade, aliasesMade, keysFound, identitiesMade, identitiesFound }: SeedOutcome): string {
  const keys = `${count(keysMade, 'key', 'keys')} and ${count(aliasesMade, 'alias', 'aliases')} created, ${count(keysFound, 'key', 'keys')} there already`
  if (identitiesMade + identitiesFound === 0) return keys
  return `${keys}\n${count(identitiesMade, 'identity', 'identities')} created, ${count(identitiesFound, 'identity', 'identities')} there already`
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
