/** Another member of a multi-Region set becomes its primary (lifecycle.md 6.2). */
import type { KeyEvent } from '../key-event.ts'
import type { Change } from '../store.ts'
import type { Key } from './key.ts'
import { multiRegionSet, relatedKeys, synchronizeEvent } from './multi-region.ts'

/**
 * Only the roles change, and with them who has the rotation settings (MRK-22).
 *
 * @param replica of `primary`'s set.
 * @returns the event to commit with it.
 */
export async function changePrimary(change: Change, primary: Key, replica: Key): Promise<KeyEvent> {
  const { primaryRegion, replicaRegions } = primary.multiRegionSet!
  const others = replicaRegions.filter((region) => region !== replica.region)
  const set = multiRegionSet(replica.region, [...others, primaryRegion])
  for (const member of await relatedKeys(change, primary)) {
    if (member.region !== replica.region) await change.updateKey({ ...member, multiRegionSet: set })
  }
  const { rotation, onDemandRotations } = primary
  await change.updateKey({ ...primary, multiRegionSet: set, rotation: undefined, onDemandRotations: 0 })
  await change.updateKey({ ...replica, multiRegionSet: set, rotation, onDemandRotations })
  return synchronizeEvent(replica)
}
