/** RSA key specs: OAEP (RFC 8017, section 7.1), PSS and PKCS#1 v1.5 signatures (sections 8.1 and 8.2). */
import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  publicDecrypt,
  publicEncrypt,
  sign,
  subtle,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'
import { invalidCiphertext } from '../../base/errors.ts'
import { equalInConstantTime } from '../hash.ts'
import { threadPoolWork } from '../slow-work.ts'
import {
  checkMessage,
  checkPlaintext,
  type DataKeyPair,
  type EncryptionAlgorithm,
  type KeySpec,
  MaterialError,
  NO_CAPABILITIES,
  namesOf,
  type OpenKey,
  type OpenPublicKey,
  rawOrDigest,
  rowOf,
  type SigningAlgorithm,
} from './key-spec.ts'
import type { RsaHash } from './off-thread/rsa-digest.ts'
import { offThread } from './off-thread.ts'

interface RsaSigning extends SigningAlgorithm {
  readonly hash: RsaHash
  readonly digestBytes: number
  /** DER of DigestInfo up to the digest (RFC 8017, section 9.2, note 1); `undefined` for PSS. */
  readonly digestInfo: Buffer | undefined
}

function pkcs1(hash: RsaHash, digestBytes: number, digestInfo: string): RsaSigning {
  return { messageTypes: rawOrDigest(digestBytes), hash, digestBytes, digestInfo: Buffer.from(digestInfo, 'hex') }
}

function pss(hash: RsaHash, digestBytes: number): RsaSigning {
  return { messageTypes: rawOrDigest(digestBytes), hash, digestBytes, digestInfo: undefined }
}

const SIGNING: ReadonlyMap<string, RsaSigning> = new Map([
  ['RSASSA_PKCS1_V1_5_SHA_256', pkcs1('sha256', 32, '3031300d060960864801650304020105000420')],
  ['RSASSA_PKCS1_V1_5_SHA_384', pkcs1('sha384', 48, '3041300d060960864801650304020205000430')],
  ['RSASSA_PKCS1_V1_5_SHA_512', pkcs1('sha512', 64, '3051300d060960864801650304020305000440')],
  ['RSASSA_PSS_SHA_256', pss('sha256', 32)],
  ['RSASSA_PSS_SHA_384', pss('sha384', 48)],
  ['RSASSA_PSS_SHA_512', pss('sha512', 64)],
])

interface RsaEncryption extends EncryptionAlgorithm {
  readonly oaepHash: string
  /** The same hash as Web Cryptography names it. */
  readonly webHash: string
}

/** RFC 8017, section 7.1.1: k - 2 hLen - 2 bytes of plaintext. */
function oaep(modulusBytes: number, hashBytes: number, oaepHash: string, webHash: string): RsaEncryption {
  return { plaintextBytesMax: modulusBytes - 2 * hashBytes - 2, oaepHash, webHash }
}

const PUBLIC_EXPONENT = 65537

const generateAsync = promisify(generateKeyPair)
const signAsync = promisify(sign)

function rsaSpec(name: string, bits: number): KeySpec {
  const modulusBytes = bits / 8
  const encryption: ReadonlyMap<string, RsaEncryption> = new Map([
    ['RSAES_OAEP_SHA_1', oaep(modulusBytes, 20, 'sha1', 'SHA-1')],
    ['RSAES_OAEP_SHA_256', oaep(modulusBytes, 32, 'sha256', 'SHA-256')],
  ])

  function generatePair(): Promise<DataKeyPair> {
    return threadPoolWork.run(`generate ${name}`, () =>
      generateAsync('rsa', {
        modulusLength: bits,
        publicExponent: PUBLIC_EXPONENT,
        publicKeyEncoding: { format: 'der', type: 'spki' },
        privateKeyEncoding: { format: 'der', type: 'pkcs8' },
      }),
    )
  }

  return Object.freeze({
    name,
    kind: 'asymmetric',
    ...namesOf({ ENCRYPT_DECRYPT: encryption, SIGN_VERIFY: SIGNING }),
    generate: async () => (await generatePair()).privateKey,
    generatePair,
    importMaterial: async (bytes) => {
      const material = await offThread('importRsa', bytes, bits)
      if ('refused' in material) throw new MaterialError(material.refused)
      return Buffer.from(material)
    },
    open(material) {
      const privateKey = createPrivateKey({ key: material, format: 'der', type: 'pkcs8' })
      material.fill(0)
      const decrypt = decrypter(name, modulusBytes, privateKey)
      return Object.freeze({
        ...NO_CAPABILITIES,
        ...publicHalf(name, modulusBytes, encryption, createPublicKey(privateKey)),
        sign: signer(name, privateKey),
        decrypt: (algorithm: string, ciphertext: Uint8Array) => decrypt(rowOf(encryption, algorithm), ciphertext),
      })
    },
    openPublic: (spki) =>
      publicHalf(name, modulusBytes, encryption, createPublicKey({ key: spki, format: 'der', type: 'spki' })),
  } satisfies KeySpec)
}

function publicHalf(
  spec: string,
  modulusBytes: number,
  encryption: ReadonlyMap<string, RsaEncryption>,
  publicKey: KeyObject,
): OpenPublicKey {
  return Object.freeze({
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    verify: verifier(spec, modulusBytes, publicKey),
    encrypt(algorithm, plaintext) {
      const row = rowOf(encryption, algorithm)
      checkPlaintext(spec, algorithm, row, plaintext)
      return publicEncrypt(
        { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: row.oaepHash },
        plaintext,
      )
    },
  } satisfies OpenPublicKey)
}

function signatureOptions(key: KeyObject, { digestInfo, digestBytes }: RsaSigning) {
  return digestInfo === undefined
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: digestBytes }
    : { key, padding: constants.RSA_PKCS1_PADDING }
}

function signer(spec: string, privateKey: KeyObject): OpenKey['sign'] {
  const lane = `sign ${spec}`
  /** By hash; made when the first digest of it is signed. */
  const pssKeys = new Map<RsaHash, Promise<KeyObject>>()

  function pssKey({ hash, digestBytes }: RsaSigning): Promise<KeyObject> {
    const known = pssKeys.get(hash)
    if (known !== undefined) return known
    const made = offThread('restrictToPss', privateKey, hash, digestBytes)
    pssKeys.set(hash, made)
    made.catch(() => pssKeys.delete(hash))
    return made
  }

  async function signDigest(row: RsaSigning, digest: Uint8Array): Promise<Buffer> {
    if (row.digestInfo === undefined) {
      return offThread('signRsaDigest', await pssKey(row), constants.RSA_PKCS1_PSS_PADDING, digest)
    }
    return offThread('signRsaDigest', privateKey, constants.RSA_PKCS1_PADDING, Buffer.concat([row.digestInfo, digest]))
  }

  return (algorithm, type, message) => {
    checkMessage(spec, SIGNING, algorithm, type, message)
    const row = rowOf(SIGNING, algorithm)
    if (type === 'DIGEST') return signDigest(row, message)
    return threadPoolWork.run(lane, () => signAsync(row.hash, message, signatureOptions(privateKey, row)))
  }
}

function verifier(spec: string, modulusBytes: number, publicKey: KeyObject): OpenKey['verify'] {
  return (algorithm, type, message, signature) => {
    checkMessage(spec, SIGNING, algorithm, type, message)
    // RFC 8017, sections 8.1.2 and 8.2.2, step 1: leading zeros are part of a signature.
    if (signature.length !== modulusBytes) return false
    const row = rowOf(SIGNING, algorithm)
    if (type === 'RAW') return verify(row.hash, message, signatureOptions(publicKey, row), signature)
    if (row.digestInfo === undefined) return offThread('verifyPssDigest', publicKey, row.hash, message, signature)
    return verifyDigestInfo(publicKey, Buffer.concat([row.digestInfo, message]), signature)
  }
}

/** Compares the whole DigestInfo, so there is no room for a lax parser (RFC 8017, section 8.2.2, step 4). */
function verifyDigestInfo(key: KeyObject, digestInfo: Buffer, signature: Uint8Array): boolean {
  try {
    const recovered = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature)
    return equalInConstantTime(recovered, digestInfo)
  } catch {
    return false
  }
}

/** Web Cryptography's decrypt runs in the thread pool, `privateDecrypt` only here. */
function decrypter(spec: string, modulusBytes: number, privateKey: KeyObject) {
  const lane = `decrypt ${spec}`
  const keys = new Map<string, ReturnType<KeyObject['toCryptoKey']>>()

  function webKey(hash: string): ReturnType<KeyObject['toCryptoKey']> {
    const known = keys.get(hash)
    if (known !== undefined) return known
    const key = privateKey.toCryptoKey({ name: 'RSA-OAEP', hash }, false, ['decrypt'])
    keys.set(hash, key)
    return key
  }

  return async ({ webHash }: RsaEncryption, ciphertext: Uint8Array): Promise<Buffer> => {
    if (ciphertext.length !== modulusBytes) throw invalidCiphertext()
    return threadPoolWork.run(lane, async () => {
      try {
        return Buffer.from(await subtle.decrypt({ name: 'RSA-OAEP' }, webKey(webHash), Buffer.from(ciphertext)))
      } catch (cause) {
        throw invalidCiphertext(cause)
      }
    })
  }
}

export const RSA_SPECS: readonly KeySpec[] = [
  rsaSpec('RSA_2048', 2048),
  rsaSpec('RSA_3072', 3072),
  rsaSpec('RSA_4096', 4096),
]
