/** Lists of keys and aliases of one account and Region. */
import { type AliasListEntry, type KMSClient, ListAliasesCommand, ListKeysCommand } from '@aws-sdk/client-kms'
import { allPages } from './all-pages.ts'
import { type Failure, failureOf } from './failure.ts'

/** ListKeys' and ListAliases' largest. */
const KEYS_PER_PAGE = 1_000
const ALIASES_PER_PAGE = 100
const AWS_ALIAS = 'alias/aws/'

export interface ListedKey {
  readonly keyId: string
  readonly arn: string
  /** Without `alias/`, sorted. */
  readonly aliases: readonly string[]
}

export interface KeyLists {
  readonly customerManaged: readonly ListedKey[]
  readonly awsManaged: readonly ListedKey[]
  readonly isCut: boolean
  /** Why no aliases are known. */
  readonly aliasesFailure: Failure | undefined
}

/** A caller who may not list aliases sees keys without them: one refusal must not hide what is allowed. */
export async function listAllKeys(kms: KMSClient): Promise<KeyLists> {
  let aliasesFailure: Failure | undefined
  const [keys, aliases] = await Promise.all([
    allPages(
      (Marker) => kms.send(new ListKeysCommand({ Limit: KEYS_PER_PAGE, Marker })),
      ({ Keys }) => Keys,
    ),
    allAliases(kms).catch((error: unknown) => {
      aliasesFailure = failureOf(error)
      return []
    }),
  ])
  const namesByKey = Map.groupBy(aliases, ({ TargetKeyId }) => TargetKeyId)
  const customerManaged: ListedKey[] = []
  const awsManaged: ListedKey[] = []
  for (const { KeyId, KeyArn } of keys.items) {
    const names = (namesByKey.get(KeyId) ?? []).map(({ AliasName }) => AliasName!)
    const key = { keyId: KeyId!, arn: KeyArn!, aliases: names.map(shortAlias).sort() }
    if (names.some((name) => name.startsWith(AWS_ALIAS))) awsManaged.push(key)
    else customerManaged.push(key)
  }
  return {
    customerManaged: byAlias(customerManaged),
    awsManaged: byAlias(awsManaged),
    isCut: keys.isCut,
    aliasesFailure,
  }
}

/** @param keyId of one key; all of the Region if absent. */
export async function allAliases(kms: KMSClient, keyId?: string): Promise<readonly AliasListEntry[]> {
  const list = await allPages(
    (Marker) => kms.send(new ListAliasesCommand({ Limit: ALIASES_PER_PAGE, Marker, KeyId: keyId })),
    ({ Aliases }) => Aliases,
  )
  return list.items
}

export function shortAlias(name: string): string {
  return name.replace(/^alias\//, '')
}

/** Keys without an alias come last, in the service's order. */
function byAlias(keys: ListedKey[]): ListedKey[] {
  return keys.sort(({ aliases: [a] }, { aliases: [b] }) => {
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
    return a.localeCompare(b)
  })
}
