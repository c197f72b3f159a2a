/** Key specs, usages, algorithms and sizes, typed from operations.md 4.1 to 4.7: nothing here is read from our own declarations. */
import { createHash, hash } from 'node:crypto'

export const KEY_USAGES = ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'] as const
export type KeyUsage = (typeof KEY_USAGES)[number]

export const MESSAGE_TYPES = ['RAW', 'DIGEST', 'EXTERNAL_MU'] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

/** A key as CreateKey is asked for it. */
export interface KeyKind {
  readonly KeySpec: string
  readonly KeyUsage: KeyUsage
  /** In the order of KeyMetadata and GetPublicKey. */
  readonly algorithms: readonly string[]
}

const RSA_SPECS = ['RSA_2048', 'RSA_3072', 'RSA_4096']
const OAEP = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']
const RSASSA = [
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
]

function kind(KeySpec: string, KeyUsage: KeyUsage, ...algorithms: string[]): KeyKind {
  return { KeySpec, KeyUsage, algorithms }
}

/** operations.md 4.1: every pair of spec and usage that there is. */
export const KEY_KINDS: readonly KeyKind[] = [
  kind('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', 'SYMMETRIC_DEFAULT'),
  ...RSA_SPECS.map((spec) => kind(spec, 'ENCRYPT_DECRYPT', ...OAEP)),
  ...RSA_SPECS.map((spec) => kind(spec, 'SIGN_VERIFY', ...RSASSA)),
  kind('ECC_NIST_P256', 'SIGN_VERIFY', 'ECDSA_SHA_256'),
  kind('ECC_NIST_P384', 'SIGN_VERIFY', 'ECDSA_SHA_384'),
  kind('ECC_NIST_P521', 'SIGN_VERIFY', 'ECDSA_SHA_512'),
  kind('ECC_NIST_P256', 'KEY_AGREEMENT', 'ECDH'),
  kind('ECC_NIST_P384', 'KEY_AGREEMENT', 'ECDH'),
  kind('ECC_NIST_P521', 'KEY_AGREEMENT', 'ECDH'),
  kind('ECC_SECG_P256K1', 'SIGN_VERIFY', 'ECDSA_SHA_256'),
  kind('ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', 'ED25519_PH_SHA_512', 'ED25519_SHA_512'),
  kind('ML_DSA_44', 'SIGN_VERIFY', 'ML_DSA_SHAKE_256'),
  kind('ML_DSA_65', 'SIGN_VERIFY', 'ML_DSA_SHAKE_256'),
  kind('ML_DSA_87', 'SIGN_VERIFY', 'ML_DSA_SHAKE_256'),
  kind('HMAC_224', 'GENERATE_VERIFY_MAC', 'HMAC_SHA_224'),
  kind('HMAC_256', 'GENERATE_VERIFY_MAC', 'HMAC_SHA_256'),
  kind('HMAC_384', 'GENERATE_VERIFY_MAC', 'HMAC_SHA_384'),
  kind('HMAC_512', 'GENERATE_VERIFY_MAC', 'HMAC_SHA_512'),
  kind('SM2', 'ENCRYPT_DECRYPT', 'SM2PKE'),
  kind('SM2', 'SIGN_VERIFY', 'SM2DSA'),
  kind('SM2', 'KEY_AGREEMENT', 'ECDH'),
]

export const KEY_SPECS: readonly string[] = [...new Set(KEY_KINDS.map(({ KeySpec }) => KeySpec))]

export function kindsFor(usage: KeyUsage): readonly KeyKind[] {
  return KEY_KINDS.filter(({ KeyUsage }) => KeyUsage === usage)
}

export function algorithmsFor(usage: KeyUsage): readonly string[] {
  return [...new Set(kindsFor(usage).flatMap(({ algorithms }) => algorithms))]
}

export function isAsymmetric(spec: string): boolean {
  return spec !== 'SYMMETRIC_DEFAULT' && !spec.startsWith('HMAC_')
}

/** operations.md 1.8: SM2 is not printed. */
export const PRINTED = {
  encryptionAlgorithm: 'RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT',
  signingAlgorithm:
    'RSASSA_PSS_SHA_256, RSASSA_PSS_SHA_384, RSASSA_PSS_SHA_512, RSASSA_PKCS1_V1_5_SHA_256, RSASSA_PKCS1_V1_5_SHA_384, RSASSA_PKCS1_V1_5_SHA_512, ECDSA_SHA_256, ECDSA_SHA_384, ECDSA_SHA_512, ED25519_SHA_512, ED25519_PH_SHA_512, SM2DSA, ML_DSA_SHAKE_256',
  messageType: 'RAW, DIGEST, EXTERNAL_MU',
  macAlgorithm: 'HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512',
  keyAgreementAlgorithm: 'ECDH',
  keySpec:
    'RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1, ECC_NIST_EDWARDS25519, SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384, HMAC_512, SM2, ML_DSA_44, ML_DSA_65, ML_DSA_87',
  keyPairSpec:
    'RSA_2048, ECC_NIST_P384, ECC_NIST_EDWARDS25519, ECC_NIST_P256, ECC_NIST_P521, RSA_3072, ECC_SECG_P256K1, RSA_4096',
} as const

/** operations.md 4.2: longest plaintext and length of the ciphertext. */
export const OAEP_BYTES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  RSA_2048: { RSAES_OAEP_SHA_1: 214, RSAES_OAEP_SHA_256: 190, ciphertext: 256 },
  RSA_3072: { RSAES_OAEP_SHA_1: 342, RSAES_OAEP_SHA_256: 318, ciphertext: 384 },
  RSA_4096: { RSAES_OAEP_SHA_1: 470, RSAES_OAEP_SHA_256: 446, ciphertext: 512 },
}
export const SM2PKE_PLAINTEXT_BYTES_MAX = 1024

/** operations.md 4.5, SubjectPublicKeyInfo; SM2, which it leaves out, is encoded as another curve with an 8-byte OID. */
export const PUBLIC_KEY_BYTES: Readonly<Record<string, number>> = {
  RSA_2048: 294,
  RSA_3072: 422,
  RSA_4096: 550,
  ECC_NIST_P256: 91,
  ECC_NIST_P384: 120,
  ECC_NIST_P521: 158,
  ECC_SECG_P256K1: 88,
  ECC_NIST_EDWARDS25519: 44,
  ML_DSA_44: 1334,
  ML_DSA_65: 1974,
  ML_DSA_87: 2614,
  SM2: 91,
}

/** operations.md 4.5: PKCS#8 of a data key pair, and by how much it may vary. SM2 is as long as P-256. */
export const PRIVATE_KEY_BYTES: Readonly<Record<string, readonly [bytes: number, spread: number]>> = {
  RSA_2048: [1218, 4],
  RSA_3072: [1793, 4],
  RSA_4096: [2374, 4],
  ECC_NIST_P256: [150, 0],
  ECC_NIST_P384: [194, 0],
  ECC_NIST_P521: [250, 0],
  ECC_SECG_P256K1: [144, 0],
  ECC_NIST_EDWARDS25519: [48, 0],
  SM2: [150, 0],
}

/** operations.md 3.21: what GenerateDataKeyPair makes pairs of. */
export const KEY_PAIR_SPECS: readonly string[] = Object.keys(PRIVATE_KEY_BYTES)

/** lifecycle.md CT-1: how much longer than its plaintext a symmetric blob of ours is. */
export const BLOB_OVERHEAD_BYTES = 116

/** operations.md 4.4; ECDSA is DER and varies, here are the longest. */
export function signatureBytes(spec: string): { readonly max: number; readonly exact: boolean } {
  const [, bits] = /^RSA_(\d+)$/.exec(spec) ?? []
  if (bits !== undefined) return { max: Number(bits) / 8, exact: true }
  const fixed = { ECC_NIST_EDWARDS25519: 64, ML_DSA_44: 2420, ML_DSA_65: 3309, ML_DSA_87: 4627 }[spec]
  if (fixed !== undefined) return { max: fixed, exact: true }
  return { max: { ECC_NIST_P384: 104, ECC_NIST_P521: 139 }[spec] ?? 72, exact: false }
}

/** operations.md 4.4. */
export function isDeterministic(algorithm: string): boolean {
  return algorithm.startsWith('RSASSA_PKCS1') || algorithm.startsWith('ED25519')
}

/** operations.md 4.3: message types that an algorithm takes, and the length where it is fixed. */
export function messageTypesOf(algorithm: string): ReadonlyMap<MessageType, number | undefined> {
  switch (algorithm) {
    case 'ED25519_SHA_512':
      return new Map([['RAW', undefined]])
    case 'ED25519_PH_SHA_512':
      return new Map([['DIGEST', 64]])
    case 'ML_DSA_SHAKE_256':
      return new Map<MessageType, number | undefined>([
        ['RAW', undefined],
        ['EXTERNAL_MU', 64],
      ])
    default:
      return new Map<MessageType, number | undefined>([
        ['RAW', undefined],
        ['DIGEST', DIGEST_BYTES[hashOf(algorithm)]],
      ])
  }
}

const DIGEST_BYTES: Readonly<Record<string, number>> = { sha256: 32, sha384: 48, sha512: 64, sm3: 32 }

/** Name of the hash that a signing or MAC algorithm applies, as OpenSSL spells it. */
export function hashOf(algorithm: string): string {
  return algorithm === 'SM2DSA' ? 'sm3' : `sha${algorithm.slice(-3)}`
}

/** What Sign and Verify are handed as `type` so that the signature is that of `message`. */
export function asMessageType(algorithm: string, type: MessageType, message: Buffer, publicKey: Buffer): Buffer {
  if (type === 'RAW') return message
  if (type === 'EXTERNAL_MU') return externalMu(message, publicKey)
  if (algorithm === 'SM2DSA') return sm2Digest(message, publicKey)
  return hash(hashOf(algorithm), message, 'buffer')
}

/** FIPS 204, algorithm 7, line 6, with an empty context string. The encoded public key ends the SPKI after 22 bytes. */
function externalMu(message: Buffer, spki: Buffer): Buffer {
  const shake = (...parts: Uint8Array[]) => {
    const state = createHash('shake256', { outputLength: 64 })
    for (const part of parts) state.update(part)
    return state.digest()
  }
  return shake(shake(spki.subarray(22)), Uint8Array.of(0, 0), message)
}

/** a, b and the base point of the curve (GM/T 0003.5). */
const SM2_CURVE = Buffer.from(
  'fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc' +
    '28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93' +
    '32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7' +
    'bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0',
  'hex',
)

/** GM/T 0003.2: SM3 over Z, which binds identity and public key, and the message. */
function sm2Digest(message: Buffer, spki: Buffer): Buffer {
  const identity = Buffer.from('1234567812345678')
  const bits = Buffer.from([0, identity.length * 8])
  const z = hash('sm3', Buffer.concat([bits, identity, SM2_CURVE, spki.subarray(-64)]), 'buffer')
  return hash('sm3', Buffer.concat([z, message]), 'buffer')
}
