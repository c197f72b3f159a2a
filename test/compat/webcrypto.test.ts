/**
 * Web Cryptography, as a browser or another server would use it: exported public keys and data key pairs import as they are,
 * verify, encrypt and agree. Its ECDSA signatures are r ‖ s, so DER is taken apart here.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { insertGivenKey } from '../support/given-key.ts'
import { createHarness, type Harness } from '../support/harness.ts'
import { kindsFor, OAEP_BYTES } from '../support/key-kinds.ts'
import { nameOf, type SignedMessage, signWithEveryKey, withOneBitChanged } from '../support/signed-messages.ts'

const { subtle } = globalThis.crypto
const bytesOf = (text: string) => Buffer.from(text, 'base64')
const CURVES = { ECC_NIST_P256: 'P-256', ECC_NIST_P384: 'P-384', ECC_NIST_P521: 'P-521' } as const
const FIELD_BYTES = { ECC_NIST_P256: 32, ECC_NIST_P384: 48, ECC_NIST_P521: 66 } as const

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

function isNist(spec: string): spec is keyof typeof CURVES {
  return spec in CURVES
}

/** `SHA-256` of RSASSA_PSS_SHA_256. */
function webHash(algorithm: string): string {
  return algorithm.endsWith('SHA_1') ? 'SHA-1' : `SHA-${algorithm.slice(-3)}`
}

interface WebAlgorithm {
  readonly imported: Parameters<typeof subtle.importKey>[2]
  readonly used: Parameters<typeof subtle.verify>[0]
}

/** `undefined` for what is no part of Web Cryptography: secp256k1, SM2, Ed25519ph. */
function webAlgorithm(spec: string, algorithm: string): WebAlgorithm | undefined {
  const hash = webHash(algorithm)
  if (algorithm.startsWith('RSASSA_PSS')) {
    const saltLength = Number(hash.slice(-3)) / 8
    return { imported: { name: 'RSA-PSS', hash }, used: { name: 'RSA-PSS', saltLength } }
  }
  if (algorithm.startsWith('RSASSA')) {
    return { imported: { name: 'RSASSA-PKCS1-v1_5', hash }, used: 'RSASSA-PKCS1-v1_5' }
  }
  if (isNist(spec)) {
    return { imported: { name: 'ECDSA', namedCurve: CURVES[spec] }, used: { name: 'ECDSA', hash } }
  }
  return algorithm === 'ED25519_SHA_512' ? { imported: 'Ed25519', used: 'Ed25519' } : undefined
}

/** SEQUENCE { r, s INTEGER } to r ‖ s. */
function fixedWidth(der: Buffer, bytes: number): Buffer {
  let at = der[1] === 0x81 ? 3 : 2
  const integer = () => {
    const length = der[at + 1]!
    const value = der.subarray(at + 2, at + 2 + length)
    at += 2 + length
    return Buffer.concat([Buffer.alloc(bytes), value]).subarray(-bytes)
  }
  return Buffer.concat([integer(), integer()])
}

async function verifies({ spec, algorithm, publicKey, signature }: SignedMessage, message: Buffer) {
  const web = webAlgorithm(spec, algorithm)
  if (web === undefined) return undefined
  const key = await subtle.importKey('spki', new Uint8Array(publicKey), web.imported, false, ['verify'])
  const raw = isNist(spec) ? fixedWidth(signature, FIELD_BYTES[spec]) : signature
  return subtle.verify(web.used, key, new Uint8Array(raw), new Uint8Array(message))
}

test('Web Cryptography verifies RSA, ECDSA and Ed25519 signatures', async () => {
  let verified = 0
  for (const signed of await signWithEveryKey(harness)) {
    const verdict = await verifies(signed, signed.message)
    if (verdict === undefined) continue
    assert.equal(verdict, true, nameOf(signed))
    assert.equal(await verifies(signed, withOneBitChanged(signed.message)), false, nameOf(signed))
    verified++
  }
  assert.equal(verified, 36 + 6 + 1)
})

test('Decrypt opens what Web Cryptography encrypted with an exported public key', async () => {
  for (const { KeySpec, KeyUsage, algorithms } of kindsFor('ENCRYPT_DECRYPT')) {
    if (!KeySpec.startsWith('RSA')) continue
    const { KeyId } = (await harness.call('CreateKey', { KeySpec, KeyUsage })).KeyMetadata
    const spki = bytesOf((await harness.call('GetPublicKey', { KeyId })).PublicKey)
    for (const EncryptionAlgorithm of algorithms) {
      const imported = { name: 'RSA-OAEP', hash: webHash(EncryptionAlgorithm) }
      const key = await subtle.importKey('spki', spki, imported, false, ['encrypt'])
      const plaintext = randomBytes(OAEP_BYTES[KeySpec]![EncryptionAlgorithm]!)
      const CiphertextBlob = Buffer.from(await subtle.encrypt('RSA-OAEP', key, plaintext))
      const opened = await harness.call('Decrypt', { KeyId, CiphertextBlob, EncryptionAlgorithm })
      assert.deepEqual(bytesOf(opened.Plaintext), plaintext)
    }
  }
})

test('a data key pair of RSA imports, and its private half opens what its public half sealed', async () => {
  const { KeyId } = (await harness.call('CreateKey')).KeyMetadata
  for (const KeyPairSpec of ['RSA_2048', 'RSA_3072', 'RSA_4096']) {
    const pair = await harness.call('GenerateDataKeyPair', { KeyId, KeyPairSpec })
    const algorithm = { name: 'RSA-OAEP', hash: 'SHA-256' }
    const publicKey = await subtle.importKey('spki', bytesOf(pair.PublicKey), algorithm, false, ['encrypt'])
    const privateKey = await subtle.importKey('pkcs8', bytesOf(pair.PrivateKeyPlaintext), algorithm, false, ['decrypt'])
    const plaintext = randomBytes(64)
    const sealed = await subtle.encrypt('RSA-OAEP', publicKey, plaintext)
    assert.deepEqual(Buffer.from(await subtle.decrypt('RSA-OAEP', privateKey, sealed)), plaintext)
  }
})

test('Web Cryptography derives the same shared secrets from a data key pair as DeriveSharedSecret', async () => {
  const wrapping = (await harness.call('CreateKey')).KeyMetadata.KeyId
  for (const [KeySpec, namedCurve] of Object.entries(CURVES)) {
    const { KeyId } = (await harness.call('CreateKey', { KeySpec, KeyUsage: 'KEY_AGREEMENT' })).KeyMetadata
    const spki = bytesOf((await harness.call('GetPublicKey', { KeyId })).PublicKey)
    const pair = await harness.call('GenerateDataKeyPair', { KeyId: wrapping, KeyPairSpec: KeySpec })
    const request = { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: pair.PublicKey }
    const secret = bytesOf((await harness.call('DeriveSharedSecret', request)).SharedSecret)
    const algorithm = { name: 'ECDH', namedCurve }
    const own = await subtle.importKey('pkcs8', bytesOf(pair.PrivateKeyPlaintext), algorithm, false, ['deriveBits'])
    const peer = await subtle.importKey('spki', spki, algorithm, false, [])
    const bits = await subtle.deriveBits({ name: 'ECDH', public: peer }, own, namedCurve === 'P-521' ? 528 : null)
    assert.deepEqual(secret, Buffer.from(bits))
  }
})

test('Web Cryptography computes the same MACs', async () => {
  for (const { KeySpec, KeyUsage, algorithms } of kindsFor('GENERATE_VERIFY_MAC')) {
    // It has no SHA-224.
    if (KeySpec === 'HMAC_224') continue
    const MacAlgorithm = algorithms[0]!
    const material = randomBytes(Number(KeySpec.slice(5)) / 8)
    const { keyId: KeyId } = await insertGivenKey(harness, { KeySpec, KeyUsage }, material)
    const Message = randomBytes(1000)
    const { Mac } = await harness.call('GenerateMac', { KeyId, Message, MacAlgorithm })
    const algorithm = { name: 'HMAC', hash: webHash(MacAlgorithm) }
    const key = await subtle.importKey('raw', material, algorithm, false, ['sign', 'verify'])
    assert.equal(await subtle.verify('HMAC', key, bytesOf(Mac), Message), true, KeySpec)
    const signature = Buffer.from(await subtle.sign('HMAC', key, Message))
    assert.deepEqual(bytesOf(Mac), signature)
  }
})
