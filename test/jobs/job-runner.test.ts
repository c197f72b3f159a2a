/** When timed work is done (design.md section 3). */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import type { Store } from '../../src/domain/store.ts'
import { createJobRunner } from '../../src/jobs/job-runner.ts'

function setUp(t: TestContext, hasLease: boolean) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  let runs = 0
  const job = { name: 'counting', run: async () => void runs++ }
  const store = { acquireLease: async () => hasLease } as unknown as Store
  const jobs = createJobRunner([job], store, systemClock, 'node', silentLog)
  t.after(() => jobs.stop())
  const pass = async (ms: number) => {
    t.mock.timers.tick(ms)
    // Nothing is waited for but promises that are settled.
    await new Promise((resolve) => setImmediate(resolve))
    return runs
  }
  return { jobs, pass }
}

test('what fell due while nobody ran is made up for a second after the start, the rest every ten seconds', async (t) => {
  const { jobs, pass } = setUp(t, true)
  jobs.start()
  assert.deepEqual(
    [await pass(0), await pass(999), await pass(1), await pass(8_999), await pass(1), await pass(9_999), await pass(1)],
    [0, 0, 1, 1, 2, 2, 3],
  )
})

test('nothing is done without the lease', async (t) => {
  const { jobs, pass } = setUp(t, false)
  jobs.start()
  assert.equal(await pass(60_000), 0)
})

test('nothing is done before the start or after the end', async (t) => {
  const { jobs, pass } = setUp(t, true)
  assert.equal(await pass(60_000), 0)
  jobs.start()
  await jobs.stop()
  assert.equal(await pass(60_000), 0)
})
