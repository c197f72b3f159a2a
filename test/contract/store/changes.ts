import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reader, Store } from '../../../src/domain/store.ts'
import {
  ACCOUNT,
  clock,
  exampleAlias,
  exampleKey,
  exampleMaterial,
  FIRST_PAGE,
  insert,
  NOW,
  REGION,
  type StoreFixture,
} from './examples.ts'

export function changeTests(store: () => Store): void {
  test('gives what its work gives', async () => {
    assert.equal(await store().change(async () => 'result'), 'result')
  })

  test('sees what it has done so far, while nobody else does', async () => {
    const key = exampleKey()
    const material = exampleMaterial(key)
    const alias = exampleAlias(key)
    const seenBy = async (reader: Reader) => [
      await reader.findKey(key),
      await reader.findKeyByMaterial(REGION, material.materialId),
      await reader.findMaterial(REGION, material.materialId),
      await reader.findAlias(alias),
      (await reader.countAliases(key)) || undefined,
    ]
    await store().change(async (change) => {
      await change.insertKey(key, [material])
      await change.insertAlias(alias)
      assert.deepEqual(await seenBy(change), [key, key, material, alias, 1])
      assert.deepEqual(await seenBy(store()), Array(5).fill(undefined))
    })
    assert.deepEqual(await seenBy(store()), [key, key, material, alias, 1])
  })

  test('that throws has changed nothing, and says why', async () => {
    const [key, present] = [exampleKey(), exampleKey()]
    const alias = exampleAlias(present)
    await insert(store(), present)
    await store().change((change) => change.insertAlias(alias))
    const position = await store().changesPosition()
    const failure = new Error('on purpose')
    const failing = store().change(async (change) => {
      await change.insertKey(key, [exampleMaterial(key)])
      await change.updateKey({ ...present, description: 'changed' })
      await change.deleteAlias(alias)
      await change.recordAudit({ eventId: 'never', node: 'node-1', line: '{}' })
      throw failure
    })
    await assert.rejects(failing, (error) => error === failure)
    assert.equal(await store().findKey(key), undefined)
    assert.deepEqual(await store().findKey(present), present)
    assert.deepEqual(await store().findAlias(alias), alias)
    assert.deepEqual(
      (await store().pendingAuditRecords()).filter(({ eventId }) => eventId === 'never'),
      [],
    )
    assert.equal(await store().changesPosition(), position)
  })

  test('is over when its work is: what it handed out works no longer', async () => {
    const key = exampleKey()
    const leaked = await store().change(async (change) => change)
    await assert.rejects(leaked.insertKey(key, []))
    await store().change(async () => {
      await assert.rejects(leaked.insertKey(key, []), 'it wrote into the change of somebody else')
    })
    assert.equal(await store().findKey(key), undefined)
  })

  test('inside a change is refused, where waiting would be for ever', async () => {
    const nested = store().change(() => store().change(async () => 'never'))
    await assert.rejects(nested, /inside a change/)
    assert.equal(await store().change(async () => 'still works'), 'still works')
  })
}

export function concurrencyTests(store: () => Store): void {
  test('changes follow each other: none reads what another is about to replace', async () => {
    const key = exampleKey({ description: '0' })
    await insert(store(), key)
    const increment = () =>
      store().change(async (change) => {
        const found = (await change.findKey(key))!
        await new Promise((resolve) => setImmediate(resolve))
        await change.updateKey({ ...found, description: String(Number(found.description) + 1) })
      })
    await Promise.all(Array.from({ length: 50 }, increment))
    assert.equal((await store().findKey(key))?.description, '50')
  })

  test('a change that fails leaves those before and after it alone', async () => {
    const [before, failed, after] = [exampleKey(), exampleKey(), exampleKey()]
    const outcomes = await Promise.allSettled([
      insert(store(), before),
      store().change(async (change) => {
        await change.insertKey(failed, [])
        throw new Error('on purpose')
      }),
      insert(store(), after),
    ])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.deepEqual(await store().findKey(before), before)
    assert.equal(await store().findKey(failed), undefined)
    assert.deepEqual(await store().findKey(after), after)
  })

  test('reads do not wait for a change that is under way', async () => {
    const key = exampleKey({ description: 'before' })
    await insert(store(), key)
    const finish = Promise.withResolvers<void>()
    const inside = Promise.withResolvers<void>()
    const change = store().change(async (change) => {
      await change.updateKey({ ...key, description: 'after' })
      inside.resolve()
      await finish.promise
    })
    await inside.promise
    assert.equal((await store().findKey(key))?.description, 'before')
    assert.equal((await store().listKeys(ACCOUNT, REGION, FIRST_PAGE, NOW)).length > 0, true)
    finish.resolve()
    await change
    assert.equal((await store().findKey(key))?.description, 'after')
  })
}

export function closingTests(open: () => Promise<StoreFixture>): void {
  test('close waits for the changes that were asked for; after it nothing works', async () => {
    const fixture = await open()
    const store = await fixture.open('node-1', clock)
    const results: string[] = []
    const slow = store.change(async (change) => {
      await new Promise((resolve) => setImmediate(resolve))
      await change.insertKey(exampleKey(), [])
      results.push('slow')
    })
    const queued = store.change(async () => results.push('queued'))
    await store.close()
    assert.deepEqual(results, ['slow', 'queued'])
    await Promise.all([slow, queued])
    await assert.rejects(insert(store, exampleKey()), /closed/)
    await assert.rejects(async () => store.findKey(exampleKey()))
    await store.close()
    await fixture.remove()
  })
}
