/** The aliases of an account and Region, or of one key (operations.md 3.32). */
import { aliasArn } from '../base/arn.ts'
import { optional, structure } from '../base/schema.ts'
import type { Alias } from '../domain/aliases.ts'
import { type UntiedAlias, withPredefined } from '../domain/managed-keys/predefined.ts'
import { defineOperation, keyNamed } from '../pipeline/operation.ts'
import { ANY_STATE } from './shapes/key-states.ts'
import { keyId, limit, marker } from './shapes/members.ts'
import { page, pageLimit, pageStart } from './shapes/pagination.ts'

/** Without a key behind it an alias of AWS has a name and nothing else. */
function entryOf(alias: Alias | UntiedAlias) {
  const { account, region, aliasName } = alias
  const name = { AliasName: aliasName, AliasArn: aliasArn(account, region, aliasName) }
  if (alias.keyId === undefined) return name
  const { keyId, createdAt, updatedAt } = alias
  return { ...name, TargetKeyId: keyId, CreationDate: createdAt / 1000, LastUpdatedDate: updatedAt / 1000 }
}

export const ListAliases = defineOperation({
  name: 'ListAliases',
  input: structure({ KeyId: optional(keyId), Limit: limit, Marker: marker }),
  uses: [
    { on: 'account', permission: 'kms:ListAliases' },
    {
      on: 'key',
      locate: ({ KeyId }) => (KeyId === undefined ? undefined : keyNamed(KeyId)),
      permission: undefined,
      keyStates: ANY_STATE,
    },
  ],
  audit: {
    readOnly: true,
    parameters: ({ Limit, Marker, KeyId }) => ({ limit: Limit, marker: Marker, keyId: KeyId }),
  },
  async handler(input, { resources, call, store }) {
    const { account } = call.principal
    const filter = input.KeyId === undefined ? undefined : resources[1].key.keyId
    const scope = ['ListAliases', account, call.region, filter ?? '']
    const limit = pageLimit(input, 50, 100)
    const after = pageStart(input, scope)
    const request = { after, limit: limit + 1 }
    const stored = await store.listAliases(account, call.region, filter, request, call.time)
    const all = filter === undefined ? withPredefined(stored, { account, region: call.region }, request) : stored
    const { items, end } = page(all, limit, scope, ({ aliasName }) => aliasName)
    return { Aliases: items.map(entryOf), ...end }
  },
})
