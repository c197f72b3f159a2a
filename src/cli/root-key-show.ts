/** `keyhold root-key show`: which root key protects the data folder, without opening it. */
import { instantText } from '../base/clock.ts'
import { OperatorError } from '../config/operator-error.ts'
import { defaultDataFolder } from '../config/settings.ts'
import { storePasswordIn } from '../config/store-password.ts'
import type { StoredDomainKey } from '../domain/store.ts'
import { type DataFolder, dataFolder, requireDataFolder } from '../start/data-folder.ts'
import { kmsParametersIn } from '../start/kms-root-key.ts'
import { pkcs11ParametersIn } from '../start/pkcs11-root-key.ts'
import { rootKeyFileOf, rootKeyFiles } from '../start/root-key-files.ts'
import { sharesParametersIn } from '../start/shares-root-key.ts'
import { storePlaceOf } from '../start/store-place.ts'
import { defineCommand } from './command.ts'
import { EXIT_OK, printTable } from './terminal.ts'

export const rootKeyShow = defineCommand({
  settings: ['data', 'json', 'config'],
  fallbacks: { data: '~/.local/share/keyhold' },
  description: `
Prints the id of the root key that the data folder is under, its provider and file, and how many domain
keys it wraps. Shows no secret and asks for none; the server may be running.`,
  async run({ settings, terminal }) {
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    requireDataFolder(folder)
    const store = await storePlaceOf(folder, storePasswordIn(terminal.env)).openSnapshot()
    try {
      const facts = factsOf(folder, await store.reader.listDomainKeys())
      if (settings.json) terminal.print(JSON.stringify(facts, undefined, 2))
      else printTable(terminal, rowsOf(facts))
      return EXIT_OK
    } finally {
      await store.close()
    }
  },
})

interface RootKeyFacts {
  readonly id: string
  readonly provider: string | undefined
  readonly file: string | undefined
  /** Of the provider `kms`. */
  readonly keyArn: string | undefined
  readonly endpoint: string | undefined
  /** Of the provider `pkcs11`. */
  readonly module: string | undefined
  readonly tokens: readonly string[] | undefined
  readonly keyLabel: string | undefined
  /** CKA_ID */
  readonly keyId: string | undefined
  /** Of the provider `shares`: how many there are, and how many open it. */
  readonly shares: number | undefined
  readonly threshold: number | undefined
  readonly domainKeys: number
  /** Those that lie in the folder and that the store is not under. */
  readonly otherFiles: readonly string[]
  readonly oldestDomainKey: string | undefined
  readonly newestDomainKey: string | undefined
}

function factsOf(folder: DataFolder, domainKeys: readonly StoredDomainKey[]): RootKeyFacts {
  const rootKeyId = domainKeys[0]?.rootKeyId
  if (rootKeyId === undefined) {
    throw new OperatorError(`nothing in ${folder.path} is under a root key yet`, {
      hint: "'keyhold start' makes one",
    })
  }
  const file = rootKeyFileOf(folder, rootKeyId)
  const kms = file?.provider === 'kms' ? kmsParametersIn(file.path) : undefined
  const hsm = file?.provider === 'pkcs11' ? pkcs11ParametersIn(file.path) : undefined
  const shared = file?.provider === 'shares' ? sharesParametersIn(file.path) : undefined
  const others = rootKeyFiles(folder).filter(({ path }) => path !== file?.path)
  // Those that stay for ever have no time.
  const times = domainKeys.map(({ createdAt }) => createdAt).filter((time) => time > 0)
  return {
    id: rootKeyId,
    provider: file?.provider,
    file: file?.path,
    keyArn: kms?.keyArn,
    endpoint: kms?.endpoint,
    module: hsm?.module,
    tokens: hsm?.tokens.map((name) => ('serial' in name ? `serial=${name.serial}` : name.label)),
    keyLabel: hsm?.keyLabel,
    keyId: hsm?.keyId,
    shares: shared?.shares,
    threshold: shared?.threshold,
    domainKeys: domainKeys.length,
    otherFiles: others.map(({ path }) => path),
    oldestDomainKey: times[0] === undefined ? undefined : instantText(times[0]),
    newestDomainKey: times[0] === undefined ? undefined : instantText(times.at(-1)!),
  }
}

function rowsOf(facts: RootKeyFacts): string[][] {
  const { id, provider, file, keyArn, endpoint, domainKeys, otherFiles, oldestDomainKey, newestDomainKey } = facts
  const { module, tokens, keyLabel, keyId, shares, threshold } = facts
  const times = oldestDomainKey === undefined ? '' : `, made ${oldestDomainKey} to ${newestDomainKey}`
  return [
    ['root key', id],
    ['provider', provider ?? 'unknown: its file is missing'],
    ...(file === undefined ? [] : [['file', file]]),
    ...(keyArn === undefined ? [] : [['KMS key', `${keyArn} at ${endpoint}`]]),
    ...(module === undefined
      ? []
      : [
          ['HSM key', `${keyLabel}, CKA_ID ${keyId}`],
          ['HSM', `token ${tokens!.join(', ')} of ${module}`],
        ]),
    ...(shares === undefined ? [] : [['shares', `${threshold} of ${shares} open it`]]),
    ['domain keys', `${domainKeys}${times}`],
    ...otherFiles.map((path) => ['not in use', path]),
  ]
}
