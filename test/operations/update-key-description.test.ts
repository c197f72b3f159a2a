/** operations.md 3.51; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../support/harness.ts'
import { assertValidation, constraint, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

test('UpdateKeyDescription replaces the description, may empty it, and answers nothing', async () => {
  const { KeyId } = await newKey(harness, { Description: 'old' })
  for (const Description of ['new', 'new', '', 'x'.repeat(8192)]) {
    assert.equal(await harness.call('UpdateKeyDescription', { KeyId, Description }), undefined)
    assert.equal((await harness.call('DescribeKey', { KeyId })).KeyMetadata.Description, Description)
  }
})

test('the description is required and has at most 8192 characters', async () => {
  const { KeyId } = await newKey(harness)
  await assertValidation(
    harness.call('UpdateKeyDescription', { KeyId }),
    constraint('null', 'description', 'not be null'),
  )
  const Description = 'x'.repeat(8193)
  await assertValidation(
    harness.call('UpdateKeyDescription', { KeyId, Description }),
    constraint(`'${Description}'`, 'description', 'have length less than or equal to 8192'),
  )
})

test('the audit record holds the description and no answer', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('UpdateKeyDescription', { KeyId, Description: 'new' })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'UpdateKeyDescription',
    readOnly: false,
    requestParameters: { keyId: KeyId, description: 'new' },
    responseElements: null,
    resources: [resource(Arn)],
  })
})
