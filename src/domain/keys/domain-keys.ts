/** The domain keys of this installation, unwrapped once and kept; makes a new one when the newest is too old. */
import type { Clock } from '../../base/clock.ts'
import { DOMAIN_KEY_AGE_MS_MAX, DOMAIN_KEY_OVERDUE_MS_MAX, DOMAIN_KEY_RETRY_MS } from '../../base/limits.ts'
import { type Log, silentLog } from '../../base/log.ts'
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
import { type RootKey, RootKeyError } from '../../crypto/root-key/root-key.ts'
import type { Change, NewDomainKey, Reader, Store } from '../store.ts'

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
  /** Unwraps all that the store has, and forgets those that it no longer has. @throws {RootKeyError | OperatorError} if the root key cannot be opened. */
  loadAll(): Promise<void>
}

/** Opens the root key with this id, to which the store was changed while this node runs. */
export type OpenChangedRootKey = (id: string) => Promise<RootKey>

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

/** @param firstRoot that of the store when the node starts. */
export function createDomainKeys(
  store: Store,
  firstRoot: RootKey,
  clock: Clock,
  random: RandomSource,
  openChanged: OpenChangedRootKey = refuseChanged,
  log: Log = silentLog,
): DomainKeys {
  const unwrapped = new Map<string, DomainKey>()
  /** Those who need a domain key that is being unwrapped wait for that: a root key may be far away. */
  const loading = new Map<string, Promise<DomainKey>>()
  let newest: Newest | undefined
  let renewing: Promise<DomainKey> | undefined
  /** After a failure, not at every call. */
  let renewAt = 0
  /** Those that were open before stay so: a domain key may have been read just before its root key was changed. */
  const roots = new Map([[firstRoot.id, firstRoot]])
  /** An HSM counts each attempt with a wrong PIN. */
  const opening = new Map<string, Promise<RootKey>>()

  async function rootWith(id: string): Promise<RootKey> {
    const known = roots.get(id) ?? opening.get(id)
    if (known !== undefined) return known
    const opened = openChanged(id)
    opening.set(id, opened)
    try {
      roots.set(id, await opened)
      return await opened
    } finally {
      opening.delete(id)
    }
  }

  /**
   * What domain keys are wrapped by tells which root key counts, so a change of it is in force here the moment it commits. It opens one of
   * them before it wraps another: where an HSM has another key under the same id by now, no key would open both.
   */
  async function currentRoot(): Promise<RootKey> {
    const stored = await store.newestDomainKey()
    if (stored === undefined) return firstRoot
    const root = await rootWith(stored.rootKeyId)
    await unwrapDomainKey(root, stored)
    return root
  }

  async function load(id: string): Promise<DomainKey> {
    const known = unwrapped.get(id) ?? loading.get(id)
    if (known !== undefined) return known
    const reading = read(id)
    loading.set(id, reading)
    try {
      return await reading
    } finally {
      loading.delete(id)
    }
  }

  async function read(id: string): Promise<DomainKey> {
    const stored = await store.findDomainKey(id)
    if (stored === undefined) throw new TokenError(`domain key ${id} is missing from the store`)
    const domainKey = await unwrapDomainKey(await rootWith(stored.rootKeyId), stored)
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
    if (newest !== undefined && clock.now() < renewAt && isUsable(newest)) return newest.domainKey
    renewing ??= renew().finally(() => {
      renewing = undefined
    })
    return renewing
  }

  /** Where no new one can be made, because the root key is far away or was changed, the last one serves some days more. */
  async function renew(): Promise<DomainKey> {
    try {
      newest = (await freshest(store)) ?? (await make())
    } catch (error) {
      if (newest === undefined || !isUsable(newest)) throw error
      const { message: problem } = error as Error
      log.error({ problem }, 'cannot make a new domain key; the last one serves for up to a week')
      renewAt = clock.now() + DOMAIN_KEY_RETRY_MS
    }
    return newest.domainKey
  }

  function isUsable({ createdAt }: Newest): boolean {
    return clock.now() - createdAt < DOMAIN_KEY_OVERDUE_MS_MAX
  }

  async function make(): Promise<Newest> {
    const root = await currentRoot()
    const made = await createDomainKey(root, random)
    const createdAt = clock.now()
    // Asked again inside the transaction: another node may have been quicker.
    const other = await store.change(async (change) => {
      const stored = await change.newestDomainKey()
      if (stored !== undefined && createdAt - stored.createdAt < DOMAIN_KEY_AGE_MS_MAX) return stored
      return insert(change, { id: made.id, rootKeyId: root.id, wrapped: made.wrapped, createdAt })
    })
    if (other === 'root key changed') return make()
    if (other !== undefined) return { domainKey: await load(other.id), createdAt: other.createdAt }
    unwrapped.set(made.id, made)
    return { domainKey: made, createdAt }
  }

  async function makeLastingKey(lastingId: string): Promise<DomainKey> {
    const root = await currentRoot()
    const { id, wrapped } = await createDomainKey(root, random, lastingId)
    const outcome = await store.change(async (change) => {
      // Asked again inside the transaction: another node may have been quicker.
      if ((await change.findDomainKey(id)) !== undefined) return undefined
      return insert(change, { id, rootKeyId: root.id, wrapped, createdAt: LASTING_KEY_CREATED_AT })
    })
    return outcome === 'root key changed' ? makeLastingKey(lastingId) : load(id)
  }

  /** All domain keys of a store are under one root key, so none may come in under one that was changed meanwhile. */
  async function insert(change: Change, key: NewDomainKey): Promise<'root key changed' | undefined> {
    const other = await change.newestDomainKey()
    if (other !== undefined && other.rootKeyId !== key.rootKeyId) return 'root key changed'
    await change.insertDomainKey(key)
    return undefined
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
    async loadAll() {
      const present = await store.listDomainKeys()
      const ids = new Set(present.map(({ id }) => id))
      for (const id of unwrapped.keys()) if (!ids.has(id)) unwrapped.delete(id)
      // By a wrong clock elsewhere it was found old, or a database that failed has lost it: what it sealed from now on nobody could open again.
      if (newest !== undefined && !ids.has(newest.domainKey.id)) newest = undefined
      // Also where all are unwrapped: those that come are under the root key of now.
      for (const { rootKeyId } of present) await rootWith(rootKeyId)
      await Promise.all(present.map(({ id }) => load(id)))
    },
    findGrantTokenKey: async () => (await findLastingKey(GRANT_TOKEN_KEY_ID))?.key,
    async seal(subject, secret) {
      return sealToken(await current(), random, subject, secret)
    },
    async open(subject, token) {
      return openToken(await load(domainKeyIdOf(token)), subject, token)
    },
  }
}

/** For programs that are alone with a store, or over in a moment. */
async function refuseChanged(): Promise<RootKey> {
  throw new RootKeyError('The root key was changed meanwhile. Run this once more.')
}
