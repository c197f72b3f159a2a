/** The grants that speak for a use of a key (authorization.md 4.5), with what grant tokens add to them (4.4). */
import { applicableGrants, granteeRefs } from '../domain/grants/applicable-grants.ts'
import type { Grant, GrantName } from '../domain/grants/grant.ts'
import { type KeyName, keyRef } from '../domain/keys/key.ts'
import type { LocatedKey } from '../domain/keys/locate-key.ts'
import type { ApplicableGrant } from '../domain/policy/access-request.ts'
import type { MaybePromise } from '../domain/store.ts'
import type { Authorization } from './authorize-uses.ts'
import type { Located } from './locate.ts'
import type { KeyUse, Use } from './operation.ts'

/** At once if they are at hand. @param action `kms:Decrypt` */
export function grantsFor(
  authorization: Authorization,
  use: Use<unknown>,
  found: Located,
  action: string,
): MaybePromise<readonly ApplicableGrant[]> {
  const key = use.on === 'key' && use.grantable === true ? (found as LocatedKey).key : undefined
  if (key === undefined) return NONE
  const { lookups, of } = authorization
  const grants = lookups.findGrants(key, granteeRefs(of.call.principal))
  if (of.presentedGrants.length > 0) return withPresented(authorization, use as KeyUse<unknown>, key, action, grants)
  if (grants instanceof Promise) return grants.then((grants) => applicable(authorization, use, action, grants))
  return applicable(authorization, use, action, grants)
}

const NONE: readonly ApplicableGrant[] = []

/** A token makes its grant known to a node that has not heard of it yet; it proves nothing else (GT-3, GT-5). */
async function withPresented(
  authorization: Authorization,
  use: KeyUse<unknown>,
  key: KeyName,
  action: string,
  known: MaybePromise<readonly Grant[]>,
): Promise<readonly ApplicableGrant[]> {
  const grants = [...(await known)]
  for (const name of authorization.of.presentedGrants) {
    if (keyRef(name) !== keyRef(key) || grants.some(({ grantId }) => grantId === name.grantId)) continue
    const grant = await authorization.reader.findGrant(name)
    if (grant !== undefined) grants.push(grant)
  }
  return applicable(authorization, use, action, grants)
}

function applicable(
  { of, grants: { propagationDelayMs } }: Authorization,
  use: Use<unknown>,
  action: string,
  grants: readonly Grant[],
): readonly ApplicableGrant[] {
  if (grants.length === 0 || use.on !== 'key') return NONE
  const { input, call, presentedGrants } = of
  const accepts = use.acceptsGrant?.(input)
  const isVisible = (grant: Grant) =>
    propagationDelayMs === 0 ||
    grant.createdAt + propagationDelayMs <= call.time ||
    presentedGrants.some(({ grantId }: GrantName) => grantId === grant.grantId)
  const counting = grants.filter((grant) => isVisible(grant) && accepts?.(grant) !== false)
  return applicableGrants(counting, call.principal, action, { encryptionContext: use.encryptionContext?.(input) })
}
