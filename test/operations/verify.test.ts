/** operations.md 3.53, 4.3; audit.md 4.1. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { asMessageType, kindsFor, messageTypesOf, PRINTED } from '../support/key-kinds.ts'
import { testMaterialRules } from './material-rules.ts'
import { assertFails, assertValidation, constraint, DRY_RUN, lastRecord, memberNames, newKey } from './support.ts'

const KINDS = kindsFor('SIGN_VERIFY').filter(({ KeySpec }) => KeySpec !== 'RSA_3072' && KeySpec !== 'RSA_4096')
const INVALID = ['KMSInvalidSignatureException', undefined] as const

let harness: Harness
let key: Answer
let signature: Buffer
/** By spec. */
let keys: ReadonlyMap<string, Answer>
before(async () => {
  harness = await createHarness()
  const made = KINDS.map(async ({ KeySpec, KeyUsage }) => [KeySpec, await newKey(harness, { KeySpec, KeyUsage })])
  keys = new Map((await Promise.all(made)) as [string, Answer][])
  key = keys.get('ECC_NIST_P256')
  signature = await signatureOf({ KeyId: key.KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' })
})
after(() => harness.close())

const Message = Buffer.from('a message')
const verify = (body: object) =>
  harness.call('Verify', {
    KeyId: key.KeyId,
    Message,
    Signature: signature,
    SigningAlgorithm: 'ECDSA_SHA_256',
    ...body,
  })

async function signatureOf(body: object): Promise<Buffer> {
  return Buffer.from((await harness.call('Sign', body)).Signature, 'base64')
}

testMaterialRules(() => harness, {
  operation: 'Verify',
  kind: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  keyUsage: 'SIGN_VERIFY',
  async body({ KeyId }) {
    const signed = { Message, MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' }
    return { ...signed, Signature: await signatureOf({ KeyId, ...signed }) }
  },
  audited: { messageType: 'RAW', signingAlgorithm: 'ECDSA_SHA_256' },
})

test('Verify answers key ARN, true and algorithm', async () => {
  assert.deepEqual(await verify({}), { KeyId: key.Arn, SignatureValid: true, SigningAlgorithm: 'ECDSA_SHA_256' })
  assert.deepEqual(memberNames(await verify({})), ['KeyId', 'SignatureValid', 'SigningAlgorithm'])
})

for (const { KeySpec, algorithms } of KINDS) {
  for (const SigningAlgorithm of algorithms) {
    test(`${SigningAlgorithm} of ${KeySpec}: a signature holds under every message type of one message`, async () => {
      const { KeyId } = keys.get(KeySpec)
      const publicKey = Buffer.from((await harness.call('GetPublicKey', { KeyId })).PublicKey, 'base64')
      const types = [...messageTypesOf(SigningAlgorithm).keys()]
      const requestOf = (type: (typeof types)[number]) => ({
        KeyId,
        SigningAlgorithm,
        MessageType: type,
        Message: asMessageType(SigningAlgorithm, type, Message, publicKey),
      })
      for (const signed of types) {
        const Signature = await signatureOf(requestOf(signed))
        for (const verified of types) {
          const request = { ...requestOf(verified), Signature }
          assert.equal((await verify(request)).SignatureValid, true, `${signed}, then ${verified}`)
          const other = Buffer.from(request.Message)
          other[0]! ^= 1
          await assertFails(verify({ ...request, Message: other }), ...INVALID)
        }
      }
    })

    test(`${SigningAlgorithm} of ${KeySpec}: what is no signature of it is a KMSInvalidSignatureException`, async () => {
      const { KeyId } = keys.get(KeySpec)
      const [[MessageType, length = 9] = []] = messageTypesOf(SigningAlgorithm)
      const request = { KeyId, SigningAlgorithm, MessageType, Message: Buffer.alloc(length, 1) }
      const good = await signatureOf(request)
      const changed = Buffer.from(good)
      changed[changed.length >> 1]! ^= 1
      const wrong = [
        changed,
        good.subarray(1),
        good.subarray(0, -1),
        Buffer.concat([good, Buffer.alloc(1)]),
        Buffer.concat([Buffer.alloc(1), good]),
        Buffer.alloc(good.length),
        Buffer.alloc(good.length, 0xff),
        Buffer.of(0),
        Buffer.alloc(6144, 0x30),
      ]
      for (const Signature of wrong) {
        await assertFails(verify({ ...request, Signature }), ...INVALID)
        await assertFails(verify({ ...request, Signature, DryRun: true }), ...INVALID)
      }
      await assertFails(verify({ ...request, Signature: good, DryRun: true }), ...DRY_RUN)
    })
  }
}

test('a signature of another key or another algorithm is invalid', async () => {
  const other = await newKey(harness, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  await assertFails(verify({ KeyId: other.KeyId }), ...INVALID)
  const { KeyId } = keys.get('RSA_2048')
  const Signature = await signatureOf({ KeyId, Message, SigningAlgorithm: 'RSASSA_PSS_SHA_256' })
  for (const SigningAlgorithm of ['RSASSA_PSS_SHA_384', 'RSASSA_PKCS1_V1_5_SHA_256']) {
    await assertFails(verify({ KeyId, Signature, SigningAlgorithm }), ...INVALID)
  }
  const edwards = keys.get('ECC_NIST_EDWARDS25519').KeyId
  const digest = { KeyId: edwards, Message: Buffer.alloc(64, 2) }
  const pure = await signatureOf({ ...digest, SigningAlgorithm: 'ED25519_SHA_512' })
  const prehashed = { ...digest, SigningAlgorithm: 'ED25519_PH_SHA_512', MessageType: 'DIGEST' }
  await assertFails(verify({ ...prehashed, Signature: pure }), ...INVALID)
})

test('algorithm, message type and digest length are refused as by Sign, before the signature is looked at', async () => {
  const Signature = Buffer.of(1)
  await assertFails(
    verify({ Signature, SigningAlgorithm: 'RSASSA_PSS_SHA_256' }),
    'InvalidKeyUsageException',
    'Algorithm RSASSA_PSS_SHA_256 is incompatible with key spec ECC_NIST_P256.',
  )
  const edwards = keys.get('ECC_NIST_EDWARDS25519').KeyId
  const mlDsa = { KeyId: keys.get('ML_DSA_44').KeyId, SigningAlgorithm: 'ML_DSA_SHAKE_256' }
  const cases = [
    [{ MessageType: 'DIGEST' }, 'Digest is invalid length for algorithm ECDSA_SHA_256.'],
    [{ MessageType: 'EXTERNAL_MU' }, 'Message type EXTERNAL_MU is incompatible with key spec ECC_NIST_P256.'],
    [{ ...mlDsa, MessageType: 'DIGEST' }, 'Message type DIGEST is incompatible with key spec ML_DSA_44.'],
    [{ ...mlDsa, MessageType: 'EXTERNAL_MU' }, 'External Mu is invalid length for algorithm ML_DSA_SHAKE_256.'],
    [
      { KeyId: edwards, SigningAlgorithm: 'ED25519_PH_SHA_512' },
      'Message type RAW is incompatible with algorithm ED25519_PH_SHA_512.',
    ],
    [
      { KeyId: edwards, SigningAlgorithm: 'ED25519_SHA_512', MessageType: 'DIGEST' },
      'Message type DIGEST is incompatible with algorithm ED25519_SHA_512.',
    ],
  ] as const
  for (const [body, text] of cases) await assertValidation(verify({ Signature, ...body }), text)
})

test('missing, unknown and overlong members', async () => {
  await assertValidation(
    harness.call('Verify'),
    "4 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; " +
      "Value at 'message' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'signature' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'signingAlgorithm' failed to satisfy constraint: Member must not be null",
  )
  await assertValidation(
    verify({ SigningAlgorithm: 'X' }),
    constraint("'X'", 'signingAlgorithm', `satisfy enum value set: [${PRINTED.signingAlgorithm}]`),
  )
  await assertValidation(verify({ Message: '' }), constraint('', 'message', 'have length greater than or equal to 1'))
  // Recorded: no bytes are shown.
  for (const [bytes, rule] of [
    [0, 'have length greater than or equal to 1'],
    [6145, 'have length less than or equal to 6144'],
  ] as const) {
    await assertValidation(verify({ Signature: Buffer.alloc(bytes) }), constraint('', 'signature', rule))
  }
})

test('the audit record of a refused signature says so and names the key', async () => {
  await assertFails(verify({ Message: Buffer.from('another message') }), ...INVALID)
  const { errorCode, requestParameters } = lastRecord(harness)
  assert.equal(errorCode, 'KMSInvalidSignatureException')
  assert.deepEqual(requestParameters, { keyId: key.KeyId, signingAlgorithm: 'ECDSA_SHA_256' })
})
