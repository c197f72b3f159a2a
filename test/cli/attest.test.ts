/** `keyhold attest` and `keyhold dev --attestation-issuer`, with the AWS SDK and OpenSSL as the enclave. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import { MAIN, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

function keyhold(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 60_000 })
}

function openssl(...args: string[]) {
  const result = spawnSync('openssl', args)
  assert.equal(result.status, 0, String(result.stderr))
  return result.stdout
}

const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'the OpenSSL command line is not installed here'

test('a document of one’s own issuer gets an answer that its key opens', {
  skip,
  timeout: 180_000,
}, async (context) => {
  const folder = temporaryFolder('attest')
  context.after(() => folder.remove())
  const path = (name: string) => join(folder.path, name)
  const issuer = ['--attestation-issuer', path('issuer.pem')]
  openssl('genrsa', '-out', path('enclave.pem'), '2048')
  openssl('rsa', '-in', path('enclave.pem'), '-pubout', '-out', path('enclave.pub'))
  const attested = keyhold('attest', path('enclave.pub'), ...issuer, '--pcrs', `0=${'ab'.repeat(48)}`)
  assert.equal(attested.status, 0, attested.stderr)
  assert.equal(statSync(path('issuer.pem')).mode & 0o777, 0o600)
  const AttestationDocument = Buffer.from(attested.stdout.trim(), 'base64')

  const server = await startKeyholdProcess(['dev', '--port', '0', ...issuer])
  context.after(() => server.end('SIGKILL'))
  assert.match(server.output(), /keyhold attest PUBLIC_KEY_FILE --attestation-issuer/)
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const client = new kms.KMSClient({ endpoint: server.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
  context.after(() => client.destroy())
  const { KeyId } = (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!
  const Recipient = { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument } as const
  const answer = await client.send(new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', Recipient }))
  assert.equal(answer.Plaintext, undefined)
  writeFileSync(path('answer.der'), answer.CiphertextForRecipient!)
  const opened = openssl('cms', '-decrypt', '-inform', 'DER', '-in', path('answer.der'), '-inkey', path('enclave.pem'))
  const { Plaintext } = await client.send(new kms.DecryptCommand({ CiphertextBlob: answer.CiphertextBlob }))
  assert.deepEqual(opened, Buffer.from(Plaintext!))

  const stranger = keyhold('attest', path('enclave.pub'), '--attestation-issuer', path('other.pem'))
  await assert.rejects(
    client.send(
      new kms.GenerateRandomCommand({
        NumberOfBytes: 16,
        Recipient: { ...Recipient, AttestationDocument: Buffer.from(stranger.stdout.trim(), 'base64') },
      }),
    ),
    { name: 'ValidationException' },
  )
})

test('files that are no key, no issuer, or open to others are clear errors', { timeout: 180_000 }, (context) => {
  const folder = temporaryFolder('attest-errors')
  context.after(() => folder.remove())
  const path = (name: string) => join(folder.path, name)
  writeFileSync(path('nonsense'), 'nonsense', { mode: 0o600 })
  const cases: [string[], number, RegExp][] = [
    [['attest', path('nonsense'), '--attestation-issuer', path('issuer.pem')], 1, /cannot read a public key from/],
    [['attest', path('missing'), '--attestation-issuer', path('issuer.pem')], 1, /cannot read a public key from/],
    [['attest', path('nonsense')], 2, /--attestation-issuer is missing/],
    [['attest', path('nonsense'), '--attestation-issuer', path('issuer.pem'), '--pcrs', '0=ab'], 2, /--pcrs/],
    [['dev', '--port', '0', '--attestation-issuer', path('nonsense')], 1, /--attestation-issuer: cannot use/],
    [['start', '--data', path('data'), '--attestation-roots', path('nonsense')], 2, /--attestation-roots: cannot use/],
  ]
  for (const [args, status, message] of cases) {
    const result = keyhold(...args)
    assert.equal(result.status, status, `${args.join(' ')}\n${result.stderr}`)
    assert.match(result.stderr, message)
    assert.doesNotMatch(result.stderr, /\n\s+at /)
  }
  writeFileSync(path('issuer.pem'), 'whatever', { mode: 0o644 })
  chmodSync(path('issuer.pem'), 0o644)
  const opened = keyhold('dev', '--port', '0', '--attestation-issuer', path('issuer.pem'))
  assert.equal(opened.status, 1)
  assert.match(opened.stderr, /others can read/)
})
