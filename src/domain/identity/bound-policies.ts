/** Policies of keys and roles at rest and in answers: principals by unique ids and by ARNs (authorization.md P-4 to P-7, G-13). */
import { isAccount } from '../../base/arn.ts'
import type { KmsError } from '../../base/errors.ts'
import {
  type BoundAs,
  bindPrincipals,
  principalsNamed,
  servicesNamed,
  showPrincipals,
} from '../policy/bind-principals.ts'
import { isEntityArn, isUniqueId } from '../policy/policy-principals.ts'
import { rootArn } from './entity-arns.ts'
import { type ExternalAccounts, type Principals, resolvePrincipal, shownPrincipal } from './resolve-principal.ts'
import { isKnownService } from './services.ts'

/**
 * @param text of a policy that was read.
 * @returns what is to be stored.
 * @throws {KmsError} `refusal` of a principal that does not exist.
 */
export async function bindPolicy(
  text: string,
  principals: Principals,
  externalAccounts: ExternalAccounts,
  refusal: (principal: string) => KmsError,
): Promise<string> {
  for (const service of servicesNamed(text)) {
    if (!(await isKnownService(service, principals))) throw refusal(service)
  }
  const ids = new Map<string, BoundAs>()
  for (const principal of principalsNamed(text)) {
    ids.set(principal, await boundAs(principal, principals, externalAccounts))
  }
  return bindPrincipals(text, (principal) => ids.get(principal)!, refusal)
}

async function boundAs(
  principal: string,
  principals: Principals,
  externalAccounts: ExternalAccounts,
): Promise<BoundAs> {
  const arn = isAccount(principal) ? rootArn(principal) : principal
  const resolution = await resolvePrincipal(arn, principals, externalAccounts)
  if (resolution.is !== 'found') return 'unknown'
  // What was accepted unseen is named as it was given.
  return resolution.ref === arn && isEntityArn(arn) ? 'external' : resolution.ref
}

/**
 * As answers show it: principals by their ARNs of now, or by their unique ids once they are gone.
 * @param show `shownPrincipal`, or that of a Region.
 */
export async function showPolicy(
  text: string,
  principals: Principals,
  show: typeof shownPrincipal = shownPrincipal,
): Promise<string> {
  const arns = new Map<string, string>()
  for (const id of principalsNamed(text).filter(isUniqueId)) arns.set(id, await show(id, principals))
  return arns.size === 0 ? text : showPrincipals(text, (id) => arns.get(id))
}
