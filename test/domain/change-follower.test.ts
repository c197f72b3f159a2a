/** What one node remembers of a store that another one changes (design.md section 3). */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { KmsError } from '../../src/base/errors.ts'
import { silentLog } from '../../src/base/log.ts'
import { followChanges } from '../../src/domain/change-follower.ts'
import { createRecordCache } from '../../src/domain/record-cache.ts'
import type { ChangeNotice, Store } from '../../src/domain/store.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { createTestClock } from '../support/test-clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-follower-'))
after(() => rmSync(folder, { recursive: true }))
const name = { account: '111122223333', region: 'eu-west-1' }
const alias = { ...name, aliasName: 'alias/a', createdAt: 0, updatedAt: 0 }

function open(node: string, file: string): Promise<Store> {
  return openSqliteStore({ path: join(folder, file), node, clock: createTestClock(0) })
}

async function insertKey(store: Store, keyId: string): Promise<void> {
  const facts = { spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', origin: 'AWS_KMS', manager: 'CUSTOMER' } as const
  const none = { rotation: undefined, onDemandRotations: 0, importedMaterial: undefined, customKeyStore: undefined }
  const rest = {
    ...none,
    multiRegion: false,
    multiRegionSet: undefined,
    description: '',
    createdAt: 0,
    enabled: true,
    tags: [],
    policy: '{}',
  }
  const key = {
    ...name,
    keyId,
    arn: `arn:${keyId}`,
    ...facts,
    ...rest,
    deletion: undefined,
    currentMaterialId: undefined,
  }
  await store.change((change) => change.insertKey(key, []))
}

test("another node's change is in force after the next poll, its own at once, and nothing else is forgotten", async () => {
  const [here, there] = [await open('here', 'a.db'), await open('there', 'a.db')]
  for (const keyId of ['one', 'two']) await insertKey(here, keyId)
  await here.change((change) => change.insertAlias({ ...alias, keyId: 'one' }))
  const cache = createRecordCache(here)
  const follower = await followChanges(here, [cache], createTestClock(0), silentLog)
  const target = async () => (await cache.findAlias(alias))?.keyId
  const untouched = await cache.findKey({ ...name, keyId: 'two' })
  assert.equal(await target(), 'one')
  await there.change((change) => change.updateAlias({ ...alias, keyId: 'two' }))
  await follower.poll()
  assert.equal(await target(), 'two')
  await here.change((change) => change.updateAlias({ ...alias, keyId: 'one' }))
  assert.equal(await target(), 'one')
  assert.equal(await cache.findKey({ ...name, keyId: 'two' }), untouched, 'the same object: it was not read again')
  await follower.stop()
  await here.close()
  await there.close()
})

test('a record that was read before a change is not kept after it', async () => {
  const store = await open('here', 'b.db')
  await insertKey(store, 'one')
  let letGo: (() => void) | undefined
  const slow: Store = {
    ...store,
    async findAlias(wanted) {
      const found = await store.findAlias(wanted)
      await new Promise<void>((resolve) => {
        letGo = resolve
      })
      return found
    },
  }
  await store.change((change) => change.insertAlias({ ...alias, keyId: 'one' }))
  const cache = createRecordCache(slow)
  const reading = cache.findAlias(alias)
  while (letGo === undefined) await new Promise(setImmediate)
  cache.drop([{ kind: 'alias', subject: '111122223333/eu-west-1/alias/a' }])
  letGo()
  await reading
  letGo = undefined
  const again = cache.findAlias(alias)
  assert.ok(again instanceof Promise, 'the store is asked again')
  while (letGo === undefined) await new Promise(setImmediate)
  ;(letGo as () => void)()
  await again
  await store.close()
})

test('after a second without a look at the changes of others the first who asks has them looked at', async (context) => {
  const [here, there] = [await open('here', 'd.db'), await open('there', 'd.db')]
  for (const keyId of ['one', 'two']) await insertKey(here, keyId)
  await here.change((change) => change.insertAlias({ ...alias, keyId: 'one' }))
  const cache = createRecordCache(here)
  const follower = await followChanges(here, [cache], createTestClock(0), silentLog)
  assert.equal((await cache.findAlias(alias))?.keyId, 'one')
  let now = performance.now()
  context.mock.method(performance, 'now', () => now)
  await there.change((change) => change.updateAlias({ ...alias, keyId: 'two' }))
  now += 1_001
  await follower.ensureFresh()
  assert.equal((await cache.findAlias(alias))?.keyId, 'two')
  await follower.stop()
  await here.close()
  await there.close()
})

test('a machine that was suspended, whose monotonic clock stood still, looks at the changes of others before it answers', async () => {
  const [here, there] = [await open('here', 'e.db'), await open('there', 'e.db')]
  for (const keyId of ['one', 'two']) await insertKey(here, keyId)
  await here.change((change) => change.insertAlias({ ...alias, keyId: 'one' }))
  const cache = createRecordCache(here)
  const clock = createTestClock(0)
  const follower = await followChanges(here, [cache], clock, silentLog)
  assert.equal((await cache.findAlias(alias))?.keyId, 'one')
  await there.change((change) => change.updateAlias({ ...alias, keyId: 'two' }))
  clock.advance(60_000)
  await follower.ensureFresh()
  assert.equal((await cache.findAlias(alias))?.keyId, 'two')
  clock.advance(-60_000)
  assert.equal(follower.ensureFresh(), undefined, 'a clock that is set back makes nothing suspect')
  await follower.stop()
  await here.close()
  await there.close()
})

test('a store that does not answer makes everything suspect: nothing is served until it does', async (context) => {
  const store = await open('here', 'c.db')
  let reachable = true
  const flaky: Store = {
    ...store,
    changesAfter(position) {
      if (!reachable) throw new Error('out of reach')
      return store.changesAfter(position)
    },
  }
  const told: (readonly ChangeNotice[])[] = []
  const memory = { drop: (notices: readonly ChangeNotice[]) => void told.push(notices), clear() {} }
  const follower = await followChanges(flaky, [memory], createTestClock(0), silentLog)
  let now = performance.now()
  context.mock.method(performance, 'now', () => now)
  assert.equal(follower.ensureFresh(), undefined)
  now += 60_000
  await assert.doesNotReject(follower.ensureFresh()!, 'a process that slept only has to look')
  assert.equal(follower.ensureFresh(), undefined)
  reachable = false
  now += 5_000
  await assert.doesNotReject(follower.ensureFresh()!, 'a store that is out of reach for a moment stops nobody')
  now += 60_000
  await assert.rejects(
    follower.ensureFresh()!,
    (error) => error instanceof KmsError && error.code === 'KMSInternalException',
  )
  reachable = true
  await assert.doesNotReject(follower.ensureFresh()!)
  await follower.stop()
  await store.close()
})
