/** How long policies of identities may be: white space is not counted (authorization.md 6.1). */
import { KmsError } from '../../base/errors.ts'
import { INLINE_POLICIES_CHARS_MAX, MANAGED_POLICY_CHARS_MAX, TRUST_POLICY_CHARS_MAX } from '../../base/limits.ts'
import type { OwnerKind, StoredInlinePolicy } from './entities.ts'
import { quotaExceeded } from './iam-errors.ts'
import type { IdentityReader } from './identity-store.ts'

/** Characters that count. */
export function policyChars(document: string): number {
  return document.replace(/[\t\n\r ]+/g, '').length
}

/** @throws {KmsError} `LimitExceeded` */
export function checkManagedPolicySize(document: string): void {
  if (policyChars(document) > MANAGED_POLICY_CHARS_MAX) throw quotaExceeded('PolicySize', MANAGED_POLICY_CHARS_MAX)
}

export function checkTrustPolicySize(document: string): void {
  if (policyChars(document) > TRUST_POLICY_CHARS_MAX) throw quotaExceeded('ACLSizePerRole', TRUST_POLICY_CHARS_MAX)
}

/**
 * The inline policies of an owner count together; `policy` replaces the one of its name.
 * @throws {KmsError} `LimitExceeded`
 */
export async function checkInlinePoliciesSize(
  reader: IdentityReader,
  owner: { readonly kind: OwnerKind; readonly name: string },
  policy: StoredInlinePolicy,
): Promise<void> {
  const present = await reader.listInlinePolicies(policy.ownerId)
  const others = present.filter(({ policyName }) => policyName !== policy.policyName)
  const chars = [...others, policy].reduce((sum, { document }) => sum + policyChars(document), 0)
  const max = INLINE_POLICIES_CHARS_MAX[owner.kind]
  if (chars <= max) return
  throw new KmsError('LimitExceeded', `Maximum policy size of ${max} bytes exceeded for ${owner.kind} ${owner.name}`)
}
