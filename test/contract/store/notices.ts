import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { Key } from '../../../src/domain/keys/key.ts'
import type { ChangeNotice, Store } from '../../../src/domain/store.ts'
import {
  ACCOUNT,
  exampleAlias,
  exampleKey,
  exampleMaterial,
  insert,
  NOW,
  REGION,
  ref,
  uniqueAccount,
} from './examples.ts'

export function noticeTests(store: () => Store): void {
  const heard: ChangeNotice[][] = []
  before(() => store().onCommit((notices) => heard.push([...notices])))

  async function noticesOf(work: Parameters<Store['change']>[0]): Promise<ChangeNotice[][]> {
    heard.length = 0
    await store().change(work)
    return heard.slice()
  }

  test('every write of a key, alias or access key names its subject', async () => {
    const account = uniqueAccount()
    const key = exampleKey({ account })
    const alias = exampleAlias(key, 'alias/noted')
    const ofKey = { kind: 'key', subject: ref(key) }
    const ofAlias = { kind: 'alias', subject: `${account}/${REGION}/alias/noted` }
    const token = Buffer.alloc(1)
    const root = { accessKeyId: 'AKIANOTED', account, userName: undefined, active: true, token, createdAt: NOW }
    assert.deepEqual(await noticesOf((change) => change.insertKey(key, [exampleMaterial(key)])), [[ofKey]])
    assert.deepEqual(await noticesOf((change) => change.updateKey({ ...key, enabled: false })), [[ofKey]])
    assert.deepEqual(await noticesOf((change) => change.insertAlias(alias)), [[ofAlias]])
    assert.deepEqual(await noticesOf((change) => change.updateAlias({ ...alias, updatedAt: NOW + 1 })), [[ofAlias]])
    assert.deepEqual(await noticesOf((change) => change.deleteAlias(alias)), [[ofAlias]])
    await store().change((change) => change.insertAccount(account, NOW))
    const ofAccessKey = { kind: 'access-key', subject: 'AKIANOTED' }
    const ofAccount = { kind: 'identity', subject: account }
    assert.deepEqual(await noticesOf((change) => change.insertAccessKey(root)), [[ofAccount, ofAccessKey]])
  })

  test('an erased key takes its aliases with it, by name', async () => {
    const key = exampleKey()
    const alias = exampleAlias(key)
    await store().change(async (change) => {
      await change.insertKey(key, [])
      await change.insertAlias(alias)
    })
    assert.deepEqual(await noticesOf((change) => change.eraseKey(key)), [
      [
        { kind: 'alias', subject: `${ACCOUNT}/${REGION}/${alias.aliasName}` },
        { kind: 'key', subject: ref(key) },
      ],
    ])
  })

  test('a change names each subject once, and a change of nothing names nothing', async () => {
    const key = exampleKey()
    const notices = await noticesOf(async (change) => {
      await change.insertKey(key, [])
      await change.updateKey({ ...key, enabled: false })
      await change.updateKey(key)
    })
    assert.deepEqual(notices, [[{ kind: 'key', subject: ref(key) }]])
    assert.deepEqual(await noticesOf(async (change) => change.findKey(key)), [])
    assert.deepEqual(await noticesOf((change) => change.deleteAlias(exampleAlias(key))), [])
  })

  test('they come after the commit and before the change resolves', async () => {
    const key = exampleKey()
    const order: string[] = []
    let found: Promise<Key | undefined> | undefined
    store().onCommit(() => {
      if (found !== undefined) return
      order.push('told')
      found = Promise.resolve(store().findKey(key))
    })
    await insert(store(), key)
    order.push('resolved')
    assert.deepEqual(order, ['told', 'resolved'])
    assert.deepEqual(await found, key)
  })

  test('a change that fails tells nobody', async () => {
    heard.length = 0
    const failing = store().change(async (change) => {
      await change.insertKey(exampleKey(), [])
      throw new Error('on purpose')
    })
    await assert.rejects(failing)
    assert.deepEqual(heard, [])
  })

  test('what a node changed itself is not told to it again', async () => {
    const position = await store().changesPosition()
    await insert(store(), exampleKey())
    const newest = await store().changesPosition()
    assert.ok(newest > position)
    assert.deepEqual((await store().changesAfter(position)).notices, [])
    assert.deepEqual(await store().changesAfter(newest), { position: newest, notices: [] })
  })
}
