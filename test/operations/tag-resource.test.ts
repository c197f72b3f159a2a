/** operations.md 3.47; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../support/harness.ts'
import { assertFails, assertValidation, constraint, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const tagsOf = async (KeyId: string) => (await harness.call('ListResourceTags', { KeyId })).Tags
const tag = (TagKey: string, TagValue = '') => ({ TagKey, TagValue })
const many = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => tag(`${prefix}${index}`))

test('TagResource adds tags, overwrites in place, keeps the others, and answers nothing', async () => {
  const { KeyId } = await newKey(harness, { Tags: [tag('b', '1'), tag('a', '2')] })
  for (let times = 0; times < 2; times++) {
    assert.equal(await harness.call('TagResource', { KeyId, Tags: [tag('c', '3'), tag('b', 'new')] }), undefined)
    assert.deepEqual(await tagsOf(KeyId), [tag('b', 'new'), tag('a', '2'), tag('c', '3')])
  }
})

test('a key has at most 50 tags in total', async () => {
  const { KeyId } = await newKey(harness, { Tags: many('a', 49) })
  await harness.call('TagResource', { KeyId, Tags: [tag('last')] })
  await harness.call('TagResource', { KeyId, Tags: [tag('last', 'changed')] })
  await assertFails(harness.call('TagResource', { KeyId, Tags: [tag('more')] }), 'TagException', 'Too many tags')
  await assertFails(harness.call('TagResource', { KeyId, Tags: many('b', 51) }), 'TagException', 'Too many tags')
  assert.equal((await tagsOf(KeyId)).length, 50)
})

test('names of AWS, duplicates and tags without a part are refused', async () => {
  const { KeyId } = await newKey(harness)
  const put = (Tags: unknown) => harness.call('TagResource', { KeyId, Tags })
  await assertFails(put([tag('Aws:x')]), 'TagException', 'Tags beginning with aws: are reserved')
  await assertFails(put([tag('a'), tag('a')]), 'TagException', 'Duplicate tag keys')
  await assertValidation(put([{ TagKey: 'a' }]), constraint('null', 'tags.1.member.tagValue', 'not be null'))
  await assertValidation(put(undefined), constraint('null', 'tags', 'not be null'))
  assert.deepEqual(await tagsOf(KeyId), [])
})

test('the audit record holds the tags', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('TagResource', { KeyId, Tags: [tag('a', 'b')] })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'TagResource',
    readOnly: false,
    requestParameters: { keyId: KeyId, tags: [{ tagKey: 'a', tagValue: 'b' }] },
    responseElements: { keyId: Arn },
    resources: [resource(Arn)],
  })
})
