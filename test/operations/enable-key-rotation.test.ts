/** operations.md 3.18; lifecycle.md ROT-10, ROT-16, ROT-19; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../support/harness.ts'
import { DAY_MS, HMAC, NO_ALIAS, RSA, statusOf } from './rotations.ts'
import { assertFails, assertValidation, constraint, lastRecord, moveTo, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const inDays = (days: number) => (harness.clock.now() + days * DAY_MS) / 1000

test('EnableKeyRotation answers nothing; the next rotation is a year of 365 days away', async () => {
  const { KeyId, Arn } = await newKey(harness)
  assert.equal(await harness.call('EnableKeyRotation', { KeyId: Arn }), undefined)
  assert.deepEqual(await statusOf(harness, KeyId), {
    KeyRotationEnabled: true,
    KeyId: Arn,
    RotationPeriodInDays: 365,
    NextRotationDate: inDays(365),
  })
})

test('the period is 90 to 2560 days', async () => {
  const { KeyId } = await newKey(harness)
  for (const days of [90, 2560]) {
    await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: days })
    assert.equal((await statusOf(harness, KeyId)).RotationPeriodInDays, days)
  }
  for (const [days, rule] of [
    [89, 'have value greater than or equal to 90'],
    [2561, 'have value less than or equal to 2560'],
  ] as const) {
    await assertValidation(
      harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: days }),
      constraint(`'${days}'`, 'rotationPeriodInDays', rule),
    )
  }
})

test('enabled again: another period counts from now, the same one or none changes nothing (ROT-16)', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 100 })
  const before = await statusOf(harness, KeyId)
  harness.clock.advance(10 * DAY_MS)
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 100 })
  await harness.call('EnableKeyRotation', { KeyId })
  assert.deepEqual(await statusOf(harness, KeyId), before)
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 120 })
  const { RotationPeriodInDays, NextRotationDate } = await statusOf(harness, KeyId)
  assert.deepEqual(
    { RotationPeriodInDays, NextRotationDate },
    { RotationPeriodInDays: 120, NextRotationDate: inDays(120) },
  )
})

test('after DisableKeyRotation the default is 365 days again, whatever the period was', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 100 })
  await harness.call('DisableKeyRotation', { KeyId })
  await harness.call('EnableKeyRotation', { KeyId })
  assert.equal((await statusOf(harness, KeyId)).RotationPeriodInDays, 365)
})

test('HMAC and asymmetric keys are refused without a text, but for their state first', async () => {
  for (const kind of [HMAC, RSA]) {
    const { KeyId, Arn } = await newKey(harness, kind)
    await assertFails(harness.call('EnableKeyRotation', { KeyId }), 'UnsupportedOperationException', undefined)
    await moveTo(harness, KeyId, 'Disabled')
    await assertFails(harness.call('EnableKeyRotation', { KeyId }), 'DisabledException', `${Arn} is disabled.`)
  }
})

test('an alias is no name for it', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('CreateAlias', { AliasName: 'alias/rotating', TargetKeyId: KeyId })
  await assertFails(harness.call('EnableKeyRotation', { KeyId: 'alias/rotating' }), ...NO_ALIAS)
})

test('the audit record holds the period that was asked for, and the ARN', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const record = {
    eventName: 'EnableKeyRotation',
    readOnly: false,
    responseElements: { keyId: Arn },
    resources: [resource(Arn)],
  }
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  assert.deepEqual(lastRecord(harness), { ...record, requestParameters: { keyId: KeyId, rotationPeriodInDays: 90 } })
  await harness.call('EnableKeyRotation', { KeyId })
  assert.deepEqual(lastRecord(harness), { ...record, requestParameters: { keyId: KeyId } })
})
