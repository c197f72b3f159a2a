/** Whose an access key is, kept as long as the key does not change. Holds no secrets. */
import { LRUCache } from 'lru-cache'
import { ACCESS_KEY_ID_CHARS_MAX, CACHED_ACCESS_KEYS_MAX } from '../base/limits.ts'
import type { Principal } from '../domain/principal.ts'
import type { ChangeNotice } from '../domain/store.ts'

export interface KnownAccessKey {
  readonly principal: Principal
  /** UTF-8 bytes of the secret, which the caller wipes. `undefined`: signatures of this key are not checked. */
  readonly openSecret: (() => Promise<Buffer>) | undefined
  /** Long-term keys have no session token; development mode lets one pass. */
  readonly ignoresSecurityToken: boolean
}

/** An access key while it is in the cache; whatever is derived from it is good only as long as it is current. */
export interface Identity extends KnownAccessKey {
  /** False once the key changed, or was pushed out. */
  isCurrent: boolean
}

export type FindAccessKey = (accessKeyId: string) => Promise<KnownAccessKey | undefined>

export interface IdentityCache {
  /** `undefined`: there is no such key, or it is not active. */
  find(accessKeyId: string): Promise<Identity | undefined>
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

  async function load(accessKeyId: string): Promise<Identity | undefined> {
    const before = generation
    const known = await findAccessKey(accessKeyId)
    if (known === undefined) return undefined
    const identity = { ...known, isCurrent: generation === before }
    if (identity.isCurrent) identities.set(accessKeyId, identity)
    return identity
  }

  async function find(accessKeyId: string): Promise<Identity | undefined> {
    if (accessKeyId === '' || accessKeyId.length > ACCESS_KEY_ID_CHARS_MAX) return undefined
    const known = identities.get(accessKeyId) ?? loading.get(accessKeyId)
    if (known !== undefined) return known
    const reading = load(accessKeyId)
    loading.set(accessKeyId, reading)
    try {
      return await reading
    } finally {
      if (loading.get(accessKeyId) === reading) loading.delete(accessKeyId)
    }
  }

  return {
    find,
    drop(notices) {
      for (const { kind, subject } of notices) {
        if (kind !== 'access-key') continue
        generation++
        identities.delete(subject)
        loading.delete(subject)
      }
    },
    clear() {
      generation++
      identities.clear()
      loading.clear()
    },
  }
}
