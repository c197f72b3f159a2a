/** The one place that lets a caller through or does not (authorization.md section 2). */
import type { AccessRequest, Decision } from './access-request.ts'
import { denial } from './denial.ts'
import { evaluate } from './evaluate.ts'

export type Allowed = Decision & { readonly allowed: true }

/** @throws {KmsError} `AccessDeniedException` with the text of authorization.md 5.2; its `cause` is a failed evaluation. */
export function authorize(request: AccessRequest): Allowed {
  const decision = evaluate(request)
  if (!decision.allowed) throw denial(request, decision)
  return decision
}
