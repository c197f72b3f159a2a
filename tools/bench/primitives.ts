/** Signatures, MACs and data key pairs: what is asked of the server, and the same work as a bare call of node:crypto. */
import {
  constants,
  createHmac,
  createSecretKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  type SignKeyObjectInput,
  sign,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'
import {
  type DataKeyPairSpec,
  GenerateDataKeyPairCommand,
  GenerateMacCommand,
  type KeySpec,
  type KeyUsageType,
  SignCommand,
  type SigningAlgorithmSpec,
  VerifyCommand,
} from '@aws-sdk/client-kms'
import { SLOW_WORK_RUNNING_MAX } from '../../src/base/limits.ts'
import { sign as signSm2 } from '../../src/crypto/algorithms/off-thread/sm2.ts'
import type { Asked } from './workloads.ts'

export interface Primitive extends Asked {
  readonly name: string
  readonly title: string
  /** Least rate against the bare loop, where there is one. */
  readonly goal: number | undefined
  readonly keySpec: KeySpec
  readonly keyUsage: KeyUsageType
  /** Measured when nothing is named; the others by name or as the group `signing`. */
  readonly isDefault: boolean
  readonly bare: BareWork
}

export interface BareWork {
  /** Threads that Keyhold gives to this work, and the loop too. */
  readonly threads: number
  /** Makes a key; what it returns does the work once. */
  prepare(): () => unknown
}

const MESSAGE_BYTES = 32

const signAsync = promisify(sign)
const generateAsync = promisify(generateKeyPair)

type MakeKey = () => KeyObject
/** As it stands beside the key in node:crypto's options. */
type Padding = Omit<SignKeyObjectInput, 'key'>

/** On the thread that asks, as Keyhold does with what takes less than the way to another thread. */
function signingHere(makeKey: MakeKey, hash: string | null): BareWork {
  return {
    threads: 1,
    prepare() {
      const key = makeKey()
      const message = randomBytes(MESSAGE_BYTES)
      return () => sign(hash, message, key)
    },
  }
}

function signingInPool(makeKey: MakeKey, hash: string | null, padding: Padding = {}): BareWork {
  return {
    threads: SLOW_WORK_RUNNING_MAX,
    prepare() {
      const options = { key: makeKey(), ...padding }
      const message = randomBytes(MESSAGE_BYTES)
      return () => signAsync(hash, message, options)
    },
  }
}

/** The primitive is no part of node:crypto: it is Keyhold's own, without the way to its thread. */
const SIGNING_SM2: BareWork = {
  threads: 1,
  prepare() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'SM2' })
    const key = createSecretKey(privateKey.export({ format: 'der', type: 'pkcs8' }))
    const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(-65)
    const message = randomBytes(MESSAGE_BYTES)
    return () => signSm2(key, point, message, false)
  },
}

function verifyingHere(makeKey: MakeKey, hash: string, padding: Padding = {}): BareWork {
  return {
    threads: 1,
    prepare() {
      const options = { key: makeKey(), ...padding }
      const message = randomBytes(MESSAGE_BYTES)
      const signature = sign(hash, message, options)
      return () => verify(hash, message, options, signature)
    },
  }
}

const HMAC_256: BareWork = {
  threads: 1,
  prepare() {
    const key = createSecretKey(randomBytes(32))
    const message = randomBytes(MESSAGE_BYTES)
    return () => createHmac('sha256', key).update(message).digest()
  },
}

const DER = {
  publicKeyEncoding: { format: 'der', type: 'spki' },
  privateKeyEncoding: { format: 'der', type: 'pkcs8' },
} as const

const PSS: Padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }

const rsa = (modulusLength: number) => () => generateKeyPairSync('rsa', { modulusLength }).privateKey
const ec = (namedCurve: string) => () => generateKeyPairSync('ec', { namedCurve }).privateKey
// The types know the sets one by one, not their union.
const mlDsa = (set: string) => () => generateKeyPairSync(set as 'ml-dsa-44').privateKey

interface SigningRow {
  readonly keySpec: KeySpec
  readonly algorithm: SigningAlgorithmSpec
  readonly bare: BareWork
  readonly goal?: number
  readonly isDefault?: boolean
  /** Where a spec has several. */
  readonly suffix?: string
}

function signature({ keySpec, algorithm, bare, goal, isDefault = false, suffix = '' }: SigningRow): Primitive {
  return {
    name: `sign-${dashed(keySpec)}${suffix}`,
    title: `Sign, ${keySpec}, ${algorithm}`,
    goal,
    keySpec,
    keyUsage: 'SIGN_VERIFY',
    isDefault,
    bare,
    command: (KeyId) => new SignCommand({ KeyId, Message: randomBytes(MESSAGE_BYTES), SigningAlgorithm: algorithm }),
  }
}

function verification(keySpec: KeySpec, SigningAlgorithm: SigningAlgorithmSpec, bare: BareWork): Primitive {
  return {
    name: `verify-${dashed(keySpec)}`,
    title: `Verify, ${keySpec}, ${SigningAlgorithm}`,
    goal: undefined,
    keySpec,
    keyUsage: 'SIGN_VERIFY',
    isDefault: false,
    bare,
    async command(KeyId, client) {
      const input = { KeyId, Message: randomBytes(MESSAGE_BYTES), SigningAlgorithm }
      const { Signature } = await client.send(new SignCommand(input))
      return new VerifyCommand({ ...input, Signature })
    },
  }
}

function dataKeyPair(KeyPairSpec: DataKeyPairSpec, generate: () => Promise<unknown>): Primitive {
  return {
    name: `generate-data-key-pair-${dashed(KeyPairSpec)}`,
    title: `GenerateDataKeyPair, ${KeyPairSpec}`,
    goal: undefined,
    keySpec: 'SYMMETRIC_DEFAULT',
    keyUsage: 'ENCRYPT_DECRYPT',
    isDefault: false,
    bare: { threads: SLOW_WORK_RUNNING_MAX, prepare: () => generate },
    command: (KeyId, _client, index) =>
      new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec, EncryptionContext: { tenant: `tenant-${index}` } }),
  }
}

function dashed(keySpec: string): string {
  return keySpec.toLowerCase().replaceAll('_', '-')
}

const RSA_2048 = { keySpec: 'RSA_2048' } as const

export const PRIMITIVES: readonly Primitive[] = [
  signature({
    ...RSA_2048,
    algorithm: 'RSASSA_PSS_SHA_256',
    bare: signingInPool(rsa(2048), 'sha256', PSS),
    goal: 0.9,
    isDefault: true,
  }),
  signature({
    ...RSA_2048,
    algorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
    bare: signingInPool(rsa(2048), 'sha256'),
    goal: 0.9,
    suffix: '-pkcs1',
  }),
  signature({
    keySpec: 'RSA_4096',
    algorithm: 'RSASSA_PSS_SHA_256',
    bare: signingInPool(rsa(4096), 'sha256', PSS),
  }),
  signature({
    keySpec: 'ECC_NIST_P256',
    algorithm: 'ECDSA_SHA_256',
    bare: signingHere(ec('P-256'), 'sha256'),
    goal: 0.35,
    isDefault: true,
  }),
  signature({ keySpec: 'ECC_NIST_P384', algorithm: 'ECDSA_SHA_384', bare: signingInPool(ec('P-384'), 'sha384') }),
  signature({ keySpec: 'ECC_NIST_P521', algorithm: 'ECDSA_SHA_512', bare: signingInPool(ec('P-521'), 'sha512') }),
  signature({ keySpec: 'ECC_SECG_P256K1', algorithm: 'ECDSA_SHA_256', bare: signingInPool(ec('secp256k1'), 'sha256') }),
  signature({
    keySpec: 'ECC_NIST_EDWARDS25519',
    algorithm: 'ED25519_SHA_512',
    bare: signingHere(() => generateKeyPairSync('ed25519').privateKey, null),
    isDefault: true,
  }),
  signature({ keySpec: 'ML_DSA_44', algorithm: 'ML_DSA_SHAKE_256', bare: signingInPool(mlDsa('ml-dsa-44'), null) }),
  signature({
    keySpec: 'ML_DSA_65',
    algorithm: 'ML_DSA_SHAKE_256',
    bare: signingInPool(mlDsa('ml-dsa-65'), null),
    isDefault: true,
  }),
  signature({ keySpec: 'ML_DSA_87', algorithm: 'ML_DSA_SHAKE_256', bare: signingInPool(mlDsa('ml-dsa-87'), null) }),
  signature({ keySpec: 'SM2', algorithm: 'SM2DSA', bare: SIGNING_SM2 }),
  verification('RSA_2048', 'RSASSA_PSS_SHA_256', verifyingHere(rsa(2048), 'sha256', PSS)),
  verification('ECC_NIST_P256', 'ECDSA_SHA_256', verifyingHere(ec('P-256'), 'sha256')),
  {
    name: 'generate-mac-hmac-256',
    title: 'GenerateMac, HMAC_256',
    goal: undefined,
    keySpec: 'HMAC_256',
    keyUsage: 'GENERATE_VERIFY_MAC',
    isDefault: true,
    bare: HMAC_256,
    command: (KeyId) =>
      new GenerateMacCommand({ KeyId, Message: randomBytes(MESSAGE_BYTES), MacAlgorithm: 'HMAC_SHA_256' }),
  },
  dataKeyPair('ECC_NIST_P256', () => generateAsync('ec', { namedCurve: 'P-256', ...DER })),
  dataKeyPair('RSA_2048', () => generateAsync('rsa', { modulusLength: 2048, ...DER })),
]
