/** Last uses between memory and store (lifecycle.md DEL-31). */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { createKeyUsage, type KeyUsage } from '../../src/domain/key-usage.ts'
import type { Key } from '../../src/domain/keys/key.ts'
import type { Store } from '../../src/domain/store.ts'
import { clock, exampleKey, insert, NOW } from '../contract/store/examples.ts'
import { fileFixture } from '../store/sqlite-fixtures.ts'

const fixture = await fileFixture()
after(() => fixture.remove())

async function openStore(context: { after(work: () => Promise<void>): void }): Promise<Store> {
  const store = await fixture.open('node-1', clock)
  context.after(() => store.close())
  return store
}

function note(usage: KeyUsage, key: Key, time: number): void {
  usage.note(key, 'Encrypt', time, `event ${time}`, `request ${time}`)
}

test('what was noted is saved when the node stops, and is there for the next one', async (context) => {
  const key = exampleKey()
  const first = await fixture.open('node-1', clock)
  await insert(first, key)
  const usage = createKeyUsage(first, silentLog)
  note(usage, key, NOW)
  await usage.stop()
  await first.close()
  const second = await openStore(context)
  const next = createKeyUsage(second, silentLog)
  context.after(() => next.stop())
  const { account, region, keyId } = key
  const ids = { eventId: `event ${NOW}`, requestId: `request ${NOW}` }
  assert.deepEqual(await next.lastUse(key, second), { account, region, keyId, operation: 'Encrypt', time: NOW, ...ids })
})

test('of two nodes that used a key the later use wins, whichever saves last', async (context) => {
  const store = await openStore(context)
  const key = exampleKey()
  await insert(store, key)
  const [early, late] = [createKeyUsage(store, silentLog), createKeyUsage(store, silentLog)]
  note(late, key, NOW + 2)
  note(early, key, NOW + 1)
  await late.stop()
  assert.equal((await early.lastUse(key, store))?.time, NOW + 2, 'what another node has saved is newer')
  await early.stop()
  assert.equal((await store.findLastUsage(key))?.time, NOW + 2)
})

test('many keys are saved at once, and a use that comes while others are being saved is not lost', async (context) => {
  const store = await openStore(context)
  const keys = Array.from({ length: 2_500 }, () => exampleKey())
  await insert(store, ...keys)
  const usage = createKeyUsage(store, silentLog)
  for (const key of keys) note(usage, key, NOW)
  const saving = usage.save()
  assert.equal((await usage.lastUse(keys[2_499]!, store))?.time, NOW, 'cannot be seen on its way')
  note(usage, keys[7]!, NOW + 1)
  await saving
  for (const key of keys) assert.equal((await store.findLastUsage(key))?.time, NOW)
  await usage.stop()
  assert.equal((await store.findLastUsage(keys[7]!))?.time, NOW + 1)
})

test('what cannot be saved is told, kept, and saved later', async (context) => {
  const store = await openStore(context)
  const key = exampleKey()
  await insert(store, key)
  let isBroken = true
  const warnings: unknown[] = []
  const flaky: Store = {
    ...store,
    async saveUses(uses) {
      if (isBroken) throw new Error('the disk is away')
      await store.saveUses(uses)
    },
  }
  const usage = createKeyUsage(flaky, { ...silentLog, warn: (...given) => void warnings.push(given) })
  note(usage, key, NOW)
  await usage.save()
  assert.equal(warnings.length, 1)
  assert.equal(await store.findLastUsage(key), undefined)
  assert.equal((await usage.lastUse(key, store))?.time, NOW)
  isBroken = false
  await usage.stop()
  assert.equal((await store.findLastUsage(key))?.time, NOW)
})
