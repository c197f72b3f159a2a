/** Condition keys that say something about a key, or about what has tags (authorization.md 3.1). */
import type { Key, Tag } from '../keys/key.ts'
import type { ConditionValues } from './access-request.ts'

/** Supplied to every policy. */
export function keyConditions({ spec, usage, origin, multiRegion }: Key): ConditionValues {
  return {
    'kms:KeySpec': spec,
    'kms:CustomerMasterKeySpec': spec,
    'kms:KeyUsage': usage,
    'kms:CustomerMasterKeyUsage': usage,
    'kms:KeyOrigin': origin,
    'kms:MultiRegion': String(multiRegion),
  }
}

/** @param prefix `aws:ResourceTag/` */
export function tagConditions(prefix: string, tags: readonly Tag[]): ConditionValues {
  return Object.fromEntries(tags.map(({ key, value }) => [prefix + key, value]))
}
