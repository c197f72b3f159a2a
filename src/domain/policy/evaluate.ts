/**
 * Decides whether a request is allowed: the algorithm of authorization.md 2.4. A pure function: everything it looks at is in
 * the request.
 */
import type { NamedPolicy } from '../identity/rights.ts'
import type { Principal } from '../principal.ts'
import { Access } from './access.ts'
import type { AccessRequest, AccessResource, ApplicableGrant } from './access-request.ts'
import { compilePolicy } from './compile-policy.ts'
import type { Decision, DecisiveStatement, PolicyType } from './decision.ts'
import { GUARD, guardDeny, guardsAllow } from './extra-guards.ts'
import { IdentitySide, identityDeny } from './identity-side.ts'
import type { Policy } from './policy.ts'
import { delegationAtOnce, isDirect, isFiltered, type Reach, resourceDeny, resourceReach } from './resource-side.ts'

/** Never throws: what fails is denied, and the decision carries the failure for the log (authorization.md section 7.7). */
export function evaluate(request: AccessRequest): Decision {
  try {
    return decide(new Access(request))
  } catch (failure) {
    const isVisible = isOwn(request)
    return { allowed: false, reason: 'missing allow', missing: 'resource-based policy', isVisible, failure }
  }
}

/** Whether the caller's account speaks for the resource; services and web identities need no account to speak for them. */
function isOwn({ principal, resource }: { principal: Principal; resource: AccessResource }): boolean {
  return isWithoutAccount(principal) || principal.account === resource.account
}

/** Judged by the resource's policy alone (E-11). */
function isWithoutAccount({ type }: Principal): boolean {
  return type === 'WebIdentityUser' || type === 'AWSService'
}

function decide(access: Access): Decision {
  const { extraGuards } = access.request.rights
  return extraGuards === undefined ? decideByPolicies(access) : decideUnderGuards(access, extraGuards)
}

/** As AWS does, the operator's policies are named before others, once it may be told that the resource exists. */
function decideUnderGuards(access: Access, guards: readonly NamedPolicy[]): Decision {
  const decision = decideByPolicies(access)
  if (!decision.allowed && !decision.isVisible) return decision
  const by = guardDeny(access, guards)
  if (by !== undefined) return denied(by)
  if (guardsAllow(access, guards) || (!decision.allowed && decision.reason === 'explicit deny')) return decision
  return missing(GUARD)
}

function decideByPolicies(access: Access): Decision {
  const own = isOwn(access.request)
  const policy = resourcePolicy(access.request, own)
  const deny = policy && resourceDeny(access, policy)
  if (deny !== undefined) return { allowed: false, reason: 'explicit deny', by: deny.alone[0], isVisible: own }
  if (policy !== undefined && !own) return decideAcrossAccounts(access, policy)
  const by = identityDeny(access)
  if (by !== undefined) return denied(by)

  const identity = new IdentitySide(access)
  if (policy === undefined) return own && identity.isFull() ? allowed(identity.allow()!) : missing(identity.missing())
  return decideInAccount(access, policy, identity)
}

const NO_STATEMENTS = compilePolicy('{"Statement":[]}')

/**
 * `undefined`: the resource is of a kind that has none. A key that does not exist is judged by the caller's policies alone in
 * his own account (authorization.md 5.3); a foreign one, and a role, like one whose policy says nothing.
 */
function resourcePolicy({ principal, resource }: AccessRequest, own: boolean): Policy | undefined {
  const { kind, policy } = resource
  if (kind === 'role') return policy ?? NO_STATEMENTS
  if (kind !== 'key') return undefined
  return policy ?? (own && !isWithoutAccount(principal) ? undefined : NO_STATEMENTS)
}

/** Policy before grants: only who is allowed by a grant alone is bound to what the grant permits (GP-4). */
function decideInAccount(access: Access, policy: Policy, identity: IdentitySide): Decision {
  // Most keys leave it to the account, and most callers are allowed without conditions: then no values need be made.
  const delegation = delegationAtOnce(access, policy)
  if (delegation !== undefined && identity.isFull()) return allowed([...delegation.alone, ...identity.allow()!])
  const reach = resourceReach(access, policy, true)
  const { direct, filtered, account } = reach
  if (direct !== undefined) return allowed(direct.alone)
  if (filtered !== undefined && identity.missingFilter() === undefined) return allowed(filtered.alone)
  if (account !== undefined && identity.isFull()) return allowed([...account.alone, ...identity.allow()!])
  const { grants } = access.request
  return grants.length === 0 ? deniedInAccount(reach, identity) : decideByGrants(grants, reach, identity)
}

function decideByGrants(grants: readonly ApplicableGrant[], reach: Reach, identity: IdentitySide): Decision {
  const direct = grants.find(({ form }) => isDirect(form))
  if (direct !== undefined) return allowedByGrant(direct)
  const filtered = grants.find(({ form }) => isFiltered(form))
  if (filtered !== undefined && identity.missingFilter() === undefined) return allowedByGrant(filtered)
  const account = grants.find(({ form }) => form === 'ACCOUNT')
  if (account !== undefined && identity.isFull()) return allowedByGrant(account)
  return deniedInAccount(reach, identity, filtered, account)
}

/** what is offered and filtered out comes first, then what delegation lacks. */
function deniedInAccount(
  reach: Reach,
  identity: IdentitySide,
  filtered?: ApplicableGrant,
  account?: ApplicableGrant,
): Denied {
  if (reach.filtered !== undefined || filtered !== undefined) return missing(identity.missingFilter()!)
  if (reach.account !== undefined || account !== undefined) return missing(identity.missing())
  return missing('resource-based policy')
}

/**
 * The owner's side first: until it lets the caller in, his own policies are not asked. A Deny in them with a condition on the key's
 * tags or aliases would tell him of a key, by the difference between two refusals (authorization.md 5.3).
 */
function decideAcrossAccounts(access: Access, policy: Policy): Decision {
  const { grants, principal, crossAccount } = access.request
  if (!crossAccount) return INVISIBLE
  const reach = resourceReach(access, policy, false)
  const statement = reach.direct ?? reach.filtered ?? reach.account
  if (statement === undefined && grants.length === 0) return INVISIBLE
  const by = identityDeny(access)
  if (by !== undefined) return denied(by)
  const identity = new IdentitySide(access)
  if (statement !== undefined && identity.isFull()) return allowed([...statement.alone, ...identity.allow()!])

  // E-8: a grant that was issued from the caller's account speaks for both sides.
  const issuedHere = grants.filter(({ issuingAccount }) => issuingAccount === principal.account)
  const direct = issuedHere.find(({ form }) => isDirect(form))
  if (direct !== undefined) return allowedByGrant(direct)
  const filtered = issuedHere.find(({ form }) => isFiltered(form))
  if (filtered !== undefined && identity.missingFilter() === undefined) return allowedByGrant(filtered)

  if (identity.isFull()) return allowedByGrant(grants[0]!)
  const isFilteredOut = reach.filtered !== undefined || grants.some(({ form }) => isFiltered(form))
  const filter = isFilteredOut ? identity.missingFilter() : undefined
  return missing(filter ?? identity.missing())
}

type Denied = Decision & { readonly allowed: false }

const INVISIBLE: Denied = Object.freeze({
  allowed: false,
  reason: 'missing allow',
  missing: 'resource-based policy',
  isVisible: false,
})

function missing(policyType: PolicyType): Denied {
  return { allowed: false, reason: 'missing allow', missing: policyType, isVisible: true }
}

function denied(by: DecisiveStatement): Denied {
  return { allowed: false, reason: 'explicit deny', by, isVisible: true }
}

function allowed(by: readonly DecisiveStatement[]): Decision {
  return { allowed: true, by }
}

function allowedByGrant({ grantId }: ApplicableGrant): Decision {
  return { allowed: true, by: [], grantId }
}
