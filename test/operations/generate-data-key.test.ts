/** operations.md 3.20, 3.23; lifecycle.md ENV-2, ENV-4 to ENV-7; audit.md 4.1. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { PRINTED } from '../support/key-kinds.ts'
import {
  assertFails,
  assertValidation,
  constraint,
  DRY_RUN,
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

const generate = (body: object) => harness.call('GenerateDataKey', { KeyId: key.KeyId, ...body })

test('GenerateDataKey answers the key in plaintext and encrypted', async () => {
  const answer = await generate({ KeySpec: 'AES_256' })
  assert.deepEqual(memberNames(answer), ['CiphertextBlob', 'KeyId', 'KeyMaterialId', 'Plaintext'])
  assert.equal(answer.KeyId, key.Arn)
  assert.equal(answer.KeyMaterialId, key.CurrentKeyMaterialId)
  assert.equal(Buffer.from(answer.CiphertextBlob, 'base64').length, 148)
  const opened = await harness.call('Decrypt', { CiphertextBlob: answer.CiphertextBlob })
  assert.equal(opened.Plaintext, answer.Plaintext)
})

test('the plaintext is as long as asked for, and never the same twice', async () => {
  const lengthOf = async (body: object) => Buffer.from((await generate(body)).Plaintext, 'base64').length
  assert.equal(await lengthOf({ KeySpec: 'AES_256' }), 32)
  assert.equal(await lengthOf({ KeySpec: 'AES_128' }), 16)
  for (const NumberOfBytes of [1, 64, 1024]) assert.equal(await lengthOf({ NumberOfBytes }), NumberOfBytes)
  const keys = await Promise.all(Array.from({ length: 50 }, () => generate({ KeySpec: 'AES_128' })))
  assert.equal(new Set(keys.map(({ Plaintext }) => Plaintext)).size, 50)
})

test('exactly one of KeySpec and NumberOfBytes is needed', async () => {
  const text = 'Please specify either number of bytes or key spec.'
  await assertValidation(generate({}), text)
  await assertValidation(generate({ KeySpec: 'AES_256', NumberOfBytes: 32 }), text)
})

test('length and spec are within the bounds of the model', async () => {
  await assertValidation(
    generate({ NumberOfBytes: 0 }),
    constraint("'0'", 'numberOfBytes', 'have value greater than or equal to 1'),
  )
  await assertValidation(
    generate({ NumberOfBytes: 1025 }),
    constraint("'1025'", 'numberOfBytes', 'have value less than or equal to 1024'),
  )
  await assertValidation(
    generate({ KeySpec: 'AES_512' }),
    constraint("'AES_512'", 'keySpec', `satisfy enum value set: [${PRINTED.keySpec}]`),
  )
})

test('the encryption context goes into the ciphertext', async () => {
  const EncryptionContext = { purpose: 'test' }
  const { CiphertextBlob } = await generate({ KeySpec: 'AES_256', EncryptionContext })
  assert.equal((await harness.call('Decrypt', { CiphertextBlob, EncryptionContext })).KeyId, key.Arn)
  await assertFails(harness.call('Decrypt', { CiphertextBlob }), 'InvalidCiphertextException', undefined)
})

for (const operation of ['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext']) {
  test(`${operation} refuses keys that are not symmetric`, async () => {
    const rsa = await insertKey(harness, { spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' })
    await assertFails(
      harness.call(operation, { KeyId: rsa.keyId, KeySpec: 'AES_256' }),
      'InvalidKeyUsageException',
      'You cannot generate a data key with an asymmetric CMK',
    )
    const mac = await insertKey(harness, { spec: 'HMAC_256', usage: 'GENERATE_VERIFY_MAC' })
    await assertFails(
      harness.call(operation, { KeyId: mac.keyId, KeySpec: 'AES_256' }),
      'InvalidKeyUsageException',
      `${mac.arn} key usage is GENERATE_VERIFY_MAC which is not valid for ${operation}.`,
    )
  })
}

test('DryRun says that it would have worked, or why not', async () => {
  await assertFails(generate({ KeySpec: 'AES_256', DryRun: true }), ...DRY_RUN)
  await assertValidation(generate({ DryRun: true }), 'Please specify either number of bytes or key spec.')
})

test('the audit record holds the length as it was asked for', async () => {
  await generate({ NumberOfBytes: 20, EncryptionContext: { a: 'b' } })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'GenerateDataKey',
    readOnly: true,
    requestParameters: { keyId: key.KeyId, numberOfBytes: 20, encryptionContext: { a: 'b' } },
    responseElements: null,
    additionalEventData: { keyMaterialId: key.CurrentKeyMaterialId },
    resources: [resource(key.Arn)],
  })
})
