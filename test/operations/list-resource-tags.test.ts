/** operations.md 3.0 (pagination), 3.37; audit.md 4.2. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../support/harness.ts'
import { assertFails, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const list = (body: object) => harness.call('ListResourceTags', body)
/** Their order is neither that of keys nor of values. */
const Tags = Array.from({ length: 50 }, (_, index) => ({ TagKey: `k${(index * 37) % 50}`, TagValue: `v${index}` }))

test('a key without tags has an empty list', async () => {
  const { KeyId } = await newKey(harness)
  assert.deepEqual(await list({ KeyId }), { Tags: [], Truncated: false })
})

test('tags come as first given, all 50 on one page by default and with any limit from 50 on', async () => {
  const { KeyId, Arn } = await newKey(harness, { Tags })
  for (const body of [{ KeyId }, { KeyId: Arn, Limit: 50 }, { KeyId, Limit: 1000 }]) {
    assert.deepEqual(await list(body), { Tags, Truncated: false })
  }
})

test('pages of any size end with the last tag', async () => {
  const { KeyId } = await newKey(harness, { Tags })
  for (const Limit of [1, 7, 25, 49]) {
    const seen: unknown[] = []
    let Marker: string | undefined
    do {
      const page = await list({ KeyId, Limit, Marker })
      assert.ok(page.Tags.length <= Limit)
      seen.push(...page.Tags)
      Marker = page.NextMarker
      assert.equal(page.Truncated, Marker !== undefined)
    } while (Marker !== undefined)
    assert.deepEqual(seen, Tags)
  }
})

test('a marker of another key, or where the next tag is gone, is invalid', async () => {
  const { KeyId } = await newKey(harness, { Tags })
  const { NextMarker } = await list({ KeyId, Limit: 3 })
  const other = await newKey(harness, { Tags })
  await assertFails(list({ KeyId: other.KeyId, Marker: NextMarker }), 'InvalidMarkerException', undefined)
  await harness.call('UntagResource', { KeyId, TagKeys: [Tags[3]!.TagKey] })
  await assertFails(list({ KeyId, Marker: NextMarker }), 'InvalidMarkerException', undefined)
})

// What a program does that takes all tags of a key away; markers of AWS are opaque, but their lists go on (operations.md 3.0).
test('the tags of a page can be taken away before the next one', async () => {
  const { KeyId } = await newKey(harness, { Tags })
  let Marker: string | undefined
  do {
    const page = await list({ KeyId, Limit: 7, Marker })
    await harness.call('UntagResource', { KeyId, TagKeys: page.Tags.map(({ TagKey }: { TagKey: string }) => TagKey) })
    Marker = page.NextMarker
  } while (Marker !== undefined)
  assert.deepEqual(await list({ KeyId }), { Tags: [], Truncated: false })
})

// A marker is at most 1024 characters long (operations.md 3.37).
test('the longest tag keys fit into a marker', async () => {
  for (const character of ['€', '\u0001', '"']) {
    const Tags = ['a', character.repeat(128), 'b'].map((TagKey) => ({ TagKey, TagValue: '' }))
    const { KeyId } = await newKey(harness, { Tags })
    const { NextMarker } = await list({ KeyId, Limit: 1 })
    assert.deepEqual((await list({ KeyId, Marker: NextMarker })).Tags, Tags.slice(1))
  }
})

test('the audit record holds key and limit', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await list({ KeyId, Limit: 5 })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'ListResourceTags',
    readOnly: true,
    requestParameters: { keyId: KeyId, limit: 5 },
    responseElements: null,
    resources: [resource(Arn)],
  })
})
