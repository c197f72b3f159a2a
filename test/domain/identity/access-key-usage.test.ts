/** When access keys were last used (authorization.md SEC-7). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../../../src/base/log.ts'
import { createAccessKeyUsage } from '../../../src/domain/identity/access-key-usage.ts'
import type { AccessKeyUse } from '../../../src/domain/identity/entities.ts'
import type { Store } from '../../../src/domain/store.ts'
import { openSqliteStore } from '../../../src/store/sqlite-store.ts'

const ACCOUNT = '111122223333'
const ID = 'AKIAEXAMPLE'

async function withStore(work: (store: Store, saved: AccessKeyUse[][]) => Promise<void>): Promise<void> {
  const store = await openSqliteStore({ path: ':memory:', node: 'test', clock: { now: () => 1 } })
  const saved: AccessKeyUse[][] = []
  const observed: Store = {
    ...store,
    saveAccessKeyUses(uses) {
      saved.push([...uses])
      return store.saveAccessKeyUses(uses)
    },
  }
  await store.change(async (change) => {
    await change.insertAccount(ACCOUNT, 1)
    const key = { accessKeyId: ID, account: ACCOUNT, userName: undefined, active: true }
    await change.insertAccessKey({ ...key, token: Buffer.alloc(1), createdAt: 1 })
  })
  await work(observed, saved)
  await store.close()
}

test('a use is known at once and in the store after it was saved, once for many uses', () =>
  withStore(async (store, saved) => {
    const usage = createAccessKeyUsage(store, silentLog)
    assert.equal(await usage.lastUse(ID), undefined)
    for (let time = 1; time <= 100; time++) usage.note(ID, 'kms', 'eu-central-1', time)
    const use = { accessKeyId: ID, service: 'kms', region: 'eu-central-1', usedAt: 100 }
    assert.deepEqual(await usage.lastUse(ID), use)
    assert.equal(await store.findAccessKeyUse(ID), undefined)
    await usage.stop()
    assert.deepEqual(await store.findAccessKeyUse(ID), use)
    assert.deepEqual(saved, [[use]])
    assert.deepEqual(await createAccessKeyUsage(store, silentLog).lastUse(ID), use, 'after a restart')
  }))

test('the use that another node saved counts if it is newer', () =>
  withStore(async (store) => {
    const usage = createAccessKeyUsage(store, silentLog)
    usage.note(ID, 'kms', 'eu-central-1', 10)
    const newer = { accessKeyId: ID, service: 'sts', region: 'us-east-1', usedAt: 11 }
    await store.saveAccessKeyUses([newer])
    assert.deepEqual(await usage.lastUse(ID), newer)
    await usage.stop()
    assert.deepEqual(await store.findAccessKeyUse(ID), newer)
  }))

test('temporary credentials are not noted', () =>
  withStore(async (store, saved) => {
    const usage = createAccessKeyUsage(store, silentLog)
    usage.note('ASIAEXAMPLE', 'kms', 'eu-central-1', 10)
    await usage.stop()
    assert.deepEqual(saved, [[]])
  }))

test('what could not be saved is kept for the next time', () =>
  withStore(async (store) => {
    let fails = true
    const failing: Store = {
      ...store,
      saveAccessKeyUses: (uses) => (fails ? Promise.reject(new Error('full')) : store.saveAccessKeyUses(uses)),
    }
    const warnings: string[] = []
    const usage = createAccessKeyUsage(failing, { ...silentLog, warn: (_facts, text) => warnings.push(text) })
    usage.note(ID, 'kms', 'eu-central-1', 10)
    await usage.save()
    assert.deepEqual(warnings, ['cannot save when access keys were last used; will try again'])
    fails = false
    await usage.stop()
    assert.equal((await store.findAccessKeyUse(ID))?.usedAt, 10)
  }))
