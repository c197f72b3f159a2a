/**
 * Policies of the operator above all accounts, judged as AWS judges service control policies (authorization.md E-13): each must
 * allow what a principal of an account asks for, root included, and a deny wins. They give nothing. Services are not bound by
 * them: their rights have none.
 */
import type { NamedPolicy } from '../identity/rights.ts'
import type { Access } from './access.ts'
import type { DecisiveStatement, PolicyType } from './decision.ts'
import { firstDeny } from './identity-side.ts'

/** In AWS's words, so that tools which read them know what is meant. */
export const GUARD: PolicyType = 'service control policy'

export function guardDeny(access: Access, guards: readonly NamedPolicy[]): DecisiveStatement | undefined {
  return firstDeny(access, guards, GUARD)
}

export function guardsAllow(access: Access, guards: readonly NamedPolicy[]): boolean {
  return guards.every(({ policy }) => {
    const { allows } = policy
    return access.anyApplying(policy, allows, allows, access.identity) !== undefined
  })
}
