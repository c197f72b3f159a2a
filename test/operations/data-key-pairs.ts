/** What GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext must do alike (operations.md 3.21, 3.22, 4.5). */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import type { Answer, Harness } from '../support/harness.ts'
import {
  BLOB_OVERHEAD_BYTES,
  KEY_PAIR_SPECS,
  PRINTED,
  PRIVATE_KEY_BYTES,
  PUBLIC_KEY_BYTES,
} from '../support/key-kinds.ts'
import { testMaterialRules } from './material-rules.ts'
import { assertFails, assertValidation, constraint, DRY_RUN, insertKey, lastRecord, memberNames } from './support.ts'

/** `key` is a symmetric encryption key, made before the tests run. */
export function testDataKeyPairs(
  operation: string,
  members: readonly string[],
  harness: () => Harness,
  key: () => Answer,
): void {
  const generate = (body: object) =>
    harness().call(operation, { KeyId: key().KeyId, KeyPairSpec: 'ECC_NIST_P256', ...body })
  const decrypt = (body: object) => harness().call('Decrypt', body)

  testMaterialRules(harness, {
    operation,
    kind: {},
    keyUsage: 'ENCRYPT_DECRYPT',
    body: async () => ({ KeyPairSpec: 'ECC_NIST_P256', EncryptionContext: { tenant: 't-17' } }),
    audited: { keyPairSpec: 'ECC_NIST_P256', encryptionContext: { tenant: 't-17' } },
    showsMaterial: true,
  })

  for (const KeyPairSpec of KEY_PAIR_SPECS) {
    test(`${operation} of ${KeyPairSpec}: two halves of one key, the private one under the KMS key`, async () => {
      const answer = await generate({ KeyPairSpec })
      assert.deepEqual(memberNames(answer), members)
      assert.deepEqual(
        [answer.KeyId, answer.KeyPairSpec, answer.KeyMaterialId],
        [key().Arn, KeyPairSpec, key().CurrentKeyMaterialId],
      )
      const publicKey = Buffer.from(answer.PublicKey, 'base64')
      assert.equal(publicKey.length, PUBLIC_KEY_BYTES[KeyPairSpec])

      const opened = await decrypt({ CiphertextBlob: answer.PrivateKeyCiphertextBlob })
      const privateKey = Buffer.from(opened.Plaintext, 'base64')
      const [bytes, spread] = PRIVATE_KEY_BYTES[KeyPairSpec]!
      assert.ok(Math.abs(privateKey.length - bytes) <= spread, `${privateKey.length} bytes`)
      const blob = Buffer.from(answer.PrivateKeyCiphertextBlob, 'base64')
      assert.equal(blob.length, privateKey.length + BLOB_OVERHEAD_BYTES)
      assert.deepEqual([opened.KeyId, opened.KeyMaterialId], [key().Arn, key().CurrentKeyMaterialId])
      if (members.includes('PrivateKeyPlaintext')) assert.equal(answer.PrivateKeyPlaintext, opened.Plaintext)

      const parsed = createPublicKey(createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' }))
      assert.deepEqual(parsed.export({ format: 'der', type: 'spki' }), publicKey)
      assert.notEqual((await generate({ KeyPairSpec })).PublicKey, answer.PublicKey)
    })
  }

  test(`${operation} binds the private key to the encryption context`, async () => {
    const EncryptionContext = { tenant: 't-17', stage: 'test' }
    const { PrivateKeyCiphertextBlob: CiphertextBlob } = await generate({ EncryptionContext })
    assert.ok((await decrypt({ CiphertextBlob, EncryptionContext: { stage: 'test', tenant: 't-17' } })).Plaintext)
    for (const wrong of [undefined, {}, { tenant: 't-17' }, { ...EncryptionContext, stage: 'Test' }]) {
      const work = decrypt({ CiphertextBlob, EncryptionContext: wrong })
      await assertFails(work, 'InvalidCiphertextException', undefined)
    }
  })

  test(`${operation} refuses asymmetric encryption keys`, async () => {
    for (const spec of ['RSA_2048', 'RSA_3072', 'RSA_4096', 'SM2']) {
      const { keyId } = await insertKey(harness(), { spec, usage: 'ENCRYPT_DECRYPT' })
      for (const DryRun of [false, true]) {
        await assertFails(
          generate({ KeyId: keyId, DryRun }),
          'InvalidKeyUsageException',
          'You cannot generate a data key pair with an asymmetric CMK',
        )
      }
    }
  })

  test(`${operation} makes no pairs of other specs, and prints those of AWS`, async () => {
    await assertValidation(
      harness().call(operation),
      "2 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; " +
        "Value null at 'keyPairSpec' failed to satisfy constraint: Member must not be null",
    )
    for (const spec of ['ML_DSA_44', 'ML_DSA_87', 'HMAC_256', 'SYMMETRIC_DEFAULT', 'AES_256', 'RSA_1024', '']) {
      const rule = `satisfy enum value set: [${PRINTED.keyPairSpec}]`
      await assertValidation(generate({ KeyPairSpec: spec }), constraint(`'${spec}'`, 'keyPairSpec', rule))
    }
  })

  test(`a dry run of ${operation} generates nothing: RSA_4096 answers at once`, async () => {
    await assertFails(generate({ KeyPairSpec: 'RSA_4096', DryRun: true }), ...DRY_RUN)
    assert.equal('additionalEventData' in lastRecord(harness()), false)
  })
}
