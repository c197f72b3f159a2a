/** `keyhold dev` and `keyhold seed` as processes, with a real client. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CreateKeyCommand, DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import {
  type Credentials,
  type KeyholdProcess,
  MAIN,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const TIMEOUT = { timeout: 180_000 }
const TEST: Credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
const ID = '1234abcd-12ab-34cd-56ef-1234567890ab'
const SEED = `keys:\n  - id: ${ID}\n    aliases: [alias/app]\n`

function folderOf(context: TestContext): string {
  const folder = temporaryFolder('dev')
  context.after(() => folder.remove())
  return folder.path
}

async function start(context: TestContext, args: readonly string[]): Promise<KeyholdProcess> {
  const server = await startKeyholdProcess([...args, '--port', '0'])
  context.after(() => server.end('SIGKILL'))
  return server
}

function clientOf(context: TestContext, { endpoint }: KeyholdProcess, credentials = TEST): KMSClient {
  const client = new KMSClient({ endpoint, region: 'us-east-1', credentials })
  context.after(() => client.destroy())
  return client
}

function keyhold(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 30_000 })
}

test(
  'test / test get in, a 12-digit access key is the account, and it says that it is not secure',
  TIMEOUT,
  async (context) => {
    const server = await start(context, ['dev'])
    assert.match(server.endpoint, /^http:\/\/127\.0\.0\.1:/)
    const made = await clientOf(context, server).send(new CreateKeyCommand({}))
    assert.equal(made.KeyMetadata!.AWSAccountId, '000000000000')
    const other = clientOf(context, server, { accessKeyId: '111122223333', secretAccessKey: 'anything' })
    assert.equal((await other.send(new CreateKeyCommand({}))).KeyMetadata!.AWSAccountId, '111122223333')
    assert.equal(await server.end('SIGINT'), 0)
    assert.match(server.output(), /NOT SECURE/)
    assert.equal(server.output().match(/listening on/g)!.length, 1)
  },
)

test('the web console is served, and told of, unless one says no', TIMEOUT, async (context) => {
  const server = await start(context, ['dev'])
  assert.ok(server.output().includes(`  console      ${server.endpoint}/console/\n`))
  const asked = await fetch(`${server.endpoint}/console/`, { method: 'PUT' })
  assert.equal(asked.status, 405)
  const without = await start(context, ['dev', '--console', 'no'])
  assert.ok(!without.output().includes('console'))
  const unknown = await fetch(`${without.endpoint}/console/`)
  assert.equal(await unknown.text(), '<UnknownOperationException/>')
})

test('with a folder the keys outlive a restart, and a seed fits in again', TIMEOUT, async (context) => {
  const folder = folderOf(context)
  const [data, seed] = [join(folder, 'data'), join(folder, 'seed.yaml')]
  writeFileSync(seed, SEED)
  const first = await start(context, ['dev', '--data', data, '--seed', seed])
  const KeyId = (await clientOf(context, first).send(new CreateKeyCommand({}))).KeyMetadata!.KeyId
  assert.equal(await first.end(), 0)
  const second = await start(context, ['dev', '--data', data, '--seed', seed])
  const client = clientOf(context, second)
  await client.send(new DescribeKeyCommand({ KeyId }))
  const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: 'alias/app' }))
  assert.equal(KeyMetadata!.KeyId, ID)
  assert.ok(!existsSync(join(data, 'credentials')), 'development has no administrator')
})

test('a faulty seed keeps it from starting and leaves no folder behind', TIMEOUT, (context) => {
  const folder = folderOf(context)
  const [data, seed] = [join(folder, 'data'), join(folder, 'seed.yaml')]
  writeFileSync(seed, 'keys:\n  - id: nonsense\n')
  const { status, stderr, stdout } = keyhold('dev', '--port', '0', '--data', data, '--seed', seed)
  assert.equal(status, 1)
  assert.equal(stdout, '')
  assert.equal(stderr, `keyhold: error: ${seed}: keys[0].id: expected a UUID in lower case, got 'nonsense'\n`)
  assert.ok(!existsSync(data))
})

test('keyhold seed fills the folder of a stopped server, once, for its administrator', TIMEOUT, async (context) => {
  const folder = folderOf(context)
  const [data, seed] = [join(folder, 'data'), join(folder, 'seed.yaml')]
  writeFileSync(seed, SEED)
  const first = await start(context, ['start', '--workers', '1', '--data', data])
  const busy = keyhold('seed', seed, '--data', data)
  assert.equal(busy.status, 1)
  assert.match(busy.stderr, /is running on the data folder/)
  await first.end()

  const made = keyhold('seed', seed, '--data', data)
  assert.equal(made.status, 0, made.stderr)
  assert.equal(made.stdout, '1 key and 1 alias created, 0 keys there already\n')
  const again = keyhold('seed', seed, '--data', data)
  assert.equal(again.stdout, '0 keys and 0 aliases created, 1 key there already\n')

  const second = await start(context, ['start', '--workers', '1', '--data', data])
  const client = clientOf(context, second, readCredentials(data))
  const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: 'alias/app' }))
  assert.equal(KeyMetadata!.KeyId, ID)
  await second.end()

  writeFileSync(seed, `${SEED}    description: Other\n`)
  const contradiction = keyhold('seed', seed, '--data', data)
  assert.equal(contradiction.status, 1)
  assert.match(
    contradiction.stderr,
    /^keyhold: error: the seed contradicts the store:\n {2}keys\[0\]\.description: arn:/,
  )
})

test("a server's folder is closed to development mode", TIMEOUT, async (context) => {
  const data = join(folderOf(context), 'data')
  await (await start(context, ['start', '--workers', '1', '--data', data])).end()
  const { status, stderr } = keyhold('dev', '--port', '0', '--data', data)
  assert.equal(status, 2)
  assert.match(stderr, /belongs to a server: development mode would let anybody use its keys/)
})
