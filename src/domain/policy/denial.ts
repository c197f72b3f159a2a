/** What a caller is told who may not do what he asked (authorization.md 5.2). */
import { KmsError } from '../../base/errors.ts'
import type { AccessRequest } from './access-request.ts'
import type { Decision, PolicyType } from './decision.ts'

/** How much a refused caller is told. `verbose` is for development: it also names the policy and the statement that denied. */
export type DenialDetail = 'kind of policy' | 'verbose'

/**
 * Names the kind of policy that decided; which one it was and what it says only in verbose texts. The query protocol has a
 * code of its own.
 */
export function denial(
  request: AccessRequest,
  decision: Decision & { readonly allowed: false },
  detail: DenialDetail = 'kind of policy',
): KmsError {
  const cause = decision.reason === 'missing allow' ? decision.failure : undefined
  // Who did not sign is told nothing more, whoever he is.
  const isSigned = request.principal.type !== 'WebIdentityUser'
  const suffix = detail === 'verbose' && isSigned && decision.isVisible ? decisiveText(decision) : ''
  return new KmsError('AccessDeniedException', text(request, decision) + suffix, { cause })
}

/** An explicit deny by name, first in AWS's form: `: <policy ARN>` (5.2, A-5). What is missing has no name. */
function decisiveText(decision: Decision & { readonly allowed: false }): string {
  if (decision.reason !== 'explicit deny') return ''
  const { policyName, index, sid } = decision.by
  const statement = sid === undefined ? `statement ${index + 1}` : `statement ${index + 1} (Sid "${sid}")`
  return policyName === undefined ? `: ${statement}` : `: ${policyName}, ${statement}`
}

const NOT_VISIBLE =
  'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'

function text(request: AccessRequest, decision: Decision & { readonly allowed: false }): string {
  const { principal, action, resource } = request
  if (principal.type === 'WebIdentityUser') return `Not authorized to perform ${action}`
  const refusal = `User: ${principal.arn} is not authorized to perform: ${action}`
  if (resource.kind === 'role') return `${refusal} on resource: ${resource.arn}${roleReason(action, decision)}`
  // CloudTrail's name none.
  const own = resource.shownAs === '' ? '' : ` on resource: ${resource.shownAs ?? resource.arn}`
  const where = principal.account === resource.account ? own : ` ${foreignResource(request)}`
  return `${refusal}${where} ${decision.isVisible ? reason(action, decision) : NOT_VISIBLE}`
}

/** The ARN of a foreign resource is never echoed; to services, which have no account, all are foreign. */
function foreignResource({ resource }: AccessRequest): string {
  return resource.foundByCiphertext === true ? 'on the resource associated with this ciphertext' : 'on this resource'
}

const WITH_ARTICLE: Readonly<Record<PolicyType, string>> = {
  'identity-based policy': 'an identity-based policy',
  'resource-based policy': 'a resource-based policy',
  'permissions boundary': 'a permissions boundary',
  'session policy': 'a session policy',
  'service control policy': 'a service control policy',
}

function reason(action: string, decision: Decision & { readonly allowed: false }): string {
  return decision.reason === 'explicit deny'
    ? `with an explicit deny in ${WITH_ARTICLE[decision.by.policyType]}`
    : `because no ${decision.missing} allows the ${action} action`
}

/** Of a foreign role nothing is said: whether it exists must not show. */
function roleReason(action: string, decision: Decision & { readonly allowed: false }): string {
  if (!decision.isVisible) return ''
  return ` ${reason(action, decision)
    .replace('in a resource-based policy', 'in the role trust policy')
    .replace('no resource-based policy', 'no role trust policy')}`
}
