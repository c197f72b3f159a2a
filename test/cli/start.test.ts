/** `keyhold start` as a process, with a real client: what is durable, what is shared, what is refused. */
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { request } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { CreateKeyCommand, DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import {
  childrenOf,
  type KeyholdProcess,
  MAIN,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const TIMEOUT = { timeout: 180_000 }

function dataFolder(context: TestContext): string {
  const folder = temporaryFolder('start')
  context.after(() => folder.remove())
  return join(folder.path, 'data')
}

/** Ends with the test, however that goes. */
async function start(
  context: TestContext,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<KeyholdProcess> {
  const server = await startKeyholdProcess(['start', '--port', '0', ...args], env)
  context.after(() => server.end('SIGKILL'))
  return server
}

function clientOf(context: TestContext, server: KeyholdProcess, data: string): KMSClient {
  const client = new KMSClient({
    endpoint: server.endpoint,
    region: 'eu-central-1',
    credentials: readCredentials(data),
  })
  context.after(() => client.destroy())
  return client
}

async function makeKey(client: KMSClient): Promise<string> {
  return (await client.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!
}

/** A command that is expected to end by itself. */
function keyhold(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 30_000,
  })
  return { status, stdout, stderr }
}

function auditNames(data: string): string[] {
  const { status, stdout } = keyhold(['audit', 'show', '--data', data])
  assert.equal(status, 0)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).eventName)
}

test(
  'a first start, a call, a restart: keys, credentials and audit records are still there',
  TIMEOUT,
  async (context) => {
    const data = dataFolder(context)
    const first = await start(context, ['--workers', '1', '--data', data, '--region', 'eu-central-1'])
    const client = clientOf(context, first, data)
    const KeyId = await makeKey(client)
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('hello') }))
    assert.equal(await first.end('SIGTERM'), 0)

    const credentials = readCredentials(data)
    const second = await start(context, ['--workers', '1', '--data', data])
    assert.deepEqual(readCredentials(data), credentials)
    const { Plaintext } = await clientOf(context, second, data).send(new DecryptCommand({ CiphertextBlob }))
    assert.equal(Buffer.from(Plaintext!).toString(), 'hello')
    assert.equal(await second.end('SIGINT'), 0)

    assert.deepEqual(auditNames(data), ['CreateKey', 'Encrypt', 'Decrypt'])
    const verified = keyhold(['audit', 'verify', '--data', data])
    assert.equal(verified.status, 0, verified.stdout)
    assert.match(verified.stdout, /3 records in \d+ streams[\s\S]*The audit log is intact\./)

    const segment = readdirSync(join(data, 'audit'))
      .filter((name) => name.endsWith('.audit'))
      .map((name) => join(data, 'audit', name))
      .find((path) => readFileSync(path).includes('"Encrypt"'))!
    writeFileSync(segment, readFileSync(segment, 'latin1').replace('"Encrypt"', '"Decrypt"'), 'latin1')
    const altered = keyhold(['audit', 'verify', '--data', data])
    assert.equal(altered.status, 1)
    assert.match(altered.stdout, /PROBLEMS:\n.*\.audit, byte \d+: .*\n[\s\S]*The audit log is NOT intact\.\n$/)
  },
)

test('what it prints leads to a first call, and holds no secret', TIMEOUT, async (context) => {
  const data = dataFolder(context)
  const server = await start(context, ['--workers', '1', '--data', data, '--region', 'eu-central-1'])
  const output = server.output()
  assert.equal(output.match(/listening on/g)!.length, 1)
  assert.ok(
    output.includes(
      `AWS_SHARED_CREDENTIALS_FILE=${data}/credentials aws kms create-key --profile keyhold --region eu-central-1 --endpoint-url ${server.endpoint}\n`,
    ),
    output,
  )
  assert.match(output, /Back up .*root-key now/)
  assert.ok(output.includes(`  console      ${server.endpoint}/console/\n`))
  assert.ok(!output.includes(readCredentials(data).secretAccessKey))
  assert.match(readFileSync(join(data, 'credentials'), 'utf8'), /^region = eu-central-1$/m)
  await server.end()
  const again = await start(context, ['--workers', '1', '--data', data])
  assert.doesNotMatch(again.output(), /Back up/, 'only the first time')
})

test('wrong credentials are refused', TIMEOUT, async (context) => {
  const data = dataFolder(context)
  const server = await start(context, ['--workers', '1', '--data', data])
  for (const credentials of [
    { accessKeyId: 'test', secretAccessKey: 'test' },
    { ...readCredentials(data), secretAccessKey: 'A'.repeat(40) },
  ]) {
    const client = new KMSClient({ endpoint: server.endpoint, region: 'eu-central-1', credentials })
    await assert.rejects(
      makeKey(client),
      /UnrecognizedClient|InvalidSignature|IncompleteSignature|SignatureDoesNotMatch/,
    )
    client.destroy()
  }
})

test(
  'two workers share a port, and one that is killed is replaced without losing a record',
  TIMEOUT,
  async (context) => {
    const data = dataFolder(context)
    const server = await start(context, ['--workers', '2', '--data', data])
    if (process.platform !== 'linux') return context.skip('finds the workers in /proc')
    assert.equal(server.output().match(/listening on/g)!.length, 1)
    // 405 and not 404: the worker that answers serves the console.
    assert.equal((await fetch(`${server.endpoint}/console/`, { method: 'PUT' })).status, 405)
    const workers = childrenOf(server.pid)
    assert.equal(workers.length, 2)
    let made = 0
    const makeKeys = async (count: number) => {
      // A client of its own each time: connections are what is shared out among workers.
      for (let index = 0; index < count; index++) {
        const client = clientOf(context, server, data)
        await makeKey(client)
        made++
        client.destroy()
      }
    }
    await makeKeys(6)
    process.kill(workers[0]!, 'SIGKILL')
    await makeKeys(6)
    await until(() => childrenOf(server.pid).length === 2 && /took the place/.test(server.output()))
    assert.ok(!childrenOf(server.pid).includes(workers[0]!))
    await makeKeys(6)
    assert.equal(await server.end(), 0)
    assert.equal(auditNames(data).length, made)
    const { status, stdout } = keyhold(['audit', 'verify', '--data', data])
    assert.equal(status, 0, stdout)
    assert.match(stdout, /worker-1/)
    assert.match(stdout, /worker-2/)
  },
)

test('a killed primary takes its workers along, and the next start is not held up', TIMEOUT, async (context) => {
  const data = dataFolder(context)
  const server = await start(context, ['--workers', '2', '--data', data])
  const KeyId = await makeKey(clientOf(context, server, data))
  await server.end('SIGKILL')
  const next = await start(context, ['--workers', '2', '--data', data])
  await clientOf(context, next, data).send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
  assert.equal(await next.end(), 0)
  assert.deepEqual(auditNames(data).sort(), ['CreateKey', 'Encrypt'])
})

test('a second server on the folder is refused, with the first one named', TIMEOUT, async (context) => {
  const data = dataFolder(context)
  const server = await start(context, ['--workers', '1', '--data', data])
  for (const command of ['start', 'dev']) {
    const { status, stdout, stderr } = keyhold([command, '--port', '0', '--data', data])
    assert.match(stderr, new RegExp(`another Keyhold \\(process ${server.pid}\\) is running on the data folder`))
    assert.equal(status, 1)
    assert.equal(stdout, '')
  }
  await makeKey(clientOf(context, server, data))
})

for (const workers of ['1', '2']) {
  test(`a port that is taken is one clear error with ${workers} workers`, TIMEOUT, async (context) => {
    const data = dataFolder(context)
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    context.after(() => other.close())
    const { port } = other.address() as AddressInfo
    const { status, stderr, stdout } = await keyholdAside([
      'start',
      '--port',
      String(port),
      '--workers',
      workers,
      '--data',
      data,
    ])
    assert.equal(status, 1)
    assert.equal(stdout, '')
    // The root key is made all the same, and the next start will not be the first.
    const [made, backUp, without, error, hint, end] = stderr.split('\n')
    assert.equal(made, `keyhold: made the data folder ${data}`)
    assert.match(backUp!, new RegExp(`^Back up ${join(data, 'root-key')} now`))
    assert.match(without!, /lost without it/)
    assert.match(error!, /^keyhold: error: .*EADDRINUSE/)
    assert.match(hint!, /^keyhold: hint: .*choose another --port/)
    assert.equal(end, '')
    const again = await keyholdAside(['start', '--port', String(port), '--workers', workers, '--data', data])
    assert.match(again.stderr, /^keyhold: error: .*EADDRINUSE/)
  })
}

test(
  'a root key that others can read, and one that is missing, are refused with what to do',
  TIMEOUT,
  async (context) => {
    const data = dataFolder(context)
    await (await start(context, ['--workers', '1', '--data', data])).end()
    const rootKey = join(data, 'root-key')
    chmodSync(rootKey, 0o640)
    const open = keyhold(['start', '--port', '0', '--data', data])
    assert.equal(open.status, 1)
    assert.match(open.stderr, /^keyhold: error: Others can read the root key .*chmod 600/)
    chmodSync(rootKey, 0o600)
    spawnSync('mv', [rootKey, join(data, 'moved')])
    const missing = keyhold(['start', '--port', '0', '--data', data])
    assert.equal(missing.status, 1)
    assert.match(
      missing.stderr,
      /^keyhold: error: .*root-key .*is missing, .*\nkeyhold: hint: restore it from its backup\n$/,
    )
    assert.ok(!existsSync(rootKey))
  },
)

test('a passphrase protects the keys, reaches the workers and shows in no process', TIMEOUT, async (context) => {
  const data = dataFolder(context)
  const passphrase = 'correct horse battery staple'
  const args = ['--workers', '2', '--data', data]
  const server = await start(context, [...args, '--root-key', 'passphrase'], { KEYHOLD_PASSPHRASE: passphrase })
  await makeKey(clientOf(context, server, data))
  if (process.platform === 'linux') {
    for (const worker of childrenOf(server.pid)) {
      assert.ok(!readFileSync(`/proc/${worker}/environ`, 'utf8').includes(passphrase))
      assert.ok(!readFileSync(`/proc/${worker}/cmdline`, 'utf8').includes(passphrase))
    }
  }
  assert.ok(!server.output().includes(passphrase))
  await server.end()
  const wrong = keyhold(['start', '--port', '0', ...args], { KEYHOLD_PASSPHRASE: 'correct horse battery stable' })
  assert.equal(wrong.status, 1)
  assert.match(wrong.stderr, /^keyhold: error: the passphrase is not the one that .* was made with\n$/)
  const file = join(data, '..', 'passphrase')
  writeFileSync(file, `${passphrase}\n`)
  await start(context, [...args, '--passphrase-file', file])
})

test('with a certificate it speaks HTTPS', TIMEOUT, async (context) => {
  const data = dataFolder(context)
  const folder = temporaryFolder('tls')
  context.after(() => folder.remove())
  const [cert, key] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  try {
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    execFileSync('openssl', ['req', '-x509', ...ec, '-keyout', key, '-out', cert, '-days', '2', ...subject], {
      stdio: 'ignore',
    })
  } catch {
    return context.skip('needs the openssl command')
  }
  const server = await start(context, ['--workers', '2', '--data', data, '--tls-cert', cert, '--tls-key', key])
  assert.match(server.endpoint, /^https:\/\/127\.0\.0\.1:\d+$/)
  const status = await new Promise((resolve, reject) => {
    const call = request(server.endpoint, { method: 'POST', ca: readFileSync(cert) }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    call.once('error', reject)
    call.end('{}')
  })
  assert.ok(typeof status === 'number' && status >= 400 && status < 500, `an unsigned call is refused: ${status}`)
})

test('a terminal that is closed stops it in order', TIMEOUT, async (context) => {
  const data = dataFolder(context)
  const server = await start(context, ['--workers', '2', '--data', data])
  // The terminal tells all of its processes.
  for (const worker of childrenOf(server.pid)) process.kill(worker, 'SIGHUP')
  assert.equal(await server.end('SIGHUP'), 0)
  const verified = keyhold(['audit', 'verify', '--data', data])
  assert.equal(verified.status, 0)
  assert.doesNotMatch(verified.stdout, /warnings|open$|crashed/m)
})

test('a second signal ends it at once', TIMEOUT, async (context) => {
  const data = dataFolder(context)
  const server = await start(context, ['--workers', '1', '--data', data])
  const { port, hostname } = new URL(server.endpoint)
  // A request whose end does not come keeps a graceful stop waiting.
  const socket = connect(Number(port), hostname)
  context.after(() => socket.destroy())
  socket.on('error', () => {})
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{')
  await wait(200)
  const before = performance.now()
  process.kill(server.pid, 'SIGTERM')
  await until(() => server.output().includes('once more to stop at once'))
  assert.equal(await server.end('SIGTERM'), 1)
  assert.ok(performance.now() - before < 5_000)
})

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !holds(); tries++) await wait(100)
  assert.ok(holds(), 'it happens within 20 s')
}

/** Like `keyhold`, while this process goes on serving. */
function keyholdAside(args: readonly string[]) {
  return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}
