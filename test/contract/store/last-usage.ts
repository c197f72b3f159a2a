import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Key } from '../../../src/domain/keys/key.ts'
import type { KeyUse, Store } from '../../../src/domain/store.ts'
import { clock, exampleKey, insert, NOW } from './examples.ts'

function useOf({ account, region, keyId }: Key, time: number, operation = 'Encrypt'): KeyUse {
  return { account, region, keyId, operation, time, eventId: `event ${time}`, requestId: `request ${time}` }
}

export function lastUsageTests(store: () => Store): void {
  test('of several saved uses of a key the newest stays, in whatever order they come', async () => {
    const [key, other] = [exampleKey(), exampleKey()]
    await insert(store(), key, other)
    assert.equal(await store().findLastUsage(key), undefined)
    await store().saveUses([useOf(key, NOW + 5), useOf(other, NOW + 1)])
    await store().saveUses([useOf(key, NOW + 4, 'Decrypt')])
    assert.deepEqual(await store().findLastUsage(key), useOf(key, NOW + 5))
    await store().saveUses([useOf(key, NOW + 6, 'Decrypt')])
    assert.deepEqual(await store().findLastUsage(key), useOf(key, NOW + 6, 'Decrypt'))
    assert.deepEqual(await store().findLastUsage(other), useOf(other, NOW + 1))
  })

  test('a use of a key that is gone is dropped, and the others of its flush are kept', async () => {
    const [gone, kept] = [exampleKey(), exampleKey()]
    await insert(store(), kept)
    await store().saveUses([useOf(gone, NOW), useOf(kept, NOW)])
    assert.equal(await store().findLastUsage(gone), undefined)
    assert.deepEqual(await store().findLastUsage(kept), useOf(kept, NOW))
  })

  test('saving uses tells no node anything: nobody caches them', async () => {
    const key = exampleKey()
    await insert(store(), key)
    const position = await store().changesPosition()
    await store().saveUses([useOf(key, NOW)])
    assert.equal(await store().changesPosition(), position)
  })

  test('the store knows since when it has tracked uses', async () => {
    assert.ok((await store().lastUsageTrackedSince()) <= clock.now())
    assert.ok((await store().lastUsageTrackedSince()) >= NOW)
  })
}
