/** The root key of a running server is changed while the AWS SDK calls it: no call fails, and processes that die come back. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import * as kms from '@aws-sdk/client-kms'
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts'
import {
  childrenOf,
  type KeyholdProcess,
  MAIN,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'
import { createSoftHsm, softHsmMissing } from '../support/softhsm.ts'

const CALLERS = 4
const CHANGES = 4
const OLD = 'correct horse battery staple'
const NEW = 'another horse battery staple'

/** `spawn`, not `spawnSync`: this process calls the server meanwhile. @param input its standard input */
async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}, input = ''): Promise<string> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } })
  child.stdin.end(input)
  const output = Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = await once(child, 'close')
  const printed = (await output).join('')
  assert.equal(code, 0, printed)
  return printed
}

async function startServer(context: TestContext, args: readonly string[], data: string): Promise<KeyholdProcess> {
  const server = await startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', data, ...args])
  context.after(() => server.end('SIGKILL'))
  return server
}

function clientOf({ endpoint }: KeyholdProcess, data: string, maxAttempts = 1): kms.KMSClient {
  return new kms.KMSClient({ endpoint, region: 'eu-west-1', credentials: readCredentials(data), maxAttempts })
}

/** Every worker is killed and has a successor that serves. */
async function replaceWorkers(server: KeyholdProcess, client: kms.KMSClient, KeyId: string): Promise<void> {
  const before = childrenOf(server.pid)
  assert.equal(before.length, 2)
  for (const pid of before) process.kill(pid, 'SIGKILL')
  for (;;) {
    const now = childrenOf(server.pid).filter((pid) => !before.includes(pid))
    const back = server.output().split('a worker took the place of the one that died').length - 1
    if (now.length === 2 && back >= 2) break
    await pause(100)
  }
  for (let call = 0; call < 20; call++) await client.send(new kms.DescribeKeyCommand({ KeyId }))
}

test('no call fails while the root key is changed from file to file, and workers start under the new one', {
  timeout: 240_000,
}, async (context) => {
  const folder = temporaryFolder('root-keys')
  context.after(() => folder.remove())
  const data = join(folder.path, 'data')
  const server = await startServer(context, [], data)
  const client = clientOf(server, data)
  const { KeyMetadata } = await client.send(new kms.CreateKeyCommand({}))
  const KeyId = KeyMetadata!.KeyId!
  let isOver = false
  let answered = 0

  async function callOn(): Promise<void> {
    while (!isOver) {
      const created = await client.send(new kms.CreateKeyCommand({}))
      const Plaintext = Buffer.from('text')
      const { CiphertextBlob } = await client.send(
        new kms.EncryptCommand({ KeyId: created.KeyMetadata!.KeyId, Plaintext }),
      )
      const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob }))
      assert.deepEqual(Buffer.from(opened.Plaintext!), Plaintext)
      await client.send(new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))
      answered++
      // The processor is the changes' as well.
      await pause(10)
    }
  }

  const callers = Promise.all(Array.from({ length: CALLERS }, callOn))
  try {
    for (let count = 0; count < CHANGES; count++) {
      assert.match(
        await run(['root-key', 'change', '--to', 'file', '--data', data]),
        /domain key is under the root key [0-9a-f]{32} now/,
      )
    }
  } finally {
    isOver = true
    await callers
  }
  assert.ok(answered > CALLERS)
  assert.doesNotMatch(server.output(), /"level":"error"|error/)
  await replaceWorkers(server, client, KeyId)
  client.destroy()
  assert.equal(await server.end(), 0)
})

test('a server with a passphrase file takes the new passphrase from it', { timeout: 240_000 }, async (context) => {
  const folder = temporaryFolder('passphrases')
  context.after(() => folder.remove())
  const data = join(folder.path, 'data')
  const [file, newFile] = [join(folder.path, 'passphrase'), join(folder.path, 'new-passphrase')]
  writeFileSync(file, `${OLD}\n`)
  writeFileSync(newFile, `${NEW}\n`)
  const server = await startServer(context, ['--root-key', 'passphrase', '--passphrase-file', file], data)
  const client = clientOf(server, data, 5)
  const KeyId = (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!.KeyId!
  const printed = await run(
    ['root-key', 'change', '--to', 'passphrase', '--new-passphrase-file', newFile, '--data', data],
    { KEYHOLD_PASSPHRASE: OLD },
  )
  // Before the file has the new one, calls go on with what was unwrapped.
  for (let call = 0; call < 20; call++) await client.send(new kms.CreateKeyCommand({}))
  writeFileSync(file, NEW)
  await replaceWorkers(server, client, KeyId)
  client.destroy()
  assert.equal(await server.end(), 0)
  const secrets = [OLD, NEW]
  for (const secret of secrets) assert.ok(!printed.includes(secret) && !server.output().includes(secret))
  const shown = JSON.parse(await run(['root-key', 'show', '--json', '--data', data]))
  assert.equal(shown.provider, 'passphrase')
  assert.ok(!readFileSync(shown.file, 'utf8').includes(NEW))
})

test('under a KMS key of another Keyhold, by temporary credentials: a running server goes over to it, and on when the other is gone', {
  timeout: 240_000,
}, async (context) => {
  const folder = temporaryFolder('kms-root-keys')
  context.after(() => folder.remove())
  const [otherData, data] = [join(folder.path, 'other'), join(folder.path, 'data')]
  const other = await startServer(context, [], otherData)
  const ofOther = clientOf(other, otherData)
  const keyArn = (await ofOther.send(new kms.CreateKeyCommand({}))).KeyMetadata!.Arn!
  ofOther.destroy()
  const sts = new STSClient({ endpoint: other.endpoint, region: 'eu-west-1', credentials: readCredentials(otherData) })
  const { Credentials } = await sts.send(new GetSessionTokenCommand({}))
  sts.destroy()
  const file = join(folder.path, 'credentials-of-other')
  writeFileSync(
    file,
    `[default]
aws_access_key_id = ${Credentials!.AccessKeyId}
aws_secret_access_key = ${Credentials!.SecretAccessKey}
aws_session_token = ${Credentials!.SessionToken}
`,
  )
  const server = await startServer(context, ['--root-key-credentials', file], data)
  const client = clientOf(server, data, 5)
  const KeyId = (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!.KeyId!
  const key = ['--key-arn', keyArn, '--endpoint', other.endpoint, '--credentials', file]
  await run(['root-key', 'change', '--to', 'kms', ...key, '--data', data])
  await replaceWorkers(server, client, KeyId)
  assert.equal(await other.end(), 0)
  for (let call = 0; call < 20; call++) await client.send(new kms.CreateKeyCommand({}))
  client.destroy()
  assert.equal(await server.end(), 0)
  const { provider } = JSON.parse(await run(['root-key', 'show', '--json', '--data', data]))
  assert.equal(provider, 'kms')
})

test('under a key in an HSM: a running server goes over to it, on when the HSM is gone, and its workers come back with the HSM', {
  timeout: 240_000,
  skip: softHsmMissing,
}, async (context) => {
  const hsm = createSoftHsm()
  context.after(hsm.close)
  const folder = temporaryFolder('hsm-root-keys')
  context.after(() => folder.remove())
  const data = join(folder.path, 'data')
  const pinFile = join(folder.path, 'pin')
  writeFileSync(pinFile, `${hsm.pin}\n`, { mode: 0o600 })
  process.env.SOFTHSM2_CONF = hsm.cluster.environment.SOFTHSM2_CONF!
  const server = await startServer(context, ['--root-key-pin-file', pinFile], data)
  const client = clientOf(server, data, 5)
  const KeyId = (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!.KeyId!
  const place = ['--module', hsm.cluster.module, '--token', `serial=${hsm.serial}`, '--pin-file', pinFile]
  const printed = await run(['root-key', 'change', '--to', 'pkcs11', ...place, '--data', data])
  assert.match(printed, /and the key by the means of its HSM/)
  await replaceWorkers(server, client, KeyId)
  const tokens = join(dirname(process.env.SOFTHSM2_CONF), 'tokens')
  renameSync(tokens, `${tokens}-away`)
  mkdirSync(tokens)
  // Their logins end after ten seconds without use; a new one would not find the token.
  for (let call = 0; call < 20; call++) await client.send(new kms.CreateKeyCommand({}))
  const [victim] = childrenOf(server.pid)
  process.kill(victim!, 'SIGKILL')
  while (!/there is no token serial=/.test(server.output())) await new Promise((wait) => setTimeout(wait, 50))
  for (let call = 0; call < 20; call++) await client.send(new kms.CreateKeyCommand({}))
  rmdirSync(tokens)
  renameSync(`${tokens}-away`, tokens)
  while (server.output().split('a worker took the place').length < 4) await new Promise((wait) => setTimeout(wait, 50))
  for (let call = 0; call < 20; call++) await client.send(new kms.DescribeKeyCommand({ KeyId }))
  // A token locks its user out after some wrong PINs: worker after worker must not spend them.
  writeFileSync(pinFile, 'another-pin', { mode: 0o600 })
  process.kill(childrenOf(server.pid)[0]!, 'SIGKILL')
  while (!/refuses the PIN.*"restartInMs":600000/.test(server.output()))
    await new Promise((wait) => setTimeout(wait, 50))
  for (let call = 0; call < 20; call++) await client.send(new kms.DescribeKeyCommand({ KeyId }))
  client.destroy()
  assert.equal(await server.end(), 0)
  const shown = JSON.parse(await run(['root-key', 'show', '--json', '--data', data]))
  assert.deepEqual([shown.provider, shown.tokens], ['pkcs11', [`serial=${hsm.serial}`]])
  assert.ok(!printed.includes(hsm.pin) && !server.output().includes(hsm.pin))
})

interface SealedServer {
  readonly endpoint: string
  readonly pid: number
  output(): string
  saysSoon(what: RegExp): Promise<void>
  end(signal: NodeJS.Signals): Promise<number | null>
}

async function startSealed(context: TestContext, data: string): Promise<SealedServer> {
  const args = ['start', '--port', '0', '--workers', '2', '--data', data]
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const ended = once(child, 'exit')
  context.after(() => child.kill('SIGKILL'))
  const saysSoon = async (what: RegExp) => {
    while (!what.test(output)) {
      assert.equal(child.exitCode, null, output)
      await new Promise((wait) => setTimeout(wait, 20))
    }
  }
  await saysSoon(/^sealed on http:\/\/\S+: 3 of the 5 shares/m)
  return {
    endpoint: /^sealed on (\S+):/m.exec(output)![1]!,
    pid: child.pid!,
    output: () => output,
    saysSoon,
    async end(signal) {
      child.kill(signal)
      return (await ended)[0]
    },
  }
}

test('in shares: a server listens sealed, is opened by enough of them, and needs none while it runs', {
  timeout: 120_000,
}, async (context) => {
  const folder = temporaryFolder('shares')
  context.after(() => folder.remove())
  const [data, to] = [join(folder.path, 'data'), join(folder.path, 'people')]
  await run(['root-key', 'split', '--shares', '5', '--threshold', '3', '--shares-to', to, '--data', data])
  const shares = readdirSync(to).map((name) => readFileSync(join(to, name), 'utf8'))
  const give = (...chosen: number[]) =>
    run(['unseal', '--data', data], {}, chosen.map((index) => shares[index]).join(''))
  const health = async (endpoint: string) => {
    const response = await fetch(`${endpoint}/health`)
    return [response.status, await response.text()]
  }

  const first = await startSealed(context, data)
  assert.deepEqual(await health(first.endpoint), [503, '{"status":"sealed"}\n'])
  const nobody = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' }
  const refused = new kms.KMSClient({
    endpoint: first.endpoint,
    region: 'eu-west-1',
    credentials: nobody,
    maxAttempts: 1,
  })
  await assert.rejects(refused.send(new kms.ListKeysCommand({})), {
    name: 'KMSInternalException',
    message: 'Keyhold is sealed: its root key has not been opened yet.',
  })
  refused.destroy()
  assert.match(await give(0), /is sealed: 1 of 3 shares were given/)
  assert.match(await give(1, 2), /is open/)
  await first.saysSoon(/^listening on /m)
  assert.deepEqual(await health(first.endpoint), [200, '{"status":"serving"}\n'])
  const client = new kms.KMSClient({
    ...{ endpoint: first.endpoint, region: 'eu-west-1', credentials: readCredentials(data), maxAttempts: 5 },
  })
  const KeyId = (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!.KeyId!
  const { CiphertextBlob } = await client.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('text') }))
  const before = childrenOf(first.pid)
  for (const pid of before) process.kill(pid, 'SIGKILL')
  await first.saysSoon(/(took the place of the one that died.*\s.*){2}/s)
  await client.send(new kms.DecryptCommand({ CiphertextBlob }))
  client.destroy()
  assert.equal(await first.end('SIGTERM'), 0)

  const second = await startSealed(context, data)
  const patient = new kms.KMSClient({
    ...{ endpoint: second.endpoint, region: 'eu-west-1', credentials: readCredentials(data), maxAttempts: 20 },
  })
  const waiting = patient.send(new kms.DecryptCommand({ CiphertextBlob }))
  await give(4, 3, 2)
  const { Plaintext, $metadata } = await waiting
  assert.equal(String(Buffer.from(Plaintext!)), 'text')
  assert.ok($metadata.attempts! > 1, 'the SDK had been refused and tried again')
  patient.destroy()
  assert.equal(await second.end('SIGTERM'), 0)

  const third = await startSealed(context, data)
  await give(0, 1)
  assert.equal(await third.end('SIGTERM'), 0)
  for (const server of [first, second, third]) assert.ok(!server.output().includes('keyhold-share-'))
})
