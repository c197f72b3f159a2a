/** Seals resting tokens anew, under the newest domain key. What they say, and what they are bound to, stays. */
import { domainKeyIdOf, TokenError, type TokenSubject } from '../../crypto/domain-key.ts'
import { accessKeySubject } from '../identity/access-key-secret.ts'
import { serviceAccessKeySubject } from '../identity/service-secrets.ts'
import { keyStoreSubject } from '../key-stores/store-secrets.ts'
import type { DomainKeys } from '../keys/domain-keys.ts'
import { storedTokenSubject } from '../keys/key-material.ts'
import type { Reader, Store } from '../store.ts'
import type { RestingToken } from './resting-token.ts'

export interface ResealServices {
  readonly store: Store
  readonly domainKeys: DomainKeys
}

/**
 * All in one change. One that is another by then is left alone: whoever wrote it sealed it under a young domain key.
 * @returns those that do not open, or whose owner is gone.
 */
export async function resealTokens(
  { store, domainKeys }: ResealServices,
  tokens: readonly RestingToken[],
): Promise<readonly RestingToken[]> {
  const fresh: (readonly [RestingToken, Buffer])[] = []
  const failed: RestingToken[] = []
  // Outside of the change: sealing may make a domain key.
  for (const resting of tokens) {
    const sealed = await reseal(store, domainKeys, resting)
    if (sealed === undefined) failed.push(resting)
    else fresh.push([resting, sealed])
  }
  if (fresh.length > 0) {
    await store.change(async (change) => {
      for (const [resting, sealed] of fresh) await change.replaceToken(resting, sealed)
    })
  }
  return failed
}

/** The id of the domain key that it is under; `undefined`: it is no token, and what it is nobody can open. */
export function domainKeyOf({ token }: RestingToken): string | undefined {
  try {
    return domainKeyIdOf(token)
  } catch (error) {
    if (error instanceof TokenError) return undefined
    throw error
  }
}

async function reseal(reader: Reader, domainKeys: DomainKeys, resting: RestingToken): Promise<Buffer | undefined> {
  const subject = await subjectOf(reader, resting)
  if (subject === undefined) return undefined
  try {
    const secret = await domainKeys.open(subject, resting.token)
    const sealed = await domainKeys.seal(subject, secret)
    secret.fill(0)
    return sealed
  } catch (error) {
    if (error instanceof TokenError) return undefined
    throw error
  }
}

async function subjectOf(reader: Reader, resting: RestingToken): Promise<TokenSubject | undefined> {
  switch (resting.kind) {
    case 'key material': {
      const material = await reader.findMaterial(resting.region, resting.materialId)
      const key = material && (await reader.findKey(material))
      return key && storedTokenSubject(key, material)
    }
    case 'access key': {
      const { account, userId, accessKeyId } = resting
      return accessKeySubject({ account, principalId: userId ?? account }, accessKeyId)
    }
    case 'service access key':
      return serviceAccessKeySubject(resting.service, resting.accessKeyId)
    case 'key store secret':
    case 'pending key store secret':
      return keyStoreSubject(resting, resting.type)
  }
}
