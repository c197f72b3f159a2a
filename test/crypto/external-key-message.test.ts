/** keystores.md 6.3 and vector V4 of its section 8. */
import assert from 'node:assert/strict'
import { createCipheriv, createSecretKey } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { KmsError } from '../../src/base/errors.ts'
import { blobKey } from '../../src/crypto/ciphertext-blob.ts'
import { dataIntegrityValue, type ExternalCiphertext } from '../../src/crypto/external-blob.ts'
import { materialIndexOf, openExternalMessage, sealExternalMessage } from '../../src/crypto/external-key-message.ts'

const range = (from: number, to: number) =>
  Buffer.from(Array.from({ length: to - from + 1 }, (_, index) => from + index))

/** Of lifecycle.md appendix A. */
const HBK = range(0x00, 0x1f)
const MATERIAL_ID = '42a85738f4fa2a72cad9949e36c546c87ed540ee69cf31c144328b6f22d49680'
const NAMES = { partition: 'aws', account: '111122223333', keyId: '1234abcd-12ab-34cd-56ef-1234567890ab' }
const NONCES = Buffer.concat([range(0x10, 0x1f), range(0x20, 0x2b)])
const AAD = Buffer.from('tenant=blue')

const key = blobKey(createSecretKey(HBK), MATERIAL_ID, NAMES)
const sealed = sealExternalMessage(key, 1, NONCES, AAD, Buffer.from('hello'))

function assertInvalid(message: ExternalCiphertext, aad: Uint8Array = AAD, under = key): void {
  assert.throws(
    () => openExternalMessage(under, aad, message),
    (error: unknown) => error instanceof KmsError && error.code === 'InvalidCiphertextException',
  )
}

test('vector V4: metadata, IV, ciphertext, tag and data integrity value', () => {
  assert.equal(sealed.metadata.toString('base64'), 'AQAAARAREhMUFRYXGBkaGxwdHh8=')
  assert.equal(sealed.iv.toString('base64'), 'ICEiIyQlJicoKSor')
  assert.equal(sealed.ciphertext.toString('base64'), 'SZKeju8=')
  assert.equal(sealed.tag.toString('base64'), '8vZgZ+wRgfcZid3Vl77GaA==')
  assert.equal(dataIntegrityValue(AAD, sealed).toString('base64'), 'hwJL3VSP0+bqW1TWSxJ9HxoWUM3GcsRaZKaCpGhjpsI=')
  assert.equal(materialIndexOf(sealed), 1)
  assert.equal(openExternalMessage(key, AAD, sealed).toString(), 'hello')
})

test("vector V4: the message key and the authenticated data, by OpenSSL's AES-GCM alone", () => {
  const messageKey = Buffer.from('3554bf7dfea39287c9d2b04b768f88c8e4c1a3ca755caf2689f30467b1c751da', 'hex')
  const cipher = createCipheriv('aes-256-gcm', messageKey, NONCES.subarray(16))
  cipher.setAAD(Buffer.from('000b74656e616e743d626c75651401000001101112131415161718191a1b1c1d1e1f', 'hex'))
  const ciphertext = Buffer.concat([cipher.update('hello'), cipher.final()])
  assert.deepEqual(ciphertext, sealed.ciphertext)
  assert.deepEqual(cipher.getAuthTag(), sealed.tag)
})

test('what was sealed opens to the same bytes, under the index that it names', () => {
  const bytes = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max })
  fc.assert(
    fc.property(
      bytes(1, 4300),
      bytes(0, 8192),
      bytes(28, 28),
      fc.integer({ min: 1, max: 0xff_ffff }),
      (plaintext, aad, nonces, index) => {
        const message = sealExternalMessage(key, index, Buffer.from(nonces), aad, plaintext)
        assert.equal(message.ciphertext.length, plaintext.length)
        assert.equal(message.metadata.length, 20)
        assert.equal(materialIndexOf(message), index)
        assert.deepEqual(openExternalMessage(key, aad, message), Buffer.from(plaintext))
      },
    ),
    { numRuns: 50 },
  )
})

test('each flipped bit of what is sealed, and of its authenticated data, fails', () => {
  for (const part of ['iv', 'metadata', 'ciphertext', 'tag'] as const) {
    for (let bit = 0; bit < 8 * sealed[part].length; bit++) {
      const changed = Buffer.from(sealed[part])
      changed[bit >> 3]! ^= 1 << (bit & 7)
      assertInvalid({ ...sealed, [part]: changed })
    }
  }
  for (let bit = 0; bit < 8 * AAD.length; bit++) {
    const changed = Buffer.from(AAD)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    assertInvalid(sealed, changed)
  }
})

test('metadata cannot be passed off as authenticated data, nor one key for another', () => {
  assertInvalid({ ...sealed, metadata: Buffer.alloc(0) }, Buffer.concat([AAD, sealed.metadata]))
  assertInvalid(
    { ...sealed, metadata: sealed.metadata.subarray(1) },
    Buffer.concat([AAD, sealed.metadata.subarray(0, 1)]),
  )
  const others = [
    { ...NAMES, partition: 'aws-cn' },
    { ...NAMES, account: '111122223334' },
    { ...NAMES, keyId: '1234abcd-12ab-34cd-56ef-1234567890ac' },
  ].map((names) => blobKey(createSecretKey(HBK), MATERIAL_ID, names))
  const otherMaterial = blobKey(createSecretKey(HBK), MATERIAL_ID.replace('4', '5'), NAMES)
  for (const other of [...others, otherMaterial]) assertInvalid(sealed, AAD, other)
})

test('metadata of another length or version, and IVs of another length, name no material', () => {
  const { metadata } = sealed
  const refused = [
    { ...sealed, metadata: Buffer.alloc(0) },
    { ...sealed, metadata: metadata.subarray(1) },
    { ...sealed, metadata: Buffer.concat([metadata, Buffer.of(0)]) },
    { ...sealed, metadata: Buffer.concat([Buffer.of(2), metadata.subarray(1)]) },
    { ...sealed, iv: Buffer.alloc(16) },
  ]
  for (const message of refused) {
    assert.throws(() => materialIndexOf(message), { code: 'InvalidCiphertextException' })
  }
})
