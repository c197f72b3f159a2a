/** The policies that speak for or against a caller, apart from those of the resource (authorization.md section 2). */
import type { Tag } from '../keys/key.ts'
import type { Policy } from '../policy/policy.ts'

export interface NamedPolicy {
  /** ARN of a managed policy, name of an inline one; for explanations. */
  readonly name: string
  readonly policy: Policy
}

/** Read at the time of the request, not frozen into a session (authorization.md 6.7). */
export interface Rights {
  /** Own inline and managed policies, then those of groups. */
  readonly identityPolicies: readonly NamedPolicy[]
  readonly boundary: NamedPolicy | undefined
  /** `undefined`: no session policies; a list: one of them must allow. */
  readonly sessionPolicies: readonly NamedPolicy[] | undefined
  /** `aws:PrincipalTag`: those of the user or role, and of the session, which win. */
  readonly tags: readonly Tag[]
}

/** Of callers who can have none: the root user, who needs none (E-1), services (E-11) and web identities. */
export const NO_POLICIES: Rights = Object.freeze({
  identityPolicies: [],
  boundary: undefined,
  sessionPolicies: undefined,
  tags: [],
})
