/**
 * Key spec × usage × operation × algorithm: each combination works or is refused with the specified error. What is expected
 * follows from the tables of operations.md, typed in `test/support/key-kinds.ts`; the order of refusals is that of 3.0:
 * usage, then algorithm, then message type.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { KmsError } from '../../src/base/errors.ts'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import {
  algorithmsFor,
  isAsymmetric,
  KEY_KINDS,
  KEY_PAIR_SPECS,
  KEY_SPECS,
  KEY_USAGES,
  type KeyKind,
  type KeyUsage,
  kindsFor,
  MESSAGE_TYPES,
  type MessageType,
  messageTypesOf,
} from '../support/key-kinds.ts'
import { assertFails, assertValidation, newKey } from './support.ts'

const WORKS = 'works'
interface Refusal {
  readonly code: string
  readonly text: string | undefined
}
type Outcome = typeof WORKS | Refusal

const Plaintext = Buffer.from('a plaintext')
const ENCRYPTION = algorithmsFor('ENCRYPT_DECRYPT')
const SIGNING = algorithmsFor('SIGN_VERIFY')
const MACS = algorithmsFor('GENERATE_VERIFY_MAC')

let harness: Harness
/** By spec and usage. */
const keys = new Map<string, Answer>()
/** A ciphertext of each encryption key, by its algorithm, and of nothing else. */
const ciphertexts = new Map<string, string>()
let spare: Answer
let spareBlob: string

before(async () => {
  harness = await createHarness()
  spare = await newKey(harness)
  spareBlob = (await call('Encrypt', { KeyId: spare.KeyId, Plaintext })).CiphertextBlob
  const made = KEY_KINDS.map(async ({ KeySpec, KeyUsage }) => {
    keys.set(nameOf({ KeySpec, KeyUsage }), await newKey(harness, { KeySpec, KeyUsage }))
  })
  await Promise.all(made)
  for (const kind of kindsFor('ENCRYPT_DECRYPT')) {
    const { KeyId } = keyOf(kind)
    for (const EncryptionAlgorithm of kind.algorithms) {
      const sealed = await call('Encrypt', { KeyId, Plaintext, EncryptionAlgorithm })
      ciphertexts.set(`${kind.KeySpec} ${EncryptionAlgorithm}`, sealed.CiphertextBlob)
    }
  }
})
after(() => harness.close())

function nameOf({ KeySpec, KeyUsage }: Pick<KeyKind, 'KeySpec' | 'KeyUsage'>): string {
  return `${KeySpec} for ${KeyUsage}`
}

function keyOf(kind: KeyKind): Answer {
  return keys.get(nameOf(kind))
}

function call(operation: string, body: object): Promise<Answer> {
  return harness.call(operation, body)
}

let combinations = 0

async function assertOutcome(work: Promise<unknown>, outcome: Outcome, what: string): Promise<void> {
  combinations++
  const failure = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome === WORKS) {
    assert.equal(failure, undefined, what)
    return
  }
  assert.ok(failure instanceof KmsError, `${what}: expected ${outcome.code}, got ${failure ?? 'an answer'}`)
  assert.deepEqual({ code: failure.code, text: failure.text }, { ...outcome }, what)
}

function wrongUsage(kind: KeyKind, permission: string): Refusal {
  const { Arn } = keyOf(kind)
  const text = `${Arn} key usage is ${kind.KeyUsage} which is not valid for ${permission}.`
  return { code: 'InvalidKeyUsageException', text }
}

/** For an operation of `usage`, whose name in messages is `permission`. */
function refusalOf(kind: KeyKind, usage: KeyUsage, permission: string, algorithm: string): Refusal | undefined {
  if (kind.KeyUsage !== usage) return wrongUsage(kind, permission)
  if (kind.algorithms.includes(algorithm)) return undefined
  const text = `Algorithm ${algorithm} is incompatible with key spec ${kind.KeySpec}.`
  return { code: 'InvalidKeyUsageException', text }
}

function messageTypeRefusal({ KeySpec }: KeyKind, algorithm: string, type: MessageType): Refusal | undefined {
  if (messageTypesOf(algorithm).has(type)) return undefined
  // operations.md 3.46: the spec is blamed where none of its algorithms takes the type.
  const isEdwards = KeySpec === 'ECC_NIST_EDWARDS25519' && type !== 'EXTERNAL_MU'
  const whose = isEdwards ? `algorithm ${algorithm}` : `key spec ${KeySpec}`
  return { code: 'ValidationException', text: `Message type ${type} is incompatible with ${whose}.` }
}

async function checkEncryption(kind: KeyKind): Promise<void> {
  const { KeyId } = keyOf(kind)
  for (const algorithm of ENCRYPTION) {
    const encrypting = refusalOf(kind, 'ENCRYPT_DECRYPT', 'Encrypt', algorithm)
    const Encrypt = { KeyId, Plaintext, EncryptionAlgorithm: algorithm }
    await assertOutcome(call('Encrypt', Encrypt), encrypting ?? WORKS, `Encrypt, ${algorithm}`)
    const into = {
      CiphertextBlob: spareBlob,
      DestinationKeyId: KeyId,
      DestinationEncryptionAlgorithm: algorithm,
    }
    const destination = refusalOf(kind, 'ENCRYPT_DECRYPT', 'ReEncryptTo', algorithm)
    await assertOutcome(call('ReEncrypt', into), destination ?? WORKS, `ReEncrypt into, ${algorithm}`)

    const CiphertextBlob = ciphertexts.get(`${kind.KeySpec} ${algorithm}`) ?? spareBlob
    const Decrypt = { KeyId, CiphertextBlob, EncryptionAlgorithm: algorithm }
    const decrypting = sourceOutcome(kind, 'Decrypt', algorithm)
    await assertOutcome(call('Decrypt', Decrypt), decrypting, `Decrypt, ${algorithm}`)
    const from = {
      CiphertextBlob,
      SourceKeyId: KeyId,
      SourceEncryptionAlgorithm: algorithm,
      DestinationKeyId: spare.KeyId,
    }
    await assertOutcome(call('ReEncrypt', from), sourceOutcome(kind, 'ReEncryptFrom', algorithm), `from, ${algorithm}`)
  }
}

/** A symmetric ciphertext names its key, so another one is incorrect whatever it is (operations.md 3.7). */
function sourceOutcome(kind: KeyKind, permission: string, algorithm: string): Outcome {
  if (algorithm === 'SYMMETRIC_DEFAULT' && kind.KeySpec !== 'SYMMETRIC_DEFAULT') {
    const text = 'The key ID in the request does not identify a CMK that can perform this operation.'
    return { code: 'IncorrectKeyException', text }
  }
  return refusalOf(kind, 'ENCRYPT_DECRYPT', permission, algorithm) ?? WORKS
}

async function checkSigning(kind: KeyKind): Promise<void> {
  const { KeyId } = keyOf(kind)
  for (const SigningAlgorithm of SIGNING) {
    for (const MessageType of MESSAGE_TYPES) {
      const what = `${SigningAlgorithm}, ${MessageType}`
      const Message = Buffer.alloc(messageTypesOf(SigningAlgorithm).get(MessageType) ?? 64, 3)
      const request = { KeyId, Message, MessageType, SigningAlgorithm }
      const refusal = (permission: string) =>
        refusalOf(kind, 'SIGN_VERIFY', permission, SigningAlgorithm) ??
        messageTypeRefusal(kind, SigningAlgorithm, MessageType)
      const signed = call('Sign', request)
      await assertOutcome(signed, refusal('Sign') ?? WORKS, `Sign, ${what}`)
      const Signature = refusal('Sign') === undefined ? (await signed).Signature : Buffer.alloc(64)
      await assertOutcome(call('Verify', { ...request, Signature }), refusal('Verify') ?? WORKS, `Verify, ${what}`)
    }
  }
}

async function checkMacs(kind: KeyKind): Promise<void> {
  const { KeyId } = keyOf(kind)
  for (const MacAlgorithm of MACS) {
    const request = { KeyId, Message: Plaintext, MacAlgorithm }
    const generating = refusalOf(kind, 'GENERATE_VERIFY_MAC', 'GenerateMac', MacAlgorithm)
    const generated = call('GenerateMac', request)
    await assertOutcome(generated, generating ?? WORKS, `GenerateMac, ${MacAlgorithm}`)
    const Mac = generating === undefined ? (await generated).Mac : Buffer.alloc(32)
    const verifying = refusalOf(kind, 'GENERATE_VERIFY_MAC', 'VerifyMac', MacAlgorithm)
    await assertOutcome(call('VerifyMac', { ...request, Mac }), verifying ?? WORKS, `VerifyMac, ${MacAlgorithm}`)
  }
}

async function checkPublicHalf(kind: KeyKind): Promise<void> {
  const { KeyId } = keyOf(kind)
  const reading = isAsymmetric(kind.KeySpec) ? WORKS : { code: 'UnsupportedOperationException', text: undefined }
  const read = call('GetPublicKey', { KeyId })
  await assertOutcome(read, reading, 'GetPublicKey')
  // Its own public key is a fit peer; a key without one gets any.
  const PublicKey = reading === WORKS ? (await read).PublicKey : Buffer.alloc(91)
  const deriving = refusalOf(kind, 'KEY_AGREEMENT', 'DeriveSharedSecret', 'ECDH')
  const request = { KeyId, PublicKey, KeyAgreementAlgorithm: 'ECDH' }
  await assertOutcome(call('DeriveSharedSecret', request), deriving ?? WORKS, 'DeriveSharedSecret')
}

async function checkDataKeys(kind: KeyKind): Promise<void> {
  const { KeyId } = keyOf(kind)
  const outcome = (operation: string, what: string): Outcome => {
    if (kind.KeyUsage !== 'ENCRYPT_DECRYPT') return wrongUsage(kind, operation)
    if (kind.KeySpec === 'SYMMETRIC_DEFAULT') return WORKS
    return { code: 'InvalidKeyUsageException', text: `You cannot generate a ${what} with an asymmetric CMK` }
  }
  for (const operation of ['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext']) {
    for (const size of [{ KeySpec: 'AES_128' }, { KeySpec: 'AES_256' }, { NumberOfBytes: 1024 }]) {
      await assertOutcome(call(operation, { KeyId, ...size }), outcome(operation, 'data key'), operation)
    }
  }
  for (const operation of ['GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext']) {
    for (const KeyPairSpec of KEY_PAIR_SPECS) {
      const what = `${operation}, ${KeyPairSpec}`
      await assertOutcome(call(operation, { KeyId, KeyPairSpec }), outcome(operation, 'data key pair'), what)
    }
  }
}

for (const kind of KEY_KINDS) {
  test(`a key ${nameOf(kind)} does what its row says and refuses the rest`, async () => {
    await checkEncryption(kind)
    await checkSigning(kind)
    await checkMacs(kind)
    await checkPublicHalf(kind)
    await checkDataKeys(kind)
  })
}

test('nothing was left out', () => {
  // 25 kinds, each with 4 × 4 encryptions, 13 × 3 × 2 signatures, 4 × 2 MACs, 2 of the public half, 6 data keys, 9 × 2 pairs.
  assert.deepEqual([KEY_KINDS.length, KEY_SPECS.length, SIGNING.length], [25, 17, 13])
  assert.equal(combinations, 25 * (16 + 78 + 8 + 2 + 6 + 18))
})

test('every pair of spec and usage that has no row is refused by CreateKey', async () => {
  let refused = 0
  for (const KeySpec of KEY_SPECS) {
    for (const KeyUsage of KEY_USAGES) {
      if (keys.has(nameOf({ KeySpec, KeyUsage }))) continue
      const text = `KeyUsage ${KeyUsage} is not compatible with KeySpec ${KeySpec}`
      await assertValidation(call('CreateKey', { KeySpec, KeyUsage }), text)
      refused++
    }
  }
  assert.equal(refused, 17 * 4 - 25)
})

const ALGORITHMS_MEMBER: Readonly<Record<KeyUsage, string>> = {
  ENCRYPT_DECRYPT: 'EncryptionAlgorithms',
  SIGN_VERIFY: 'SigningAlgorithms',
  GENERATE_VERIFY_MAC: 'MacAlgorithms',
  KEY_AGREEMENT: 'KeyAgreementAlgorithms',
}

test('KeyMetadata of every kind has its one list of algorithms, and a material id only if it is symmetric (6.2)', async () => {
  for (const kind of KEY_KINDS) {
    const { KeyMetadata } = await call('DescribeKey', { KeyId: keyOf(kind).KeyId })
    const { KeySpec, KeyUsage, algorithms } = kind
    const lists = Object.values(ALGORITHMS_MEMBER).filter((name) => name in KeyMetadata)
    assert.deepEqual(lists, [ALGORITHMS_MEMBER[KeyUsage]], nameOf(kind))
    assert.deepEqual(KeyMetadata[ALGORITHMS_MEMBER[KeyUsage]], algorithms)
    assert.deepEqual(
      [KeyMetadata.KeySpec, KeyMetadata.CustomerMasterKeySpec, KeyMetadata.KeyUsage, KeyMetadata.Origin],
      [KeySpec, KeySpec, KeyUsage, 'AWS_KMS'],
    )
    assert.equal('CurrentKeyMaterialId' in KeyMetadata, KeySpec === 'SYMMETRIC_DEFAULT')
  }
})

test('a ciphertext of an asymmetric key is none of the default algorithm (3.7)', async () => {
  for (const kind of kindsFor('ENCRYPT_DECRYPT').filter(({ KeySpec }) => isAsymmetric(KeySpec))) {
    const { KeyId } = keyOf(kind)
    const CiphertextBlob = ciphertexts.get(`${kind.KeySpec} ${kind.algorithms[0]}`)
    for (const body of [{ CiphertextBlob }, { CiphertextBlob, KeyId }]) {
      await assertFails(call('Decrypt', body), 'InvalidCiphertextException', undefined)
    }
  }
})
