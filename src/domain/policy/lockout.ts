/** The lockout safety check of key policies (authorization.md 1.7). */
import type { AccessRequest } from './access-request.ts'
import { evaluate } from './evaluate.ts'

/**
 * Could the caller replace the key's policy again (L-2)?
 *
 * @param request of the call that brings the policy: its `resource.policy` is the new one, its conditions those of a later
 * PutKeyPolicy from the same place. Grants do not count: none can allow PutKeyPolicy.
 */
export function canUpdatePolicyLater(request: AccessRequest): boolean {
  return evaluate({ ...request, action: 'kms:PutKeyPolicy', crossAccount: false, grants: [] }).allowed
}
