/**
 * Records of the warm path, kept in memory: keys, aliases and which key a material belongs to. Answers without the store
 * where it can; drops what a change names. Wrapped records only: unwrapped material lives in `keys/key-material.ts`.
 */
import { LRUCache } from 'lru-cache'
import { CACHED_ABSENCES_MAX, CACHED_ALIAS_LISTS_MAX, CACHED_ALIASES_MAX, CACHED_KEYS_MAX } from '../base/limits.ts'
import { type Alias, type AliasName, aliasRef } from './aliases.ts'
import { createGrantCache } from './grants/grant-cache.ts'
import { keyStoreOf, keyStoreRef } from './key-stores/custom-key-store.ts'
import { type Key, type KeyName, keyRef } from './keys/key.ts'
import type { ChangeNotice, Lookups, MaybePromise, Reader } from './store.ts'

export interface RecordCache extends Lookups {
  drop(notices: readonly ChangeNotice[]): void
  clear(): void
}

/** A record for as long as it may be used: it goes when it is dropped or pushed out, whoever still holds the entry. */
interface KeyEntry {
  key: Key | undefined
}

export function createRecordCache(reader: Reader): RecordCache {
  const keys = new LRUCache<string, KeyEntry>({
    max: CACHED_KEYS_MAX,
    dispose: (entry) => {
      entry.key = undefined
    },
  })
  const aliases = new LRUCache<string, Alias>({ max: CACHED_ALIASES_MAX })
  /** `region/materialId` → the entry above, so that a ciphertext finds its key in one step; a material never changes its key. */
  const owners = new LRUCache<string, KeyEntry>({ max: CACHED_KEYS_MAX })
  const grants = createGrantCache(reader)
  const aliasNames = new LRUCache<string, readonly string[]>({ max: CACHED_ALIAS_LISTS_MAX })
  /**
   * What callers of other accounts asked for in vain. Not for callers of the same account: one who makes an alias at another
   * node expects to find it here the next moment.
   */
  const absences = new LRUCache<string, true>({ max: CACHED_ABSENCES_MAX })
  /** Rises with every drop: a record that was read before one must not be kept after it. */
  let generation = 0

  async function load<T extends object>(
    cache: LRUCache<string, T>,
    ref: string,
    find: () => MaybePromise<T | undefined>,
  ) {
    const before = generation
    const found = await find()
    if (found !== undefined && generation === before) cache.set(ref, found)
    return found
  }

  async function loadForeign<T extends object>(
    cache: LRUCache<string, T>,
    ref: string,
    find: () => MaybePromise<T | undefined>,
  ) {
    const before = generation
    const found = await load(cache, ref, find)
    if (found === undefined && generation === before) absences.set(ref, true)
    return found
  }

  function findKey(name: KeyName, isForeign = false): MaybePromise<Key | undefined> {
    const ref = keyRef(name)
    const known = keys.get(ref)?.key
    if (known !== undefined || (isForeign && absences.has(ref))) return known
    return loadKey(ref, name, isForeign)
  }

  async function loadKey(ref: string, name: KeyName, isForeign: boolean): Promise<Key | undefined> {
    const before = generation
    const key = await reader.findKey(name)
    if (generation !== before) return key
    if (key !== undefined) return keep(ref, key).key
    if (isForeign) absences.set(ref, true)
    return undefined
  }

  async function loadOwner(ref: string, region: string, materialId: string): Promise<Key | undefined> {
    const before = generation
    const key = await reader.findKeyByMaterial(region, materialId)
    if (key === undefined || generation !== before) return key
    const entry = keep(keyRef(key), key)
    owners.set(ref, entry)
    return entry.key
  }

  /** One record for each key, however it was found. */
  function keep(ref: string, key: Key): KeyEntry {
    let entry = keys.get(ref)
    if (entry === undefined) {
      entry = { key }
      keys.set(ref, entry)
    }
    return entry
  }

  /** Walks all keys: stores seldom change, and an index by store would cost every key. */
  function dropKeysOfStore(ref: string): void {
    for (const [name, { key }] of keys.entries()) {
      if (key?.customKeyStore !== undefined && keyStoreRef(keyStoreOf(key)) === ref) keys.delete(name)
    }
  }

  async function loadAliasNames(ref: string, key: KeyName): Promise<readonly string[]> {
    return (await load(aliasNames, ref, () => reader.aliasNamesOf(key)))!
  }

  return {
    findKey,
    findKeyByMaterial(region, materialId) {
      const ref = `${region}/${materialId}`
      return owners.get(ref)?.key ?? loadOwner(ref, region, materialId)
    },
    findAlias(name: AliasName, isForeign = false) {
      const ref = aliasRef(name)
      const known = aliases.get(ref)
      if (known !== undefined || (isForeign && absences.has(ref))) return known
      return (isForeign ? loadForeign : load)(aliases, ref, () => reader.findAlias(name))
    },
    aliasNamesOf(key) {
      const ref = keyRef(key)
      return aliasNames.get(ref) ?? loadAliasNames(ref, key)
    },
    findGrants: grants.findGrants,
    findGrant: (name) => reader.findGrant(name),
    drop(notices) {
      generation++
      grants.drop(notices)
      for (const { kind, subject } of notices) {
        absences.delete(subject)
        if (kind === 'key') keys.delete(subject)
        else if (kind === 'key-store') dropKeysOfStore(subject)
        else if (kind === 'alias') {
          aliases.delete(subject)
          // It may have moved from one key to another; few callers are judged by aliases.
          aliasNames.clear()
        }
      }
    },
    clear() {
      generation++
      grants.clear()
      absences.clear()
      keys.clear()
      aliases.clear()
      aliasNames.clear()
      owners.clear()
    },
  }
}
