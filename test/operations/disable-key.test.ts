/** operations.md 3.14; lifecycle.md TR-5, TR-7; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../support/harness.ts'
import { assertFails, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

test('DisableKey is in force at once, answers nothing, and may be repeated', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })
  for (let times = 0; times < 2; times++) {
    assert.equal(await harness.call('DisableKey', { KeyId }), undefined)
    await assertFails(harness.call('Decrypt', { CiphertextBlob }), 'DisabledException', `${Arn} is disabled.`)
  }
})

test('aliases, tags, description and policy are kept', async () => {
  const Tags = [{ TagKey: 'a', TagValue: 'b' }]
  const { KeyId } = await newKey(harness, { Description: 'd', Tags })
  await harness.call('CreateAlias', { AliasName: 'alias/kept', TargetKeyId: KeyId })
  const policyBefore = await harness.call('GetKeyPolicy', { KeyId })
  await harness.call('DisableKey', { KeyId })
  assert.equal((await harness.call('DescribeKey', { KeyId: 'alias/kept' })).KeyMetadata.Description, 'd')
  assert.deepEqual((await harness.call('ListResourceTags', { KeyId })).Tags, Tags)
  assert.deepEqual(await harness.call('GetKeyPolicy', { KeyId }), policyBefore)
})

test('the audit record holds the key as named and its ARN', async () => {
  const { Arn } = await newKey(harness)
  await harness.call('DisableKey', { KeyId: Arn })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'DisableKey',
    readOnly: false,
    requestParameters: { keyId: Arn },
    responseElements: { keyId: Arn },
    resources: [resource(Arn)],
  })
})
