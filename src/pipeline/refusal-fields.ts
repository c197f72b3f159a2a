/** Why a use was refused, as the audit record tells it to operators (audit.md section 1, own extensions; X-3). */
import type { AuditFields } from '../audit/audit-record.ts'
import type { Refusal } from './asked.ts'

export function refusalFields({ action, resourceArn, decision }: Refusal): AuditFields {
  const asked = { action, resource: resourceArn }
  if (decision.allowed) return asked
  if (decision.reason === 'missing allow') return { ...asked, missing: decision.missing }
  const { policyType, policyName, index, sid } = decision.by
  return { ...asked, decidedBy: policyType, policyId: policyName, statement: index, sid }
}
