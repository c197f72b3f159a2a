import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BusEvent } from '../../../src/domain/bus-event.ts'
import type { Store } from '../../../src/domain/store.ts'
import { uniqueAccount } from './examples.ts'

function exampleEvent(id: string, account: string): BusEvent {
  const envelope = { version: '0', id, source: 'aws.kms', account, region: 'eu-central-1' } as const
  return { ...envelope, 'detail-type': 'x', time: '2025-01-01T00:00:00Z', resources: ['arn'], detail: { a: [1, 'ü'] } }
}

export function eventOutboxTests(store: () => Store): void {
  test('events wait in the order of commits until they are sent; those of a failed change never were', async () => {
    const account = uniqueAccount()
    const [first, second, third] = ['1', '2', '3'].map((id) => exampleEvent(id, account))
    await store().change(async (change) => {
      await change.recordEvent(first!)
      await change.recordEvent(second!)
    })
    const failing = store().change(async (change) => {
      await change.recordEvent(exampleEvent('x', account))
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    await store().change((change) => change.recordEvent(third!))
    const waiting = await store().eventsToSend(10)
    assert.deepEqual(
      waiting.map(({ event }) => event),
      [first, second, third],
    )
    assert.equal((await store().eventsToSend(2)).length, 2)
    await store().eventSent(waiting[1]!.position)
    const left = (await store().eventsToSend(10)).map(({ event }) => event.id)
    assert.deepEqual(left, ['1', '3'])
    for (const { position } of waiting) await store().eventSent(position)
    assert.deepEqual(await store().eventsToSend(10), [])
  })
}
