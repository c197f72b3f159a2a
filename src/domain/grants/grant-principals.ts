/** Whom a grant names: from members of a request to references, with AWS's words for everything that is nobody. */
import { KmsError, validationError } from '../../base/errors.ts'
import type { PrincipalRef } from '../identity/principal-ref.ts'
import { type ExternalAccounts, type Principals, resolvePrincipal } from '../identity/resolve-principal.ts'

const SERVICE = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?$/

/** Is this the reference of a service, which is shown in members of its own? */
export function isService(ref: PrincipalRef): boolean {
  return SERVICE.test(ref)
}

/** @throws {KmsError} `ValidationException` */
export function serviceRef(name: string): PrincipalRef {
  if (!SERVICE.test(name)) throw validationError(`${name} is not a valid service principal.`)
  return name
}

/**
 * @param unknownId what a unique id answers whose principal is gone.
 * @throws {KmsError} `InvalidArnException` for text that is no principal, or nobody's.
 */
export async function principalRef(
  text: string,
  principals: Principals,
  externalAccounts: ExternalAccounts,
  unknownId: KmsError,
): Promise<PrincipalRef> {
  const resolution = await resolvePrincipal(text, principals, externalAccounts)
  switch (resolution.is) {
    case 'found':
      return resolution.ref
    case 'malformed':
      throw invalidArn(`ARN is not valid: ${text}`)
    case 'unknown':
      throw resolution.given === 'ARN' ? invalidArn(`ARN does not refer to a valid principal: ${text}`) : unknownId
  }
}

export function invalidArn(text: string): KmsError {
  return new KmsError('InvalidArnException', text)
}
