/** What evaluation is asked, and what it answers. */

import type { Rights } from '../identity/rights.ts'
import type { Principal } from '../principal.ts'
import type { ConditionValues } from './condition-values.ts'
import type { Policy } from './policy.ts'
import type { PrincipalForm } from './principal-form.ts'

/** A grant that applies to the request: grantee, operation and constraints have been looked at (authorization.md 4.5). */
export interface ApplicableGrant {
  readonly grantId: string
  readonly form: PrincipalForm
  readonly issuingAccount: string
}

export interface AccessResource {
  /** `key` and `role` have a policy of their own; the others have none. `account`: R-1 decides what matches. */
  readonly kind: 'key' | 'alias' | 'account' | 'role' | 'entity'
  /** `*` for `account`. */
  readonly arn: string
  /** In refusals, where the ARN is not what AWS shows there. */
  readonly shownAs?: string | undefined
  readonly account: string
  /** Of keys and roles; `undefined` where the resource does not exist. */
  readonly policy?: Policy | undefined
  /** The caller did not name the key, its ciphertext did: denials must not echo it. */
  readonly foundByCiphertext?: boolean
}

export interface AccessRequest {
  readonly principal: Principal
  readonly rights: Rights
  /** In its canonical spelling: `kms:Decrypt`. */
  readonly action: string
  readonly resource: AccessResource
  /** May this action be used from another account at all (authorization.md 2.5)? */
  readonly crossAccount: boolean
  readonly grants: readonly ApplicableGrant[]
  readonly region: string
  /** Values for every policy; called at most once, and only if a condition or a variable asks. */
  readonly conditions: () => ConditionValues
  /** Values that only identity policies see (authorization.md 3.1: kms:ResourceAliases, aws:ResourceTag). */
  readonly identityConditions: () => ConditionValues
}

export type PolicyType =
  | 'identity-based policy'
  | 'resource-based policy'
  | 'permissions boundary'
  | 'session policy'
  | 'service control policy'

/** Which statement decided: for explanations, never for the caller. */
export interface DecisiveStatement {
  readonly policyType: PolicyType
  /** Of all but policies of resources. */
  readonly policyName?: string
  /** From 0. */
  readonly index: number
  readonly sid?: string
}

export type Decision =
  | {
      readonly allowed: true
      /** What allowed it: statements, the key side's first; empty for a root user where no policy is needed. */
      readonly by: readonly DecisiveStatement[]
      /** Set when only grants allow it on the key's side. */
      readonly grantId?: string
    }
  | {
      readonly allowed: false
      readonly reason: 'explicit deny'
      readonly by: DecisiveStatement
      /** A foreign key's policy denies: the caller must not learn that the key exists. */
      readonly isVisible: boolean
    }
  | {
      readonly allowed: false
      readonly reason: 'missing allow'
      readonly missing: PolicyType
      readonly isVisible: boolean
      /** What evaluation failed with, where it did: a defect of ours, to be logged. */
      readonly failure?: unknown
    }
