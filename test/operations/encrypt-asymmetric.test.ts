/** Encrypt, Decrypt and ReEncrypt with RSA and SM2 keys (operations.md 3.7, 3.19, 3.40, 4.2; audit.md 4.1). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import { isAsymmetric, kindsFor, OAEP_BYTES, PRINTED, SM2PKE_PLAINTEXT_BYTES_MAX } from '../support/key-kinds.ts'
import {
  assertFails,
  assertValidation,
  constraint,
  DRY_RUN,
  keyArn,
  lastRecord,
  MISSING_KEY_ID,
  memberNames,
  moveTo,
  newKey,
  notVisible,
  resource,
} from './support.ts'

const KINDS = kindsFor('ENCRYPT_DECRYPT').filter(({ KeySpec }) => isAsymmetric(KeySpec))
const PAIRS = KINDS.flatMap(({ KeySpec, algorithms }) => algorithms.map((algorithm) => [KeySpec, algorithm] as const))
const NO_CONTEXT = 'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.'
const INVALID = ['InvalidCiphertextException', undefined] as const

let harness: Harness
let symmetric: Answer
/** By spec. */
let keys: ReadonlyMap<string, Answer>
before(async () => {
  harness = await createHarness()
  symmetric = await newKey(harness)
  const made = KINDS.map(async ({ KeySpec, KeyUsage }) => [KeySpec, await newKey(harness, { KeySpec, KeyUsage })])
  keys = new Map((await Promise.all(made)) as [string, Answer][])
})
after(() => harness.close())

const idOf = (spec: string): string => keys.get(spec).KeyId
const encrypt = (body: object) => answerOf('Encrypt', { Plaintext: Buffer.from('hello'), ...body })
const decrypt = (body: object, caller?: object) => answerOf('Decrypt', body, caller)
const bytesOf = (text: string) => Buffer.from(text, 'base64')

/** As the client gets it: JSON has no members that are undefined. */
async function answerOf(operation: string, body: object, caller?: object): Promise<Answer> {
  return JSON.parse(JSON.stringify(await harness.call(operation, body, caller)))
}

function plaintextBytesMax(spec: string, algorithm: string): number {
  return OAEP_BYTES[spec]?.[algorithm] ?? SM2PKE_PLAINTEXT_BYTES_MAX
}

for (const [spec, EncryptionAlgorithm] of PAIRS) {
  test(`${EncryptionAlgorithm} of ${spec}: what goes in comes out, with the members of an asymmetric key`, async () => {
    const request = { KeyId: idOf(spec), EncryptionAlgorithm }
    const sealed = await encrypt(request)
    assert.deepEqual(memberNames(sealed), ['CiphertextBlob', 'EncryptionAlgorithm', 'KeyId'])
    assert.deepEqual([sealed.KeyId, sealed.EncryptionAlgorithm], [keys.get(spec).Arn, EncryptionAlgorithm])
    const opened = await decrypt({ ...request, CiphertextBlob: sealed.CiphertextBlob })
    assert.deepEqual(opened, {
      KeyId: keys.get(spec).Arn,
      Plaintext: Buffer.from('hello').toString('base64'),
      EncryptionAlgorithm,
    })
    assert.equal('KeyMaterialId' in opened, false)
    assert.notEqual((await encrypt(request)).CiphertextBlob, sealed.CiphertextBlob)
  })

  test(`${EncryptionAlgorithm} of ${spec} takes 1 byte to its maximum and says what that is`, async () => {
    const KeyId = idOf(spec)
    const max = plaintextBytesMax(spec, EncryptionAlgorithm)
    for (const length of [1, max]) {
      const Plaintext = Buffer.alloc(length, 0xa5)
      const { CiphertextBlob } = await encrypt({ KeyId, EncryptionAlgorithm, Plaintext })
      const sized = OAEP_BYTES[spec]?.ciphertext
      if (sized !== undefined) assert.equal(bytesOf(CiphertextBlob).length, sized)
      const opened = await decrypt({ KeyId, EncryptionAlgorithm, CiphertextBlob })
      assert.deepEqual(bytesOf(opened.Plaintext), Plaintext)
    }
    const text = `Algorithm ${EncryptionAlgorithm} and key spec ${spec} cannot encrypt data larger than ${max} bytes.`
    for (const length of [max + 1, 4096]) {
      const Plaintext = Buffer.alloc(length)
      await assertValidation(encrypt({ KeyId, EncryptionAlgorithm, Plaintext }), text)
      await assertValidation(encrypt({ KeyId, EncryptionAlgorithm, Plaintext, DryRun: true }), text)
    }
    await assertValidation(
      encrypt({ KeyId, EncryptionAlgorithm, Plaintext: '' }),
      constraint('', 'plaintext', 'have length greater than or equal to 1'),
    )
  })

  test(`${EncryptionAlgorithm} of ${spec}: whatever is wrong with a ciphertext, the answer is the same`, async () => {
    const KeyId = idOf(spec)
    const { CiphertextBlob } = await encrypt({ KeyId, EncryptionAlgorithm })
    const good = bytesOf(CiphertextBlob)
    const changed = [0, 8, good.length >> 1, good.length - 1].map((at) => {
      const copy = Buffer.from(good)
      copy[at]! ^= 1
      return copy
    })
    const other = await newKey(harness, { KeySpec: spec.replace(/RSA_\d+/, 'RSA_2048'), KeyUsage: 'ENCRYPT_DECRYPT' })
    const foreign = await encrypt({ KeyId: other.KeyId, EncryptionAlgorithm })
    const wrong = [
      ...changed,
      good.subarray(1),
      good.subarray(0, -1),
      Buffer.concat([good, Buffer.alloc(1)]),
      Buffer.concat([Buffer.alloc(1), good]),
      Buffer.alloc(good.length),
      Buffer.alloc(good.length, 0xff),
      Buffer.of(0),
      Buffer.alloc(6144, 7),
      bytesOf(foreign.CiphertextBlob),
      bytesOf((await encrypt({ KeyId: symmetric.KeyId })).CiphertextBlob),
    ]
    for (const blob of wrong) {
      await assertFails(decrypt({ KeyId, EncryptionAlgorithm, CiphertextBlob: blob }), ...INVALID)
      await assertFails(decrypt({ KeyId, EncryptionAlgorithm, CiphertextBlob: blob, DryRun: true }), ...INVALID)
    }
    await assertFails(decrypt({ KeyId, EncryptionAlgorithm, CiphertextBlob, DryRun: true }), ...DRY_RUN)
  })

  test(`ReEncrypt between ${EncryptionAlgorithm} of ${spec} and every other encryption key, both ways`, async () => {
    const KeyId = idOf(spec)
    const others = [['SYMMETRIC_DEFAULT', 'SYMMETRIC_DEFAULT'] as const, ...PAIRS]
    for (const [otherSpec, otherAlgorithm] of others) {
      const other = otherSpec === 'SYMMETRIC_DEFAULT' ? symmetric : keys.get(otherSpec)
      const { CiphertextBlob } = await encrypt({ KeyId, EncryptionAlgorithm })
      const answer = await answerOf('ReEncrypt', {
        CiphertextBlob,
        SourceKeyId: KeyId,
        SourceEncryptionAlgorithm: EncryptionAlgorithm,
        DestinationKeyId: other.KeyId,
        DestinationEncryptionAlgorithm: otherAlgorithm,
      })
      const { CiphertextBlob: moved, ...rest } = answer
      assert.deepEqual(rest, {
        SourceKeyId: keys.get(spec).Arn,
        KeyId: other.Arn,
        SourceEncryptionAlgorithm: EncryptionAlgorithm,
        DestinationEncryptionAlgorithm: otherAlgorithm,
        ...(other === symmetric && { DestinationKeyMaterialId: symmetric.CurrentKeyMaterialId }),
      })
      const opened = await decrypt({
        CiphertextBlob: moved,
        KeyId: other.KeyId,
        EncryptionAlgorithm: otherAlgorithm,
      })
      assert.equal(bytesOf(opened.Plaintext).toString(), 'hello')
      const back = await answerOf('ReEncrypt', {
        CiphertextBlob: moved,
        SourceKeyId: other.KeyId,
        SourceEncryptionAlgorithm: otherAlgorithm,
        DestinationKeyId: KeyId,
        DestinationEncryptionAlgorithm: EncryptionAlgorithm,
      })
      assert.equal('SourceKeyMaterialId' in back, other === symmetric)
      assert.equal('DestinationKeyMaterialId' in back, false)
      const home = await decrypt({ CiphertextBlob: back.CiphertextBlob, KeyId, EncryptionAlgorithm })
      assert.equal(bytesOf(home.Plaintext).toString(), 'hello')
    }
  })
}

test('a ciphertext of one OAEP hash does not open with the other', async () => {
  const KeyId = idOf('RSA_2048')
  const { CiphertextBlob } = await encrypt({ KeyId, EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' })
  await assertFails(decrypt({ KeyId, CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }), ...INVALID)
})

test('an asymmetric algorithm needs the key to be named, and takes no context but an empty one', async () => {
  for (const [spec, EncryptionAlgorithm] of PAIRS) {
    const KeyId = idOf(spec)
    const { CiphertextBlob } = await encrypt({ KeyId, EncryptionAlgorithm, EncryptionContext: {} })
    await assertValidation(decrypt({ CiphertextBlob, EncryptionAlgorithm }), 'KeyId must not be null')
    const EncryptionContext = { a: 'b' }
    await assertValidation(encrypt({ KeyId, EncryptionAlgorithm, EncryptionContext }), NO_CONTEXT)
    const request = { KeyId, CiphertextBlob, EncryptionAlgorithm }
    await assertValidation(decrypt({ ...request, EncryptionContext }), NO_CONTEXT)
    assert.ok((await decrypt({ ...request, EncryptionContext: {} })).Plaintext)
  }
})

test('the plaintext of a symmetric ciphertext must fit the destination', async () => {
  const { CiphertextBlob } = await encrypt({ KeyId: symmetric.KeyId, Plaintext: Buffer.alloc(215) })
  const DestinationKeyId = idOf('RSA_2048')
  await assertValidation(
    harness.call('ReEncrypt', {
      CiphertextBlob,
      DestinationKeyId,
      DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
    }),
    'Algorithm RSAES_OAEP_SHA_1 and key spec RSA_2048 cannot encrypt data larger than 214 bytes.',
  )
})

test('unknown algorithms are refused with the list that AWS prints, which leaves SM2PKE out (1.8)', async () => {
  const rule = `satisfy enum value set: [${PRINTED.encryptionAlgorithm}]`
  const KeyId = idOf('RSA_2048')
  const CiphertextBlob = Buffer.alloc(256)
  const named = { CiphertextBlob, DestinationKeyId: KeyId, SourceKeyId: KeyId }
  const cases = [
    [encrypt({ KeyId, EncryptionAlgorithm: 'X' }), 'encryptionAlgorithm'],
    [decrypt({ KeyId, CiphertextBlob, EncryptionAlgorithm: 'X' }), 'encryptionAlgorithm'],
    [harness.call('ReEncrypt', { ...named, SourceEncryptionAlgorithm: 'X' }), 'sourceEncryptionAlgorithm'],
    [harness.call('ReEncrypt', { ...named, DestinationEncryptionAlgorithm: 'X' }), 'destinationEncryptionAlgorithm'],
  ] as const
  for (const [work, path] of cases) await assertValidation(work, constraint("'X'", path, rule))
})

test('the key is looked at before the ciphertext: missing, foreign, disabled, pending deletion', async () => {
  const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256'
  const key = await newKey(harness, { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
  const { CiphertextBlob } = await encrypt({ KeyId: key.KeyId, EncryptionAlgorithm })
  const request = { CiphertextBlob, EncryptionAlgorithm }
  await assertFails(
    decrypt({ ...request, KeyId: MISSING_KEY_ID }),
    'NotFoundException',
    `Key '${keyArn(MISSING_KEY_ID)}' does not exist`,
  )
  await assertFails(
    decrypt({ ...request, KeyId: key.Arn }, { account: OTHER_ACCOUNT }),
    'AccessDeniedException',
    notVisible('kms:Decrypt'),
  )
  for (const [state, code, text] of [
    ['Disabled', 'DisabledException', `${key.Arn} is disabled.`],
    ['PendingDeletion', 'KMSInvalidStateException', `${key.Arn} is pending deletion.`],
  ] as const) {
    await moveTo(harness, key.KeyId, state)
    for (const blob of [CiphertextBlob, Buffer.of(1)]) {
      await assertFails(decrypt({ ...request, CiphertextBlob: blob, KeyId: key.KeyId }), code, text)
    }
    await assertFails(encrypt({ KeyId: key.KeyId, EncryptionAlgorithm }), code, text)
  }
})

test('audit records of asymmetric keys name no key material', async () => {
  const KeyId = idOf('RSA_2048')
  const { Arn } = keys.get('RSA_2048')
  const EncryptionAlgorithm = 'RSAES_OAEP_SHA_1'
  const common = { readOnly: true, responseElements: null }
  const { CiphertextBlob } = await encrypt({ KeyId, EncryptionAlgorithm })
  const requestParameters = { keyId: KeyId, encryptionAlgorithm: EncryptionAlgorithm }
  assert.deepEqual(lastRecord(harness), {
    eventName: 'Encrypt',
    ...common,
    requestParameters,
    resources: [resource(Arn)],
  })
  await decrypt({ KeyId, EncryptionAlgorithm, CiphertextBlob })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'Decrypt',
    ...common,
    requestParameters,
    resources: [resource(Arn)],
  })
  await harness.call('ReEncrypt', {
    CiphertextBlob,
    SourceKeyId: KeyId,
    SourceEncryptionAlgorithm: EncryptionAlgorithm,
    DestinationKeyId: symmetric.KeyId,
  })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'ReEncrypt',
    ...common,
    requestParameters: {
      sourceKeyId: KeyId,
      sourceEncryptionAlgorithm: EncryptionAlgorithm,
      destinationKeyId: symmetric.KeyId,
      destinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    },
    additionalEventData: { destinationKeyMaterialId: symmetric.CurrentKeyMaterialId },
    resources: [resource(Arn), resource(symmetric.Arn)],
  })
})
