/** What evaluation is asked. */

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
