/** The grants that a principal of the caller's account may retire, of every key of the Region (operations.md 3.38). */
import { notFound } from '../base/errors.ts'
import { structure } from '../base/schema.ts'
import { principalRef, unknownArn } from '../domain/grants/grant-principals.ts'
import type { IdentityServices } from '../domain/identity/identity-services.ts'
import { parsePrincipalArn } from '../domain/identity/principal-arn.ts'
import { type Principals, principalShownIn, shownPrincipal } from '../domain/identity/resolve-principal.ts'
import type { Principal } from '../domain/principal.ts'
import type { Reader } from '../domain/store.ts'
import { defineOperation, type LocatedEntity } from '../pipeline/operation.ts'
import { grantEntries, principalId } from './shapes/grants.ts'
import { limit, marker } from './shapes/members.ts'
import { page, pageLimit, pageStart } from './shapes/pagination.ts'

export const ListRetirableGrants = defineOperation({
  name: 'ListRetirableGrants',
  input: structure({ Limit: limit, Marker: marker, RetiringPrincipal: principalId }),
  uses: [
    {
      on: 'entity',
      permission: 'kms:ListRetirableGrants',
      locate: ({ RetiringPrincipal }, { store }) => named(RetiringPrincipal, store),
      // A service has no policy that could allow it to ask what it may retire itself.
      applies: ({ RetiringPrincipal }, { principal }) => !isService(principal, RetiringPrincipal),
    },
  ],
  audit: {
    readOnly: true,
    parameters: ({ RetiringPrincipal, Limit, Marker }) => ({
      retiringPrincipal: RetiringPrincipal,
      limit: Limit,
      marker: Marker,
    }),
  },
  async handler(input, { call, store, identity }) {
    const { region, time } = call
    const { account, arn } = call.principal
    const retiring = isService(call.principal, input.RetiringPrincipal)
      ? arn
      : await retiringOf(input.RetiringPrincipal, account, region, store, identity)
    const scope = ['ListRetirableGrants', account, region, retiring]
    const limit = pageLimit(input, 50, 100)
    const after = pageStart(input, scope)
    const found = await store.listRetirableGrants(region, retiring, { after, limit: limit + 1 }, time)
    const { items, end } = page(found, limit, scope, ({ grantId }) => grantId)
    return { Grants: await grantEntries(region, items, store), ...end }
  },
})

/** Policies compare ARNs: whoever is named by his unique id is asked about by his. What names nobody is refused after them. */
async function named(text: string, principals: Principals): Promise<LocatedEntity> {
  const arn = await shownPrincipal(text, principals)
  return parsePrincipalArn(arn) === undefined ? { arn: '*', shownAs: text } : { arn }
}

function isService({ type, arn }: Principal, named: string): boolean {
  return type === 'AWSService' && arn === named
}

/** Of another account nobody is there, whether or not he is. */
async function retiringOf(
  text: string,
  account: string,
  region: string,
  reader: Reader,
  { externalAccounts }: IdentityServices,
) {
  const gone = notFound(`Retiring principal ${text} could not be found`)
  const ref = await principalRef(text, reader, externalAccounts, region, gone)
  const shown = await principalShownIn(region, ref, reader)
  if (parsePrincipalArn(shown)?.account === account) return ref
  throw shown === text ? unknownArn(text) : gone
}
