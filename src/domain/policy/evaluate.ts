/** Placeholder until the engine is in: own account only. */
import type { AccessRequest, Decision } from './access-request.ts'

export function evaluate({ principal, resource }: AccessRequest): Decision {
  if (resource.account === principal.account) return { allowed: true, by: [] }
  return { allowed: false, reason: 'missing allow', missing: 'resource-based policy', isVisible: false }
}
