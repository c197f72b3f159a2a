/** Ciphertext suites 0x02 and 0x03: vectors V6 and V7 of keystores.md section 8, with OpenSSL's AES in place of the HSM's. */
import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { describe, test } from 'node:test'
import { KmsError } from '../../src/base/errors.ts'
import { materialIdOfBlob } from '../../src/crypto/blob-material.ts'
import { hashEncryptionContext } from '../../src/crypto/encryption-context.ts'
import {
  DERIVED_SUITE,
  DIRECT_SUITE,
  type HsmMessage,
  type HsmSuite,
  hsmBody,
  hsmMessageOf,
  isHsmBlob,
  newHsmMessage,
  padded,
  unpadded,
} from '../../src/crypto/hsm-blob.ts'

const range = (first: number, length: number) => Buffer.from(Array.from({ length }, (_, index) => first + index))

const HSM_KEY = range(0x00, 32)
const MATERIAL_ID = range(0x40, 32)
/** The first byte of N is set to 0, whatever it is drawn as. */
const NONCES = Buffer.concat([range(0x10, 16), range(0x20, 12)])
const NAMES = { partition: 'aws', account: '111122223333', keyId: '1234abcd-12ab-34cd-56ef-1234567890ab' }
const contextHash = hashEncryptionContext({ Purpose: 'Test', AppName: 'ExampleApp' })

const bindingOf = (suite: HsmSuite) => ({ ...NAMES, suite, materialId: MATERIAL_ID, contextHash })

function seal(key: Buffer, { iv, aad }: HsmMessage, plaintext: string): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(aad)
  return Buffer.concat([cipher.update(padded(Buffer.from(plaintext))), cipher.final(), cipher.getAuthTag()])
}

const VECTORS = [
  {
    suite: DIRECT_SUITE,
    prefix: '4b4d530102000034',
    nonces: NONCES.subarray(16),
    key: HSM_KEY,
    bound: '979ce6f8e0a5971c8cbd094e177515e0e3727e860b48f66ec5f78043753c3784',
    ciphertext: 'd23aa6706c981a0e1a7c42cec118f4f9d049ec9c878063ee6cf66c12498a5e091deb8968e1',
    tag: 'c88566bbc2a3b67b9078b0ca98bc7f57',
  },
  {
    suite: DERIVED_SUITE,
    prefix: '4b4d530103000044',
    nonces: Buffer.concat([Buffer.of(0), NONCES.subarray(1)]),
    key: Buffer.from('3740bdf4e6de2095f462d45b0163192503135635188af2c5b98b186201695823', 'hex'),
    bound: '828cd7ffeafdc8524d30e3f17d5f2f7f514bf2512a2de01c061e8ef9e7687764',
    ciphertext: '2a679a56b892c6524eb0e41634cf252ee61c2787f725bd47d6a6b1b9657579d95b71f14397',
    tag: '78bae1a3bec410abf544e1720d392cca',
  },
] as const

const isInvalidCiphertext = (error: unknown) =>
  error instanceof KmsError && error.code === 'InvalidCiphertextException' && error.text === undefined

for (const vector of VECTORS) {
  describe(`suite 0x0${vector.suite}`, () => {
    const message = newHsmMessage(bindingOf(vector.suite), NONCES)
    const blob = Buffer.concat([message.header, seal(vector.key, message, 'hello')])

    test('header, authenticated data and ciphertext are those of the published vector', () => {
      const header = `${vector.prefix}${MATERIAL_ID.toString('hex')}${vector.nonces.toString('hex')}`
      assert.equal(message.header.toString('hex'), header)
      assert.equal(message.aad.toString('hex'), header + vector.bound)
      assert.equal(blob.toString('hex'), header + vector.ciphertext + vector.tag)
    })

    test('the same is read from a blob, which names its material', () => {
      assert.deepEqual(hsmMessageOf(bindingOf(vector.suite), blob), message)
      assert.equal(hsmBody(message, blob).toString('hex'), vector.ciphertext + vector.tag)
      assert.equal(materialIdOfBlob(blob), MATERIAL_ID.toString('hex'))
    })

    test('key, context and suite are bound', () => {
      for (const other of [
        { account: '444455556666' },
        { keyId: '00000000-0000-4000-8000-000000000000' },
        { partition: 'aws-cn' },
        { contextHash: hashEncryptionContext({}) },
      ]) {
        const { aad } = hsmMessageOf({ ...bindingOf(vector.suite), ...other }, blob)
        assert.notDeepEqual(aad, message.aad, JSON.stringify(other))
      }
      const otherSuite = vector.suite === DIRECT_SUITE ? DERIVED_SUITE : DIRECT_SUITE
      assert.throws(() => hsmMessageOf(bindingOf(otherSuite), blob), isInvalidCiphertext)
      const otherMaterial = { ...bindingOf(vector.suite), materialId: range(0x41, 32) }
      assert.throws(() => hsmMessageOf(otherMaterial, blob), isInvalidCiphertext)
    })

    test('what is too short, or has another prefix, is no blob', () => {
      assert.ok(isHsmBlob(blob))
      // The shortest blob has one byte of plaintext.
      const shortest = blob.subarray(0, message.header.length + 32 + 1 + 16)
      assert.ok(isHsmBlob(shortest))
      assert.equal(isHsmBlob(shortest.subarray(0, -1)), false)
      assert.throws(() => materialIdOfBlob(blob.subarray(0, 5)), isInvalidCiphertext)
      for (let at = 0; at < 8; at++) {
        const changed = Buffer.from(blob)
        changed[at]! ^= 0x80
        assert.equal(isHsmBlob(changed), false, `byte ${at}`)
        assert.throws(() => materialIdOfBlob(changed), isInvalidCiphertext)
      }
    })
  })
}

test('message keys of suite 0x03 are derived from two blocks that differ in their first byte', () => {
  const { derivationData } = newHsmMessage(bindingOf(DERIVED_SUITE), NONCES)
  const n15 = range(0x11, 15).toString('hex')
  assert.equal(derivationData?.toString('hex'), `01${n15}02${n15}`)
  // What the mechanism does with them: AES in ECB mode, without padding.
  const cipher = createCipheriv('aes-256-ecb', HSM_KEY, null).setAutoPadding(false)
  assert.deepEqual(Buffer.concat([cipher.update(derivationData!), cipher.final()]), VECTORS[1].key)
  assert.equal(newHsmMessage(bindingOf(DIRECT_SUITE), NONCES).derivationData, undefined)
})

test('a blob of suite 0x03 whose N does not begin with 0 is none', () => {
  const message = newHsmMessage(bindingOf(DERIVED_SUITE), NONCES)
  const blob = Buffer.concat([message.header, seal(VECTORS[1].key, message, 'hello')])
  blob[40] = 1
  assert.equal(isHsmBlob(blob), false)
})

test('what opens without the zeros before it is refused, and wiped', () => {
  assert.equal(unpadded(padded(Buffer.from('hello'))).toString(), 'hello')
  for (let at = 0; at < 32; at++) {
    const opened = padded(Buffer.from('hello'))
    opened[at] = 1
    assert.throws(() => unpadded(opened), isInvalidCiphertext)
    assert.ok(opened.every((byte) => byte === 0))
  }
  assert.throws(() => unpadded(Buffer.alloc(32)), isInvalidCiphertext)
  assert.throws(() => unpadded(Buffer.alloc(0)), isInvalidCiphertext)
})
