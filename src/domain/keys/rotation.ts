/**
 * Rotation: a key gets a new current material and keeps all others for decryption (lifecycle.md section 3). What is new is
 * made and sealed before the transaction that switches to it. The replicas of a multi-Region key switch in the same
 * transaction, so what one Region encrypts the others decrypt at once (ROT-45).
 */
import { DAY_MS, MINUTE_MS } from '../../base/clock.ts'
import { KmsError } from '../../base/errors.ts'
import { IMPORTED_MATERIALS_PER_KEY_MAX, ON_DEMAND_ROTATIONS_MAX } from '../../base/limits.ts'
import { type KeyEvent, keyEvent } from '../key-event.ts'
import type { Change, RotationType, StoredKeyMaterial } from '../store.ts'
import { importedMaterialOf } from './imported-material.ts'
import type { Key, RotationSetting } from './key.ts'
import type { KeyMaterials } from './key-material.ts'
import { relatedKeys, synchronizeEvent } from './multi-region.ts'

/** ROT-10, ROT-16: only when rotation is off. */
export const DEFAULT_ROTATION_PERIOD_IN_DAYS = 365
/** ROT-33. */
const CONFLICT_MS = 20 * MINUTE_MS

/** Material that is sealed and not yet the key's. */
export interface FreshMaterial {
  readonly material: StoredKeyMaterial
  /** The current material when it was made. If it is no longer, another rotation was quicker, and this one is dropped. */
  readonly replaces: string | undefined
}

/** A key after its rotation, not yet written (its replicas are), and the events to commit with it. */
export interface Rotated {
  readonly key: Key
  readonly events: readonly KeyEvent[]
}

const NO_EVENTS: readonly KeyEvent[] = []

/** Seals, which may change the store: never inside a transaction. */
export async function freshMaterial(key: Key, keyMaterials: KeyMaterials, now: number): Promise<FreshMaterial> {
  return { material: await keyMaterials.create(key, now), replaces: key.currentMaterialId }
}

export function isRotationDue({ rotation }: Key, now: number): boolean {
  return rotation !== undefined && rotation.nextRotationAt <= now
}

export function rotationEvery(periodInDays: number, from: number): RotationSetting {
  return Object.freeze({ periodInDays, nextRotationAt: from + periodInDays * DAY_MS })
}

/** ROT-11; from now on if the date after this one has passed as well, because nobody was there to rotate. */
function nextOnSchedule({ periodInDays, nextRotationAt }: RotationSetting, now: number): RotationSetting {
  const next = rotationEvery(periodInDays, nextRotationAt)
  return next.nextRotationAt > now ? next : rotationEvery(periodInDays, now)
}

/** @param key Enabled, due, and with the current material that `fresh` replaces. */
export async function rotateOnSchedule(change: Change, key: Key, fresh: FreshMaterial, now: number): Promise<Rotated> {
  const { key: rotated, events } = await switchTo(change, key, fresh.material, 'AUTOMATIC', now)
  return { key: { ...rotated, rotation: nextOnSchedule(key.rotation!, now) }, events }
}

/**
 * The rotation that a key missed while it was disabled or pending deletion: one, however many dates have passed (ROT-12,
 * ROT-13), and the schedule begins anew (ROT-14).
 *
 * @param fresh `undefined` if the key seemed not to be due when it was looked at before the transaction. The key is then due
 *   from now on, and the job rotates it.
 */
export async function catchUp(
  change: Change,
  key: Key,
  fresh: FreshMaterial | undefined,
  now: number,
): Promise<Rotated> {
  const { rotation } = key
  if (rotation === undefined || rotation.nextRotationAt > now) return { key, events: NO_EVENTS }
  if (fresh === undefined || fresh.replaces !== key.currentMaterialId) {
    return { key: { ...key, rotation: { ...rotation, nextRotationAt: now } }, events: NO_EVENTS }
  }
  const rotated = await switchTo(change, key, fresh.material, 'AUTOMATIC', now)
  return { key: { ...rotated.key, rotation: rotationEvery(rotation.periodInDays, now) }, events: rotated.events }
}

/**
 * Leaves the schedule alone (ROT-17).
 *
 * @param fresh `undefined` for imported keys, which rotate to the material that is pending (ROT-35).
 * @throws {KmsError} `KMSInvalidStateException` if no material is pending; `LimitExceededException`; `ConflictException`.
 */
export async function rotateOnDemand(
  change: Change,
  key: Key,
  fresh: FreshMaterial | undefined,
  now: number,
): Promise<Rotated> {
  const pending = fresh === undefined ? await pendingMaterial(change, key) : undefined
  if (key.onDemandRotations >= ON_DEMAND_ROTATIONS_MAX) throw limitReached(key)
  if (isRotationDue(key, now + CONFLICT_MS)) throw automaticRotationIsNear(key)
  const rotated =
    pending === undefined
      ? await switchTo(change, key, fresh!.material, 'ON_DEMAND', now)
      : await promote(change, key, pending, now)
  return { ...rotated, key: { ...rotated.key, onDemandRotations: key.onDemandRotations + 1 } }
}

/** @param next not yet a material of the key. */
function switchTo(
  change: Change,
  key: Key,
  next: StoredKeyMaterial,
  type: RotationType,
  now: number,
): Promise<Rotated> {
  return rotateSet(change, key, next.materialId, type, async (member) => {
    const { account, region, keyId } = member
    const rotation = { type, date: now }
    await change.insertMaterial({ ...next, account, region, keyId, state: 'CURRENT', rotation })
    return member
  })
}

/** Of imported keys. @param pending the key's; each replica has an entry of its own for it. */
function promote(change: Change, key: Key, { materialId }: StoredKeyMaterial, now: number): Promise<Rotated> {
  return rotateSet(change, key, materialId, 'ON_DEMAND', async (member) => {
    const pending = (await change.findMaterial(member.region, materialId))!
    // Its bytes may have gone while it waited: this member is then PendingImport until they come again (ROT-36, IMP-86).
    const imported = { ...pending.imported!, isPresent: pending.token !== undefined }
    await change.updateMaterial({ ...pending, state: 'CURRENT', rotation: { type: 'ON_DEMAND', date: now }, imported })
    return { ...member, importedMaterial: importedMaterialOf(await allMaterials(change, member)) }
  })
}

/**
 * @param key not a replica; the caller writes what becomes of it.
 * @param introduce makes `materialId` the current one of a member whose former one has been retired.
 */
async function rotateSet(
  change: Change,
  key: Key,
  materialId: string,
  rotationType: RotationType,
  introduce: (member: Key) => Promise<Key>,
): Promise<Rotated> {
  const rotate = async (member: Key): Promise<Key> => {
    const former = await change.findMaterial(member.region, key.currentMaterialId!)
    await change.updateMaterial({ ...former!, state: 'NON_CURRENT' })
    return { ...(await introduce(member)), currentMaterialId: materialId }
  }
  const replicas = await relatedKeys(change, key)
  for (const replica of replicas) await change.updateKey(await rotate(replica))
  const rotated = await rotate(key)
  const event = rotationEvent(key, materialId, rotationType)
  return { key: rotated, events: replicas.length === 0 ? [event] : [event, synchronizeEvent(key)] }
}

function rotationEvent(key: Key, materialId: string, rotationType: RotationType): KeyEvent {
  const details = {
    rotationType,
    keyOrigin: key.origin,
    keyId: key.keyId,
    previousKeyMaterialId: key.currentMaterialId!,
    currentKeyMaterialId: materialId,
  }
  return keyEvent('RotateKey', key, { details })
}

async function allMaterials(change: Change, key: Key): Promise<readonly StoredKeyMaterial[]> {
  return change.listMaterials(key, { after: undefined, limit: IMPORTED_MATERIALS_PER_KEY_MAX }, 'all')
}

async function pendingMaterial(change: Change, key: Key): Promise<StoredKeyMaterial> {
  const pending = (await allMaterials(change, key)).find(({ state }) => state.startsWith('PENDING_'))
  if (pending === undefined) {
    const text = `No available key material pending rotation for the key: ${key.arn}.`
    throw new KmsError('KMSInvalidStateException', text)
  }
  if (pending.state === 'PENDING_ROTATION') return pending
  const reason = 'Key material has not been imported for replicas of the Multi-Region key.'
  throw new KmsError('KMSInvalidStateException', `Cannot perform key material rotation: ${reason}`)
}

/** ROT-32. */
function limitReached({ arn }: Key): KmsError {
  const reached = 'The on-demand rotations limit has been reached for the given keyId.'
  return new KmsError(
    'LimitExceededException',
    `${reached} No more on-demand rotations can be performed for this key: ${arn}`,
  )
}

/** ROT-33; AWS publishes no text. */
function automaticRotationIsNear({ arn }: Key): KmsError {
  return new KmsError('ConflictException', `An automatic rotation of ${arn} is due within 20 minutes.`)
}
