/** Condition keys of the permissions to make a key (authorization.md 3.1, 3.2): those of the key that would be made. */
import type { Key } from '../../domain/keys/key.ts'
import type { ConditionValues } from '../../domain/policy/condition-values.ts'
import { requestTagConditions, type WireTag } from './tags.ts'

export interface KeyToMake extends Pick<Key, 'spec' | 'usage' | 'origin'> {
  /** `undefined`: a single-Region key. */
  readonly multiRegionKeyType: 'PRIMARY' | 'REPLICA' | undefined
}

export interface KeyRequest {
  readonly BypassPolicyLockoutSafetyCheck?: boolean
  readonly Tags?: readonly WireTag[]
}

/** And those of the tags that the request asks for. */
export function newKeyConditions(key: KeyToMake, request: KeyRequest): ConditionValues {
  const { BypassPolicyLockoutSafetyCheck, Tags = [] } = request
  return {
    'kms:KeySpec': key.spec,
    'kms:CustomerMasterKeySpec': key.spec,
    'kms:KeyUsage': key.usage,
    'kms:CustomerMasterKeyUsage': key.usage,
    'kms:KeyOrigin': key.origin,
    'kms:MultiRegion': String(key.multiRegionKeyType !== undefined),
    'kms:MultiRegionKeyType': key.multiRegionKeyType,
    'kms:BypassPolicyLockoutSafetyCheck': BypassPolicyLockoutSafetyCheck?.toString(),
    ...requestTagConditions(Tags),
    ...Object.fromEntries(Tags.map(({ TagKey, TagValue }) => [`aws:ResourceTag/${TagKey}`, TagValue])),
  }
}
