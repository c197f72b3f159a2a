/** operations.md 3.34; lifecycle.md POL-8; audit.md 4.2. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../support/harness.ts'
import { assertFails, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

test('there is one policy, and no second page', async () => {
  const { KeyId, Arn } = await newKey(harness)
  for (const body of [{ KeyId }, { KeyId: Arn, Limit: 1 }]) {
    assert.deepEqual(await harness.call('ListKeyPolicies', body), { PolicyNames: ['default'], Truncated: false })
  }
  await assertFails(harness.call('ListKeyPolicies', { KeyId, Marker: 'x' }), 'InvalidMarkerException', undefined)
})

test('the audit record holds key and limit', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('ListKeyPolicies', { KeyId, Limit: 7 })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'ListKeyPolicies',
    readOnly: true,
    requestParameters: { keyId: KeyId, limit: 7 },
    responseElements: null,
    resources: [resource(Arn)],
  })
})
