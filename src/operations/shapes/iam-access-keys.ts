/** Access keys as requests name them. */
import type { StoredAccessKey } from '../../domain/identity/entities.ts'
import { noSuchEntity } from '../../domain/identity/iam-errors.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import type { UserOrRoot } from './iam-users.ts'

/** @throws {KmsError} `NoSuchEntity` for the key of somebody else too. */
export async function requireAccessKey(
  store: IdentityReader,
  { account, user }: UserOrRoot,
  accessKeyId: string,
): Promise<StoredAccessKey> {
  const found = await store.findCredential(accessKeyId)
  if (found === undefined || found.accessKey.account !== account || found.user?.userId !== user?.userId) {
    throw noSuchEntity(`The Access Key with id ${accessKeyId} cannot be found.`)
  }
  return found.accessKey
}
