/** The key of fingerprints among the domain keys (lifecycle.md IMP-57). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../../../src/base/log.ts'
import { TokenError } from '../../../src/crypto/domain-key.ts'
import { createRandomSource } from '../../../src/crypto/random.ts'
import { localRootKey } from '../../../src/crypto/root-key/local-root-key.ts'
import { RootKeyError } from '../../../src/crypto/root-key/root-key.ts'
import { createDomainKeys } from '../../../src/domain/keys/domain-keys.ts'
import { openSqliteStore } from '../../../src/store/sqlite-store.ts'
import { START_TIME } from '../../support/harness.ts'
import { createTestClock } from '../../support/test-clock.ts'

const random = createRandomSource()

async function openNodes() {
  const clock = createTestClock(START_TIME)
  const store = await openSqliteStore({ path: ':memory:', node: 'test', clock })
  const root = localRootKey(random.keyBytes(32))
  const newNode = () => createDomainKeys(store, root, clock, random)
  return { clock, store, newNode }
}

test('all nodes, and a node that starts anew, have the same key of fingerprints', async () => {
  const { store, newNode } = await openNodes()
  const [one, other] = [newNode(), newNode()]
  const keys = await Promise.all([one.fingerprintKey(), other.fingerprintKey()])
  keys.push(await newNode().fingerprintKey(), await one.fingerprintKey())
  for (const key of keys) assert.ok(key.equals(keys[0]!))
  await store.close()
})

test('it seals nothing: not when it is alone, not when all others are old', async () => {
  const { clock, store, newNode } = await openNodes()
  const node = newNode()
  await node.fingerprintKey()
  const alone = await store.newestDomainKey()
  assert.equal(alone?.createdAt, 0)
  const subject = ['purpose', 'x'] as const
  for (let day = 0; day < 3; day++) {
    const token = await newNode().seal(subject, Buffer.from('secret'))
    assert.notEqual(token.toString('hex', 1, 17), alone.id)
    assert.deepEqual(await node.open(subject, token), Buffer.from('secret'))
    clock.advance(86_400_000)
  }
  await store.close()
})

test('a token that names no domain key of this installation is none', async () => {
  const { store, newNode } = await openNodes()
  const node = newNode()
  const token = await node.seal(['purpose'], Buffer.from('secret'))
  token[1]! ^= 1
  await assert.rejects(node.open(['purpose'], token), TokenError)
  await store.close()
})

test('nothing is sealed under a domain key that another node has destroyed', async () => {
  const { clock, store, newNode } = await openNodes()
  const [one, other] = [newNode(), newNode()]
  const first = await one.seal(['purpose'], Buffer.from('first'))
  clock.advance(86_400_000)
  await other.seal(['purpose'], Buffer.from('newer'))
  // By its clock the first is still young, as on a machine whose clock is right.
  clock.advance(-86_400_000)
  await store.change((change) => change.deleteDomainKey(first.toString('hex', 1, 17)))
  await one.loadAll()
  const token = await one.seal(['purpose'], Buffer.from('secret'))
  assert.deepEqual(await newNode().open(['purpose'], token), Buffer.from('secret'))
  await store.close()
})

test('while the root key is away the last domain key serves for a week, and a new one is made once it is back', async () => {
  const clock = createTestClock(START_TIME)
  const store = await openSqliteStore({ path: ':memory:', node: 'test', clock })
  const local = localRootKey(random.keyBytes(32))
  let isAway = false
  let wraps = 0
  const root: typeof local = {
    ...local,
    async wrap(plaintext, aad) {
      wraps++
      if (isAway) throw new RootKeyError('It cannot be reached.')
      return local.wrap(plaintext, aad)
    },
  }
  const told: string[] = []
  const log = { ...silentLog, error: (_fields: object, message: string) => void told.push(message) }
  const node = createDomainKeys(store, root, clock, random, undefined, log)
  const seal = async () => (await node.seal(['purpose'], Buffer.from('secret'))).toString('hex', 1, 17)
  const first = await seal()
  isAway = true
  for (let day = 1; day < 7; day++) {
    clock.advance(86_400_000)
    assert.deepEqual(new Set(await Promise.all([seal(), seal(), seal()])), new Set([first]))
  }
  // One for the first, and one a day: neither those who come together nor those who come soon after try again.
  assert.equal(wraps, 7)
  await seal()
  assert.equal(wraps, 7)
  assert.equal(told.length, 6)
  clock.advance(86_400_000)
  await assert.rejects(seal(), RootKeyError)
  isAway = false
  const next = await seal()
  assert.notEqual(next, first)
  assert.equal((await store.newestDomainKey())?.id, next)
  await store.close()
})

test('a domain key that a failed database has lost seals nothing any more', async () => {
  const { store, newNode } = await openNodes()
  const [node, other] = [newNode(), newNode()]
  await node.seal(['purpose'], Buffer.from('before'))
  const { id } = (await store.newestDomainKey())!
  await store.change((change) => change.deleteDomainKey(id))
  await node.loadAll()
  const token = await node.seal(['purpose'], Buffer.from('after'))
  assert.deepEqual(await other.open(['purpose'], token), Buffer.from('after'))
  await store.close()
})

/** keystores.md HU-3: where a wrong PIN counts, so does each attempt to open the root key. */
test('a root key that the store was changed to is opened once, however many need it at the same time', async () => {
  const { clock, store, newNode } = await openNodes()
  const subject = ['purpose'] as const
  const tokens: Buffer[] = []
  for (let day = 0; day < 3; day++) {
    tokens.push(await newNode().seal(subject, Buffer.from('secret')))
    clock.advance(86_400_000)
  }
  let opened = 0
  const node = createDomainKeys(store, localRootKey(random.keyBytes(32)), clock, random, async () => {
    opened++
    throw new RootKeyError('the PIN is wrong')
  })
  const outcomes = await Promise.allSettled([...tokens.map((token) => node.open(subject, token)), node.loadAll()])
  for (const outcome of outcomes) assert.equal(outcome.status, 'rejected')
  assert.equal(opened, 1)
  await store.close()
})
