/** operations.md 3.46, 4.3, 4.4; audit.md 4.1. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import {
  isDeterministic,
  kindsFor,
  MESSAGE_TYPES,
  messageTypesOf,
  PRINTED,
  signatureBytes,
} from '../support/key-kinds.ts'
import { testMaterialRules } from './material-rules.ts'
import { assertFails, assertValidation, constraint, DRY_RUN, lastRecord, memberNames, newKey } from './support.ts'

const P256 = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
/** RSA_3072 and RSA_4096 differ by their size only, which the matrix looks at. */
const KINDS = kindsFor('SIGN_VERIFY').filter(({ KeySpec }) => KeySpec !== 'RSA_3072' && KeySpec !== 'RSA_4096')

let harness: Harness
let key: Answer
/** By spec. */
let keys: ReadonlyMap<string, Answer>
before(async () => {
  harness = await createHarness()
  const made = KINDS.map(async ({ KeySpec, KeyUsage }) => [KeySpec, await newKey(harness, { KeySpec, KeyUsage })])
  keys = new Map((await Promise.all(made)) as [string, Answer][])
  key = keys.get('ECC_NIST_P256')
})
after(() => harness.close())

const Message = Buffer.from('a message')
const sign = (body: object) =>
  harness.call('Sign', { KeyId: key.KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256', ...body })

testMaterialRules(() => harness, {
  operation: 'Sign',
  kind: P256,
  keyUsage: 'SIGN_VERIFY',
  body: async () => ({ Message, MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' }),
  audited: { messageType: 'RAW', signingAlgorithm: 'ECDSA_SHA_256' },
})

test('Sign answers key ARN, signature and algorithm', async () => {
  const answer = await sign({})
  assert.deepEqual(memberNames(answer), ['KeyId', 'Signature', 'SigningAlgorithm'])
  assert.equal(answer.KeyId, key.Arn)
  assert.equal(answer.SigningAlgorithm, 'ECDSA_SHA_256')
})

for (const { KeySpec, algorithms } of KINDS) {
  for (const SigningAlgorithm of algorithms) {
    const repeats = isDeterministic(SigningAlgorithm) ? 'the same' : 'another'
    test(`${SigningAlgorithm} of ${KeySpec}: length of the signature, and ${repeats} one each time`, async () => {
      const { KeyId } = keys.get(KeySpec)
      const [first] = messageTypesOf(SigningAlgorithm)
      const [MessageType, length = 9] = first!
      const body = { KeyId, Message: Buffer.alloc(length, 1), MessageType, SigningAlgorithm }
      const [one, two] = (await Promise.all([sign(body), sign(body)])).map(({ Signature }) =>
        Buffer.from(Signature, 'base64'),
      )
      const { max, exact } = signatureBytes(KeySpec)
      assert.ok(exact ? one!.length === max : one!.length <= max && one!.length > max - 10, `${one!.length} bytes`)
      assert.equal(one!.equals(two!), isDeterministic(SigningAlgorithm))
    })

    test(`${SigningAlgorithm} of ${KeySpec} takes the message types and lengths of its row and no others`, async () => {
      const { KeyId } = keys.get(KeySpec)
      const types = messageTypesOf(SigningAlgorithm)
      const attempt = (MessageType: string, bytes: number, more: object = {}) =>
        sign({ KeyId, SigningAlgorithm, MessageType, Message: Buffer.alloc(bytes, 1), ...more })
      for (const MessageType of MESSAGE_TYPES) {
        const length = types.get(MessageType)
        if (!types.has(MessageType)) {
          const whose = SigningAlgorithm.startsWith('ED25519') && MessageType !== 'EXTERNAL_MU'
          const text = whose ? `algorithm ${SigningAlgorithm}` : `key spec ${KeySpec}`
          // 7 bytes are no digest either: the type is looked at first.
          for (const bytes of [7, 32, 64]) {
            const work = attempt(MessageType, bytes)
            await assertValidation(work, `Message type ${MessageType} is incompatible with ${text}.`)
          }
        } else if (length === undefined) {
          for (const bytes of [1, 4096]) assert.ok((await attempt(MessageType, bytes)).Signature)
        } else {
          const what = MessageType === 'DIGEST' ? 'Digest' : 'External Mu'
          const text = `${what} is invalid length for algorithm ${SigningAlgorithm}.`
          for (const bytes of [1, length - 1, length + 1, 2 * length]) {
            await assertValidation(attempt(MessageType, bytes), text)
            await assertValidation(attempt(MessageType, bytes, { DryRun: true }), text)
          }
          await assertFails(attempt(MessageType, length, { DryRun: true }), ...DRY_RUN)
        }
      }
    })
  }
}

test('a message has 1 to 4096 bytes, and none of them shows in the refusal', async () => {
  await assertValidation(sign({ Message: '' }), constraint('', 'message', 'have length greater than or equal to 1'))
  await assertValidation(
    sign({ Message: Buffer.alloc(4097) }),
    constraint('', 'message', 'have length less than or equal to 4096'),
  )
})

test('an algorithm that does not fit the spec is refused before the message is looked at', async () => {
  const cases = [
    ['ECC_NIST_P256', 'RSASSA_PSS_SHA_256'],
    ['ECC_NIST_P256', 'ECDSA_SHA_384'],
    ['ECC_NIST_P384', 'ECDSA_SHA_256'],
    ['RSA_2048', 'ECDSA_SHA_256'],
    ['ECC_NIST_EDWARDS25519', 'ECDSA_SHA_512'],
    ['ML_DSA_44', 'ED25519_SHA_512'],
    ['SM2', 'ECDSA_SHA_256'],
    ['ECC_SECG_P256K1', 'SM2DSA'],
  ] as const
  for (const [spec, SigningAlgorithm] of cases) {
    await assertFails(
      sign({ KeyId: keys.get(spec).KeyId, SigningAlgorithm, MessageType: 'DIGEST', Message: Buffer.alloc(5) }),
      'InvalidKeyUsageException',
      `Algorithm ${SigningAlgorithm} is incompatible with key spec ${spec}.`,
    )
  }
})

test('SYMMETRIC_DEFAULT is told to be no algorithm of the key (recorded)', async () => {
  const { KeyId } = keys.get('RSA_2048')
  for (const SigningAlgorithm of ['SYMMETRIC_DEFAULT', 'SM2DSA']) {
    const text = `Algorithm ${SigningAlgorithm} is incompatible with key spec RSA_2048.`
    await assertFails(sign({ KeyId, SigningAlgorithm }), 'InvalidKeyUsageException', text)
  }
  const other = await newKey(harness)
  await assertFails(
    sign({ KeyId: other.KeyId, SigningAlgorithm: 'SYMMETRIC_DEFAULT' }),
    'InvalidKeyUsageException',
    `${other.Arn} key usage is ENCRYPT_DECRYPT which is not valid for Sign.`,
  )
})

test('missing and unknown members are reported with the lists that AWS prints (1.8)', async () => {
  await assertValidation(
    harness.call('Sign'),
    "3 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; " +
      "Value at 'message' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'signingAlgorithm' failed to satisfy constraint: Member must not be null",
  )
  for (const path of ['signingAlgorithm', 'messageType'] as const) {
    const member = `${path.charAt(0).toUpperCase()}${path.slice(1)}`
    await assertValidation(
      sign({ [member]: 'X' }),
      constraint("'X'", path, `satisfy enum value set: [${PRINTED[path]}]`),
    )
  }
})

test('RAW is what an absent MessageType means; the audit record shows only what was sent', async () => {
  const KeyId = keys.get('ECC_NIST_EDWARDS25519').KeyId
  const SigningAlgorithm = 'ED25519_SHA_512'
  const absent = await sign({ KeyId, SigningAlgorithm })
  assert.deepEqual(lastRecord(harness).requestParameters, { keyId: KeyId, signingAlgorithm: SigningAlgorithm })
  const raw = await sign({ KeyId, SigningAlgorithm, MessageType: 'RAW' })
  assert.equal(raw.Signature, absent.Signature)
})
