/**
 * `key_id`: what Kubernetes calls the key that a seed was encrypted by. It stands in etcd beside each object, in logs and in health pages; when
 * it changes, what was written before counts as stale. It is the ARN of the KMS key and the id of the key material that AWS KMS uses at the
 * time, so it changes when the material is rotated and when an alias moves to another key, and at no other time.
 *
 * `arn:aws:kms:REGION:ACCOUNT:key/ID#KeyMaterialId`; of keys whose material has no id (in custom key stores) the ARN alone.
 */
import { parseArn } from '../base/arn.ts'

export interface KeyId {
  readonly keyArn: string
  /** As Decrypt names it. */
  readonly keyMaterialId: string | undefined
}

export function keyIdText({ keyArn, keyMaterialId }: KeyId): string {
  return keyMaterialId === undefined ? keyArn : `${keyArn}#${keyMaterialId}`
}

const KEY = /^key\/[A-Za-z0-9-]{1,64}$/

/**
 * The key that may decrypt what has this `key_id`. Who can write to etcd chooses it, and must not choose keys of others: it has to be the
 * configured key, or for an alias a key of its account and Region, to which it may have led. A multi-Region key is its related keys as
 * well: etcd may have been restored in another Region.
 * @param configured ARN of a key or an alias. @returns `undefined` for any other
 */
export function keyBehind(configured: string, keyId: string): string | undefined {
  const [arnText = ''] = keyId.split('#', 1)
  const arn = parseArn(arnText)
  const own = parseArn(configured)!
  const isMultiRegion = arn?.resource.startsWith('key/mrk-') === true
  const isOwn =
    arn !== undefined &&
    arn.service === 'kms' &&
    arn.account === own.account &&
    KEY.test(arn.resource) &&
    (isMultiRegion || (arn.partition === own.partition && arn.region === own.region)) &&
    (own.resource.startsWith('alias/') || arn.resource === own.resource)
  return isOwn ? `arn:${own.partition}:kms:${own.region}:${own.account}:${arn.resource}` : undefined
}
