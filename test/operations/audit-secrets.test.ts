/** No audit record holds a plaintext, a ciphertext, a grant token or an attestation document (audit.md section 4). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { operations } from '../../src/operations/index.ts'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { newKey } from './support.ts'

let harness: Harness
let key: Answer
before(async () => {
  harness = await createHarness()
  key = await newKey(harness)
})
after(() => harness.close())

const MARKER = Buffer.from('marker-6f1d0c9b5a-never-in-a-log')

/** Every spelling in which bytes could get into a line of text. */
function spellingsOf(bytes: Buffer): string[] {
  return [bytes.toString('latin1'), bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')]
}

function assertAbsent(secrets: readonly Buffer[]): void {
  assert.ok(harness.auditLines.length > 0)
  for (const line of harness.auditLines) {
    for (const spelling of secrets.flatMap(spellingsOf)) assert.ok(!line.includes(spelling), line)
  }
}

/** All members of the API that carry secrets or ciphertext. */
const SECRET_MEMBERS = {
  Plaintext: MARKER,
  CiphertextBlob: MARKER,
  Message: MARKER,
  Mac: MARKER,
  Signature: MARKER,
  PublicKey: MARKER,
  ImportToken: MARKER,
  EncryptedKeyMaterial: MARKER,
  KeyStorePassword: MARKER.toString(),
  XksProxyAuthenticationCredential: { AccessKeyId: 'A'.repeat(20), RawSecretAccessKey: MARKER.toString() },
  GrantTokens: [MARKER.toString()],
  GrantToken: MARKER.toString(),
}

const REQUIRED = {
  NumberOfBytes: 32,
  AliasName: 'alias/marked',
  Description: 'd',
  Tags: [],
  TagKeys: [],
  Policy: '{"Statement":{"Effect":"Allow","Principal":"*"}}',
}

/** Without what the service did by itself, for which a call may be the occasion. */
function recordsOfCalls(): number {
  return harness.auditRecords().filter(({ eventType }) => eventType === 'AwsApiCall').length
}

test('whatever secret member an operation is given, no record shows it', async () => {
  const Recipient = { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument: MARKER }
  let answered = 0
  for (const name of operations.keys()) {
    const { KeyId } = await newKey(harness)
    const body = { ...REQUIRED, KeyId, TargetKeyId: KeyId, DestinationKeyId: KeyId, ...SECRET_MEMBERS }
    for (const more of [{}, { Recipient }, { KeyId: 'no-key' }, { DryRun: true }]) {
      const before = recordsOfCalls()
      answered += await harness.call(name, { ...body, ...more }).then(
        () => 1,
        () => 0,
      )
      assert.equal(recordsOfCalls(), before + 1, `${name} left no record`)
    }
  }
  assert.ok(answered >= 30, `only ${answered} calls succeeded: too little would be shown`)
  assertAbsent([MARKER])
})

test('no record shows what an operation made: data keys, random bytes, ciphertexts, opened plaintexts', async () => {
  const { KeyId } = key
  const sealed = await harness.call('Encrypt', { KeyId, Plaintext: MARKER })
  const opened = await harness.call('Decrypt', { CiphertextBlob: sealed.CiphertextBlob })
  const again = await harness.call('ReEncrypt', { CiphertextBlob: sealed.CiphertextBlob, DestinationKeyId: KeyId })
  const dataKey = await harness.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' })
  const sealedKey = await harness.call('GenerateDataKeyWithoutPlaintext', { KeyId, KeySpec: 'AES_256' })
  const random = await harness.call('GenerateRandom', { NumberOfBytes: 32 })
  const secrets = [sealed, opened, again, dataKey, sealedKey, random].flatMap(({ Plaintext, CiphertextBlob }) =>
    [Plaintext, CiphertextBlob].filter((text) => text !== undefined).map((text) => Buffer.from(text, 'base64')),
  )
  assert.equal(secrets.length, 7)
  assert.deepEqual(Buffer.from(opened.Plaintext, 'base64'), MARKER)
  assertAbsent(secrets)
})

test('a plaintext that is no base64, or too long, is not in the record of its refusal', async () => {
  const { KeyId } = key
  const text = MARKER.toString()
  for (const Plaintext of [`${text}!`, `${text}==`, MARKER.toString('base64').slice(0, -1), 7]) {
    await assert.rejects(harness.call('Encrypt', { KeyId, Plaintext }), { code: 'SerializationException' })
  }
  const long = Buffer.concat(Array(200).fill(MARKER))
  await assert.rejects(harness.call('Encrypt', { KeyId, Plaintext: long }), { code: 'ValidationException' })
  assertAbsent([MARKER])
})

test('grant tokens that are too long or too many are not in the record of their refusal', async () => {
  const { KeyId } = key
  const long = MARKER.toString().repeat(300)
  const refused = [
    ['Encrypt', { KeyId, Plaintext: MARKER, GrantTokens: [long] }],
    ['Encrypt', { KeyId, Plaintext: MARKER, GrantTokens: Array(11).fill(MARKER.toString()) }],
    ['RetireGrant', { GrantToken: long }],
  ] as const
  for (const [name, body] of refused) {
    await assert.rejects(harness.call(name, body), { code: 'ValidationException' })
  }
  assertAbsent([MARKER])
})

test('a changed context or ciphertext is refused with a record that says nothing of either plaintext', async () => {
  const { KeyId } = key
  const EncryptionContext = { a: 'b' }
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: MARKER, EncryptionContext })
  await assert.rejects(harness.call('Decrypt', { CiphertextBlob }), { code: 'InvalidCiphertextException' })
  assertAbsent([MARKER, Buffer.from(CiphertextBlob, 'base64')])
})
