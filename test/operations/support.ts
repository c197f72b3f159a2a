/** What the tests of operations share: failing calls, keys in a state, and the last audit record. */
import assert from 'node:assert/strict'
import { KmsError } from '../../src/base/errors.ts'
import type { Key } from '../../src/domain/keys/key.ts'
import { ACCOUNT, type Answer, type Caller, type Harness, OTHER_ACCOUNT, REGION } from '../support/harness.ts'

export const OTHER_REGION = 'us-east-1'

/** Well-formed, and no key has it. */
export const MISSING_KEY_ID = '00000000-0000-4000-8000-000000000000'

export function keyArn(keyId: string, account = ACCOUNT, region = REGION): string {
  return `arn:aws:kms:${region}:${account}:key/${keyId}`
}

export function aliasArn(aliasName: string, account = ACCOUNT, region = REGION): string {
  return `arn:aws:kms:${region}:${account}:${aliasName}`
}

/** The error must be the exception `code` with exactly this text; `undefined`: with no text at all. */
export async function assertFails(work: Promise<unknown>, code: string, text: string | undefined): Promise<void> {
  let failure: unknown
  try {
    await work
  } catch (error) {
    failure = error
  }
  assert.ok(failure instanceof KmsError, `expected ${code}, got ${failure ?? 'an answer'}`)
  assert.deepEqual({ code: failure.code, text: failure.text }, { code, text })
}

export async function assertValidation(work: Promise<unknown>, text: string): Promise<void> {
  await assertFails(work, 'ValidationException', text)
}

/** The sentence of one broken constraint (operations.md 1.7). */
export function constraint(value: string, path: string, rule: string): string {
  const shown = value === '' ? 'Value' : `Value ${value}`
  return `1 validation error detected: ${shown} at '${path}' failed to satisfy constraint: Member must ${rule}`
}

export async function newKey(harness: Harness, body: object = {}, caller?: Caller): Promise<Answer> {
  return (await harness.call('CreateKey', body, caller)).KeyMetadata
}

/** PendingImport: of keys with imported material only. PendingReplicaDeletion: of multi-Region primaries only. */
export type ReachableState = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingReplicaDeletion' | 'PendingImport'

export async function moveTo(harness: Harness, keyId: string, state: ReachableState): Promise<void> {
  if (state === 'Disabled') await harness.call('DisableKey', { KeyId: keyId })
  if (state === 'PendingImport') await harness.call('DeleteImportedKeyMaterial', { KeyId: keyId })
  if (state === 'PendingReplicaDeletion') {
    await harness.call('ReplicateKey', { KeyId: keyId, ReplicaRegion: OTHER_REGION })
    await harness.call('ScheduleKeyDeletion', { KeyId: keyId })
  }
  if (state === 'PendingDeletion') await harness.call('ScheduleKeyDeletion', { KeyId: keyId })
}

/** A key of a kind that CreateKey does not make yet, without material: enough for everything that refuses it. */
export async function insertKey(harness: Harness, facts: Pick<Key, 'spec' | 'usage'>): Promise<Key> {
  const { KeyId } = await newKey(harness)
  const model = await harness.store.findKey({ account: ACCOUNT, region: REGION, keyId: KeyId })
  const keyId = crypto.randomUUID()
  const key: Key = { ...model!, ...facts, keyId, arn: keyArn(keyId), currentMaterialId: undefined }
  await harness.store.change((change) => change.insertKey(key, []))
  return key
}

/** Of a grant on the key. */
export async function grantTokenOf(harness: Harness, KeyId: string): Promise<string> {
  const GranteePrincipal = `arn:aws:iam::${ACCOUNT}:root`
  return (await harness.call('CreateGrant', { KeyId, GranteePrincipal, Operations: ['DescribeKey'] })).GrantToken
}

const NOT_VISIBLE =
  'the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'

/** authorization.md A-6, as the other account's caller gets it. */
export function notVisible(permission: string, account = OTHER_ACCOUNT): string {
  return `User: arn:aws:iam::${account}:user/alice is not authorized to perform: ${permission} on this resource because ${NOT_VISIBLE}`
}

/** authorization.md A-8. */
export function notVisibleByCiphertext(permission: string, account = ACCOUNT): string {
  return `User: arn:aws:iam::${account}:user/alice is not authorized to perform: ${permission} on the resource associated with this ciphertext because ${NOT_VISIBLE}`
}

/** The parts of the newest audit record that differ by operation. */
export function lastRecord(harness: Harness): Answer {
  const record = harness.auditRecords().at(-1)
  const { eventName, readOnly, requestParameters, responseElements, additionalEventData, resources } = record
  const failure =
    record.errorCode === undefined ? {} : { errorCode: record.errorCode, errorMessage: record.errorMessage }
  return {
    eventName,
    readOnly,
    ...failure,
    requestParameters,
    responseElements,
    ...(additionalEventData && { additionalEventData }),
    resources,
  }
}

export function resource(arn: string, accountId = ACCOUNT) {
  return { accountId, type: 'AWS::KMS::Key', ARN: arn }
}

/** Members that the answer has, sorted: nothing may be missing and nothing may be too much. */
export function memberNames(answer: object): string[] {
  return Object.keys(answer).sort()
}

export const DRY_RUN = [
  'DryRunOperationException',
  'The request would have succeeded, but the DryRun option is set.',
] as const
