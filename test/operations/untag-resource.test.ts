/** operations.md 3.48; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../support/harness.ts'
import { assertFails, assertValidation, constraint, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const tag = (TagKey: string, TagValue = '') => ({ TagKey, TagValue })

test('UntagResource removes the named tags, ignores unknown names, and answers nothing', async () => {
  const { KeyId } = await newKey(harness, { Tags: [tag('a', '1'), tag('b', '2'), tag('c', '3')] })
  for (let times = 0; times < 2; times++) {
    assert.equal(await harness.call('UntagResource', { KeyId, TagKeys: ['b', 'none', 'C'] }), undefined)
    assert.deepEqual((await harness.call('ListResourceTags', { KeyId })).Tags, [tag('a', '1'), tag('c', '3')])
  }
})

test('names of AWS and names that are too short or too long are refused', async () => {
  const { KeyId } = await newKey(harness)
  const untag = (TagKeys: unknown) => harness.call('UntagResource', { KeyId, TagKeys })
  await assertFails(untag(['aws:x']), 'TagException', 'Tags beginning with aws: are reserved')
  await assertValidation(untag(undefined), constraint('null', 'tagKeys', 'not be null'))
  await assertValidation(
    untag(['']),
    constraint(
      "'[]'",
      'tagKeys',
      'satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]',
    ),
  )
})

test('the audit record holds the names', async () => {
  const { KeyId, Arn } = await newKey(harness, { Tags: [tag('a')] })
  await harness.call('UntagResource', { KeyId, TagKeys: ['a'] })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'UntagResource',
    readOnly: false,
    requestParameters: { keyId: KeyId, tagKeys: ['a'] },
    responseElements: { keyId: Arn },
    resources: [resource(Arn)],
  })
})
