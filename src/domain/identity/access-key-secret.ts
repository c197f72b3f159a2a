/** Secret access keys at rest: tokens like key material, bound to their owner (authorization.md SEC-1). */
import type { TokenSubject } from '../../crypto/domain-key.ts'
import type { DomainKeys } from '../keys/domain-keys.ts'
import type { Credential, StoredAccessKey } from './entities.ts'

export interface AccessKeyOwner {
  readonly account: string
  /** Unique id; the account itself for its root. */
  readonly principalId: string
}

export function accessKeySubject({ account, principalId }: AccessKeyOwner, accessKeyId: string): TokenSubject {
  return ['kms:access-key:v1', account, principalId, accessKeyId]
}

export function sealSecretAccessKey(
  domainKeys: DomainKeys,
  owner: AccessKeyOwner,
  accessKeyId: string,
  secret: string,
): Promise<StoredAccessKey['token']> {
  return domainKeys.seal(accessKeySubject(owner, accessKeyId), Buffer.from(secret))
}

/** UTF-8 bytes of the secret; the caller wipes them. */
export function openSecretAccessKey(domainKeys: DomainKeys, { accessKey, user }: Credential): Promise<Buffer> {
  const owner = { account: accessKey.account, principalId: user?.userId ?? accessKey.account }
  return domainKeys.open(accessKeySubject(owner, accessKey.accessKeyId), accessKey.token)
}
