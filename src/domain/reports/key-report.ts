/** All that the store tells about one key, so that somebody can decide whether it may be deleted (lifecycle.md 5.3). */
import { ALIASES_PER_KEY_MAX } from '../../base/limits.ts'
import type { DeletionAlarm } from '../deletion-alarms.ts'
import { principalShownIn } from '../identity/resolve-principal.ts'
import { trailingDaysWithoutUsage } from '../key-usage.ts'
import { type Key, type KeyState, keyState } from '../keys/key.ts'
import { isReplica, primaryOf } from '../keys/multi-region.ts'
import { shownKeyPolicy } from '../keys/written-policy.ts'
import { type StatementSummary, summarisePolicy } from '../policy/policy-summary.ts'
import type { KeyUse, Reader, StoredKeyMaterial } from '../store.ts'

/** Times are milliseconds since the epoch. */
export interface KeyReport {
  readonly key: Key
  readonly state: KeyState
  /** `undefined`: not since `trackedSince`. */
  readonly lastUse: KeyUse | undefined
  readonly trackedSince: number
  readonly daysWithoutUse: number
  /** Of a key that is pending deletion, if somebody has asked for it since (lifecycle.md DEL-30). */
  readonly alarm: DeletionAlarm | undefined
  /** In order. */
  readonly aliases: readonly string[]
  readonly materials: MaterialsInBrief
  /** Of a replica: its primary's, which rotates them all (lifecycle.md ROT-18). */
  readonly rotation: Pick<Key, 'rotation' | 'onDemandRotations'>
  readonly policy: readonly StatementSummary[]
  readonly grants: GrantsInBrief
}

export interface GrantsInBrief {
  readonly count: number
  /** The first ones, in order of grant id. */
  readonly shown: readonly GrantInBrief[]
}

export interface GrantInBrief {
  readonly grantId: string
  /** ARN, or the unique id of a principal that is gone. */
  readonly grantee: string
  readonly operations: readonly string[]
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

export interface MaterialsInBrief {
  readonly count: number
  readonly lastRotation: StoredKeyMaterial['rotation']
}

const MATERIALS_PER_PAGE = 1000
const GRANTS_SHOWN_MAX = 100

export async function reportKey(reader: Reader, key: Key, now: number): Promise<KeyReport> {
  const lastUse = await reader.findLastUsage(key)
  const trackedSince = await reader.lastUsageTrackedSince()
  return {
    key,
    state: keyState(key, now),
    lastUse,
    trackedSince: Math.max(trackedSince, key.createdAt),
    alarm: await reader.findDeletionAlarm(key),
    daysWithoutUse: trailingDaysWithoutUsage(key, lastUse, trackedSince, now),
    aliases: await aliasesOf(reader, key, now),
    materials: await materialsOf(reader, key),
    rotation: isReplica(key) ? ((await reader.findKey(primaryOf(key))) ?? key) : key,
    policy: summarisePolicy(await shownKeyPolicy(key, reader)),
    grants: await grantsOf(reader, key),
  }
}

async function aliasesOf(reader: Reader, { account, region, keyId }: Key, now: number): Promise<readonly string[]> {
  const page = { after: undefined, limit: ALIASES_PER_KEY_MAX }
  const aliases = await reader.listAliases(account, region, keyId, page, now)
  return aliases.map(({ aliasName }) => aliasName)
}

async function grantsOf(reader: Reader, key: Key): Promise<GrantsInBrief> {
  const grants = await reader.listGrants(key, { after: undefined, limit: GRANTS_SHOWN_MAX }, {})
  const shown = await Promise.all(
    grants.map(async ({ grantId, grantee, operations, createdAt }) => {
      return { grantId, grantee: await principalShownIn(key.region, grantee, reader), operations, createdAt }
    }),
  )
  return { count: await reader.countGrants(key), shown }
}

async function materialsOf(reader: Reader, key: Key): Promise<MaterialsInBrief> {
  let count = 0
  let lastRotation: StoredKeyMaterial['rotation']
  let after: string | undefined
  for (;;) {
    const materials = await reader.listMaterials(key, { after, limit: MATERIALS_PER_PAGE }, 'all')
    count += materials.length
    lastRotation = materials.findLast(({ rotation }) => rotation !== undefined)?.rotation ?? lastRotation
    if (materials.length < MATERIALS_PER_PAGE) return { count, lastRotation }
    after = materials.at(-1)!.materialId
  }
}
