/**
 * Grants of the warm path, kept in memory by key and grantee: of 50,000 grants of one key only those of principals that
 * call are here, and a key without any costs one look-up.
 */
import { LRUCache } from 'lru-cache'
import { CACHED_GRANTS_MAX, CACHED_KEYS_MAX } from '../../base/limits.ts'
import type { PrincipalRef } from '../identity/principal-ref.ts'
import { type KeyName, keyRef } from '../keys/key.ts'
import type { ChangeNotice, MaybePromise, Reader } from '../store.ts'
import type { Grant } from './grant.ts'

export interface GrantCache {
  findGrants(key: KeyName, grantees: readonly PrincipalRef[]): MaybePromise<readonly Grant[]>
  drop(notices: readonly ChangeNotice[]): void
  clear(): void
}

/** What is known of a key's grants since they last changed. */
interface KeyGrants {
  readonly hasAny: boolean
}

interface GranteeGrants {
  /** Valid only while this is what is known of the key, so that a change of one grant need not look for all grantees. */
  readonly since: KeyGrants
  readonly grants: readonly Grant[]
}

const NONE: readonly Grant[] = []

export function createGrantCache(reader: Reader): GrantCache {
  const keys = new LRUCache<string, KeyGrants>({ max: CACHED_KEYS_MAX })
  const grantees = new LRUCache<string, GranteeGrants>({
    maxSize: CACHED_GRANTS_MAX,
    sizeCalculation: ({ grants }) => grants.length + 1,
  })
  /** Rises with every drop: what was read before one must not be kept after it. */
  let generation = 0

  function findGrants(key: KeyName, refs: readonly PrincipalRef[]): MaybePromise<readonly Grant[]> {
    const ref = keyRef(key)
    const known = keys.get(ref)
    if (known === undefined) return load(key, ref, refs)
    if (!known.hasAny) return NONE
    let found = NONE
    for (const grantee of refs) {
      const entry = grantees.get(entryRef(ref, grantee))
      if (entry?.since !== known) return load(key, ref, refs)
      if (entry.grants.length > 0) found = found.length === 0 ? entry.grants : [...found, ...entry.grants]
    }
    return found
  }

  /** Asks for all that the caller can be called by: a caller that comes once comes again. */
  async function load(key: KeyName, ref: string, refs: readonly PrincipalRef[]): Promise<readonly Grant[]> {
    const before = generation
    const since = keys.get(ref) ?? { hasAny: await reader.hasGrants(key) }
    const found = since.hasAny ? await reader.findGrants(key, refs) : NONE
    if (generation !== before) return found
    keys.set(ref, since)
    if (!since.hasAny) return found
    for (const grantee of refs) {
      const grants = found.filter((grant) => grant.grantee === grantee)
      grantees.set(entryRef(ref, grantee), { since, grants })
    }
    return found
  }

  return {
    findGrants,
    drop(notices) {
      for (const { kind, subject } of notices) {
        if (kind !== 'grants') continue
        generation++
        keys.delete(subject)
      }
    },
    clear() {
      generation++
      keys.clear()
      grantees.clear()
    },
  }
}

function entryRef(ref: string, grantee: PrincipalRef): string {
  return `${ref} ${grantee}`
}
