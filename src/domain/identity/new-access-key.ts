/** Makes access keys. The secret is given out once and rests sealed (authorization.md SEC-1, SEC-2). */
import type { RandomSource } from '../../crypto/random.ts'
import type { DomainKeys } from '../keys/domain-keys.ts'
import { sealSecretAccessKey } from './access-key-secret.ts'
import type { StoredUser } from './entities.ts'
import { accessKeyIdOf, secretAccessKey as newSecretAccessKey } from './identifiers.ts'
import type { NewAccessKey } from './identity-services.ts'

/** Not within a transaction: sealing may make a domain key. @param owner `undefined`: the account's root. */
export async function makeAccessKey(
  domainKeys: DomainKeys,
  random: RandomSource,
  account: string,
  owner: StoredUser | undefined,
): Promise<NewAccessKey> {
  const accessKeyId = accessKeyIdOf(account, random)
  const secretAccessKey = newSecretAccessKey(random)
  const principal = { account, principalId: owner?.userId ?? account }
  const token = await sealSecretAccessKey(domainKeys, principal, accessKeyId, secretAccessKey)
  return { accessKeyId, secretAccessKey, token }
}
