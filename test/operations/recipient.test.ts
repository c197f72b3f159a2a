/** Attested recipients: five operations answer them with a CMS message that only they open, and never in plaintext. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { KmsError } from '../../src/base/errors.ts'
import { createTestIssuer } from '../../src/crypto/attestation/test-issuer.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, START_TIME } from '../support/harness.ts'
import { givenUser } from '../support/identities.ts'
import { newKey } from './support.ts'

const issuer = createTestIssuer(START_TIME - 86_400_000)
const enclave = generateKeyPairSync('rsa', { modulusLength: 2048 })
const folder = mkdtempSync(join(tmpdir(), 'keyhold-recipient-'))
let harness: Harness
let key: Answer

before(async () => {
  harness = await createHarness({ attestationRoots: issuer.root })
  key = await newKey(harness)
})
after(async () => {
  await harness.close()
  rmSync(folder, { recursive: true })
})

function documentFor(publicKey: KeyObject, time = START_TIME): Buffer {
  const pcrs = new Map([[0, Buffer.alloc(48, 0xab)]])
  return issuer.issue({
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    pcrs,
    moduleId: 'i-0abc-enc0def',
    time,
  })
}

function recipient(AttestationDocument = documentFor(enclave.publicKey)): object {
  return { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument }
}

/** The enclave's side, by OpenSSL. */
function open(ciphertextForRecipient: string): Buffer {
  const [message, privateKey] = [join(folder, 'message.der'), join(folder, 'key.pem')]
  writeFileSync(message, Buffer.from(ciphertextForRecipient, 'base64'))
  writeFileSync(privateKey, enclave.privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
  return execFileSync('openssl', ['cms', '-decrypt', '-inform', 'DER', '-in', message, '-inkey', privateKey])
}

const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'the OpenSSL command line is not installed here'

test('a decrypted plaintext reaches the enclave, and nobody else', { skip }, async () => {
  const { CiphertextBlob } = await harness.call('Encrypt', {
    KeyId: key.KeyId,
    Plaintext: Buffer.from('for the enclave'),
  })
  const answer = await harness.call('Decrypt', { CiphertextBlob, Recipient: recipient() })
  assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(answer))).sort(), [
    'CiphertextForRecipient',
    'EncryptionAlgorithm',
    'KeyId',
  ])
  assert.equal(open(answer.CiphertextForRecipient).toString(), 'for the enclave')
})

test('a data key for the enclave is the one in the ciphertext', { skip }, async () => {
  const answer = await harness.call('GenerateDataKey', { KeyId: key.KeyId, KeySpec: 'AES_256', Recipient: recipient() })
  assert.ok(!('Plaintext' in answer))
  const { Plaintext } = await harness.call('Decrypt', { CiphertextBlob: answer.CiphertextBlob })
  assert.equal(open(answer.CiphertextForRecipient).toString('base64'), Plaintext)
})

test('a data key pair, a shared secret and random bytes', { skip }, async () => {
  const pair = await harness.call('GenerateDataKeyPair', {
    KeyId: key.KeyId,
    KeyPairSpec: 'ECC_NIST_P256',
    Recipient: recipient(),
  })
  assert.ok(!('PrivateKeyPlaintext' in pair))
  assert.equal(pair.KeyMaterialId, key.CurrentKeyMaterialId)
  const privateKey = createPrivateKey({ key: open(pair.CiphertextForRecipient), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  assert.equal(publicKey.toString('base64'), pair.PublicKey)

  const agreeing = await newKey(harness, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
  const request = { KeyId: agreeing.KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: pair.PublicKey }
  const shared = await harness.call('DeriveSharedSecret', { ...request, Recipient: recipient() })
  assert.ok(!('SharedSecret' in shared))
  const plain = await harness.call('DeriveSharedSecret', request)
  assert.equal(open(shared.CiphertextForRecipient).toString('base64'), plain.SharedSecret)

  const random = await harness.call('GenerateRandom', { NumberOfBytes: 77, Recipient: recipient() })
  assert.deepEqual(Object.keys(random), ['CiphertextForRecipient'])
  assert.equal(open(random.CiphertextForRecipient).length, 77)
})

test('the record names module and image, and holds neither document nor answer', async () => {
  const document = documentFor(enclave.publicKey)
  await harness.call('GenerateDataKey', { KeyId: key.KeyId, KeySpec: 'AES_256', Recipient: recipient(document) })
  const record = harness.auditRecords().at(-1)
  assert.deepEqual(record.additionalEventData.recipient, {
    attestationDocumentModuleId: 'i-0abc-enc0def',
    attestationDocumentEnclaveImageDigest: 'ab'.repeat(48),
  })
  assert.ok(!harness.auditLines.at(-1)!.includes(document.toString('base64').slice(200, 240)))
})

test('a document that proves nothing is a ValidationException, and nothing is made', async () => {
  const good = documentFor(enclave.publicKey)
  const altered = Buffer.from(good)
  altered[Math.floor(altered.length / 2)]! ^= 1
  const stranger = createTestIssuer(START_TIME - 86_400_000).issue({
    publicKey: enclave.publicKey.export({ format: 'der', type: 'spki' }),
    time: START_TIME,
  })
  const refused: [string, object][] = [
    ['altered', recipient(altered)],
    ['of another root', recipient(stranger)],
    ['expired', recipient(documentFor(enclave.publicKey, START_TIME - 4 * 3_600_000))],
    ['not valid yet', recipient(documentFor(enclave.publicKey, START_TIME + 3_600_000))],
    ['cut off', recipient(good.subarray(0, -1))],
    ['no document', recipient(Buffer.from('document'))],
    ['without a document', { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }],
    ['without an algorithm', { AttestationDocument: good }],
    [
      'with an elliptic-curve key',
      recipient(documentFor(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)),
    ],
  ]
  for (const [name, Recipient] of refused) {
    await assert.rejects(
      harness.call('GenerateDataKey', { KeyId: key.KeyId, KeySpec: 'AES_256', Recipient }),
      (error) => error instanceof KmsError && error.code === 'ValidationException',
      name,
    )
  }
})

test("without other roots only AWS's own counts", async () => {
  const strict = await createHarness()
  const { KeyId } = await newKey(strict)
  await assert.rejects(
    strict.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256', Recipient: recipient() }),
    (error) => error instanceof KmsError && error.code === 'ValidationException',
  )
  await strict.close()
})

test('policies may ask for measurements of the recipient; without one they are absent (authorization.md 3.2)', async () => {
  const digest = 'ab'.repeat(48)
  const asking = async (userName: string, Condition: object) => {
    const everything = { Effect: 'Allow', Action: 'kms:*', Resource: '*', Condition }
    return (await givenUser(harness.store, ACCOUNT, userName, everything)).principal
  }
  const image = { 'kms:RecipientAttestation:ImageSha384': digest }
  const attested = await asking('attested', { StringEquals: { ...image, 'kms:RecipientAttestation:PCR0': digest } })
  const other = await asking('other', { StringEquals: { ...image, 'kms:RecipientAttestation:PCR0': 'cd'.repeat(48) } })
  const unmeasured = await asking('unmeasured', { Null: { 'kms:RecipientAttestation:NitroTPMPCR0': 'true' } })
  const body = { KeyId: key.KeyId, KeySpec: 'AES_256' }
  const denied = { code: 'AccessDeniedException' }
  await harness.callAs(attested, 'GenerateDataKey', { ...body, Recipient: recipient() })
  await harness.callAs(attested, 'GenerateRandom', { NumberOfBytes: 8, Recipient: recipient() })
  await harness.callAs(unmeasured, 'GenerateDataKey', { ...body, Recipient: recipient() })
  await assert.rejects(harness.callAs(attested, 'GenerateDataKey', body), denied)
  await assert.rejects(harness.callAs(other, 'GenerateDataKey', { ...body, Recipient: recipient() }), denied)
})
