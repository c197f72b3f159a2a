/**
 * How key material is wrapped on its way here (lifecycle.md IMP-15, IMP-20 to IMP-23): one row for each algorithm, with the
 * key specs that may come in by it.
 *
 * ```
 * RSAES_OAEP_*        EncryptedKeyMaterial = RSA-OAEP(material)
 * RSA_AES_KEY_WRAP_*  EncryptedKeyMaterial = RSA-OAEP(AES key) ‖ AES-KWP(AES key, material)
 * SM2PKE              EncryptedKeyMaterial = SM2 public key encryption of the material
 * ```
 *
 * Hash and mask generation follow the algorithm's name, the label is empty.
 */
import { randomBytes } from 'node:crypto'
import { KmsError } from '../../base/errors.ts'
import { keySpec, type OpenKey } from '../algorithms/index.ts'
import { isKeyEncryptionKey, unwrapPadded } from './aes-key-wrap.ts'

/** In the model's order. The first is never taken: its padding tells an attacker too much (IMP-15). */
export const WRAPPING_ALGORITHMS = [
  'RSAES_PKCS1_V1_5',
  'RSAES_OAEP_SHA_1',
  'RSAES_OAEP_SHA_256',
  'RSA_AES_KEY_WRAP_SHA_1',
  'RSA_AES_KEY_WRAP_SHA_256',
  'SM2PKE',
] as const
export type WrappingAlgorithm = (typeof WRAPPING_ALGORITHMS)[number]

export const WRAPPING_KEY_SPECS = ['RSA_2048', 'RSA_3072', 'RSA_4096', 'SM2'] as const
export type WrappingKeySpec = (typeof WRAPPING_KEY_SPECS)[number]

/** `undefined` for a ciphertext that does not open. */
type Unwrap = (key: OpenKey, wrappingKeySpec: WrappingKeySpec, wrapped: Buffer) => Promise<Buffer | undefined>

interface Row {
  readonly wrappingKeySpecs: readonly WrappingKeySpec[]
  /** The key specs whose material may come in by this algorithm. */
  readonly targets: readonly string[]
  /** Targets that AWS refuses although this algorithm and the smallest wrapping key are both theirs. */
  readonly notUnderRsa2048: readonly string[]
  readonly unwrap: Unwrap
}

const RAW = ['SYMMETRIC_DEFAULT', 'HMAC_224', 'HMAC_256', 'HMAC_384', 'HMAC_512']
const RSA = ['RSA_2048', 'RSA_3072', 'RSA_4096']
const ECC = ['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521', 'ECC_SECG_P256K1', 'ECC_NIST_EDWARDS25519']
const RSA_WRAPPING: readonly WrappingKeySpec[] = ['RSA_2048', 'RSA_3072', 'RSA_4096']

const MODULUS_BYTES: Readonly<Record<WrappingKeySpec, number>> = { RSA_2048: 256, RSA_3072: 384, RSA_4096: 512, SM2: 0 }

const AES_256_KEY_BYTES = 32

/** Only what is wrong with the ciphertext is taken for its failure; having no turn is not. */
async function decrypted(key: OpenKey, algorithm: string, ciphertext: Buffer): Promise<Buffer | undefined> {
  try {
    return await key.decrypt(algorithm, ciphertext)
  } catch (error) {
    if (error instanceof KmsError && error.code === 'InvalidCiphertextException') return undefined
    throw error
  }
}

function oaep(hash: 'SHA_1' | 'SHA_256'): Row {
  return {
    wrappingKeySpecs: RSA_WRAPPING,
    targets: [...RAW, ...ECC, 'SM2'],
    // P-521 does not fit; Ed25519 would, and its refusal is recorded all the same.
    notUnderRsa2048: ['ECC_NIST_P521', 'ECC_NIST_EDWARDS25519'],
    unwrap: (key, _wrappingKeySpec, wrapped) => decrypted(key, `RSAES_OAEP_${hash}`, wrapped),
  }
}

/** PKCS #11's CKM_RSA_AES_KEY_WRAP. */
function aesKeyWrap(hash: 'SHA_1' | 'SHA_256'): Row {
  return {
    wrappingKeySpecs: RSA_WRAPPING,
    targets: [...RSA, ...ECC],
    notUnderRsa2048: [],
    async unwrap(key, wrappingKeySpec, wrapped) {
      const end = MODULUS_BYTES[wrappingKeySpec]
      const opened = await decrypted(key, `RSAES_OAEP_${hash}`, wrapped.subarray(0, end))
      // Goes on with a random key (IMP-93), so that how long a failure takes does not say which part was to blame.
      const kek = opened !== undefined && isKeyEncryptionKey(opened) ? opened : randomBytes(AES_256_KEY_BYTES)
      const material = unwrapPadded(kek, wrapped.subarray(end))
      kek.fill(0)
      return material
    },
  }
}

const ROWS: Readonly<Partial<Record<WrappingAlgorithm, Row>>> = {
  RSAES_OAEP_SHA_1: oaep('SHA_1'),
  RSAES_OAEP_SHA_256: oaep('SHA_256'),
  RSA_AES_KEY_WRAP_SHA_1: aesKeyWrap('SHA_1'),
  RSA_AES_KEY_WRAP_SHA_256: aesKeyWrap('SHA_256'),
  SM2PKE: {
    wrappingKeySpecs: ['SM2'],
    targets: [...RSA, 'SM2'],
    notUnderRsa2048: [],
    unwrap: (key, _wrappingKeySpec, wrapped) => decrypted(key, 'SM2PKE', wrapped),
  },
}

/** Whether material of a key spec may be wrapped so (IMP-15). */
export function isWrappable(target: string, algorithm: WrappingAlgorithm, wrappingKeySpec: WrappingKeySpec): boolean {
  const row = ROWS[algorithm]
  if (row === undefined || !row.wrappingKeySpecs.includes(wrappingKeySpec) || !row.targets.includes(target))
    return false
  return wrappingKeySpec !== 'RSA_2048' || !row.notUnderRsa2048.includes(target)
}

export interface WrappingKeyPair {
  /** PKCS#8 DER; the caller wipes it. */
  readonly privateKey: Buffer
  /** SPKI DER. */
  readonly publicKey: Buffer
}

/** @throws {KmsError} `ThrottlingException` when too many jobs wait. */
export async function generateWrappingKeyPair(wrappingKeySpec: WrappingKeySpec): Promise<WrappingKeyPair> {
  const spec = keySpec(wrappingKeySpec)!
  const privateKey = await spec.generate()
  return { privateKey, publicKey: spec.open(Buffer.from(privateKey)).publicKey! }
}

export interface WrappedMaterial {
  readonly algorithm: WrappingAlgorithm
  readonly wrappingKeySpec: WrappingKeySpec
  /** PKCS#8 DER; it is wiped. */
  readonly privateKey: Buffer
  readonly wrapped: Buffer
}

/**
 * What was wrapped, whatever it is; the caller wipes it. A ciphertext that does not open gives no bytes, which are no
 * material of any key spec: what is looked at next fails for both reasons in the same way (IMP-93).
 * @throws {KmsError} `ThrottlingException` when too many jobs wait.
 */
export async function unwrapMaterial(parts: WrappedMaterial): Promise<Buffer> {
  const { algorithm, wrappingKeySpec, privateKey, wrapped } = parts
  const row = ROWS[algorithm]
  if (row === undefined) throw new Error(`nothing is wrapped by ${algorithm}`)
  const key = keySpec(wrappingKeySpec)!.open(privateKey)
  return (await row.unwrap(key, wrappingKeySpec, wrapped)) ?? Buffer.alloc(0)
}
