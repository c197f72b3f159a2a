/** The operator's guard policy as a text (authorization.md E-13). */
import { POLICY_BYTES_MAX } from '../../base/limits.ts'
import type { NamedPolicy } from '../identity/rights.ts'
import { compilePolicy } from './compile-policy.ts'
import { malformedDocument } from './iam-policy-syntax.ts'
import { readIdentityPolicy } from './identity-policy.ts'

/** How explanations and audit records name it. */
export const GUARD_POLICY_NAME = 'guard-policy'

/**
 * In the grammar of identity policies.
 * @throws {KmsError} `MalformedPolicyDocument`, also for one without an Allow: it would lock everybody out.
 */
export function readGuardPolicy(text: string): string {
  if (Buffer.byteLength(text) > POLICY_BYTES_MAX) throw malformedDocument(`longer than ${POLICY_BYTES_MAX} bytes`)
  readIdentityPolicy(text)
  if (compilePolicy(text).allows.some((word) => word !== 0)) return text
  throw malformedDocument('it allows nothing, so nobody could do anything')
}

/** @param text that {@link readGuardPolicy} took; `undefined`: there is none. */
export function extraGuardsOf(text: string | undefined): readonly NamedPolicy[] | undefined {
  return text === undefined ? undefined : [{ name: GUARD_POLICY_NAME, policy: compilePolicy(text) }]
}
