/** ML-DSA key specs (FIPS 204), hedged, with the empty context string. The material is the seed form of RFC 9881. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { threadPoolWork } from '../slow-work.ts'
import {
  checkMessage,
  type KeySpec,
  type MessageType,
  NO_CAPABILITIES,
  NO_PUBLIC_CAPABILITIES,
  namesOf,
  type OpenKey,
  type OpenPublicKey,
  type SigningAlgorithm,
} from './key-spec.ts'
import type { MlDsaSet } from './off-thread/ml-dsa-mu.ts'
import { offThread } from './off-thread.ts'

const MU_BYTES = 64

const SIGNING: ReadonlyMap<string, SigningAlgorithm> = new Map([
  [
    'ML_DSA_SHAKE_256',
    {
      messageTypes: new Map<MessageType, number | undefined>([
        ['RAW', undefined],
        ['EXTERNAL_MU', MU_BYTES],
      ]),
    },
  ],
])

const generateAsync = promisify(generateKeyPair)
const signAsync = promisify(sign)
const verifyAsync = promisify(verify)

function mlDsaSpec(name: string, set: MlDsaSet): KeySpec {
  return Object.freeze({
    name,
    kind: 'asymmetric',
    ...namesOf({ SIGN_VERIFY: SIGNING }),
    generate: async () => {
      const { privateKey } = await threadPoolWork.run(`generate ${name}`, () =>
        // The types know only 'ml-dsa-44' etc. one by one, not their union.
        generateAsync(set as 'ml-dsa-44'),
      )
      return privateKey.export({ format: 'der', type: 'pkcs8' })
    },
    generatePair: undefined,
    importMaterial: undefined,
    open: (material) => privateHalf(name, set, material),
    openPublic: (spki) => publicHalf(name, set, createPublicKey({ key: spki, format: 'der', type: 'spki' })),
  } satisfies KeySpec)
}

function privateHalf(spec: string, set: MlDsaSet, material: Buffer): OpenKey {
  const privateKey = createPrivateKey({ key: material, format: 'der', type: 'pkcs8' })
  material.fill(0)
  const lane = `use ${spec}`
  return Object.freeze({
    ...NO_CAPABILITIES,
    ...publicHalf(spec, set, createPublicKey(privateKey)),
    sign(algorithm, type, message) {
      checkMessage(spec, SIGNING, algorithm, type, message)
      if (type === 'EXTERNAL_MU') return offThread('signMlDsaMu', privateKey, set, message)
      return threadPoolWork.run(lane, () => signAsync(null, message, privateKey))
    },
  } satisfies OpenKey)
}

function publicHalf(spec: string, set: MlDsaSet, publicKey: KeyObject): OpenPublicKey {
  const lane = `use ${spec}`
  return Object.freeze({
    ...NO_PUBLIC_CAPABILITIES,
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    verify(algorithm, type, message, signature) {
      checkMessage(spec, SIGNING, algorithm, type, message)
      if (type === 'EXTERNAL_MU') return offThread('verifyMlDsaMu', publicKey, set, message, signature)
      return threadPoolWork.run(lane, () => verifyAsync(null, message, publicKey, signature))
    },
  } satisfies OpenPublicKey)
}

export const ML_DSA_SPECS: readonly KeySpec[] = [
  mlDsaSpec('ML_DSA_44', 'ml-dsa-44'),
  mlDsaSpec('ML_DSA_65', 'ml-dsa-65'),
  mlDsaSpec('ML_DSA_87', 'ml-dsa-87'),
]
