/** Records at hand: found without the store, and never after they were dropped (design.md section 3). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CACHED_KEYS_MAX } from '../../src/base/limits.ts'
import { arnOf, type Key, keyRef } from '../../src/domain/keys/key.ts'
import { createRecordCache } from '../../src/domain/record-cache.ts'
import type { Store } from '../../src/domain/store.ts'
import { newKey } from '../operations/support.ts'
import { ACCOUNT, createHarness, type Harness, REGION } from '../support/harness.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

async function storedKey(): Promise<{ key: Key; materialId: string }> {
  const { KeyId } = await newKey(harness)
  const key = await harness.store.findKey({ account: ACCOUNT, region: REGION, keyId: KeyId })
  return { key: key!, materialId: key!.currentMaterialId! }
}

test('a key that a ciphertext found is at hand for whoever names it, and the other way round: one record', async () => {
  const { key, materialId } = await storedKey()
  const cache = createRecordCache(harness.store)
  const found = await cache.findKeyByMaterial(REGION, materialId)
  assert.deepEqual(found, key)
  assert.equal(cache.findKey(key), found, 'the same object, without a wait')
  assert.equal(cache.findKeyByMaterial(REGION, materialId), found)

  const other = createRecordCache(harness.store)
  const named = await other.findKey(key)
  assert.equal(await other.findKeyByMaterial(REGION, materialId), named)
  assert.equal(other.findKeyByMaterial(REGION, materialId), named)
})

test('a changed key is read anew, by its ciphertexts too', async () => {
  const { key, materialId } = await storedKey()
  const cache = createRecordCache(harness.store)
  assert.equal((await cache.findKeyByMaterial(REGION, materialId))?.enabled, true)
  await harness.call('DisableKey', { KeyId: key.keyId })
  cache.drop([{ kind: 'key', subject: keyRef(key) }])
  assert.equal((await cache.findKeyByMaterial(REGION, materialId))?.enabled, false)
  await harness.call('EnableKey', { KeyId: key.keyId })
  cache.clear()
  assert.equal((await cache.findKeyByMaterial(REGION, materialId))?.enabled, true)
})

test('a material of another Region, or of no key, finds nothing', async () => {
  const { materialId } = await storedKey()
  const cache = createRecordCache(harness.store)
  assert.notEqual(await cache.findKeyByMaterial(REGION, materialId), undefined)
  assert.equal(await cache.findKeyByMaterial('us-east-1', materialId), undefined)
  assert.equal(await cache.findKeyByMaterial(REGION, '00'.repeat(32)), undefined)
})

test('a key that was read by its ciphertext before a change is not kept after it', async () => {
  const { key, materialId } = await storedKey()
  const reading = Promise.withResolvers<void>()
  const slow: Store = {
    ...harness.store,
    async findKeyByMaterial(region, id) {
      const found = await harness.store.findKeyByMaterial(region, id)
      await reading.promise
      return found
    },
  }
  const cache = createRecordCache(slow)
  const before = cache.findKeyByMaterial(REGION, materialId)
  await harness.call('DisableKey', { KeyId: key.keyId })
  cache.drop([{ kind: 'key', subject: keyRef(key) }])
  reading.resolve()
  await before
  assert.equal((await cache.findKeyByMaterial(REGION, materialId))?.enabled, false)
  assert.equal((await cache.findKey(key))?.enabled, false)
})

test('a key that others pushed out is read anew by its ciphertexts: a drop would not reach it any more', async () => {
  const { key, materialId } = await storedKey()
  const reader: Store = {
    ...harness.store,
    findKey: async (name) => ({ ...key, ...name, arn: arnOf(name) }),
  }
  const cache = createRecordCache(reader)
  const first = await cache.findKeyByMaterial(REGION, materialId)
  assert.equal(cache.findKeyByMaterial(REGION, materialId), first)
  for (let index = 0; index < CACHED_KEYS_MAX; index++) {
    await cache.findKey({ account: ACCOUNT, region: REGION, keyId: `key-${index}` })
  }
  await harness.call('DisableKey', { KeyId: key.keyId })
  cache.drop([{ kind: 'key', subject: keyRef(key) }])
  assert.equal((await cache.findKeyByMaterial(REGION, materialId))?.enabled, false)
})
