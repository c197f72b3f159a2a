/** A KMS key: its facts, and the state that follows from them. */
import { keyArn } from '../../base/arn.ts'

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
  /** Milliseconds since the epoch. */
  readonly date: number
}

/** Frozen; a change makes a new one. */
export interface Key extends KeyName {
  readonly arn: string
  readonly spec: string
  readonly usage: KeyUsage
  readonly origin: Origin
  readonly manager: 'CUSTOMER' | 'AWS'
  readonly multiRegion: boolean
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
}

/** Derived, never stored; the order decides (lifecycle.md ST-1). */
export function keyState(key: Key): KeyState {
  if (key.deletion !== undefined) return 'PendingDeletion'
  return key.enabled ? 'Enabled' : 'Disabled'
}

/** From its deletion date on a key does not exist, whenever the eraser comes by (lifecycle.md DEL-12). */
export function isDeleted(key: Key, now: number): boolean {
  return key.deletion !== undefined && key.deletion.date <= now
}

/** One string for a key's name, for maps and the changes table. */
export function keyRef({ account, region, keyId }: KeyName): string {
  return `${account}/${region}/${keyId}`
}

export function arnOf({ account, region, keyId }: KeyName): string {
  return keyArn(account, region, keyId)
}
