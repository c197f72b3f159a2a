/** The domain keys of this installation, unwrapped once and kept; makes a new one when the newest is too old. */
import type { Clock } from '../../base/clock.ts'
import { DOMAIN_KEY_AGE_MS_MAX } from '../../base/limits.ts'
import {
  createDomainKey,
  type DomainKey,
  domainKeyIdOf,
  openToken,
  sealToken,
  TokenError,
  type TokenSubject,
  unwrapDomainKey,
} from '../../crypto/domain-key.ts'
import { sha256Hex } from '../../crypto/hash.ts'
import type { RandomSource } from '../../crypto/random.ts'
import type { RootKey } from '../../crypto/root-key/root-key.ts'
import type { Reader, Store } from '../store.ts'

export interface DomainKeys {
  /** Seals a secret under the newest domain key. */
  seal(subject: TokenSubject, secret: Uint8Array): Promise<Buffer>
  /** The caller wipes the result. @throws {TokenError} if the token is another subject's, was altered, or is none of ours. */
  open(subject: TokenSubject, token: Buffer): Promise<Buffer>
  /** The key of fingerprints, the same for ever (lifecycle.md IMP-57). */
  fingerprintKey(): Promise<DomainKey['key']>
  /** The key that authenticates grant tokens, the same for ever (authorization.md GT-5). */
  grantTokenKey(): Promise<DomainKey['key']>
  /** The same, `undefined` before it was first asked for; changes nothing, so also inside a change. */
  findGrantTokenKey(): Promise<DomainKey['key'] | undefined>
}

/**
 * Keys that stay lie among the domain keys, wrapped and kept as they are, each under the first 16 bytes of SHA-256 of a
 * name of its own.
 */
const FINGERPRINT_KEY_ID = sha256Hex('kms:import-fingerprint-key:v1').slice(0, 32)
const GRANT_TOKEN_KEY_ID = sha256Hex('kms:grant-token-key:v1').slice(0, 32)
/** Older than all, so that they are never taken for the newest and seal nothing. */
const LASTING_KEY_CREATED_AT = 0

interface Newest {
  readonly domainKey: DomainKey
  readonly createdAt: number
}

export function createDomainKeys(store: Store, root: RootKey, clock: Clock, random: RandomSource): DomainKeys {
  const unwrapped = new Map<string, DomainKey>()
  let newest: Newest | undefined

  async function load(id: string): Promise<DomainKey> {
    const known = unwrapped.get(id)
    if (known !== undefined) return known
    const stored = await store.findDomainKey(id)
    if (stored === undefined) throw new TokenError(`domain key ${id} is missing from the store`)
    const domainKey = await unwrapDomainKey(root, stored)
    unwrapped.set(id, domainKey)
    return domainKey
  }

  async function freshest(reader: Reader): Promise<Newest | undefined> {
    const stored = await reader.newestDomainKey()
    if (stored === undefined || clock.now() - stored.createdAt >= DOMAIN_KEY_AGE_MS_MAX) return undefined
    return { domainKey: await load(stored.id), createdAt: stored.createdAt }
  }

  async function current(): Promise<DomainKey> {
    if (newest !== undefined && clock.now() - newest.createdAt < DOMAIN_KEY_AGE_MS_MAX) return newest.domainKey
    newest = (await freshest(store)) ?? (await make())
    return newest.domainKey
  }

  async function make(): Promise<Newest> {
    const made = await createDomainKey(root, random)
    const createdAt = clock.now()
    // Asked again inside the transaction: another node may have been quicker.
    const other = await store.change(async (change) => {
      const stored = await change.newestDomainKey()
      if (stored !== undefined && createdAt - stored.createdAt < DOMAIN_KEY_AGE_MS_MAX) return stored
      await change.insertDomainKey({ id: made.id, rootKeyId: root.id, wrapped: made.wrapped, createdAt })
      return undefined
    })
    if (other !== undefined) return { domainKey: await load(other.id), createdAt: other.createdAt }
    unwrapped.set(made.id, made)
    return { domainKey: made, createdAt }
  }

  async function makeLastingKey(lastingId: string): Promise<DomainKey> {
    const made = await createDomainKey(root, random, lastingId)
    await store.change(async (change) => {
      // Asked again inside the transaction: another node may have been quicker.
      if ((await change.findDomainKey(made.id)) !== undefined) return
      const { id, wrapped } = made
      await change.insertDomainKey({ id, rootKeyId: root.id, wrapped, createdAt: LASTING_KEY_CREATED_AT })
    })
    return load(made.id)
  }

  async function findLastingKey(id: string): Promise<DomainKey | undefined> {
    return unwrapped.get(id) ?? ((await store.findDomainKey(id)) && (await load(id)))
  }

  async function lastingKey(id: string): Promise<DomainKey['key']> {
    return ((await findLastingKey(id)) ?? (await makeLastingKey(id))).key
  }

  return {
    fingerprintKey: () => lastingKey(FINGERPRINT_KEY_ID),
    grantTokenKey: () => lastingKey(GRANT_TOKEN_KEY_ID),
    findGrantTokenKey: async () => (await findLastingKey(GRANT_TOKEN_KEY_ID))?.key,
    async seal(subject, secret) {
      return sealToken(await current(), random, subject, secret)
    },
    async open(subject, token) {
      return openToken(await load(domainKeyIdOf(token)), subject, token)
    },
  }
}
