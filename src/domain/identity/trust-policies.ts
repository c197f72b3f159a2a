/** Trust policies of roles at rest: principals are named by their unique ids (authorization.md P-4). */
import { readTrustPolicy } from '../policy/trust-policy.ts'
import type { StoredRole } from './entities.ts'
import type { IdentityReader } from './identity-store.ts'
import { checkTrustPolicySize } from './policy-sizes.ts'

/**
 * @returns what is to be stored.
 * @throws {KmsError} `MalformedPolicyDocument`, `LimitExceeded`
 */
export async function bindTrustPolicy(text: string, _reader: IdentityReader): Promise<string> {
  const document = readTrustPolicy(text)
  checkTrustPolicySize(text)
  return document
}

/** As answers show it: principals by their ARNs of now, or by their unique ids once they are gone. */
export async function shownTrustPolicy({ trustPolicy }: StoredRole, _reader: IdentityReader): Promise<string> {
  return trustPolicy
}
