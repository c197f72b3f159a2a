/** authorization.md 4.5: 50,000 grants on one key cost one look-up, and a grant that is gone is gone. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createGrantCache, type GrantCache } from '../../../src/domain/grants/grant-cache.ts'
import type { Key } from '../../../src/domain/keys/key.ts'
import type { Reader, Store } from '../../../src/domain/store.ts'
import { openSqliteStore } from '../../../src/store/sqlite-store.ts'
import { clock, exampleKey, insert } from '../../contract/store/examples.ts'
import { exampleGrant } from '../../contract/store/grants.ts'

let store: Store
before(async () => {
  store = await openSqliteStore({ path: ':memory:', node: 'test', clock })
})
after(() => store.close())

/** A cache over the store, with a list of what it asks the store for. */
function observedCache(): { cache: GrantCache; asked: string[] } {
  const asked: string[] = []
  const reader = new Proxy(store as Reader, {
    get(target, name) {
      asked.push(String(name))
      return Reflect.get(target, name)
    },
  })
  const cache = createGrantCache(reader)
  store.onCommit((notices) => cache.drop(notices))
  return { cache, asked }
}

async function newKey(): Promise<Key> {
  const key = exampleKey()
  await insert(store, key)
  return key
}

const grantTo = async (key: Key, ...grantees: string[]) => {
  const grants = grantees.map((grantee) => exampleGrant(key, { grantee }))
  await store.change(async (change) => {
    for (const grant of grants) await change.insertGrant(grant)
  })
  return grants
}

test('a key without grants is asked for once, whoever comes', async () => {
  const { cache, asked } = observedCache()
  const key = await newKey()
  assert.deepEqual(await cache.findGrants(key, ['AIDAA']), [])
  assert.deepEqual(asked, ['hasGrants'])
  for (const grantee of ['AIDAA', 'AIDAB', 'AROAC:session']) {
    const found = cache.findGrants(key, [grantee, '111122223333'])
    assert.ok(Array.isArray(found), 'answered later')
    assert.deepEqual(found, [])
  }
  assert.deepEqual(asked, ['hasGrants'])
})

test('a grantee is asked for once, together with all that he can be called', async () => {
  const { cache, asked } = observedCache()
  const key = await newKey()
  const [own, role] = await grantTo(key, 'AROAX:s', 'AROAX', 'AROAY')
  const refs = ['AROAX:s', 'AROAX', '111122223333']
  assert.deepEqual(await cache.findGrants(key, refs), [own, role])
  const count = asked.length
  const found = cache.findGrants(key, refs)
  assert.ok(Array.isArray(found), 'answered later')
  assert.deepEqual(found, [own, role])
  assert.deepEqual(cache.findGrants(key, ['AROAX']), [role])
  assert.equal(asked.length, count)
})

test('a new grant is seen at once, one that is gone never again', async () => {
  const { cache } = observedCache()
  const key = await newKey()
  const ids = async () => (await cache.findGrants(key, ['AIDAA'])).map(({ grantId }) => grantId)
  assert.deepEqual(await ids(), [])
  const [first] = await grantTo(key, 'AIDAA')
  assert.deepEqual(await ids(), [first!.grantId])
  const [second] = await grantTo(key, 'AIDAA')
  assert.deepEqual((await ids()).sort(), [first!.grantId, second!.grantId].sort())
  await store.change((change) => change.deleteGrant(first!))
  assert.deepEqual(await ids(), [second!.grantId])
  await store.change((change) => change.eraseKey(key))
  assert.deepEqual(await ids(), [])
})

test('a change is seen by one grantee also after another came by first', async () => {
  const { cache } = observedCache()
  const key = await newKey()
  const [own] = await grantTo(key, 'AIDAA', 'AIDAB')
  const countFor = async (grantee: string) => (await cache.findGrants(key, [grantee])).length
  assert.deepEqual([await countFor('AIDAA'), await countFor('AIDAB')], [1, 1])
  await store.change((change) => change.deleteGrant(own!))
  assert.equal(await countFor('AIDAB'), 1)
  assert.equal(await countFor('AIDAA'), 0)
})

test('a change of one key leaves what is known of others', async () => {
  const { cache, asked } = observedCache()
  const [key, other] = [await newKey(), await newKey()]
  await grantTo(key, 'AIDAA')
  await cache.findGrants(key, ['AIDAA'])
  const count = asked.length
  await grantTo(other, 'AIDAA')
  assert.equal((await cache.findGrants(key, ['AIDAA'])).length, 1)
  assert.equal(asked.length, count)
})

test('what was read before a change is not kept after it', async () => {
  const key = await newKey()
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const slow = {
    ...store,
    async findGrants(...args: Parameters<Reader['findGrants']>) {
      const found = await store.findGrants(...args)
      await held
      return found
    },
  }
  const cache = createGrantCache(slow)
  store.onCommit((notices) => cache.drop(notices))
  const [grant] = await grantTo(key, 'AIDAA')
  const early = cache.findGrants(key, ['AIDAA'])
  await new Promise(setImmediate)
  await store.change((change) => change.deleteGrant(grant!))
  release()
  assert.deepEqual(await early, [grant])
  assert.deepEqual(await cache.findGrants(key, ['AIDAA']), [])
})

test('clear forgets everything', async () => {
  const { cache, asked } = observedCache()
  const key = await newKey()
  await grantTo(key, 'AIDAA')
  await cache.findGrants(key, ['AIDAA'])
  const count = asked.length
  cache.clear()
  assert.equal((await cache.findGrants(key, ['AIDAA'])).length, 1)
  assert.ok(asked.length > count)
})
