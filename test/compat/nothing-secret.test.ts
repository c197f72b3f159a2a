/** A whole run, then every file of the data folder and all output searched for every secret that was in play. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import { readCredentials, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'
import { metricsUrlOf, scrape } from '../support/metrics-page.ts'

/** The two files whose purpose is a secret. */
const SECRET_FILES = new Set(['credentials', 'root-key'])

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}

/** A secret may leak in any of these spellings. */
function spellings(secret: Buffer): Buffer[] {
  const base64 = secret.toString('base64')
  // Inside a longer text the first characters depend on the alignment, and the padding differs.
  const texts = [
    base64.replace(/=+$/, '').slice(0, -1),
    secret.toString('hex'),
    secret.toString('base64url').slice(0, -1),
  ]
  return [secret, ...texts.map((text) => Buffer.from(text))]
}

test('no plaintext, data key, random byte or credential is in the store, the audit log, metrics or any output', async () => {
  const folder = temporaryFolder('secrets')
  const metrics = ['--metrics-port', '0', '--metrics-by-key']
  const args = ['start', '--port', '0', '--workers', '2', '--data', folder.path, '--log-level', 'debug', ...metrics]
  const keyhold = await startKeyholdProcess(args)
  const credentials = readCredentials(folder.path)
  const client = new kms.KMSClient({ endpoint: keyhold.endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 })
  const secrets: Buffer[] = [Buffer.from(credentials.secretAccessKey), readFileSync(join(folder.path, 'root-key'))]
  const keep = (bytes: Uint8Array) => {
    secrets.push(Buffer.from(bytes))
    return bytes
  }

  const { KeyId } = (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!
  await client.send(new kms.CreateAliasCommand({ AliasName: 'alias/visible', TargetKeyId: KeyId }))
  for (let count = 0; count < 20; count++) {
    const Plaintext = keep(randomBytes(48))
    const { CiphertextBlob } = await client.send(new kms.EncryptCommand({ KeyId, Plaintext }))
    secrets.push(Buffer.from(CiphertextBlob!))
    await client.send(new kms.DecryptCommand({ CiphertextBlob }))
    await client.send(new kms.ReEncryptCommand({ CiphertextBlob, DestinationKeyId: KeyId }))
    keep((await client.send(new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))).Plaintext!)
    keep((await client.send(new kms.GenerateRandomCommand({ NumberOfBytes: 32 }))).Plaintext!)
    // Failures too: wrong context, too long, on a key that does not exist.
    const failing = [
      new kms.DecryptCommand({ CiphertextBlob, EncryptionContext: { a: 'b' } }),
      new kms.EncryptCommand({ KeyId, Plaintext: keep(randomBytes(5000)) }),
      new kms.EncryptCommand({ KeyId: 'alias/none', Plaintext }),
    ]
    for (const command of failing) await assert.rejects(client.send(command as kms.EncryptCommand))
  }
  client.destroy()
  const { text: page } = await scrape(metricsUrlOf(keyhold.output()))
  assert.ok(page.includes(KeyId!), 'metrics name keys')
  await keyhold.end()

  const files = filesOf(folder.path).filter((path) => !SECRET_FILES.has(basename(path)))
  const searched = [
    ...files.map((path) => [path, readFileSync(path)] as const),
    ['output', Buffer.from(keyhold.output())] as const,
    ['metrics', Buffer.from(page)] as const,
  ]
  assert.ok(files.some((path) => path.endsWith('.audit')) && files.length >= 2, files.join())
  assert.ok(
    searched.some(([, bytes]) => bytes.includes('alias/visible')),
    'the search finds what is there',
  )
  for (const [name, bytes] of searched) {
    for (const secret of secrets) {
      for (const spelling of spellings(secret)) assert.ok(!bytes.includes(spelling), `${name} holds a secret`)
    }
  }
  for (const path of filesOf(folder.path)) assert.equal(statSync(path).mode & 0o077, 0, `others can read ${path}`)
  folder.remove()
})
