/** Condition keys that say something about a key, or about what has tags (authorization.md 3.1). */
import type { Key, Tag } from '../keys/key.ts'
import { isPrimary, isReplica } from '../keys/multi-region.ts'
import type { ConditionValues } from './condition-values.ts'

/** Supplied to every policy. */
export function keyConditions(key: Key): ConditionValues {
  const { spec, usage, origin, multiRegion } = key
  return {
    'kms:KeySpec': spec,
    'kms:CustomerMasterKeySpec': spec,
    'kms:KeyUsage': usage,
    'kms:CustomerMasterKeyUsage': usage,
    'kms:KeyOrigin': origin,
    'kms:MultiRegion': String(multiRegion),
    'kms:MultiRegionKeyType': multiRegionKeyType(key),
  }
}

function multiRegionKeyType(key: Key): 'PRIMARY' | 'REPLICA' | undefined {
  if (isPrimary(key)) return 'PRIMARY'
  return isReplica(key) ? 'REPLICA' : undefined
}

/** @param prefix `aws:ResourceTag/` */
export function tagConditions(prefix: string, tags: readonly Tag[]): ConditionValues {
  return Object.fromEntries(tags.map(({ key, value }) => [prefix + key, value]))
}
