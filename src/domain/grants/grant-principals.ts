/** Whom a grant names: from members of a request to references, with AWS's words for everything that is nobody. */
import { parseArn, partitionOf } from '../../base/arn.ts'
import { KmsError, validationError } from '../../base/errors.ts'
import type { PrincipalRef } from '../identity/principal-ref.ts'
import { type ExternalAccounts, type Principals, resolvePrincipal } from '../identity/resolve-principal.ts'
import { isKnownService, isServiceName } from '../identity/services.ts'

/** Is this the reference of a service, which is shown in members of its own? */
export function isService(ref: PrincipalRef): boolean {
  return isServiceName(ref)
}

/** @throws {KmsError} `ValidationException` */
export async function serviceRef(name: string, principals: Principals): Promise<PrincipalRef> {
  if (!(await isKnownService(name, principals))) throw validationError(`${name} is not a valid service principal.`)
  return name
}

/**
 * @param region of the key, or of the keys that are looked for: principals are named in its partition, or in that of all identities.
 * In a third one nobody is there (P-12); the conditions of policies, which compare names, would else miss him.
 * @param unknownId what a unique id answers whose principal is gone.
 * @throws {KmsError} `InvalidArnException` for text that is no principal, or nobody's.
 */
export async function principalRef(
  text: string,
  principals: Principals,
  externalAccounts: ExternalAccounts,
  region: string,
  unknownId: KmsError,
): Promise<PrincipalRef> {
  const { partition = IDENTITIES_PARTITION } = parseArn(text) ?? {}
  const isElsewhere = partition !== IDENTITIES_PARTITION && partition !== partitionOf(region)
  const resolution = await resolvePrincipal(text, principals, externalAccounts)
  switch (resolution.is) {
    case 'found':
      if (isElsewhere) throw unknownArn(text)
      return resolution.ref
    case 'malformed':
      throw invalidArn(`ARN is not valid: ${text}`)
    case 'unknown':
      throw resolution.given === 'ARN' ? unknownArn(text) : unknownId
  }
}

const IDENTITIES_PARTITION = 'aws'

export function unknownArn(text: string): KmsError {
  return invalidArn(`ARN does not refer to a valid principal: ${text}`)
}

export function invalidArn(text: string): KmsError {
  return new KmsError('InvalidArnException', text)
}
