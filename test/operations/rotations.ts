/** What the tests of rotation share: a key's status, its rotations, and a rotation that comes by itself. */
import type { Answer, Harness } from '../support/harness.ts'

export const DAY_MS = 86_400_000

export async function statusOf(harness: Harness, KeyId: string): Promise<Answer> {
  return harness.call('GetKeyRotationStatus', { KeyId })
}

export async function rotationsOf(harness: Harness, KeyId: string): Promise<Answer[]> {
  return (await harness.call('ListKeyRotations', { KeyId })).Rotations
}

/** With everything that time has brought. */
export async function passDays(harness: Harness, days: number): Promise<void> {
  harness.clock.advance(days * DAY_MS)
  await harness.service.jobs.runAll()
}

export async function currentMaterial(harness: Harness, KeyId: string): Promise<string> {
  return (await harness.call('DescribeKey', { KeyId })).KeyMetadata.CurrentKeyMaterialId
}

export async function stateOf(harness: Harness, KeyId: string): Promise<string> {
  return (await harness.call('DescribeKey', { KeyId })).KeyMetadata.KeyState
}

/** The records of what the service did itself, about this key, without what differs each time. */
export function serviceEvents(harness: Harness, arn: string): Answer[] {
  return harness
    .auditRecords()
    .filter(({ eventType, resources }) => eventType === 'AwsServiceEvent' && resources[0]?.ARN === arn)
}

export const NO_ALIAS = ['InvalidArnException', 'Key Aliases are not supported for this operation.'] as const

export const HMAC = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }
export const RSA = { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }
