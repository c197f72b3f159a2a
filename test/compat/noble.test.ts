/**
 * The noble libraries (JavaScript, no OpenSSL) against ECDSA, Ed25519, ML-DSA and ECDH; and textbook arithmetic against SM2's
 * key agreement, which neither they nor the OpenSSL command line have. Where Keyhold itself uses noble (Ed25519ph, EXTERNAL_MU)
 * others do the checking: libsodium.test.ts, python-cryptography.test.ts.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import { multiply, type Point } from '../support/affine-curve.ts'
import { insertGivenKey } from '../support/given-key.ts'
import { createHarness, type Harness } from '../support/harness.ts'
import { nameOf, type SignedMessage, signWithEveryKey, withOneBitChanged } from '../support/signed-messages.ts'

const CURVES = { ECC_NIST_P256: p256, ECC_NIST_P384: p384, ECC_NIST_P521: p521, ECC_SECG_P256K1: secp256k1 } as const
const ML_DSA = { ML_DSA_44: ml_dsa44, ML_DSA_65: ml_dsa65, ML_DSA_87: ml_dsa87 } as const

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const bytesOf = (text: string) => Buffer.from(text, 'base64')

function isCurve(spec: string): spec is keyof typeof CURVES {
  return spec in CURVES
}

function isMlDsa(spec: string): spec is keyof typeof ML_DSA {
  return spec in ML_DSA
}

/** `undefined`: not for noble. */
function verifies({ spec, algorithm, publicKey, signature }: SignedMessage, message: Buffer): boolean | undefined {
  if (isCurve(spec)) {
    const { Point: CurvePoint, lengths } = CURVES[spec]
    const point = publicKey.subarray(-lengths.publicKeyUncompressed!)
    assert.ok(CurvePoint.fromBytes(point), spec)
    // AWS does not enforce low S (operations.md 4.4).
    return CURVES[spec].verify(signature, message, point, { format: 'der', lowS: false, prehash: true })
  }
  if (isMlDsa(spec)) return ML_DSA[spec].verify(signature, message, publicKey.subarray(22))
  return algorithm === 'ED25519_SHA_512' ? ed25519.verify(signature, message, publicKey.subarray(-32)) : undefined
}

test('noble verifies ECDSA, Ed25519 and ML-DSA signatures', async () => {
  let verified = 0
  for (const signed of await signWithEveryKey(harness)) {
    const verdict = verifies(signed, signed.message)
    if (verdict === undefined) continue
    assert.equal(verdict, true, nameOf(signed))
    assert.equal(verifies(signed, withOneBitChanged(signed.message)), false, nameOf(signed))
    verified++
  }
  assert.equal(verified, 8 + 1 + 6)
})

test('noble derives the same shared secrets', async () => {
  for (const [KeySpec, curve] of Object.entries(CURVES)) {
    if (KeySpec === 'ECC_SECG_P256K1') continue
    const { KeyId } = (await harness.call('CreateKey', { KeySpec, KeyUsage: 'KEY_AGREEMENT' })).KeyMetadata
    const spki = bytesOf((await harness.call('GetPublicKey', { KeyId })).PublicKey)
    const pointBytes = curve.lengths.publicKeyUncompressed!
    const own = curve.utils.randomSecretKey()
    const head = spki.subarray(0, -pointBytes)
    const PublicKey = Buffer.concat([head, curve.getPublicKey(own, false)])
    const request = { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey }
    const { SharedSecret } = await harness.call('DeriveSharedSecret', request)
    const shared = curve.getSharedSecret(own, spki.subarray(-pointBytes), false)
    // 04 ‖ x ‖ y.
    assert.deepEqual(bytesOf(SharedSecret), Buffer.from(shared.subarray(1, 1 + (pointBytes - 1) / 2)))
  }
})

/** GM/T 0003.5. */
const SM2 = {
  p: BigInt('0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff'),
  a: BigInt('0xfffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc'),
  g: {
    x: BigInt('0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7'),
    y: BigInt('0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0'),
  },
} as const

function pointOf(spki: Buffer): Point {
  const coordinate = (from: number, to?: number) => BigInt(`0x${spki.subarray(from, to).toString('hex')}`)
  return { x: coordinate(-64, -32), y: coordinate(-32) }
}

function hex32(value: bigint): string {
  return value.toString(16).padStart(64, '0')
}

test('SM2 keys agree on what the textbook says', async () => {
  const kind = { KeySpec: 'SM2', KeyUsage: 'KEY_AGREEMENT' } as const
  for (let count = 0; count < 4; count++) {
    const { KeyId } = (await harness.call('CreateKey', kind)).KeyMetadata
    const spki = bytesOf((await harness.call('GetPublicKey', { KeyId })).PublicKey)
    const scalar = BigInt(`0x${randomBytes(31).toString('hex')}`) + 1n
    const own = multiply(SM2, SM2.g, scalar)!
    const PublicKey = Buffer.concat([spki.subarray(0, -64), Buffer.from(hex32(own.x) + hex32(own.y), 'hex')])
    const request = { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey }
    const { SharedSecret } = await harness.call('DeriveSharedSecret', request)
    assert.equal(bytesOf(SharedSecret).toString('hex'), hex32(multiply(SM2, pointOf(spki), scalar)!.x))
  }
})

test("Verify accepts noble's ECDSA signatures, with low S and with high S", async () => {
  const message = Buffer.from('a message for noble')
  for (const [KeySpec, curve] of Object.entries(CURVES)) {
    const wrapping = (await harness.call('CreateKey')).KeyMetadata.KeyId
    const pair = await harness.call('GenerateDataKeyPair', { KeyId: wrapping, KeyPairSpec: KeySpec })
    const privateKey = bytesOf(pair.PrivateKeyPlaintext)
    const { keyId: KeyId } = await insertGivenKey(harness, { KeySpec, KeyUsage: 'SIGN_VERIFY' }, privateKey)
    const scalar = scalarOf(privateKey, curve.lengths.secretKey!)
    const low = curve.sign(message, scalar, { lowS: true, prehash: true })
    const { r, s } = curve.Signature.fromBytes(low)
    const high = new curve.Signature(r, curve.Point.Fn.ORDER - s)
    const SigningAlgorithm =
      { ECC_NIST_P384: 'ECDSA_SHA_384', ECC_NIST_P521: 'ECDSA_SHA_512' }[KeySpec] ?? 'ECDSA_SHA_256'
    for (const signature of [curve.Signature.fromBytes(low), high]) {
      const Signature = Buffer.from(signature.toBytes('der'))
      const answer = await harness.call('Verify', { KeyId, Message: message, SigningAlgorithm, Signature })
      assert.equal(answer.SignatureValid, true, KeySpec)
    }
  }
})

/** The OCTET STRING of an ECPrivateKey (RFC 5915): the first after `version 1`. */
function scalarOf(pkcs8: Buffer, bytes: number): Buffer {
  const at = pkcs8.indexOf(Buffer.from([2, 1, 1, 4, bytes]))
  assert.ok(at > 0)
  return pkcs8.subarray(at + 5, at + 5 + bytes)
}
