/** Every vector that there is for our algorithms, through the same doors as the service's own calls. */
import { createHash, createPrivateKey, createPublicKey, hash } from 'node:crypto'
import { open } from '../../../src/crypto/aead.ts'
import { keySpec, type MessageType, type OpenPublicKey } from '../../../src/crypto/algorithms/index.ts'
import { type Case, type Group, hex, type Outcome, testVectors } from './support/wycheproof.ts'

const HASHES: Readonly<Record<string, string>> = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' }

/** Groups share a public key, so it is opened once. */
const opened = new WeakMap<Group, OpenPublicKey>()

function publicKeyOf(spec: string, group: Group): OpenPublicKey {
  const known = opened.get(group)
  if (known !== undefined) return known
  const key = keySpec(spec)!.openPublic!(hex(group.publicKeyDer))
  opened.set(group, key)
  return key
}

async function verify(
  spec: string,
  algorithm: string,
  type: MessageType,
  group: Group,
  vector: Case,
): Promise<Outcome> {
  const message = type === 'RAW' ? hex(vector.msg) : hash(HASHES[group.sha]!, hex(vector.msg), 'buffer')
  const valid = await publicKeyOf(spec, group).verify(algorithm, type, message, hex(vector.sig))
  return valid ? 'accepted' : 'refused'
}

const SIGNATURES: readonly (readonly [spec: string, algorithm: string, files: readonly string[]])[] = [
  ['ECC_NIST_P256', 'ECDSA_SHA_256', ['ecdsa_secp256r1_sha256']],
  ['ECC_NIST_P384', 'ECDSA_SHA_384', ['ecdsa_secp384r1_sha384']],
  ['ECC_NIST_P521', 'ECDSA_SHA_512', ['ecdsa_secp521r1_sha512']],
  ['ECC_SECG_P256K1', 'ECDSA_SHA_256', ['ecdsa_secp256k1_sha256']],
  ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256', ['rsa_signature_2048_sha256']],
  ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_384', ['rsa_signature_2048_sha384']],
  ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_512', ['rsa_signature_2048_sha512']],
  ['RSA_3072', 'RSASSA_PKCS1_V1_5_SHA_256', ['rsa_signature_3072_sha256']],
  ['RSA_3072', 'RSASSA_PKCS1_V1_5_SHA_384', ['rsa_signature_3072_sha384']],
  ['RSA_3072', 'RSASSA_PKCS1_V1_5_SHA_512', ['rsa_signature_3072_sha512']],
  ['RSA_4096', 'RSASSA_PKCS1_V1_5_SHA_256', ['rsa_signature_4096_sha256']],
  ['RSA_4096', 'RSASSA_PKCS1_V1_5_SHA_384', ['rsa_signature_4096_sha384']],
  ['RSA_4096', 'RSASSA_PKCS1_V1_5_SHA_512', ['rsa_signature_4096_sha512']],
  ['RSA_2048', 'RSASSA_PSS_SHA_256', ['rsa_pss_2048_sha256_mgf1_32']],
  ['RSA_2048', 'RSASSA_PSS_SHA_384', ['rsa_pss_2048_sha384_mgf1_48']],
  ['RSA_3072', 'RSASSA_PSS_SHA_256', ['rsa_pss_3072_sha256_mgf1_32']],
  ['RSA_4096', 'RSASSA_PSS_SHA_256', ['rsa_pss_4096_sha256_mgf1_32']],
  ['RSA_4096', 'RSASSA_PSS_SHA_384', ['rsa_pss_4096_sha384_mgf1_48']],
  ['RSA_4096', 'RSASSA_PSS_SHA_512', ['rsa_pss_4096_sha512_mgf1_64']],
]

for (const [spec, algorithm, files] of SIGNATURES) {
  for (const type of ['RAW', 'DIGEST'] as const) {
    testVectors(`Wycheproof agrees with ${algorithm} of ${spec} over ${type} messages`, files, (group, vector) =>
      verify(spec, algorithm, type, group, vector),
    )
  }
}

testVectors('Wycheproof agrees with ED25519_SHA_512', ['ed25519'], (group, vector) =>
  verify('ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', 'RAW', group, vector),
)

const ML_DSA = [
  ['ML_DSA_44', 'ml-dsa-44', 'mldsa_44_verify'],
  ['ML_DSA_65', 'ml-dsa-65', 'mldsa_65_verify'],
  ['ML_DSA_87', 'ml-dsa-87', 'mldsa_87_verify'],
] as const

/** FIPS 204, Algorithm 2 step 10 and Algorithm 7 steps 1 and 6: the representative that a client makes itself. */
function externalMu(publicKey: Buffer, message: Buffer): Buffer {
  const shake = (...parts: Buffer[]) => {
    const state = createHash('shake256', { outputLength: 64 })
    for (const part of parts) state.update(part)
    return state.digest()
  }
  return shake(shake(publicKey), Buffer.of(0, 0), message)
}

/** Keys of a wrong length fail when they are read, which is a refusal too. */
function mlDsaSpki(raw: Buffer, type: (typeof ML_DSA)[number][1]): Buffer | undefined {
  try {
    const key = createPublicKey({ key: raw, format: 'raw-public', asymmetricKeyType: type })
    return key.export({ format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

for (const [spec, nodeType, file] of ML_DSA) {
  for (const type of ['RAW', 'EXTERNAL_MU'] as const) {
    testVectors(
      `Wycheproof agrees with ML_DSA_SHAKE_256 of ${spec} over ${type} messages`,
      [file],
      async (group, vector) => {
        // KMS signs with the empty context string only (operations.md 4.3).
        if (vector.ctx !== undefined && vector.ctx !== '') return 'not ours'
        const raw = hex(group.publicKey as string)
        const spki = mlDsaSpki(raw, nodeType)
        if (spki === undefined) return 'refused'
        const message = type === 'RAW' ? hex(vector.msg) : externalMu(raw, hex(vector.msg))
        const key = keySpec(spec)!.openPublic!(spki)
        return (await key.verify('ML_DSA_SHAKE_256', type, message, hex(vector.sig))) ? 'accepted' : 'refused'
      },
    )
  }
}

const AGREEMENT = [
  ['ECC_NIST_P256', 'P-256', 32, 'ecdh_secp256r1'],
  ['ECC_NIST_P384', 'P-384', 48, 'ecdh_secp384r1'],
  ['ECC_NIST_P521', 'P-521', 66, 'ecdh_secp521r1'],
] as const

/** A scalar in the vectors' form (an integer with or without leading zeros) at the curve's width. */
function scalar(text: string, bytes: number): Buffer {
  return Buffer.from(
    BigInt(`0x${text}`)
      .toString(16)
      .padStart(2 * bytes, '0'),
    'hex',
  )
}

for (const [spec, namedCurve, bytes, file] of AGREEMENT) {
  testVectors(`Wycheproof agrees with ECDH of ${spec}`, [file], async (_group, vector) => {
    const key = {
      key: scalar(vector.private, bytes),
      format: 'raw-private',
      asymmetricKeyType: 'ec',
      namedCurve,
    } as const
    const material = createPrivateKey(key).export({ format: 'der', type: 'pkcs8' })
    try {
      const shared = await keySpec(spec)!.open(material).agree('ECDH', hex(vector.public))
      return shared.equals(hex(vector.shared)) ? 'accepted' : 'refused'
    } catch (error) {
      if ((error as { code?: string }).code !== 'ValidationException') throw error
      return 'refused'
    }
  })
}

const OAEP = [
  ['RSA_2048', 'RSAES_OAEP_SHA_1', 'rsa_oaep_2048_sha1_mgf1sha1'],
  ['RSA_2048', 'RSAES_OAEP_SHA_256', 'rsa_oaep_2048_sha256_mgf1sha256'],
  ['RSA_3072', 'RSAES_OAEP_SHA_256', 'rsa_oaep_3072_sha256_mgf1sha256'],
  ['RSA_4096', 'RSAES_OAEP_SHA_256', 'rsa_oaep_4096_sha256_mgf1sha256'],
] as const

for (const [spec, algorithm, file] of OAEP) {
  testVectors(`Wycheproof agrees with ${algorithm} of ${spec}`, [file], async (group, vector) => {
    // KMS has no label (operations.md 4.2).
    if (vector.label !== '') return 'not ours'
    try {
      const plaintext = await keySpec(spec)!.open(hex(group.privateKeyPkcs8)).decrypt(algorithm, hex(vector.ct))
      return plaintext.equals(hex(vector.msg)) ? 'accepted' : 'refused'
    } catch (error) {
      if ((error as { code?: string }).code !== 'InvalidCiphertextException') throw error
      return 'refused'
    }
  })
}

const MACS = [
  ['HMAC_224', 'HMAC_SHA_224', 224, 'hmac_sha224'],
  ['HMAC_256', 'HMAC_SHA_256', 256, 'hmac_sha256'],
  ['HMAC_384', 'HMAC_SHA_384', 384, 'hmac_sha384'],
  ['HMAC_512', 'HMAC_SHA_512', 512, 'hmac_sha512'],
] as const

for (const [spec, algorithm, bits, file] of MACS) {
  testVectors(`Wycheproof agrees with ${algorithm}`, [file], (group, vector) => {
    // MACs are never truncated (operations.md 4.7).
    if (group.tagSize !== bits) return 'not ours'
    const mac = keySpec(spec)!.open(hex(vector.key)).mac(algorithm, hex(vector.msg))
    return mac.equals(hex(vector.tag)) ? 'accepted' : 'refused'
  })
}

testVectors('Wycheproof agrees with our use of AES-256-GCM', ['aes_gcm'], (group, vector) => {
  if (group.keySize !== 256 || group.ivSize !== 96 || group.tagSize !== 128) return 'not ours'
  const plaintext = open(hex(vector.key), hex(vector.iv), hex(vector.aad), hex(vector.ct + vector.tag))
  return plaintext?.equals(hex(vector.msg)) ? 'accepted' : 'refused'
})
