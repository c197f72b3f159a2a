import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { Store } from '../../../src/domain/store.ts'
import { exampleAlias, exampleKey, insert, NOW, uniqueId } from './examples.ts'

export function aliasTests(store: () => Store): void {
  const key = exampleKey()
  before(() => insert(store(), key))

  test('an alias comes back as it was given, by its whole name only', async () => {
    const alias = exampleAlias(key)
    await store().change((change) => change.insertAlias(alias))
    assert.deepEqual(await store().findAlias(alias), alias)
    assert.equal(await store().findAlias({ ...alias, region: 'us-east-1' }), undefined)
    assert.equal(await store().findAlias({ ...alias, account: '999999999999' }), undefined)
    assert.equal(await store().findAlias({ ...alias, aliasName: alias.aliasName.toUpperCase() }), undefined)
  })

  test('updateAlias moves it to another key', async () => {
    const other = exampleKey()
    const alias = exampleAlias(key)
    await insert(store(), other)
    await store().change((change) => change.insertAlias(alias))
    const moved = { ...alias, keyId: other.keyId, updatedAt: NOW + 5 }
    await store().change((change) => change.updateAlias(moved))
    assert.deepEqual(await store().findAlias(alias), moved)
    assert.equal(await store().countAliases(other), 1)
  })

  test('deleteAlias removes it and nothing else; doing it again changes nothing', async () => {
    const [gone, kept] = [exampleAlias(key), exampleAlias(key)]
    await store().change(async (change) => {
      await change.insertAlias(gone)
      await change.insertAlias(kept)
    })
    await store().change((change) => change.deleteAlias(gone))
    await store().change((change) => change.deleteAlias(gone))
    assert.equal(await store().findAlias(gone), undefined)
    assert.deepEqual(await store().findAlias(kept), kept)
  })

  test('a name is given once, and never to a key that does not exist', async () => {
    const alias = exampleAlias(key)
    await store().change((change) => change.insertAlias(alias))
    await assert.rejects(store().change((change) => change.insertAlias(alias)))
    await assert.rejects(store().change((change) => change.insertAlias(exampleAlias(exampleKey()))))
    const astray = { ...alias, keyId: uniqueId() }
    await assert.rejects(store().change((change) => change.updateAlias(astray)))
    await assert.rejects(
      store().change((change) => change.updateAlias(exampleAlias(key))),
      'updated what is not there',
    )
    assert.deepEqual(await store().findAlias(alias), alias)
  })

  test('countAliases counts those of one key', async () => {
    const [two, none] = [exampleKey(), exampleKey()]
    await insert(store(), two, none)
    await store().change(async (change) => {
      await change.insertAlias(exampleAlias(two))
      await change.insertAlias(exampleAlias(two))
    })
    assert.equal(await store().countAliases(two), 2)
    assert.equal(await store().countAliases(none), 0)
  })
}
