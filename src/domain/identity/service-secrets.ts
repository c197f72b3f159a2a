/** Access keys of services: made like those of users, and at rest bound to the name of their service (authorization.md SEC-1, S-3). */
import type { TokenSubject } from '../../crypto/domain-key.ts'
import type { RandomSource } from '../../crypto/random.ts'
import type { DomainKeys } from '../keys/domain-keys.ts'
import type { ServiceAccessKey } from './entities.ts'
import { accessKeyIdOf, secretAccessKey as newSecretAccessKey } from './identifiers.ts'
import type { NewAccessKey } from './identity-services.ts'

/** The id of an access key tells an account; services share the one that no account has. */
const ACCOUNT_IN_ACCESS_KEY_IDS = '000000000000'

export function serviceAccessKeySubject(service: string, accessKeyId: string): TokenSubject {
  return ['kms:service-access-key:v1', service, accessKeyId]
}

export function sealServiceSecret(
  domainKeys: DomainKeys,
  service: string,
  accessKeyId: string,
  secret: string,
): Promise<Buffer> {
  return domainKeys.seal(serviceAccessKeySubject(service, accessKeyId), Buffer.from(secret))
}

/** UTF-8 bytes of the secret; the caller wipes them. */
export function openServiceSecret(
  domainKeys: DomainKeys,
  { service, accessKeyId, token }: ServiceAccessKey,
): Promise<Buffer> {
  return domainKeys.open(serviceAccessKeySubject(service, accessKeyId), token)
}

/** Not within a transaction: sealing may make a domain key. */
export async function makeServiceAccessKey(
  domainKeys: DomainKeys,
  random: RandomSource,
  service: string,
): Promise<NewAccessKey> {
  const accessKeyId = accessKeyIdOf(ACCOUNT_IN_ACCESS_KEY_IDS, random)
  const secretAccessKey = newSecretAccessKey(random)
  const token = await sealServiceSecret(domainKeys, service, accessKeyId, secretAccessKey)
  return { accessKeyId, secretAccessKey, token }
}
