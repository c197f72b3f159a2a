/** The rules on names and number of aliases (operations.md 3.3, 3.49). */
import { KmsError, validationError } from '../base/errors.ts'
import { ALIAS_PREFIX, RESERVED_ALIAS_PREFIX } from './aliases.ts'
import type { KeyName } from './keys/key.ts'
import type { Quotas } from './quotas.ts'
import type { Change } from './store.ts'

const PREFIX_MISSING =
  'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html'

/** What the model's pattern lets through and the service refuses. */
export function checkAliasName(aliasName: string): void {
  if (!aliasName.startsWith(ALIAS_PREFIX)) throw validationError(PREFIX_MISSING)
  if (aliasName.startsWith(RESERVED_ALIAS_PREFIX)) throw new KmsError('NotAuthorizedException')
  if (aliasName.includes(':')) throw validationError(`${aliasName} contains invalid characters for an alias`)
}

/** "alias/ followed by a name" (API reference); an alias without one that is there already can still be changed and deleted. */
export function checkNewAliasName(aliasName: string): void {
  checkAliasName(aliasName)
  if (aliasName === ALIAS_PREFIX) throw validationError('Alias must have a name after the prefix "alias/".')
}

/** An alias may not stand for another alias, by name or by ARN. */
export function checkAliasTarget(identifier: string): void {
  const isAlias = identifier.startsWith(ALIAS_PREFIX) || /^arn:[^/]*:alias\//.test(identifier)
  if (isAlias) throw validationError('Aliases must refer to keys. Not aliases')
}

/** @throws {KmsError} `LimitExceededException` when the key has all the aliases it can have. */
export async function checkAliasQuota(change: Change, key: KeyName, quotas: Quotas): Promise<void> {
  const { aliasesPerKey } = quotas.of(key.account)
  const usage = await change.countAliases(key)
  if (usage < aliasesPerKey) return
  const quota = `Aliases per key quota for this account in this region is ${aliasesPerKey}`
  throw new KmsError('LimitExceededException', `${quota}, current usage is ${usage}.`)
}
