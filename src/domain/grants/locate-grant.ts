/** From what RetireGrant says to a grant (authorization.md 4.6, GT-4). */
import { arnOf, isDeleted } from '../keys/key.ts'
import { type LocatedKey, locateKey, type Namespace } from '../keys/locate-key.ts'
import type { Lookups } from '../store.ts'
import type { Grant } from './grant.ts'
import { type GrantTokens, invalidGrantToken } from './grant-tokens.ts'

/** How a request names a grant. */
export type GrantLocator =
  | { readonly by: 'token'; readonly token: string }
  /** `key`: key id or key ARN. */
  | { readonly by: 'id'; readonly key: string; readonly grantId: string }

/** A grant with its key. Where there is no such grant, `missing` says so, whether or not there is such a key. */
export interface LocatedGrant extends LocatedKey {
  readonly grant: Grant | undefined
}

/** @throws {KmsError} for tokens and names that mean nothing, whoever asks. */
export function locateGrant(
  lookups: Lookups,
  tokens: GrantTokens,
  here: Namespace,
  locator: GrantLocator,
): Promise<LocatedGrant> {
  return locator.by === 'token'
    ? locateByToken(lookups, tokens, here, locator.token)
    : locateById(lookups, here, locator.key, locator.grantId)
}

async function locateByToken(lookups: Lookups, tokens: GrantTokens, here: Namespace, token: string) {
  const name = await tokens.read(token)
  const key = await lookups.findKey(name)
  const grant = key === undefined || isDeleted(key, here.time) ? undefined : await lookups.findGrant(name)
  if (grant === undefined || name.region !== here.region) throw invalidGrantToken()
  return { arn: arnOf(name), account: name.account, key, grant }
}

/** The key alone shows nothing: a caller who may not retire learns as much of one that is there as of one that is not. */
async function locateById(lookups: Lookups, here: Namespace, identifier: string, grantId: string) {
  const { arn, account, key } = await locateKey(lookups, here, identifier, 'key')
  const grant = key && (await lookups.findGrant({ account, region: key.region, keyId: key.keyId, grantId }))
  const missing = grant === undefined ? `Grant ID ${grantId} not found` : undefined
  return { arn, account, key, grant, ...(missing && { missing }) }
}
