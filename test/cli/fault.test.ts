/** `keyhold fault` against real servers: one that can be told to fail, and one that cannot. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { GenerateRandomCommand, KMSClient } from '@aws-sdk/client-kms'
import { type KeyholdProcess, MAIN, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const TIMEOUT = { timeout: 180_000 }
const random = new GenerateRandomCommand({ NumberOfBytes: 1 })

async function start(context: TestContext, args: readonly string[]): Promise<KeyholdProcess> {
  const server = await startKeyholdProcess([...args, '--port', '0'])
  context.after(() => server.end('SIGKILL'))
  return server
}

function fault({ endpoint }: { endpoint: string }, ...args: readonly string[]) {
  const { port } = new URL(endpoint)
  const result = spawnSync(process.execPath, [MAIN, 'fault', ...args, '--port', port], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { status: result.status, output: result.stdout + result.stderr }
}

test('adds, lists and clears faults of a development server', TIMEOUT, async (context) => {
  const server = await start(context, ['dev'])
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const kms = new KMSClient({ endpoint: server.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
  context.after(() => kms.destroy())
  assert.deepEqual(fault(server, 'list'), { status: 0, output: 'no faults\n' })

  const throttled = ['--operation', 'GenerateRandom', '--error', 'ThrottlingException', '--times', '1']
  assert.deepEqual(fault(server, 'add', ...throttled), {
    status: 0,
    output: '0 hits  operation=GenerateRandom error=ThrottlingException times=1\n',
  })
  const elsewhere = ['--in-region', 'eu-west-1', '--key-id', 'alias/a', '--drop', 'answer', '--delay', '2s']
  assert.equal(fault(server, 'add', ...elsewhere, '--skip', '1', '--every', '2').status, 0)
  await assert.rejects(kms.send(random), { name: 'ThrottlingException' })
  await kms.send(random)
  const { output } = fault(server, 'list')
  assert.match(output, /^1 hit +operation=GenerateRandom error=ThrottlingException times=1\n0 hits +/)
  for (const part of ['region=eu-west-1', 'keyId=alias/a', 'drop=answer', 'delayMs=2000', 'skip=1', 'every=2']) {
    assert.ok(output.includes(part), part)
  }
  assert.deepEqual(fault(server, 'clear'), { status: 0, output: 'no faults\n' })
})

test('wrong ones are refused by the command or by the server, each with its reason', TIMEOUT, async (context) => {
  const server = await start(context, ['dev'])
  const cases = [
    { args: ['--operation', 'Decrpyt', '--drop', 'answer'], status: 1, says: 'there is no Decrpyt' },
    { args: ['--operation', 'Decrypt'], status: 1, says: 'one of error, drop and delayMs' },
    { args: ['--drop', 'everything'], status: 2, says: '--drop: expected request or answer' },
    { args: ['--delay', '1h'], status: 2, says: '--delay: expected a duration' },
    { args: ['--error', 'ThrottlingException', '--status', '200'], status: 2, says: '--status: expected' },
  ]
  for (const { args, status, says } of cases) {
    const result = fault(server, 'add', ...args)
    assert.equal(result.status, status, says)
    assert.ok(result.output.includes(says), result.output)
  }
  assert.equal(fault(server, 'list').output, 'no faults\n')
})

test('the endpoint takes JSON by POST from programs, not from web pages of elsewhere', TIMEOUT, async (context) => {
  const { endpoint } = await start(context, ['dev'])
  const post = async (headers: Record<string, string>, body: string, method = 'POST') => {
    const response = await fetch(`${endpoint}/_keyhold/faults`, { method, headers, body })
    return { status: response.status, text: await response.text() }
  }
  const json = { 'Content-Type': 'application/json' }
  const body = '{"drop":"answer"}'
  assert.equal((await post({ 'Content-Type': 'text/plain' }, body)).status, 400)
  assert.equal((await post(json, body, 'PUT')).status, 400)
  assert.equal((await post(json, '{')).status, 400)
  assert.equal((await post(json, '{"drop":"answer","drop":"request"}')).status, 400)
  assert.equal((await post({ ...json, Origin: 'https://example.com' }, body)).status, 400)
  assert.equal((await (await fetch(`${endpoint}/_keyhold/faults`)).text()).includes('drop'), false)
  assert.deepEqual(await post(json, body), { status: 200, text: '{"faults":[{"drop":"answer","hits":0}]}' })
})

test('a server of `keyhold start` has none, whatever is asked of it', TIMEOUT, async (context) => {
  const folder = temporaryFolder('fault')
  context.after(() => folder.remove())
  const server = await start(context, ['start', '--data', folder.path, '--workers', '1'])
  for (const args of [['list'], ['clear'], ['add', '--drop', 'request']]) {
    const { status, output } = fault(server, ...args)
    assert.equal(status, 1)
    assert.match(output, /has no faults to choose\nkeyhold: hint: only 'keyhold dev' has/)
  }
  assert.equal(await server.end(), 0)
})
