/** A KMS key: its facts, and the state that follows from them. */
import { keyArn } from '../../base/arn.ts'
import type { KeyStorePlace } from '../key-stores/key-store-place.ts'

export const KEY_STATES = [
  'Creating',
  'Enabled',
  'Disabled',
  'PendingDeletion',
  'PendingImport',
  'PendingReplicaDeletion',
  'Unavailable',
  'Updating',
] as const
export type KeyState = (typeof KEY_STATES)[number]

export const KEY_USAGES = ['SIGN_VERIFY', 'ENCRYPT_DECRYPT', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'] as const
export type KeyUsage = (typeof KEY_USAGES)[number]

export type Origin = 'AWS_KMS' | 'EXTERNAL' | 'AWS_CLOUDHSM' | 'EXTERNAL_KEY_STORE'

export interface KeyName {
  readonly account: string
  readonly region: string
  /** Bare key id. */
  readonly keyId: string
}

export interface Tag {
  readonly key: string
  readonly value: string
}

export interface ScheduledDeletion {
  readonly windowInDays: number
  /**
   * Milliseconds since the epoch; `undefined`: the key is a primary with replicas, and the window begins when the last of
   * them is gone (lifecycle.md TR-12).
   */
  readonly date: number | undefined
}

/** The Regions of a multi-Region set; every member has the same facts here (lifecycle.md MRK-1). */
export interface MultiRegionSet {
  readonly primaryRegion: string
  /** Sorted. */
  readonly replicaRegions: readonly string[]
}

export interface RotationSetting {
  readonly periodInDays: number
  /** Milliseconds since the epoch; it may have passed while the key was not Enabled (lifecycle.md ROT-12). */
  readonly nextRotationAt: number
}

/**
 * What the materials of a key with imported material amount to, so that its state follows from the key alone. It is about
 * the permanently associated ones; a pending material has no effect on it (lifecycle.md IMP-5).
 */
export interface ImportedMaterial {
  /** One is absent, or none was ever imported. */
  readonly isMissing: boolean
  /** The earliest expiry, in milliseconds since the epoch; `undefined`: none expires. */
  readonly validTo: number | undefined
}

/** Frozen; a change makes a new one. */
export interface Key extends KeyName {
  readonly arn: string
  readonly spec: string
  readonly usage: KeyUsage
  readonly origin: Origin
  readonly manager: 'CUSTOMER' | 'AWS'
  readonly multiRegion: boolean
  /** Of multi-Region keys, and of no others. */
  readonly multiRegionSet: MultiRegionSet | undefined
  readonly description: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  /** What EnableKey and DisableKey asked for; the state follows from this and the other facts. */
  readonly enabled: boolean
  readonly deletion: ScheduledDeletion | undefined
  /** The material that new ciphertexts use; `undefined` before a first import. */
  readonly currentMaterialId: string | undefined
  /** In the order first given; a changed tag keeps its place. */
  readonly tags: readonly Tag[]
  /** JSON text, as GetKeyPolicy prints it. */
  readonly policy: string
  /** `undefined`: automatic rotation is off. A replica has none: what counts is its primary's (lifecycle.md ROT-18). */
  readonly rotation: RotationSetting | undefined
  /** In the life of the key; it counts against a limit (lifecycle.md ROT-32). Of a multi-Region set, the primary counts. */
  readonly onDemandRotations: number
  /** Of keys with origin EXTERNAL, and of no others. */
  readonly importedMaterial: ImportedMaterial | undefined
  /** Of keys with origin AWS_CLOUDHSM or EXTERNAL_KEY_STORE, and of no others. */
  readonly customKeyStore: KeyStorePlace | undefined
}

/** All that a key's state follows from. */
export interface StateFacts extends Pick<Key, 'enabled' | 'deletion' | 'importedMaterial'> {
  readonly customKeyStore: Pick<KeyStorePlace, 'connectionState'> | undefined
}

/** Derived, never stored; the order decides (lifecycle.md ST-1). */
export function keyState(key: StateFacts, now: number): KeyState {
  if (key.deletion !== undefined) return key.deletion.date === undefined ? 'PendingReplicaDeletion' : 'PendingDeletion'
  if (key.importedMaterial !== undefined && isMaterialMissing(key.importedMaterial, now)) return 'PendingImport'
  if (key.customKeyStore !== undefined && key.customKeyStore.connectionState !== 'CONNECTED') return 'Unavailable'
  return key.enabled ? 'Enabled' : 'Disabled'
}

/** Expired material is missing from that instant on, whenever the job comes by that erases it (lifecycle.md IMP-63). */
export function isMaterialMissing({ isMissing, validTo }: ImportedMaterial, now: number): boolean {
  return isMissing || (validTo !== undefined && validTo <= now)
}

/** From its deletion date on a key does not exist, whenever the eraser comes by (lifecycle.md DEL-12). */
export function isDeleted(key: Key, now: number): boolean {
  return key.deletion?.date !== undefined && key.deletion.date <= now
}

/** One string for a key's name, for maps and the changes table. */
export function keyRef({ account, region, keyId }: KeyName): string {
  return `${account}/${region}/${keyId}`
}

/** The name that {@link keyRef} made a string of. */
export function keyNameOf(ref: string): KeyName {
  const [account = '', region = '', keyId = ''] = ref.split('/')
  return { account, region, keyId }
}

export function arnOf({ account, region, keyId }: KeyName): string {
  return keyArn(account, region, keyId)
}
