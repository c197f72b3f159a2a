/** SM2 (GM/T 0003): SM2DSA with SM3, SM2PKE, ECDH, on the curve of GM/T 0003.5. AWS has it in China Regions only. */
import { createPrivateKey, createPublicKey, createSecretKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { invalidCiphertext } from '../../base/errors.ts'
import { threadPoolWork } from '../slow-work.ts'
import { generateEcKeyPair } from './ec-key-pair.ts'
import {
  checkMessage,
  checkPlaintext,
  type EncryptionAlgorithm,
  invalidPeer,
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
import { offThread } from './off-thread.ts'

const SPEC = 'SM2'
const CURVE = 'SM2'
const CURVE_OID = '1.2.156.10197.1.301'
/** 04 ‖ x ‖ y, the end of the SPKI. */
const POINT_BYTES = 65

const SIGNING: ReadonlyMap<string, SigningAlgorithm> = new Map([['SM2DSA', { messageTypes: rawOrDigest(32) }]])
const ENCRYPTION: ReadonlyMap<string, EncryptionAlgorithm> = new Map([['SM2PKE', { plaintextBytesMax: 1024 }]])
const AGREEMENT = new Map([['ECDH', {}]])

const generateAsync = promisify(generateKeyPair)

function openPrivateKey(material: Buffer): KeyObject {
  return createPrivateKey({ key: material, format: 'der', type: 'pkcs8' })
}

function pointOf(spki: Buffer): Buffer {
  return Buffer.from(spki.subarray(spki.length - POINT_BYTES))
}

/** @throws {KmsError} `ValidationException` without text. */
function peerPoint(own: Buffer, peer: Uint8Array): Uint8Array {
  // Everything but the point is the same in all keys of this curve; OpenSSL refuses points that are not on it.
  const head = own.length - POINT_BYTES
  if (peer.length !== own.length || own.compare(peer, 0, head, 0, head) !== 0) throw invalidPeer()
  try {
    createPublicKey({ key: Buffer.from(peer), format: 'der', type: 'spki' })
  } catch (cause) {
    throw invalidPeer(cause)
  }
  return peer.subarray(head)
}

function open(material: Buffer): OpenKey {
  const spki = createPublicKey(openPrivateKey(material)).export({ format: 'der', type: 'spki' })
  // An opened SM2 key of node:crypto does nothing that is of use here, so the encoded key goes to the thread, in a handle.
  const key = createSecretKey(material)
  material.fill(0)
  const point = pointOf(spki)
  return Object.freeze({
    ...NO_CAPABILITIES,
    ...publicHalf(spki),
    sign(algorithm, type, message) {
      checkMessage(SPEC, SIGNING, algorithm, type, message)
      return offThread('signSm2', key, point, message, type === 'DIGEST')
    },
    async decrypt(_algorithm, ciphertext) {
      const plaintext = await offThread('decryptSm2', key, ciphertext)
      if (plaintext === undefined) throw invalidCiphertext()
      return plaintext
    },
    agree: async (_algorithm, peer) => offThread('agreeSm2', key, peerPoint(spki, peer)),
  } satisfies OpenKey)
}

function publicHalf(spki: Buffer): OpenPublicKey {
  const point = pointOf(spki)
  return Object.freeze({
    publicKey: spki,
    verify(algorithm, type, message, signature) {
      checkMessage(SPEC, SIGNING, algorithm, type, message)
      return offThread('verifySm2', point, message, type === 'DIGEST', signature)
    },
    encrypt(algorithm, plaintext) {
      checkPlaintext(SPEC, algorithm, rowOf(ENCRYPTION, algorithm), plaintext)
      return offThread('encryptSm2', point, plaintext)
    },
  } satisfies OpenPublicKey)
}

export const SM2_SPECS: readonly KeySpec[] = [
  Object.freeze({
    name: SPEC,
    kind: 'asymmetric',
    ...namesOf({ ENCRYPT_DECRYPT: ENCRYPTION, SIGN_VERIFY: SIGNING, KEY_AGREEMENT: AGREEMENT }),
    generate: async () => {
      const generateKeys = () => generateAsync('ec', { namedCurve: CURVE })
      const { privateKey } = await threadPoolWork.run(`generate ${SPEC}`, generateKeys)
      return privateKey.export({ format: 'der', type: 'pkcs8' })
    },
    generatePair: () => threadPoolWork.run(`generate ${SPEC}`, () => generateEcKeyPair(CURVE)),
    importMaterial: async (bytes) => {
      const material = await offThread('importSm2', bytes, CURVE_OID)
      if ('refused' in material) throw new MaterialError(material.refused)
      return Buffer.from(material)
    },
    open,
    openPublic: publicHalf,
  } satisfies KeySpec),
]
