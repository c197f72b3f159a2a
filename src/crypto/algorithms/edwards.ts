/** ECC_NIST_EDWARDS25519: Ed25519 over the message, Ed25519ph over a digest (RFC 8032); signatures are 64 raw bytes. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { threadPoolWork } from '../slow-work.ts'
import {
  checkMessage,
  type DataKeyPair,
  type KeySpec,
  MaterialError,
  type MessageType,
  NO_CAPABILITIES,
  NO_PUBLIC_CAPABILITIES,
  namesOf,
  type OpenKey,
  type OpenPublicKey,
  type SigningAlgorithm,
} from './key-spec.ts'
import { offThread } from './off-thread.ts'

const SPEC = 'ECC_NIST_EDWARDS25519'

const SIGNING: ReadonlyMap<string, SigningAlgorithm> = new Map([
  ['ED25519_PH_SHA_512', { messageTypes: new Map<MessageType, number>([['DIGEST', 64]]) }],
  ['ED25519_SHA_512', { messageTypes: new Map<MessageType, undefined>([['RAW', undefined]]) }],
])

const generateAsync = promisify(generateKeyPair)

function generatePair(): Promise<DataKeyPair> {
  return threadPoolWork.run(`generate ${SPEC}`, () =>
    generateAsync('ed25519', {
      publicKeyEncoding: { format: 'der', type: 'spki' },
      privateKeyEncoding: { format: 'der', type: 'pkcs8' },
    }),
  )
}

// The message type tells the two algorithms apart: each takes one that the other refuses.

function open(material: Buffer): OpenKey {
  const privateKey = createPrivateKey({ key: material, format: 'der', type: 'pkcs8' })
  material.fill(0)
  return Object.freeze({
    ...NO_CAPABILITIES,
    ...publicHalf(createPublicKey(privateKey)),
    sign(algorithm, type, message) {
      checkMessage(SPEC, SIGNING, algorithm, type, message)
      return type === 'DIGEST' ? offThread('signEd25519ph', privateKey, message) : sign(null, message, privateKey)
    },
  } satisfies OpenKey)
}

function publicHalf(publicKey: KeyObject): OpenPublicKey {
  return Object.freeze({
    ...NO_PUBLIC_CAPABILITIES,
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    verify(algorithm, type, message, signature) {
      checkMessage(SPEC, SIGNING, algorithm, type, message)
      if (type === 'DIGEST') return offThread('verifyEd25519ph', publicKey, message, signature)
      return verify(null, message, publicKey, signature)
    },
  } satisfies OpenPublicKey)
}

export const EDWARDS_SPECS: readonly KeySpec[] = [
  Object.freeze({
    name: SPEC,
    kind: 'asymmetric',
    ...namesOf({ SIGN_VERIFY: SIGNING }),
    generate: async () => (await generatePair()).privateKey,
    generatePair,
    importMaterial: async (bytes) => {
      const material = await offThread('importEd25519', bytes)
      if ('refused' in material) throw new MaterialError(material.refused)
      return Buffer.from(material)
    },
    open,
    openPublic: (spki) => publicHalf(createPublicKey({ key: spki, format: 'der', type: 'spki' })),
  } satisfies KeySpec),
]
