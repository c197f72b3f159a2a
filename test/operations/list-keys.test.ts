/** operations.md 3.0 (pagination), 3.36; lifecycle.md DEL-12; audit.md 4.2. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import { assertFails, assertValidation, constraint, keyArn, lastRecord, newKey, OTHER_REGION } from './support.ts'

let harness: Harness
/** In order. */
let ids: string[]
before(async () => {
  harness = await createHarness()
  ids = []
  for (let index = 0; index < 105; index++) ids.push((await newKey(harness)).KeyId)
  ids.sort()
})
after(() => harness.close())

const list = (body: object = {}, caller?: object) => harness.call('ListKeys', body, caller)
const idsOf = ({ Keys }: Answer) => Keys.map(({ KeyId }: Answer) => KeyId)

test('an entry has bare id and ARN', async () => {
  assert.deepEqual((await list({ Limit: 1 })).Keys, [{ KeyId: ids[0], KeyArn: keyArn(ids[0]!) }])
})

test('a page has 100 keys by default, in order of id, and says whether there is more', async () => {
  const page = await list()
  assert.deepEqual(Object.keys(page).sort(), ['Keys', 'NextMarker', 'Truncated'])
  assert.deepEqual(idsOf(page), ids.slice(0, 100))
  assert.equal(page.Truncated, true)
  const rest = await list({ Marker: page.NextMarker })
  assert.deepEqual(idsOf(rest), ids.slice(100))
  assert.deepEqual(Object.keys(rest).sort(), ['Keys', 'Truncated'])
})

test('pages of any size end with the last key', async () => {
  for (const Limit of [10, 35, 104, 105, 1000]) {
    const seen: string[] = []
    let Marker: string | undefined
    do {
      const page = await list({ Limit, Marker })
      seen.push(...idsOf(page))
      Marker = page.NextMarker
    } while (Marker !== undefined)
    assert.deepEqual(seen, ids)
  }
})

test('limits are 1 to 1000', async () => {
  assert.deepEqual(idsOf(await list({ Limit: 1000 })), ids)
  await assertValidation(list({ Limit: 0 }), constraint("'0'", 'limit', 'have value greater than or equal to 1'))
  await assertValidation(list({ Limit: 1001 }), constraint("'1001'", 'limit', 'have value less than or equal to 1000'))
})

test('a marker that was not given here is invalid', async () => {
  const { NextMarker } = await list({ Limit: 1 })
  for (const Marker of ['x', `${NextMarker} `]) {
    await assertFails(list({ Marker }), 'InvalidMarkerException', undefined)
  }
  for (const caller of [{ region: OTHER_REGION }, { account: OTHER_ACCOUNT }]) {
    await assertFails(list({ Marker: NextMarker }, caller), 'InvalidMarkerException', undefined)
  }
})

test('keys of every state are listed until they are gone; other accounts and Regions have their own', async () => {
  const caller = { account: OTHER_ACCOUNT, region: OTHER_REGION }
  const disabled = await newKey(harness, {}, caller)
  const pending = await newKey(harness, {}, caller)
  await harness.call('DisableKey', { KeyId: disabled.KeyId }, caller)
  await harness.call('ScheduleKeyDeletion', { KeyId: pending.KeyId, PendingWindowInDays: 7 }, caller)
  assert.deepEqual(idsOf(await list({}, caller)), [disabled.KeyId, pending.KeyId].sort())
  harness.clock.advance(7 * 86_400_000)
  assert.deepEqual(idsOf(await list({}, caller)), [disabled.KeyId])
  assert.deepEqual(await list({}, { account: OTHER_ACCOUNT }), { Keys: [], Truncated: false })
})

test('the audit record holds limit and marker, or nothing', async () => {
  const expected = { eventName: 'ListKeys', readOnly: true, responseElements: null, resources: [] }
  const { NextMarker } = await list({ Limit: 3 })
  assert.deepEqual(lastRecord(harness), { ...expected, requestParameters: { limit: 3 } })
  await list({ Marker: NextMarker })
  assert.deepEqual(lastRecord(harness), { ...expected, requestParameters: { marker: NextMarker } })
  await list()
  assert.deepEqual(lastRecord(harness), { ...expected, requestParameters: null })
})
