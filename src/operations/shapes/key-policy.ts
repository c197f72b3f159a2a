/** A key with the policy that a request gives it (operations.md 3.6, 3.39, 3.41). */
import type { Key } from '../../domain/keys/key.ts'
import { writtenKeyPolicy } from '../../domain/keys/written-policy.ts'
import type { ChangeContext } from '../../pipeline/operation.ts'

export interface PolicyWish {
  readonly Policy: string
  readonly BypassPolicyLockoutSafetyCheck?: boolean
}

type PolicyContext = Pick<ChangeContext<readonly []>, 'change' | 'identity' | 'refuseLockout' | 'noteNewPolicy'>

/** @throws {KmsError} for a policy that is malformed, names nobody, or locks its writer out (authorization.md 1.6, 1.7). */
export async function withPolicy(
  key: Key,
  { Policy, BypassPolicyLockoutSafetyCheck = false }: PolicyWish,
  { change, identity, refuseLockout, noteNewPolicy }: PolicyContext,
): Promise<Key> {
  const changed = { ...key, policy: await writtenKeyPolicy(Policy, change, identity.externalAccounts) }
  if (!BypassPolicyLockoutSafetyCheck) await refuseLockout(changed)
  noteNewPolicy(changed)
  return changed
}
