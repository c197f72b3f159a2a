/** The grants of a key, whoever made them (operations.md 3.33). */
import { validationError } from '../base/errors.ts'
import { type Infer, optional, structure } from '../base/schema.ts'
import { invalidArn, principalRef, serviceRef } from '../domain/grants/grant-principals.ts'
import type { ExternalAccounts } from '../domain/identity/resolve-principal.ts'
import type { Reader } from '../domain/store.ts'
import { defineOperation, keyNamed } from '../pipeline/operation.ts'
import { grantEntries, grantId, principalId, servicePrincipal } from './shapes/grants.ts'
import { ANY_STATE } from './shapes/key-states.ts'
import { keyId, limit, marker } from './shapes/members.ts'
import { page, pageLimit, pageStart } from './shapes/pagination.ts'

const input = structure({
  Limit: limit,
  Marker: marker,
  KeyId: keyId,
  GrantId: optional(grantId),
  GranteePrincipal: optional(principalId),
  GranteeServicePrincipal: optional(servicePrincipal),
})

type Input = Infer<typeof input>

export const ListGrants = defineOperation({
  name: 'ListGrants',
  input,
  check({ GranteePrincipal, GranteeServicePrincipal }) {
    if (GranteePrincipal === undefined || GranteeServicePrincipal === undefined) return
    throw validationError('You cannot specify both GranteePrincipal and GranteeServicePrincipal.')
  },
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:ListGrants',
      keyStates: ANY_STATE,
      crossAccount: true,
      managesGrants: true,
    },
  ],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, Limit, Marker, GrantId, GranteePrincipal, GranteeServicePrincipal }) => ({
      keyId: KeyId,
      limit: Limit,
      marker: Marker,
      grantId: GrantId,
      granteePrincipal: GranteePrincipal,
      granteeServicePrincipal: GranteeServicePrincipal,
    }),
  },
  async handler(input, { resources: [{ key }], store, identity: { externalAccounts } }) {
    const grantee = await granteeOf(input, store, externalAccounts, key.region)
    const scope = ['ListGrants', key.arn, input.GrantId ?? '', grantee ?? '']
    const limit = pageLimit(input, 50, 100)
    const after = pageStart(input, scope)
    const found = await store.listGrants(key, { after, limit: limit + 1 }, { grantId: input.GrantId, grantee })
    const { items, end } = page(found, limit, scope, ({ grantId }) => grantId)
    return { Grants: await grantEntries(key.region, items, store), ...end }
  },
})

async function granteeOf(
  { GranteePrincipal, GranteeServicePrincipal }: Input,
  reader: Reader,
  externalAccounts: ExternalAccounts,
  region: string,
) {
  if (GranteeServicePrincipal !== undefined) return serviceRef(GranteeServicePrincipal, reader)
  if (GranteePrincipal === undefined) return undefined
  const gone = invalidArn('Input does not refer to a valid principal')
  return principalRef(GranteePrincipal, reader, externalAccounts, region, gone)
}
