/** The first user of a new installation: an administrator with one access key (authorization.md 6.1, bootstrap). */
import type { RandomSource } from '../../crypto/random.ts'
import type { DomainKeys } from '../keys/domain-keys.ts'
import type { Store } from '../store.ts'
import { sealSecretAccessKey } from './access-key-secret.ts'
import { accessKeyIdOf, randomAccount, secretAccessKey, uniqueIdOf } from './identifiers.ts'

export const ADMINISTRATOR_NAME = 'administrator'
/** There are no built-in administrators (authorization.md 6.6): this policy is what makes one. */
export const ADMINISTRATOR_ACCESS = 'arn:aws:iam::aws:policy/AdministratorAccess'

export interface AccessKeyPair {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface Administrator extends AccessKeyPair {
  readonly account: string
}

/** @param account a random one if `undefined`. */
export function newAdministrator(account: string | undefined, random: RandomSource): Administrator {
  const chosen = account ?? randomAccount(random)
  return { account: chosen, accessKeyId: accessKeyIdOf(chosen, random), secretAccessKey: secretAccessKey(random) }
}

export interface AdministratorServices {
  readonly store: Store
  readonly domainKeys: DomainKeys
  readonly random: RandomSource
}

/**
 * Account, user, policy and access key in one transaction; changes nothing if the store has an account already.
 * @returns whether it had none.
 */
export async function insertAdministrator(
  { store, domainKeys, random }: AdministratorServices,
  { account, accessKeyId, secretAccessKey }: Administrator,
  createdAt: number,
): Promise<boolean> {
  const userName = ADMINISTRATOR_NAME
  const userId = uniqueIdOf('user', random)
  const owner = { account, principalId: userId }
  // Before the transaction: sealing may have to make a domain key, which is a change of its own.
  const token = await sealSecretAccessKey(domainKeys, owner, accessKeyId, secretAccessKey)
  return store.change(async (change) => {
    if ((await change.listAccounts()).length > 0) return false
    await change.insertAccount(account, createdAt)
    await change.insertUser({ account, userName, path: '/', userId, createdAt, tags: [], boundaryArn: undefined })
    await change.attachPolicy({ account, ownerKind: 'user', ownerId: userId, policyArn: ADMINISTRATOR_ACCESS })
    await change.insertAccessKey({ accessKeyId, account, userName, active: true, token, createdAt })
    return true
  })
}
