/** Key policies between what their writer says, what is stored, and what GetKeyPolicy answers (authorization.md P-4 to P-7, G-13). */
import { bindPolicy, showPolicy } from '../identity/bound-policies.ts'
import { type ExternalAccounts, type Principals, principalShownIn } from '../identity/resolve-principal.ts'
import { invalidPrincipal, readKeyPolicy } from '../policy/key-policy.ts'
import type { Key } from './key.ts'

/**
 * @returns what is to be stored: checked, and with the unique ids of today's principals.
 * @throws {KmsError} the exceptions of authorization.md 1.6 but for the lockout check.
 */
export function writtenKeyPolicy(
  text: string,
  principals: Principals,
  externalAccounts: ExternalAccounts,
): Promise<string> {
  return bindPolicy(readKeyPolicy(text), principals, externalAccounts, invalidPrincipal)
}

/** With principals by their ARNs of now, as long as they exist. */
export function shownKeyPolicy({ policy, region }: Pick<Key, 'policy' | 'region'>, principals: Principals) {
  return showPolicy(policy, principals, (ref) => principalShownIn(region, ref, principals))
}
