/**
 * Multi-Region sets (lifecycle.md section 6): which key is what in its set, and its related keys. Every member carries the
 * whole set, so that no call has to look at another Region; whoever changes a set changes all of its members at once.
 */
import assert from 'node:assert/strict'
import { type KeyEvent, keyEvent } from '../key-event.ts'
import type { Reader } from '../store.ts'
import type { Key, KeyName, MultiRegionSet } from './key.ts'

export function newMultiRegionSet(primaryRegion: string): MultiRegionSet {
  return multiRegionSet(primaryRegion, [])
}

/** @param replicaRegions in any order. */
export function multiRegionSet(primaryRegion: string, replicaRegions: readonly string[]): MultiRegionSet {
  return Object.freeze({ primaryRegion, replicaRegions: Object.freeze(replicaRegions.toSorted()) })
}

export function isReplica({ multiRegionSet, region }: Key): boolean {
  return multiRegionSet !== undefined && multiRegionSet.primaryRegion !== region
}

export function isPrimary({ multiRegionSet, region }: Key): boolean {
  return multiRegionSet?.primaryRegion === region
}

export function hasReplicas({ multiRegionSet }: Key): boolean {
  return multiRegionSet !== undefined && multiRegionSet.replicaRegions.length > 0
}

/** The primary's name; of a single-Region key its own. */
export function primaryOf({ account, region, keyId, multiRegionSet }: Key): KeyName {
  return { account, region: multiRegionSet?.primaryRegion ?? region, keyId }
}

/** Of a primary: its replicas. Of a replica: its primary and the other replicas. Of a single-Region key: none. */
export async function relatedKeys(reader: Reader, key: Key): Promise<readonly Key[]> {
  const { account, region, keyId, multiRegionSet } = key
  if (multiRegionSet === undefined) return []
  const related: Key[] = []
  for (const other of [multiRegionSet.primaryRegion, ...multiRegionSet.replicaRegions]) {
    if (other === region) continue
    const member = await reader.findKey({ account, region: other, keyId })
    assert(member !== undefined, `${key.arn} has no member in ${other}`)
    related.push(member)
  }
  return related
}

/** Of what the members share, something new is in force in all of them (audit.md AU-8). */
export function synchronizeEvent(primary: Key): KeyEvent {
  return keyEvent('SynchronizeMultiRegionKey', primary, { response: { keyId: primary.arn } })
}
