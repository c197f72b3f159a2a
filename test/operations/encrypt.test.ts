/** operations.md 3.19, 4.2; lifecycle.md 8.1, 8.2, CT-1; audit.md 4.1. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import {
  assertFails,
  assertValidation,
  constraint,
  DRY_RUN,
  grantTokenOf,
  insertKey,
  lastRecord,
  memberNames,
  newKey,
  resource,
} from './support.ts'

let harness: Harness
let key: Answer
before(async () => {
  harness = await createHarness()
  key = await newKey(harness)
})
after(() => harness.close())

const encrypt = (body: object) =>
  harness.call('Encrypt', { KeyId: key.KeyId, Plaintext: Buffer.from('hello'), ...body })

test('Encrypt answers ciphertext, key ARN and algorithm, and no KeyMaterialId', async () => {
  const answer = await encrypt({})
  assert.deepEqual(memberNames(answer), ['CiphertextBlob', 'EncryptionAlgorithm', 'KeyId'])
  assert.equal(answer.KeyId, key.Arn)
  assert.equal(answer.EncryptionAlgorithm, 'SYMMETRIC_DEFAULT')
})

test('the blob is of suite 0x01, 116 bytes longer than the plaintext, and different each time', async () => {
  const blobs = await Promise.all([encrypt({}), encrypt({})])
  const [first, second] = blobs.map(({ CiphertextBlob }) => Buffer.from(CiphertextBlob, 'base64'))
  assert.equal(first!.length, 5 + 116)
  assert.equal(first!.toString('hex', 0, 8), '4b4d530101000064')
  assert.equal(first!.toString('hex', 8, 40), key.CurrentKeyMaterialId)
  assert.notDeepEqual(first, second)
})

test('a plaintext of 1 and of 4096 bytes is accepted, of 0 and of 4097 is not', async () => {
  for (const length of [1, 4096]) {
    const { CiphertextBlob } = await encrypt({ Plaintext: Buffer.alloc(length, 7) })
    const { Plaintext } = await harness.call('Decrypt', { CiphertextBlob })
    assert.deepEqual(Buffer.from(Plaintext, 'base64'), Buffer.alloc(length, 7))
  }
  await assertValidation(
    encrypt({ Plaintext: Buffer.alloc(4097) }),
    constraint('', 'plaintext', 'have length less than or equal to 4096'),
  )
  await assertValidation(
    encrypt({ Plaintext: '' }),
    constraint('', 'plaintext', 'have length greater than or equal to 1'),
  )
})

test('missing required members are reported together', async () => {
  await assertValidation(
    harness.call('Encrypt'),
    "2 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; " +
      "Value at 'plaintext' failed to satisfy constraint: Member must not be null",
  )
})

test('an unknown algorithm is refused with the list that AWS prints (1.8)', async () => {
  await assertValidation(
    encrypt({ EncryptionAlgorithm: 'ROT13' }),
    constraint(
      "'ROT13'",
      'encryptionAlgorithm',
      'satisfy enum value set: [RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT]',
    ),
  )
})

test('an algorithm that does not fit the key spec is refused', async () => {
  await assertFails(
    encrypt({ EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
    'InvalidKeyUsageException',
    'Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.',
  )
  const rsa = await insertKey(harness, { spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' })
  await assertFails(
    encrypt({ KeyId: rsa.keyId }),
    'InvalidKeyUsageException',
    'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.',
  )
})

test('a key for signing cannot encrypt', async () => {
  const signer = await insertKey(harness, { spec: 'RSA_2048', usage: 'SIGN_VERIFY' })
  await assertFails(
    encrypt({ KeyId: signer.keyId }),
    'InvalidKeyUsageException',
    `${signer.arn} key usage is SIGN_VERIFY which is not valid for Encrypt.`,
  )
})

test('an asymmetric algorithm takes no encryption context, but an empty one (3.7)', async () => {
  await assertValidation(
    encrypt({ EncryptionAlgorithm: 'RSAES_OAEP_SHA_1', EncryptionContext: { a: 'b' } }),
    'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.',
  )
  await assertFails(
    encrypt({ EncryptionAlgorithm: 'RSAES_OAEP_SHA_1', EncryptionContext: {} }),
    'InvalidKeyUsageException',
    'Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.',
  )
})

test('DryRun fails with DryRunOperationException, after every other failure; false is absence', async () => {
  await assertFails(encrypt({ DryRun: true }), ...DRY_RUN)
  const disabled = await newKey(harness)
  await harness.call('DisableKey', { KeyId: disabled.KeyId })
  await assertFails(
    encrypt({ KeyId: disabled.KeyId, DryRun: true }),
    'DisabledException',
    `${disabled.Arn} is disabled.`,
  )
  assert.equal((await encrypt({ DryRun: false })).KeyId, key.Arn)
})

test('grant tokens must be ours, and ten at most', async () => {
  await encrypt({ GrantTokens: [await grantTokenOf(harness, key.KeyId)] })
  await assertFails(encrypt({ GrantTokens: ['abc'] }), 'InvalidGrantTokenException', undefined)
  await assertValidation(
    encrypt({ GrantTokens: Array(11).fill('t') }),
    constraint(`'[${Array(11).fill('t').join(', ')}]'`, 'grantTokens', 'have length less than or equal to 10'),
  )
})

test('the audit record holds key, algorithm and context as sent, the material, and nothing else', async () => {
  await encrypt({ EncryptionContext: { tenant: 't-17' }, GrantTokens: [await grantTokenOf(harness, key.KeyId)] })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'Encrypt',
    readOnly: true,
    requestParameters: {
      keyId: key.KeyId,
      encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      encryptionContext: { tenant: 't-17' },
    },
    responseElements: null,
    additionalEventData: { keyMaterialId: key.CurrentKeyMaterialId },
    resources: [resource(key.Arn)],
  })
})

test('the audit record of a refused call says why and names the key', async () => {
  await assertFails(
    encrypt({ EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
    'InvalidKeyUsageException',
    'Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.',
  )
  assert.deepEqual(lastRecord(harness), {
    eventName: 'Encrypt',
    readOnly: true,
    errorCode: 'InvalidKeyUsageException',
    errorMessage: 'Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.',
    requestParameters: { keyId: key.KeyId, encryptionAlgorithm: 'RSAES_OAEP_SHA_256' },
    responseElements: null,
    resources: [resource(key.Arn)],
  })
})
