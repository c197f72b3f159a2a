/** operations.md 3.17; lifecycle.md TR-6, TR-7; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../support/harness.ts'
import { lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

test('EnableKey makes a disabled key usable again, answers nothing, and may be repeated', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('DisableKey', { KeyId })
  for (let times = 0; times < 2; times++) {
    assert.equal(await harness.call('EnableKey', { KeyId }), undefined)
    assert.equal((await harness.call('DescribeKey', { KeyId })).KeyMetadata.KeyState, 'Enabled')
  }
  assert.equal((await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })).KeyId, Arn)
})

test('a key whose deletion was cancelled is enabled by EnableKey', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('ScheduleKeyDeletion', { KeyId })
  await harness.call('CancelKeyDeletion', { KeyId })
  await harness.call('EnableKey', { KeyId })
  assert.equal((await harness.call('DescribeKey', { KeyId })).KeyMetadata.Enabled, true)
})

test('the audit record holds the key as named and its ARN', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('EnableKey', { KeyId })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'EnableKey',
    readOnly: false,
    requestParameters: { keyId: KeyId },
    responseElements: { keyId: Arn },
    resources: [resource(Arn)],
  })
})
