/** What the tests of multi-Region keys share: three Regions, sets of keys in them, and how a member is looked at. */
import type { Answer, Caller, Harness } from '../support/harness.ts'
import { REGION } from '../support/harness.ts'
import { newKey, OTHER_REGION } from './support.ts'

/** Where primaries are made. */
export const HOME = REGION
export const AWAY = OTHER_REGION
export const FAR = 'ap-south-1'

export const there = (region: string): Caller => ({ region })

/** A primary in HOME. @returns its KeyMetadata. */
export function newPrimary(harness: Harness, kind: object = {}): Promise<Answer> {
  return newKey(harness, { MultiRegion: true, ...kind })
}

export function replicate(harness: Harness, KeyId: string, ReplicaRegion: string, more: object = {}): Promise<Answer> {
  return harness.call('ReplicateKey', { KeyId, ReplicaRegion, ...more })
}

/** A primary in HOME with replicas. @returns its key id. */
export async function newSet(harness: Harness, regions: readonly string[], kind: object = {}): Promise<string> {
  const { KeyId } = await newPrimary(harness, kind)
  for (const region of regions) await replicate(harness, KeyId, region)
  return KeyId
}

export async function metadataIn(harness: Harness, region: string, KeyId: string): Promise<Answer> {
  return (await harness.call('DescribeKey', { KeyId }, there(region))).KeyMetadata
}

export async function stateIn(harness: Harness, region: string, KeyId: string): Promise<string> {
  return (await metadataIn(harness, region, KeyId)).KeyState
}

/** `PRIMARY in eu-central-1, REPLICA in us-east-1 of …`, short enough to compare: role, primary's Region, replicas' Regions. */
export async function setSeenFrom(harness: Harness, region: string, KeyId: string) {
  const { MultiRegionConfiguration: seen } = await metadataIn(harness, region, KeyId)
  return [seen.MultiRegionKeyType, seen.PrimaryKey.Region, seen.ReplicaKeys.map(({ Region }: Answer) => Region)]
}

export async function rotationsIn(harness: Harness, region: string, KeyId: string): Promise<Answer[]> {
  return (await harness.call('ListKeyRotations', { KeyId }, there(region))).Rotations
}

export async function materialsIn(harness: Harness, region: string, KeyId: string): Promise<Answer[]> {
  const request = { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }
  return (await harness.call('ListKeyRotations', request, there(region))).Rotations
}

export async function statusIn(harness: Harness, region: string, KeyId: string): Promise<Answer> {
  return harness.call('GetKeyRotationStatus', { KeyId }, there(region))
}

export async function encryptIn(harness: Harness, region: string, KeyId: string): Promise<string> {
  return (await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from(region) }, there(region))).CiphertextBlob
}

/** @returns the Region that {@link encryptIn} was called in. */
export async function decryptIn(harness: Harness, region: string, CiphertextBlob: string): Promise<string> {
  const { Plaintext } = await harness.call('Decrypt', { CiphertextBlob }, there(region))
  return Buffer.from(Plaintext, 'base64').toString()
}
