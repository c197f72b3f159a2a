import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createSlowWork } from '../../src/crypto/slow-work.ts'

/** A job that ends when it is told to, and says when it started. */
function controlled(started: string[], name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  return {
    job: () => {
      started.push(name)
      return promise
    },
    end: () => resolve(name),
    fail: (error: Error) => reject(error),
  }
}

test('at most the given number of jobs run at once', async () => {
  const work = createSlowWork({ runningMax: 2, waitingMax: 10 })
  const started: string[] = []
  const jobs = ['a', 'b', 'c'].map((name) => controlled(started, name))
  const results = jobs.map(({ job }) => work.run('lane', job))
  await setImmediate()
  assert.deepEqual(started, ['a', 'b'])
  jobs[1]!.end()
  assert.equal(await results[1], 'b')
  await setImmediate()
  assert.deepEqual(started, ['a', 'b', 'c'])
  jobs[0]!.end()
  jobs[2]!.end()
  assert.deepEqual(await Promise.all(results), ['a', 'b', 'c'])
})

test('lanes take turns, so a full lane does not hold up another', async () => {
  const work = createSlowWork({ runningMax: 1, waitingMax: 10 })
  const started: string[] = []
  const names = ['generate 1', 'generate 2', 'generate 3', 'sign 1', 'sign 2']
  const jobs = names.map((name) => controlled(started, name))
  const results = jobs.map(({ job }, index) => work.run(names[index]!.split(' ')[0]!, job))
  for (const { end } of jobs) end()
  await Promise.all(results)
  assert.deepEqual(started, ['generate 1', 'generate 2', 'sign 1', 'generate 3', 'sign 2'])
})

test('a failed job rejects and gives its place to the next', async () => {
  const work = createSlowWork({ runningMax: 1, waitingMax: 10 })
  const failing = work.run('lane', async () => {
    throw new Error('broken')
  })
  const next = work.run('lane', async () => 'done')
  await assert.rejects(failing, /broken/)
  assert.equal(await next, 'done')
})

test('one job more than may wait is throttled at once, and room comes back', async () => {
  const work = createSlowWork({ runningMax: 1, waitingMax: 1 })
  const started: string[] = []
  const first = controlled(started, 'first')
  const running = work.run('lane', first.job)
  const waiting = work.run('lane', async () => 'waited')
  await assert.rejects(
    work.run('other', async () => 'never'),
    { code: 'ThrottlingException' },
  )
  first.end()
  await running
  assert.equal(await waiting, 'waited')
  assert.equal(await work.run('other', async () => 'now'), 'now')
})
