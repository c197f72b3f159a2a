/** The rules on tags of a KMS key (operations.md 3.47, 3.48). */
import { KmsError } from '../../base/errors.ts'
import { TAGS_PER_KEY_MAX } from '../../base/limits.ts'
import type { Tag } from './key.ts'

const RESERVED = /^aws:/i

function tagError(text: string): KmsError {
  return new KmsError('TagException', text)
}

/** @throws {KmsError} `TagException` for tags that no key may get, whatever it has already. */
export function checkTags(tags: readonly Tag[]): void {
  if (tags.length > TAGS_PER_KEY_MAX) throw tagError('Too many tags')
  const keys = tags.map(({ key }) => key)
  checkTagKeys(keys)
  if (new Set(keys).size !== keys.length) throw tagError('Duplicate tag keys')
}

/** @throws {KmsError} `TagException` for names that belong to AWS. */
export function checkTagKeys(keys: readonly string[]): void {
  if (keys.some((key) => RESERVED.test(key))) throw tagError('Tags beginning with aws: are reserved')
}

/** Changed tags keep their place, new ones are appended. @throws {KmsError} `TagException` when there are too many. */
export function withTags(present: readonly Tag[], given: readonly Tag[]): readonly Tag[] {
  const values = new Map(present.map(({ key, value }) => [key, value]))
  for (const { key, value } of given) values.set(key, value)
  if (values.size > TAGS_PER_KEY_MAX) throw tagError('Too many tags')
  return [...values].map(([key, value]) => ({ key, value }))
}

export function withoutTags(present: readonly Tag[], keys: readonly string[]): readonly Tag[] {
  const gone = new Set(keys)
  return present.filter(({ key }) => !gone.has(key))
}
