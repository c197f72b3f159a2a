/** The root key of a running server is changed while the AWS SDK calls it: no call fails, and processes that die come back. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs'
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

/** `spawn`, not `spawnSync`: this process calls the server meanwhile. */
async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } })
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
