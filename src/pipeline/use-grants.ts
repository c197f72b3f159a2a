/** The grants that speak for a use of a key (authorization.md 4.5). */
import { applicableGrants } from '../domain/grants/applicable-grants.ts'
import type { Grant } from '../domain/grants/grant.ts'
import { visibleGrants } from '../domain/grants/visible-grants.ts'
import type { LocatedKey } from '../domain/keys/locate-key.ts'
import type { ApplicableGrant } from '../domain/policy/access-request.ts'
import type { MaybePromise } from '../domain/store.ts'
import type { Asked } from './asked.ts'
import type { Located } from './locate.ts'
import type { KeyUse, Use } from './operation.ts'

const NONE: readonly ApplicableGrant[] = []

/** At once if they are at hand. @param action `kms:Decrypt` */
export function grantsFor(
  { of, lookups, grants: services }: Asked,
  use: Use<unknown>,
  found: Located,
  action: string,
): MaybePromise<readonly ApplicableGrant[]> {
  const key = use.on === 'key' && use.grantable === true ? (found as LocatedKey).key : undefined
  if (key === undefined) return NONE
  const { input, call, presentedGrants } = of
  const { acceptsGrant, encryptionContext } = use as KeyUse<unknown>
  const toApplicable = (grants: readonly Grant[]) => {
    if (grants.length === 0) return NONE
    const accepts = acceptsGrant?.(input)
    const counting = accepts === undefined ? grants : grants.filter(accepts)
    const facts = { encryptionContext: encryptionContext?.(input), sourceArn: call.source?.arn }
    return applicableGrants(counting, call.principal, action, facts)
  }
  const view = { presented: presentedGrants, time: call.time }
  const grants = visibleGrants(lookups, key, call.principal, view, services)
  return grants instanceof Promise ? grants.then(toApplicable) : toApplicable(grants)
}
