/**
 * Who may retire a grant (authorization.md 4.6). The grant itself says so: its parties reach the caller in a form, and the
 * forms count as those of any grant do (2.3, E-8). An allow in the key policy counts for nothing, a deny for everything.
 */
import { formsOf } from '../identity/principal-ref.ts'
import type { AccessRequest, ApplicableGrant } from '../policy/access-request.ts'
import type { Decision } from '../policy/decision.ts'
import type { Policy } from '../policy/policy.ts'
import type { Principal } from '../principal.ts'
import type { Grant } from './grant.ts'

export interface Evaluation {
  evaluate(request: AccessRequest): Decision
  /** A key policy that says nothing. */
  readonly silentPolicy: Policy
}

/** @param request of the caller for `kms:RetireGrant` on the grant's key, with the key's policy. */
export function decideRetirement(
  request: AccessRequest,
  grant: Grant,
  { evaluate, silentPolicy }: Evaluation,
): Decision {
  const byPolicy = evaluate(request)
  if (!byPolicy.allowed && byPolicy.reason === 'explicit deny') return byPolicy
  const resource = { ...request.resource, policy: silentPolicy }
  return evaluate({ ...request, resource, crossAccount: true, grants: retirements(grant, request.principal) })
}

/** The grant as an allow of its own retirement. */
export function retirements(grant: Grant, principal: Principal): readonly ApplicableGrant[] {
  const { grantId, issuingAccount, grantee, retiring, operations, account } = grant
  const forms = formsOf(principal)
  const allowed: ApplicableGrant[] = []
  const retirer = retiring === undefined ? undefined : forms.get(retiring)
  if (retirer !== undefined) allowed.push({ grantId, form: retirer, issuingAccount })
  const party = operations.includes('RetireGrant') ? forms.get(grantee) : undefined
  if (party !== undefined) allowed.push({ grantId, form: party, issuingAccount })
  // The key's owner, and whom he lets by identity policies. Of another account that issued it only the root.
  const isOwner = principal.account === account
  const isIssuer = principal.type === 'Root' && principal.account === issuingAccount
  if (isOwner || isIssuer) allowed.push({ grantId, form: 'ACCOUNT', issuingAccount: principal.account })
  return allowed
}
