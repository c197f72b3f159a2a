/** Trust policies of roles at rest: principals are named by their unique ids (authorization.md P-4). */
import { invalidTrustedPrincipal, readTrustPolicy } from '../policy/trust-policy.ts'
import { bindPolicy } from './bound-policies.ts'
import { checkTrustPolicySize } from './policy-sizes.ts'
import type { ExternalAccounts, Principals } from './resolve-principal.ts'

/**
 * @returns what is to be stored.
 * @throws {KmsError} `MalformedPolicyDocument`, `LimitExceeded`
 */
export function bindTrustPolicy(
  text: string,
  principals: Principals,
  externalAccounts: ExternalAccounts,
): Promise<string> {
  const document = readTrustPolicy(text)
  checkTrustPolicySize(text)
  return bindPolicy(document, principals, externalAccounts, (principal) => invalidTrustedPrincipal('AWS', principal))
}
