import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Key } from '../../../src/domain/keys/key.ts'
import type { Store } from '../../../src/domain/store.ts'
import { exampleAlias, exampleKey, exampleMaterial, insert } from './examples.ts'

export function erasingTests(store: () => Store): void {
  test('eraseKey takes the key, its materials and its aliases, and nothing of its neighbours', async () => {
    const [gone, kept] = [exampleKey(), exampleKey()]
    const materials = [exampleMaterial(gone), exampleMaterial(gone), exampleMaterial(kept)]
    const aliases = [exampleAlias(gone), exampleAlias(gone), exampleAlias(kept)]
    await store().change(async (change) => {
      await change.insertKey(gone, materials.slice(0, 2))
      await change.insertKey(kept, materials.slice(2))
      for (const alias of aliases) await change.insertAlias(alias)
    })
    const use = { operation: 'Encrypt', time: 1, eventId: 'e', requestId: 'r' }
    const nameOf = ({ account, region, keyId }: Key) => ({ account, region, keyId })
    await store().saveUses([gone, kept].map((key) => ({ ...nameOf(key), ...use })))
    await store().change((change) => change.eraseKey(gone))
    assert.equal(await store().findKey(gone), undefined)
    assert.equal(await store().findLastUsage(gone), undefined)
    assert.deepEqual(await store().findLastUsage(kept), { ...nameOf(kept), ...use })
    assert.deepEqual(await store().findKey(kept), kept)
    for (const { keyId, region, materialId } of materials) {
      const isKept = keyId === kept.keyId
      assert.equal((await store().findMaterial(region, materialId)) !== undefined, isKept)
      assert.equal((await store().findKeyByMaterial(region, materialId)) !== undefined, isKept)
    }
    for (const alias of aliases)
      assert.equal((await store().findAlias(alias)) !== undefined, alias.keyId === kept.keyId)
  })

  test('erasing what is gone already changes nothing, so two nodes may try', async () => {
    const position = await store().changesPosition()
    await store().change((change) => change.eraseKey(exampleKey()))
    assert.equal(await store().changesPosition(), position)
  })

  test('keysToErase gives the keys whose date has come, the longest due first', async () => {
    const due = (keyId: string, date: number) => exampleKey({ keyId, deletion: { windowInDays: 7, date } })
    const keys = [due('third', 1003), due('first', 1001), due('not yet', 1004), due('second', 1002)]
    await insert(store(), ...keys, exampleKey())
    const ids = async (limit: number) => (await store().keysToErase(1003, limit)).map(({ keyId }) => keyId)
    assert.deepEqual(await ids(10), ['first', 'second', 'third'])
    assert.deepEqual(await ids(2), ['first', 'second'])
    assert.deepEqual((await store().keysToErase(1001, 1))[0], keys[1])
    assert.deepEqual(await store().keysToErase(1000, 10), [])
    await store().change(async (change) => {
      for (const key of keys) await change.eraseKey(key)
    })
    assert.deepEqual(await store().keysToErase(1004, 10), [])
  })
}
