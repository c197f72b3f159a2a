import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../../../src/domain/store.ts'
import { exampleKey } from './examples.ts'

export function outboxTests(store: () => Store): void {
  test('records wait in the order of their changes until they are written', async () => {
    const records = ['e-2', 'e-1', 'e-3'].map((eventId) => ({ eventId, node: 'node-1', line: `{"id":"${eventId} é"}` }))
    for (const record of records) await store().change((change) => change.recordAudit(record))
    assert.deepEqual(await store().pendingAuditRecords(), records)
    await store().auditRecordsWritten(['e-1', 'unknown', 'e-2'])
    assert.deepEqual(await store().pendingAuditRecords(), records.slice(2))
    await store().auditRecordsWritten([])
    await store().auditRecordsWritten(['e-3', 'e-3'])
    assert.deepEqual(await store().pendingAuditRecords(), [])
  })

  test('an event is recorded once', async () => {
    const record = { eventId: 'once', node: 'node-1', line: '{}' }
    await store().change((change) => change.recordAudit(record))
    const key = exampleKey()
    const repeated = store().change(async (change) => {
      await change.insertKey(key, [])
      await change.recordAudit(record)
    })
    await assert.rejects(repeated)
    assert.equal(await store().findKey(key), undefined, 'the change went in without its record')
    await store().auditRecordsWritten(['once'])
  })
}

export function leaseTests(store: () => Store): void {
  test('one holder at a time, until its time is over', async () => {
    const take = (holder: string, now: number, until: number) => store().acquireLease('erase', holder, now, until)
    assert.equal(await take('a', 0, 100), true)
    assert.equal(await take('b', 50, 150), false)
    assert.equal(await take('a', 60, 200), true, 'the holder renews')
    assert.equal(await take('b', 199, 300), false, 'until what was renewed')
    assert.equal(await take('b', 200, 300), true, 'from `until` on it is free')
    assert.equal(await take('a', 201, 400), false)
  })

  test('a clock that was a day ahead keeps nobody from the work once it is right, a few seconds matter to nobody', async () => {
    const [second, day] = [1_000, 24 * 60 * 60_000]
    const take = (holder: string, now: number) => store().acquireLease('wrong clock', holder, now, now + 60 * second)
    assert.equal(await take('a', day), true)
    assert.equal(await take('b', 0), true)
    assert.equal(await take('c', 10 * second), false)
    assert.equal(await take('b', 20 * second), true)
    assert.equal(await take('c', 10 * second), false, 'ten seconds behind the holder')
  })

  test('leases of other names do not matter', async () => {
    assert.equal(await store().acquireLease('one', 'a', 0, 100), true)
    assert.equal(await store().acquireLease('two', 'b', 0, 100), true)
  })

  test('of many who ask at once one gets it', async () => {
    const asked = Array.from({ length: 10 }, (_, holder) => store().acquireLease('race', `node-${holder}`, 0, 100))
    assert.equal((await Promise.all(asked)).filter((has) => has).length, 1)
  })
}
