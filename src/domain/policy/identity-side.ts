/** What the policies of the caller say: identity policies, permissions boundary, session policies (authorization.md 2.4). */
import type { NamedPolicy } from '../identity/rights.ts'
import type { Access } from './access.ts'
import type { DecisiveStatement, PolicyType } from './decision.ts'
import type { Statement } from './policy.ts'

const IDENTITY = 'identity-based policy'
const BOUNDARY = 'permissions boundary'
const SESSION = 'session policy'

/** The first explicit deny, in the order of X-1. */
export function identityDeny(access: Access): DecisiveStatement | undefined {
  const { boundary, sessionPolicies, identityPolicies } = access.request.rights
  return (
    (boundary && denyOf(access, boundary, BOUNDARY)) ??
    (sessionPolicies && firstDeny(access, sessionPolicies, SESSION)) ??
    firstDeny(access, identityPolicies, IDENTITY)
  )
}

export function firstDeny(
  access: Access,
  policies: readonly NamedPolicy[],
  type: PolicyType,
): DecisiveStatement | undefined {
  for (const named of policies) {
    const deny = denyOf(access, named, type)
    if (deny !== undefined) return deny
  }
  return undefined
}

function denyOf(access: Access, { name, policy }: NamedPolicy, type: PolicyType): DecisiveStatement | undefined {
  if (!policy.hasDenies) return undefined
  const { denies } = policy
  const statement = access.firstApplying(policy, denies, denies, access.identity)
  return statement && decisive(statement, name, type)
}

const UNASKED: unique symbol = Symbol('unasked')

/** The allows of the caller's policies, each looked for when it is first asked for. */
export class IdentitySide {
  readonly #access: Access
  #allow: readonly DecisiveStatement[] | undefined | typeof UNASKED = UNASKED
  #missingFilter: PolicyType | undefined | typeof UNASKED = UNASKED

  constructor(access: Access) {
    this.#access = access
  }

  /** What allows; the root user needs nothing, so nothing is named. `undefined`: no identity policy allows. */
  allow(): readonly DecisiveStatement[] | undefined {
    if (this.#allow === UNASKED) this.#allow = this.#findAllow()
    return this.#allow
  }

  /** The first of boundary and session policy that lacks an Allow. */
  missingFilter(): PolicyType | undefined {
    if (this.#missingFilter === UNASKED) this.#missingFilter = this.#findMissingFilter()
    return this.#missingFilter
  }

  /** All three allow. */
  isFull(): boolean {
    return this.allow() !== undefined && this.missingFilter() === undefined
  }

  /** The first of the three that lacks an Allow, where they are not full. */
  missing(): PolicyType {
    return this.allow() === undefined ? IDENTITY : this.missingFilter()!
  }

  #findAllow(): readonly DecisiveStatement[] | undefined {
    const { caller, request } = this.#access
    if (caller.isRoot) return []
    for (const { name, policy } of request.rights.identityPolicies) {
      const statement = this.#firstAllow({ name, policy })
      if (statement !== undefined) return [decisive(statement, name, IDENTITY)]
    }
    return undefined
  }

  #findMissingFilter(): PolicyType | undefined {
    const { rights, principal } = this.#access.request
    const { boundary, sessionPolicies } = rights
    if (boundary !== undefined && this.#firstAllow(boundary) === undefined) return BOUNDARY
    // E-12: without a session policy a federated user can do nothing by himself.
    if (sessionPolicies === undefined) return principal.type === 'FederatedUser' ? SESSION : undefined
    return sessionPolicies.some((named) => this.#firstAllow(named) !== undefined) ? undefined : SESSION
  }

  #firstAllow({ policy }: NamedPolicy): Statement | undefined {
    const { allows } = policy
    return this.#access.anyApplying(policy, allows, allows, this.#access.identity)
  }
}

function decisive({ index, sid }: Statement, policyName: string, policyType: PolicyType): DecisiveStatement {
  return { policyType, policyName, index, ...(sid !== undefined && { sid }) }
}
