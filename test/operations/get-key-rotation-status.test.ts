/** operations.md 3.28; lifecycle.md ROT-12, ROT-13, ROT-20; audit.md 4.2. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import { DAY_MS, HMAC, NO_ALIAS, RSA, statusOf } from './rotations.ts'
import { assertFails, lastRecord, moveTo, newKey, notVisible, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

test('GetKeyRotationStatus of any key that does not rotate: false, and nothing else', async () => {
  for (const kind of [{}, HMAC, RSA]) {
    const { KeyId, Arn } = await newKey(harness, kind)
    assert.deepEqual(await statusOf(harness, KeyId), { KeyRotationEnabled: false, KeyId: Arn })
    assert.deepEqual(await statusOf(harness, Arn), { KeyRotationEnabled: false, KeyId: Arn })
  }
})

test('a disabled key shows its setting unchanged, its date even when it has passed', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  const before = await statusOf(harness, KeyId)
  await moveTo(harness, KeyId, 'Disabled')
  harness.clock.advance(91 * DAY_MS)
  assert.deepEqual(await statusOf(harness, KeyId), before)
})

test('a key pending deletion says false; the setting comes back when the deletion is cancelled', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  const before = await statusOf(harness, KeyId)
  await moveTo(harness, KeyId, 'PendingDeletion')
  assert.deepEqual(await statusOf(harness, KeyId), { KeyRotationEnabled: false, KeyId: Arn })
  await harness.call('CancelKeyDeletion', { KeyId })
  assert.deepEqual(await statusOf(harness, KeyId), before)
})

test('an alias is no name for it', async () => {
  await assertFails(statusOf(harness, 'alias/any'), ...NO_ALIAS)
})

test('a key of another account is not visible', async () => {
  const { Arn } = await newKey(harness)
  await assertFails(
    harness.call('GetKeyRotationStatus', { KeyId: Arn }, { account: OTHER_ACCOUNT }),
    'AccessDeniedException',
    notVisible('kms:GetKeyRotationStatus'),
  )
})

test('the audit record is that of a reader', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await statusOf(harness, KeyId)
  assert.deepEqual(lastRecord(harness), {
    eventName: 'GetKeyRotationStatus',
    readOnly: true,
    requestParameters: { keyId: KeyId },
    responseElements: null,
    resources: [resource(Arn)],
  })
})
