/** `startKeyhold()` in the process of a test runner. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { CreateKeyCommand, DecryptCommand, DescribeKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { startKeyhold } from '../../src/index.ts'
import { MAIN } from '../support/keyhold-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-in-process-'))
after(() => rmSync(folder, { recursive: true }))

const ID = '1234abcd-12ab-34cd-56ef-1234567890ab'
const INDEX = join(import.meta.dirname, '..', '..', 'src', 'index.ts')

test('what it returns is a client configuration, and the service is real', async () => {
  const keyhold = await startKeyhold()
  assert.match(keyhold.endpoint, /^http:\/\/127\.0\.0\.1:\d+$/)
  const client = new KMSClient(keyhold)
  const KeyId = (await client.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId
  const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('hello') }))
  const { Plaintext } = await client.send(new DecryptCommand({ CiphertextBlob }))
  assert.equal(Buffer.from(Plaintext!).toString(), 'hello')
  client.destroy()
  await keyhold.stop()
  await assert.rejects(fetch(keyhold.endpoint), 'it no longer listens')
})

test('several at once know nothing of one another', async () => {
  const [one, other] = await Promise.all([startKeyhold(), startKeyhold()])
  assert.notEqual(one.endpoint, other.endpoint)
  const [client, otherClient] = [new KMSClient(one), new KMSClient(other)]
  const KeyId = (await client.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId
  await assert.rejects(otherClient.send(new DescribeKeyCommand({ KeyId })), { name: 'NotFoundException' })
  client.destroy()
  otherClient.destroy()
  await Promise.all([one.stop(), other.stop()])
})

test('a seed can be an object or a file, account and Region of keys can be chosen', async () => {
  const path = join(folder, 'seed.yaml')
  writeFileSync(path, `keys:\n  - id: ${ID}\n    aliases: [alias/app]\n`)
  for (const seed of [path, { keys: [{ id: ID, aliases: ['alias/app'] }] }]) {
    const keyhold = await startKeyhold({ seed, region: 'eu-central-1' })
    assert.equal(keyhold.region, 'eu-central-1')
    const client = new KMSClient(keyhold)
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: 'alias/app' }))
    assert.equal(KeyMetadata!.Arn, `arn:aws:kms:eu-central-1:000000000000:key/${ID}`)
    client.destroy()
    await keyhold.stop()
  }
})

test('with a folder the keys are there the next time; two at once are refused', async () => {
  const data = join(folder, 'data')
  const first = await startKeyhold({ data })
  const client = new KMSClient(first)
  const KeyId = (await client.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId
  client.destroy()
  await assert.rejects(startKeyhold({ data }), /is running on the data folder/)
  await first.stop()
  const second = await startKeyhold({ data })
  const again = new KMSClient(second)
  await again.send(new DescribeKeyCommand({ KeyId }))
  again.destroy()
  await second.stop()
})

test('what cannot work is refused: a host beyond loopback, a taken port, a faulty seed', async () => {
  await assert.rejects(startKeyhold({ host: '0.0.0.0' }), /this machine only/)
  const keyhold = await startKeyhold()
  const port = Number(new URL(keyhold.endpoint).port)
  await assert.rejects(startKeyhold({ port }), { code: 'EADDRINUSE' })
  await keyhold.stop()
  const again = await startKeyhold({ port })
  await again.stop()
  await assert.rejects(startKeyhold({ seed: { keys: [{ id: 'x' }] } }), /keys\[0\]\.id: expected a UUID/)
})

test('an option that means nothing is refused by its name', async () => {
  // As JavaScript may write them.
  const cases: [options: object, message: RegExp][] = [
    [{ sed: 'seed.yaml' }, /there is no option 'sed'; did you mean 'seed'\?/],
    [{ account: '1111' }, /account: expected an account id of 12 digits, got '1111'/],
    [{ region: 'foo' }, /region: expected a Region name/],
    [{ port: 99_999 }, /port: expected a whole number from 0 to 65535/],
    [{ grantPropagationDelayMs: -5 }, /grantPropagationDelayMs: expected a whole number/],
    [{ attestationRoots: 'roots.pem' }, /attestationRoots: there is no PEM certificate in it/],
  ]
  for (const [options, message] of cases) await assert.rejects(startKeyhold(options), message)
})

test('after stop nothing keeps the process, and nothing was printed', () => {
  const code = `
    import { startKeyhold } from ${JSON.stringify(INDEX)}
    const keyhold = await startKeyhold({ seed: { keys: [{ id: '${ID}' }] } })
    await fetch(keyhold.endpoint, { method: 'POST', body: '{}' })
    await keyhold.stop()
    const folder = ${JSON.stringify(join(folder, 'exit'))}
    await (await startKeyhold({ data: folder })).stop()`
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  assert.equal(signal, null, 'it ends by itself')
  assert.equal(status, 0, stderr)
  assert.equal(stdout + stderr, '')
})

test('an older Node is told which one is needed, by the program as by the module, before anything is loaded that it lacks', () => {
  const older = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.1.0' } })"
  const preload = ['--import', `data:text/javascript,${encodeURIComponent(older)}`]
  const run = (...args: string[]) => spawnSync(process.execPath, [...preload, ...args], { encoding: 'utf8' })

  const program = run(MAIN, 'version')
  assert.equal(program.status, 1)
  assert.match(
    program.stderr,
    /^keyhold: error: Node\.js 26 or newer is needed, this is v\S+; npx and npm scripts run /,
  )

  const code = `
    const { startKeyhold } = await import(${JSON.stringify(pathToFileURL(INDEX).href)})
    const { message } = await startKeyhold().then(() => ({}), (error) => error)
    console.log(message, process.moduleLoadList.includes('NativeModule sqlite'))`
  const module = run('--input-type=module', '--eval', code)
  assert.match(module.stdout, /^startKeyhold: Node\.js 26 or newer is needed, .* false\n$/, module.stderr)
})
