/** keystores.md 6.4: deep, cached, with a test key of its own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { createRandomSource } from '../../src/crypto/random.ts'
import { createHealth } from '../../src/xks-proxy/health.ts'
import { createHarness } from '../support/harness.ts'

async function health(context: { after(work: () => unknown): void }) {
  const harness = await createHarness()
  context.after(() => harness.close())
  const state = { at: 0, opened: 0, delayMs: 0, failure: undefined as Error | undefined }
  const { domainKeys } = harness.service
  const made = createHealth({
    domainKeys: {
      seal: domainKeys.seal,
      async open(subject, token) {
        state.opened++
        state.at += state.delayMs
        if (state.failure !== undefined) throw state.failure
        return domainKeys.open(subject, token)
      },
    },
    audit: { admit() {} },
    random: createRandomSource(),
    ensureFresh: () => undefined,
    log: silentLog,
    monotonic: () => state.at,
  })
  return { health: made, state, harness }
}

test('a round trip counts for a minute; then there is another', async (context) => {
  const { health: looked, state } = await health(context)
  assert.equal(await looked.status(), 'ACTIVE')
  state.failure = new Error('the domain key is gone')
  state.at += 60_000
  assert.equal(await looked.status(), 'ACTIVE')
  assert.equal(state.opened, 1)
  state.at += 1
  assert.equal(await looked.status(), 'UNAVAILABLE')
  state.failure = undefined
  state.at += 60_001
  assert.equal(await looked.status(), 'ACTIVE')
})

test('a slow round trip is DEGRADED', async (context) => {
  const { health: looked, state } = await health(context)
  state.delayMs = 101
  assert.equal(await looked.status(), 'DEGRADED')
})

test('nobody waits for a second look while one is under way', async (context) => {
  const { health: looked, state } = await health(context)
  assert.deepEqual(await Promise.all([looked.status(), looked.status(), looked.status()]), [
    'ACTIVE',
    'ACTIVE',
    'ACTIVE',
  ])
  assert.equal(state.opened, 1)
})

test('no key of a customer is touched, and none is made', async (context) => {
  const { health: looked, harness } = await health(context)
  await looked.status()
  assert.deepEqual((await harness.call('ListKeys')).Keys, [])
})

test('a test key outlives the domain key that it was sealed under', async (context) => {
  const { health: looked, state, harness } = await health(context)
  const { domainKeys, jobs } = harness.service
  assert.equal(await looked.status(), 'ACTIVE')
  const [first] = await harness.store.listDomainKeys()
  // ENV-31: nothing rests under it, so it is found unused after a month and destroyed a week later.
  harness.clock.advance(31 * DAY_MS)
  await harness.call('CreateKey')
  await jobs.runAll()
  harness.clock.advance(8 * DAY_MS)
  await jobs.runAll()
  assert.ok((await harness.store.listDomainKeys()).every(({ id }) => id !== first!.id))
  await domainKeys.loadAll()
  state.at += 60_001
  assert.equal(await looked.status(), 'ACTIVE')
})
