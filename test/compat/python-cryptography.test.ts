/**
 * Python's `cryptography` against the operations: another language's library, with ML-DSA from its 47th version on. What it
 * does is in cryptography-tasks.py; one process does a list of tasks.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { insertGivenKey } from '../support/given-key.ts'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import {
  asMessageType,
  isAsymmetric,
  KEY_PAIR_SPECS,
  type KeyUsage,
  kindsFor,
  messageTypesOf,
  OAEP_BYTES,
} from '../support/key-kinds.ts'
import { runProgram } from '../support/run-program.ts'
import { nameOf, signWithEveryKey, withOneBitChanged } from '../support/signed-messages.ts'

type Task = Readonly<Record<string, string | Buffer>>

const installed = spawnSync('python3', ['-c', 'import cryptography']).status === 0
const skip = installed ? false : "Python's cryptography is not installed here"
const hasMlDsa = installed && (await python([{ task: 'abilities' }]))[0].mlDsa === true
const skipMlDsa = skip || (hasMlDsa ? false : "Python's cryptography is too old here to know ML-DSA")

const message = Buffer.from('a message for Python')
const bytesOf = (text: string) => Buffer.from(text, 'base64')

async function python(tasks: readonly Task[]): Promise<Answer[]> {
  const encode = (task: Task) =>
    Object.entries(task).map(([name, value]) => [name, typeof value === 'string' ? value : value.toString('base64')])
  const input = JSON.stringify(tasks.map((task) => Object.fromEntries(encode(task))))
  const script = join(import.meta.dirname, 'cryptography-tasks.py')
  const { status, stdout, stderr } = await runProgram('python3', [script], input)
  assert.equal(status, 0, stderr)
  const results = JSON.parse(stdout.toString())
  assert.equal(results.length, tasks.length)
  return results
}

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

async function createKey(KeySpec: string, KeyUsage: KeyUsage): Promise<{ KeyId: string; publicKey: Buffer }> {
  const { KeyId } = (await harness.call('CreateKey', { KeySpec, KeyUsage })).KeyMetadata
  return { KeyId, publicKey: bytesOf((await harness.call('GetPublicKey', { KeyId })).PublicKey) }
}

async function assertVerified(isKnown: (algorithm: string) => boolean, expected: number): Promise<void> {
  const known = (await signWithEveryKey(harness)).filter(({ algorithm }) => isKnown(algorithm))
  const tasks = known.flatMap(({ algorithm, publicKey, message: text, signature }) =>
    [text, withOneBitChanged(text)].map((it) => ({ task: 'verify', algorithm, publicKey, message: it, signature })),
  )
  const results = await python(tasks)
  known.forEach((signed, index) => {
    assert.deepEqual(results.slice(2 * index, 2 * index + 2), [true, false], nameOf(signed))
  })
  assert.equal(known.length, expected)
}

test('Python verifies RSA, ECDSA and Ed25519 signatures, however the message was handed over', { skip }, () =>
  assertVerified((algorithm) => /^(RSASSA|ECDSA)_|^ED25519_SHA/.test(algorithm), 36 + 8 + 1),
)

test('Python verifies ML-DSA signatures of all three sizes, as RAW and as EXTERNAL_MU', { skip: skipMlDsa }, () =>
  assertVerified((algorithm) => algorithm === 'ML_DSA_SHAKE_256', 6),
)

/** SM2 and Ed25519ph are not in the library. */
const SIGNERS = kindsFor('SIGN_VERIFY').filter(
  ({ KeySpec }) => KeySpec !== 'SM2' && (hasMlDsa || !KeySpec.startsWith('ML_DSA')),
)

test("Verify accepts Python's signatures under a key that both have", { skip }, async () => {
  const pairs = await python(SIGNERS.map(({ KeySpec }) => ({ task: 'key', spec: KeySpec })))
  for (const [index, { KeySpec, KeyUsage, algorithms }] of SIGNERS.entries()) {
    const [privateKey, publicKey] = [bytesOf(pairs[index].privateKey), bytesOf(pairs[index].publicKey)]
    const { keyId: KeyId } = await insertGivenKey(harness, { KeySpec, KeyUsage }, privateKey)
    const known = algorithms.filter((algorithm) => algorithm !== 'ED25519_PH_SHA_512')
    const signatures = await python(known.map((algorithm) => ({ task: 'sign', algorithm, privateKey, message })))
    for (const [at, SigningAlgorithm] of known.entries()) {
      const Signature = bytesOf(signatures[at])
      const types = messageTypesOf(SigningAlgorithm).keys()
      for (const MessageType of types) {
        const Message = asMessageType(SigningAlgorithm, MessageType, message, publicKey)
        const request = { KeyId, SigningAlgorithm, MessageType, Message, Signature }
        assert.equal((await harness.call('Verify', request)).SignatureValid, true, `${SigningAlgorithm} of ${KeySpec}`)
      }
    }
  }
})

const ENCRYPTERS = kindsFor('ENCRYPT_DECRYPT').filter(({ KeySpec }) => KeySpec.startsWith('RSA'))

test('Python opens what Encrypt made, and Decrypt what Python made', { skip }, async () => {
  const pairs = await python(ENCRYPTERS.map(({ KeySpec }) => ({ task: 'key', spec: KeySpec })))
  for (const [index, { KeySpec, KeyUsage, algorithms }] of ENCRYPTERS.entries()) {
    const [privateKey, publicKey] = [bytesOf(pairs[index].privateKey), bytesOf(pairs[index].publicKey)]
    const { keyId: KeyId } = await insertGivenKey(harness, { KeySpec, KeyUsage }, privateKey)
    for (const algorithm of algorithms) {
      const plaintext = randomBytes(OAEP_BYTES[KeySpec]![algorithm]!)
      const cipher = { KeyId, EncryptionAlgorithm: algorithm }
      const sealed = await harness.call('Encrypt', { ...cipher, Plaintext: plaintext })
      const ciphertext = bytesOf(sealed.CiphertextBlob)
      const [opened, theirs] = await python([
        { task: 'decrypt', algorithm, privateKey, ciphertext },
        { task: 'encrypt', algorithm, publicKey, plaintext },
      ])
      assert.deepEqual(bytesOf(opened), plaintext)
      const { Plaintext } = await harness.call('Decrypt', { ...cipher, CiphertextBlob: theirs })
      assert.deepEqual(bytesOf(Plaintext), plaintext)
    }
  }
})

test('Python derives the same shared secrets', { skip }, async () => {
  const specs = kindsFor('KEY_AGREEMENT').filter(({ KeySpec }) => KeySpec !== 'SM2')
  for (const { KeySpec, KeyUsage } of specs) {
    const { KeyId, publicKey } = await createKey(KeySpec, KeyUsage)
    const [pair] = await python([{ task: 'key', spec: KeySpec }])
    const request = { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: pair.publicKey }
    const { SharedSecret } = await harness.call('DeriveSharedSecret', request)
    assert.deepEqual(await python([{ task: 'agree', privateKey: bytesOf(pair.privateKey), publicKey }]), [SharedSecret])
  }
})

test('Python computes the same MACs, with keys of every length that imported keys may have', { skip }, async () => {
  for (const { KeySpec, KeyUsage, algorithms } of kindsFor('GENERATE_VERIFY_MAC')) {
    const algorithm = algorithms[0]!
    for (const length of [Number(KeySpec.slice(5)) / 8, 65, 128]) {
      const key = randomBytes(length)
      const { keyId: KeyId } = await insertGivenKey(harness, { KeySpec, KeyUsage }, key)
      const { Mac } = await harness.call('GenerateMac', { KeyId, Message: message, MacAlgorithm: algorithm })
      assert.deepEqual(await python([{ task: 'mac', algorithm, key, message }]), [Mac])
    }
  }
})

test('Python reads the private keys of data key pairs, and they sign', { skip }, async () => {
  const { KeyId } = (await harness.call('CreateKey')).KeyMetadata
  for (const KeyPairSpec of KEY_PAIR_SPECS.filter((spec) => isAsymmetric(spec) && spec !== 'SM2')) {
    const pair = await harness.call('GenerateDataKeyPairWithoutPlaintext', { KeyId, KeyPairSpec })
    const opened = await harness.call('Decrypt', { CiphertextBlob: pair.PrivateKeyCiphertextBlob })
    const [privateKey, publicKey] = [bytesOf(opened.Plaintext), bytesOf(pair.PublicKey)]
    const algorithm = kindsFor('SIGN_VERIFY')
      .find(({ KeySpec }) => KeySpec === KeyPairSpec)!
      .algorithms.at(-1)!
    const [half, signature] = await python([
      { task: 'public_half', privateKey },
      { task: 'sign', algorithm, privateKey, message },
    ])
    assert.equal(half, pair.PublicKey)
    assert.deepEqual(await python([{ task: 'verify', algorithm, publicKey, message, signature: bytesOf(signature) }]), [
      true,
    ])
  }
})
