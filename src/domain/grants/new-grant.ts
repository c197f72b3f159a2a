/** Making a grant, or finding the one that an earlier try of the same call made (authorization.md 4.8). */
import { KmsError } from '../../base/errors.ts'
import { sha256Hex } from '../../crypto/hash.ts'
import type { KeyName } from '../keys/key.ts'
import type { Quotas } from '../quotas.ts'
import type { RandomSource } from '../services.ts'
import type { Change } from '../store.ts'
import type { EncryptionContext, Grant } from './grant.ts'

const GRANT_ID_BYTES = 32

export type GrantWish = Omit<Grant, keyof KeyName | 'grantId' | 'retryDigest'>

/** GL-1: with the name and the wishes of a grant that is there, that one; otherwise a new one. */
export async function makeGrant(
  change: Change,
  key: KeyName,
  wish: GrantWish,
  { random, quotas }: { readonly random: RandomSource; readonly quotas: Quotas },
): Promise<Grant> {
  const retryDigest = wish.name === undefined ? undefined : digestOf(wish)
  const earlier = retryDigest === undefined ? undefined : await change.findGrantByRetryDigest(key, retryDigest)
  if (earlier !== undefined) return earlier
  await checkQuota(change, key, quotas)
  const { account, region, keyId } = key
  const grantId = random.nonce(GRANT_ID_BYTES).toString('hex')
  const grant: Grant = Object.freeze({ account, region, keyId, grantId, ...wish, retryDigest })
  await change.insertGrant(grant)
  return grant
}

/**
 * Principals by what they are bound to, sets in one order. The issuing account is part of it, because a grant of another
 * account means less or more to its grantee (E-8).
 */
function digestOf({ name, grantee, retiring, issuingAccount, operations, constraints }: GrantWish): string {
  const { encryptionContextSubset, encryptionContextEquals, sourceArn } = constraints ?? {}
  const limits = [sortedPairs(encryptionContextSubset), sortedPairs(encryptionContextEquals), sourceArn ?? null]
  const wish = [name, grantee, retiring ?? null, issuingAccount, operations.toSorted(), limits]
  return sha256Hex(JSON.stringify(wish))
}

function sortedPairs(context: EncryptionContext | undefined): readonly [string, string][] | null {
  if (context === undefined) return null
  return Object.entries(context).sort(([left], [right]) => (left < right ? -1 : 1))
}

/** GL-7. */
async function checkQuota(change: Change, key: KeyName, quotas: Quotas): Promise<void> {
  const { grantsPerKey } = quotas.of(key.account)
  const usage = await change.countGrants(key)
  if (usage < grantsPerKey) return
  const quota = `Grants per key quota for this account in this region is ${grantsPerKey}`
  throw new KmsError('LimitExceededException', `${quota}, current usage is ${usage}.`)
}
