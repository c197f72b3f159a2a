/**
 * Principals of a resource's policy between what its writer said and what is stored: users and roles are stored by the unique
 * ids that they had when the policy was saved, so that whoever gets their names later gets nothing (authorization.md P-4).
 * Everything but principals stays as it was written.
 */
import type { KmsError } from '../../base/errors.ts'
import { isEntityArn, isUniqueId } from './policy-principals.ts'
import { replaceTexts } from './policy-text.ts'

/**
 * `unknown`: there is no such principal. `external`: nobody here can say, and the setting accepts it (P-7). Any other text is
 * the unique id that a user's or role's ARN is bound to; what is no such ARN stays as it is (P-5).
 */
export type BoundAs = string

/**
 * @param text of a policy that was read.
 * @param idOf answers for each of `principalsNamed(text)`.
 * @param refusal for a principal that does not exist (P-6): each service has its own.
 */
export function bindPrincipals(
  text: string,
  idOf: (principal: string) => BoundAs,
  refusal: (principal: string) => KmsError,
): string {
  return replacePrincipals(text, (principal) => {
    const id = idOf(principal)
    if (id === 'unknown') throw refusal(principal)
    return id === 'external' || !isEntityArn(principal) ? principal : id
  })
}

/** Users, roles, their sessions, accounts and unique ids, each once; everyone (`*`) and services need not be looked up. */
export function principalsNamed(text: string): readonly string[] {
  const named = new Set<string>()
  replacePrincipals(text, (principal) => {
    named.add(principal)
    return principal
  })
  return [...named]
}

/** Unique ids as the ARNs of today; one whose user or role is gone stays (G-13). */
export function showPrincipals(text: string, arnOf: (id: string) => string | undefined): string {
  return replacePrincipals(text, (principal) => (isUniqueId(principal) ? (arnOf(principal) ?? principal) : principal))
}

/** Each once. */
export function servicesNamed(text: string): readonly string[] {
  const named = new Set<string>()
  replaceTexts(text, (path, value) => {
    if (isPrincipalOf('Service', path)) named.add(value)
    return value
  })
  return [...named]
}

function isPrincipalOf(wanted: 'AWS' | 'Service', [top, element, type, ...more]: readonly string[]): boolean {
  const isPrincipal = element === 'Principal' || element === 'NotPrincipal'
  return top === 'Statement' && isPrincipal && type === wanted && more.length === 0
}

function replacePrincipals(text: string, replacement: (principal: string) => string): string {
  return replaceTexts(text, (path, value) => (isPrincipalOf('AWS', path) && value !== '*' ? replacement(value) : value))
}
