/**
 * Whose an access key is, kept as long as nothing about it changes. Holds no secrets. Temporary ones are known by the SHA-256
 * of their session token too: with another token they are another's, and nobody's as a rule (authorization.md 6.7).
 */
import { LRUCache } from 'lru-cache'
import { ACCESS_KEY_ID_CHARS_MAX, CACHED_ACCESS_KEYS_MAX } from '../base/limits.ts'
import { sha256Hex } from '../crypto/hash.ts'
import type { Principal } from '../domain/principal.ts'
import type { ChangeNotice } from '../domain/store.ts'

export interface KnownAccessKey {
  readonly principal: Principal
  /** UTF-8 bytes of the secret, which the caller wipes. `undefined`: signatures of this key are not checked. */
  readonly openSecret: (() => Promise<Buffer>) | undefined
  /** Of temporary credentials, in milliseconds since the epoch. */
  readonly expiresAt: number | undefined
}

/** An access key while it is in the cache; whatever is derived from it is good only as long as it is current. */
export interface Identity extends KnownAccessKey {
  /** What the client brought with the access key; `undefined`: no session token. */
  readonly tokenHash: string | undefined
  /** False once the key changed, or was pushed out. */
  isCurrent: boolean
}

export type FindAccessKey = (
  accessKeyId: string,
  sessionToken: string | undefined,
) => Promise<KnownAccessKey | undefined>

export function tokenHashOf(sessionToken: string | undefined): string | undefined {
  return sessionToken === undefined ? undefined : sha256Hex(sessionToken)
}

export interface IdentityCache {
  /** `undefined`: there is no such key, it is not active, or the session token is not its own. */
  find(accessKeyId: string, sessionToken: string | undefined): Promise<Identity | undefined>
  drop(notices: readonly ChangeNotice[]): void
  clear(): void
}

export function createIdentityCache(findAccessKey: FindAccessKey): IdentityCache {
  const identities = new LRUCache<string, Identity>({
    max: CACHED_ACCESS_KEYS_MAX,
    dispose: (identity) => {
      identity.isCurrent = false
    },
  })
  /** Requests that come while a key is being read wait for that one reading, so all get the same principal. */
  const loading = new Map<string, Promise<Identity | undefined>>()
  /** Rises with every drop: what was read before one must not be kept after it. */
  let generation = 0

  async function load(name: string, accessKeyId: string, sessionToken: string | undefined) {
    const before = generation
    const known = await findAccessKey(accessKeyId, sessionToken)
    if (known === undefined) return undefined
    const identity = { ...known, tokenHash: tokenHashOf(sessionToken), isCurrent: generation === before }
    if (identity.isCurrent) identities.set(name, identity)
    return identity
  }

  async function find(accessKeyId: string, sessionToken: string | undefined): Promise<Identity | undefined> {
    if (accessKeyId === '' || accessKeyId.length > ACCESS_KEY_ID_CHARS_MAX) return undefined
    const name = sessionToken === undefined ? accessKeyId : `${accessKeyId} ${tokenHashOf(sessionToken)}`
    const known = identities.get(name) ?? loading.get(name)
    if (known !== undefined) return known
    const reading = load(name, accessKeyId, sessionToken)
    loading.set(name, reading)
    try {
      return await reading
    } finally {
      if (loading.get(name) === reading) loading.delete(name)
    }
  }

  /** With whatever token it was presented: few sessions are ever revoked, so it may take a look at all. */
  function dropSession(accessKeyId: string): void {
    const isOfSession = (name: string) => name.startsWith(`${accessKeyId} `)
    for (const name of [...identities.keys()].filter(isOfSession)) identities.delete(name)
    for (const name of [...loading.keys()].filter(isOfSession)) loading.delete(name)
  }

  /** Renamed users have other ARNs, and sessions go with their user or role. */
  function dropAccount(account: string): void {
    const names = [...identities.entries()].filter(([, { principal }]) => principal.account === account)
    for (const [name] of names) identities.delete(name)
    loading.clear()
  }

  function clear(): void {
    generation++
    identities.clear()
    loading.clear()
  }

  return {
    find,
    drop(notices) {
      for (const { kind, subject } of notices) {
        // What is known of an access key opens a secret that was sealed anew since.
        if (kind === 'unused-domain-key') clear()
        if (kind !== 'access-key' && kind !== 'session' && kind !== 'identity') continue
        generation++
        if (kind === 'identity') dropAccount(subject)
        else if (kind === 'session') dropSession(subject)
        else {
          identities.delete(subject)
          loading.delete(subject)
        }
      }
    },
    clear,
  }
}
