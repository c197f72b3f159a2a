/** Placeholder until the engine is in. */
import { KmsError } from '../../base/errors.ts'
import type { AccessRequest, Decision } from './access-request.ts'

const NOT_VISIBLE =
  'the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'

export function denial({ principal, action, resource }: AccessRequest, _decision: Decision): KmsError {
  const where = resource.foundByCiphertext ? 'the resource associated with this ciphertext' : 'this resource'
  const text = `User: ${principal.arn} is not authorized to perform: ${action} on ${where} because ${NOT_VISIBLE}`
  return new KmsError('AccessDeniedException', text)
}
