/** Key specs on short Weierstrass curves: ECDSA (FIPS 186-5, DER signatures) and ECDH (SP 800-56A, X coordinate). */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPair,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'
import { threadPoolWork } from '../slow-work.ts'
import { generateEcKeyPair } from './ec-key-pair.ts'
import { openPeer } from './ec-peer.ts'
import {
  checkMessage,
  type KeySpec,
  MaterialError,
  NO_CAPABILITIES,
  NO_PUBLIC_CAPABILITIES,
  namesOf,
  type OpenKey,
  type OpenPublicKey,
  rawOrDigest,
  rowOf,
  type SigningAlgorithm,
} from './key-spec.ts'
import type { EcdsaCurve } from './off-thread/ecdsa-digest.ts'
import { offThread } from './off-thread.ts'

interface Curve {
  readonly name: EcdsaCurve
  readonly oid: string
  /** As asymmetricKeyDetails names it. */
  readonly openSslName: string
  /** A signature takes well below 0.1 ms, so the way to another thread and back would cost more than it saves. */
  readonly quick: boolean
}

interface Ecdsa extends SigningAlgorithm {
  readonly hash: string
}

const ECDSA_SHA_256: Ecdsa = { hash: 'sha256', messageTypes: rawOrDigest(32) }
const ECDSA_SHA_384: Ecdsa = { hash: 'sha384', messageTypes: rawOrDigest(48) }
const ECDSA_SHA_512: Ecdsa = { hash: 'sha512', messageTypes: rawOrDigest(64) }

const ECDH = new Map([['ECDH', {}]])

const P256: Curve = { name: 'P-256', oid: '1.2.840.10045.3.1.7', openSslName: 'prime256v1', quick: true }
const P384: Curve = { name: 'P-384', oid: '1.3.132.0.34', openSslName: 'secp384r1', quick: false }
const P521: Curve = { name: 'P-521', oid: '1.3.132.0.35', openSslName: 'secp521r1', quick: false }
const P256K1: Curve = { name: 'secp256k1', oid: '1.3.132.0.10', openSslName: 'secp256k1', quick: false }

const generateAsync = promisify(generateKeyPair)
const signAsync = promisify(sign)
const verifyAsync = promisify(verify)
const diffieHellmanAsync = promisify(diffieHellman)

interface EccAlgorithms {
  readonly SIGN_VERIFY: ReadonlyMap<string, Ecdsa>
  readonly KEY_AGREEMENT?: ReadonlyMap<string, object>
}

function eccSpec(name: string, curve: Curve, algorithms: EccAlgorithms): KeySpec {
  return Object.freeze({
    name,
    kind: 'asymmetric',
    ...namesOf(algorithms),
    generate: async () => {
      const generateKeys = () => generateAsync('ec', { namedCurve: curve.name })
      const { privateKey } = await threadPoolWork.run(`generate ${name}`, generateKeys)
      return privateKey.export({ format: 'der', type: 'pkcs8' })
    },
    generatePair: () => threadPoolWork.run(`generate ${name}`, () => generateEcKeyPair(curve.name)),
    importMaterial: async (bytes) => {
      const material = await offThread('importEcc', bytes, curve.openSslName, curve.oid)
      if ('refused' in material) throw new MaterialError(material.refused)
      return Buffer.from(material)
    },
    open(material) {
      const privateKey = createPrivateKey({ key: material, format: 'der', type: 'pkcs8' })
      material.fill(0)
      return privateHalf(name, curve, algorithms.SIGN_VERIFY, privateKey)
    },
    openPublic: (spki) =>
      publicHalf(name, curve, algorithms.SIGN_VERIFY, createPublicKey({ key: spki, format: 'der', type: 'spki' })),
  } satisfies KeySpec)
}

type Signing = ReadonlyMap<string, Ecdsa>

function privateHalf(spec: string, curve: Curve, signing: Signing, privateKey: KeyObject): OpenKey {
  const lane = `use ${spec}`
  return Object.freeze({
    ...NO_CAPABILITIES,
    ...publicHalf(spec, curve, signing, createPublicKey(privateKey)),
    sign(algorithm, type, message) {
      checkMessage(spec, signing, algorithm, type, message)
      if (type === 'DIGEST') return offThread('signEcdsaDigest', privateKey, curve.name, message)
      const { hash } = rowOf(signing, algorithm)
      if (curve.quick) return sign(hash, message, privateKey)
      return threadPoolWork.run(lane, () => signAsync(hash, message, privateKey))
    },
    agree(_algorithm, peer) {
      const keys = { privateKey, publicKey: openPeer(peer, curve.name, curve.openSslName) }
      if (curve.quick) return diffieHellman(keys)
      return threadPoolWork.run(lane, () => diffieHellmanAsync(keys))
    },
  } satisfies OpenKey)
}

function publicHalf(spec: string, curve: Curve, signing: Signing, publicKey: KeyObject): OpenPublicKey {
  const lane = `use ${spec}`
  return Object.freeze({
    ...NO_PUBLIC_CAPABILITIES,
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    verify(algorithm, type, message, signature) {
      checkMessage(spec, signing, algorithm, type, message)
      if (type === 'DIGEST') return offThread('verifyEcdsaDigest', publicKey, curve.name, message, signature)
      const { hash } = rowOf(signing, algorithm)
      if (curve.quick) return verify(hash, message, publicKey, signature)
      return threadPoolWork.run(lane, () => verifyAsync(hash, message, publicKey, signature))
    },
  } satisfies OpenPublicKey)
}

export const ECC_SPECS: readonly KeySpec[] = [
  eccSpec('ECC_NIST_P256', P256, { SIGN_VERIFY: new Map([['ECDSA_SHA_256', ECDSA_SHA_256]]), KEY_AGREEMENT: ECDH }),
  eccSpec('ECC_NIST_P384', P384, { SIGN_VERIFY: new Map([['ECDSA_SHA_384', ECDSA_SHA_384]]), KEY_AGREEMENT: ECDH }),
  eccSpec('ECC_NIST_P521', P521, { SIGN_VERIFY: new Map([['ECDSA_SHA_512', ECDSA_SHA_512]]), KEY_AGREEMENT: ECDH }),
  eccSpec('ECC_SECG_P256K1', P256K1, { SIGN_VERIFY: new Map([['ECDSA_SHA_256', ECDSA_SHA_256]]) }),
]
