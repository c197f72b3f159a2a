/** `keyhold clock` against real servers: one that has a clock to move, and one that has none. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { type KeyholdProcess, MAIN, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const TIMEOUT = { timeout: 180_000 }

async function start(context: TestContext, args: readonly string[]): Promise<KeyholdProcess> {
  const server = await startKeyholdProcess([...args, '--port', '0'])
  context.after(() => server.end('SIGKILL'))
  return server
}

function clock(time: string, { endpoint }: { endpoint: string }) {
  const { port } = new URL(endpoint)
  const result = spawnSync(process.execPath, [MAIN, 'clock', time, '--port', port], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { status: result.status, output: result.stdout + result.stderr }
}

function assertShows(output: string, expected: number): void {
  assert.match(output, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\n$/)
  assert.ok(Math.abs(Date.parse(output.trim()) - expected) < 60_000, output)
}

test('moves the clock of a development server and shows where it is', TIMEOUT, async (context) => {
  const server = await start(context, ['dev'])
  assertShows(clock('now', server).output, Date.now())
  assertShows(clock('+1d12h', server).output, Date.now() + 36 * 3_600_000)
  assertShows(clock('+30m', server).output, Date.now() + 36.5 * 3_600_000)
  assertShows(clock('2040-01-02T03:04:05Z', server).output, Date.UTC(2040, 0, 2, 3, 4, 5))
  assertShows(clock('reset', server).output, Date.now())
})

test('a server of `keyhold start` has none, whatever is asked of it, and its time stays', TIMEOUT, async (context) => {
  const folder = temporaryFolder('clock')
  context.after(() => folder.remove())
  for (const workers of ['1', '2']) {
    const server = await startKeyholdProcess(['start', '--data', folder.path, '--workers', workers, '--port', '0'])
    context.after(() => server.end('SIGKILL'))
    const { status, output } = clock('+90d', server)
    assert.equal(status, 1)
    assert.match(output, /has no clock to move\nkeyhold: hint: only 'keyhold dev' has/)
    for (const method of ['GET', 'POST', 'PUT']) {
      const headers = { 'Content-Type': 'application/json' }
      const body = method === 'GET' ? undefined : '{"advanceSeconds":7776000}'
      const response = await fetch(`${server.endpoint}/_keyhold/clock`, { method, headers, ...(body && { body }) })
      assert.ok(response.status === 403 || response.status === 404, `${method}: ${response.status}`)
      assert.equal((await response.text()).includes('"now"'), false)
    }
    assert.equal(await server.end(), 0)
  }
})

test('what is no time is told before anything is asked, and a missing server by its address', () => {
  const nowhere = { endpoint: 'http://127.0.0.1:9' }
  for (const time of ['tomorrow', '+90', '90d', '+d', '2027']) {
    const { status, output } = clock(time, nowhere)
    assert.equal(status, 2, time)
    assert.match(output, /is no time/)
  }
  const { status, output } = clock('+1d', nowhere)
  assert.equal(status, 1)
  assert.match(output, /no server answers at http:\/\/127\.0\.0\.1:9/)
})
