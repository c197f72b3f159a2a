/** The rules on tags of IAM's entities (authorization.md 6.1), with the errors that AWS was recorded to answer. */
import { KmsError } from '../../base/errors.ts'
import { TAGS_PER_IDENTITY_MAX } from '../../base/limits.ts'
import type { Tag } from '../keys/key.ts'

/** Users and roles hold no two keys that differ in case alone; policies and providers may. */
export type TagKeyCase = 'ignores case' | 'minds case'

const RESERVED = /^aws:/i

function comparable(key: string, keyCase: TagKeyCase): string {
  return keyCase === 'ignores case' ? key.toLowerCase() : key
}

/** @throws {KmsError} `InvalidInput` for tags that no entity may get, whatever it has already. */
export function checkIdentityTags(tags: readonly Tag[], keyCase: TagKeyCase): void {
  const keys = tags.map(({ key }) => comparable(key, keyCase))
  if (keys.some((key) => RESERVED.test(key))) {
    throw new KmsError('InvalidInput', 'Tag keys beginning with aws: are reserved for system use.')
  }
  if (new Set(keys).size !== keys.length) {
    const hint = keyCase === 'ignores case' ? ' Please note that Tag keys are case insensitive.' : ''
    throw new KmsError('InvalidInput', `Duplicate tag keys found.${hint}`)
  }
}

/** Where nothing is asked for, as recorded of tags and of the tag keys of providers. @throws {KmsError} `InvalidInput` */
export function requireSome(given: readonly unknown[]): void {
  if (given.length === 0) throw new KmsError('InvalidInput', 'Error occurred while validating input. ')
}

/** Of tags for what exists already; AWS looks at them after it has authorised the call (recorded). @throws {KmsError} `InvalidInput` */
export function checkAddedTags(tags: readonly Tag[], keyCase: TagKeyCase): void {
  requireSome(tags)
  checkIdentityTags(tags, keyCase)
}

/** Changed tags keep their place, new ones are appended. @throws {KmsError} `LimitExceeded` */
export function withIdentityTags(present: readonly Tag[], given: readonly Tag[], keyCase: TagKeyCase): readonly Tag[] {
  const tags = new Map(present.map((tag) => [comparable(tag.key, keyCase), tag]))
  for (const tag of given) tags.set(comparable(tag.key, keyCase), tag)
  if (tags.size > TAGS_PER_IDENTITY_MAX) {
    throw new KmsError('LimitExceeded', 'The number of tags has reached the maximum limit.')
  }
  return [...tags.values()]
}

export function withoutIdentityTags(
  present: readonly Tag[],
  keys: readonly string[],
  keyCase: TagKeyCase,
): readonly Tag[] {
  const gone = new Set(keys.map((key) => comparable(key, keyCase)))
  return present.filter(({ key }) => !gone.has(comparable(key, keyCase)))
}
