/** operations.md 3.1; lifecycle.md DEL-7, TR-13; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../support/harness.ts'
import { assertFails, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

test('CancelKeyDeletion answers the ARN; the key is Disabled even if it was enabled before', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('ScheduleKeyDeletion', { KeyId })
  assert.deepEqual(await harness.call('CancelKeyDeletion', { KeyId }), { KeyId: Arn })
  const { KeyMetadata } = await harness.call('DescribeKey', { KeyId })
  assert.equal(KeyMetadata.KeyState, 'Disabled')
  assert.equal('DeletionDate' in KeyMetadata, false)
})

test('a second call fails, and the key outlives its old deletion date', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  await harness.call('CancelKeyDeletion', { KeyId })
  await assertFails(
    harness.call('CancelKeyDeletion', { KeyId }),
    'KMSInvalidStateException',
    `${Arn} is not pending deletion.`,
  )
  harness.clock.advance(8 * 86_400_000)
  await harness.service.jobs.runAll()
  await harness.call('EnableKey', { KeyId })
  assert.equal((await harness.call('DescribeKey', { KeyId })).KeyMetadata.KeyState, 'Enabled')
})

test('a cancelled key can be scheduled again', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 30 })
  await harness.call('CancelKeyDeletion', { KeyId })
  const again = await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  assert.equal(again.PendingWindowInDays, 7)
})

test('the audit record holds the ARN', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('ScheduleKeyDeletion', { KeyId })
  await harness.call('CancelKeyDeletion', { KeyId })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'CancelKeyDeletion',
    readOnly: false,
    requestParameters: { keyId: KeyId },
    responseElements: { keyId: Arn },
    resources: [resource(Arn)],
  })
})
