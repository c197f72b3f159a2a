/** operations.md 3.7; lifecycle.md CT-5, MAN-6 to MAN-9, ENV-10, ENV-11; audit.md 4.1. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import {
  aliasArn,
  assertFails,
  assertValidation,
  constraint,
  DRY_RUN,
  keyArn,
  lastRecord,
  MISSING_KEY_ID,
  memberNames,
  newKey,
  notVisible,
  notVisibleByCiphertext,
  OTHER_REGION,
  resource,
} from './support.ts'

let harness: Harness
let key: Answer
let other: Answer
let blob: string
before(async () => {
  harness = await createHarness()
  key = await newKey(harness)
  other = await newKey(harness)
  await harness.call('CreateAlias', { AliasName: 'alias/mine', TargetKeyId: key.KeyId })
  await harness.call('CreateAlias', { AliasName: 'alias/other', TargetKeyId: other.KeyId })
  blob = (await harness.call('Encrypt', { KeyId: key.KeyId, Plaintext: Buffer.from('hello') })).CiphertextBlob
})
after(() => harness.close())

const decrypt = (body: object, caller?: object) => harness.call('Decrypt', { CiphertextBlob: blob, ...body }, caller)
const INCORRECT_KEY = [
  'IncorrectKeyException',
  'The key ID in the request does not identify a CMK that can perform this operation.',
] as const
const INVALID_CIPHERTEXT = ['InvalidCiphertextException', undefined] as const

test('Decrypt answers plaintext, key ARN, algorithm and the material that the blob names', async () => {
  const answer = await decrypt({})
  assert.deepEqual(memberNames(answer), ['EncryptionAlgorithm', 'KeyId', 'KeyMaterialId', 'Plaintext'])
  assert.equal(Buffer.from(answer.Plaintext, 'base64').toString(), 'hello')
  assert.equal(answer.KeyId, key.Arn)
  assert.equal(answer.EncryptionAlgorithm, 'SYMMETRIC_DEFAULT')
  assert.equal(answer.KeyMaterialId, key.CurrentKeyMaterialId)
})

test('the key may be named by id, ARN, alias and alias ARN', async () => {
  for (const KeyId of [key.KeyId, key.Arn, 'alias/mine', aliasArn('alias/mine')]) {
    assert.equal((await decrypt({ KeyId })).KeyId, key.Arn)
  }
})

test('another key than the ciphertext names is an IncorrectKeyException, whether it exists or not', async () => {
  const others = [
    other.KeyId,
    other.Arn,
    'alias/other',
    aliasArn('alias/other'),
    MISSING_KEY_ID,
    keyArn(MISSING_KEY_ID),
  ]
  for (const KeyId of others) await assertFails(decrypt({ KeyId }), ...INCORRECT_KEY)
})

test("another Region's ARN of the same key is another key (MRK-30)", async () => {
  const KeyId = key.Arn.replace('eu-central-1', OTHER_REGION)
  await assertFails(decrypt({ KeyId }), ...INCORRECT_KEY)
})

test('only a malformed KeyId and an unknown alias are not found (CT-5)', async () => {
  await assertFails(decrypt({ KeyId: 'no-key' }), 'NotFoundException', "Invalid keyId 'no-key'")
  await assertFails(
    decrypt({ KeyId: 'alias/none' }),
    'NotFoundException',
    `Alias ${aliasArn('alias/none')} is not found.`,
  )
})

test('the key is compared before the ciphertext is opened and before its state is looked at', async () => {
  const disabled = await newKey(harness)
  const sealed = await harness.call('Encrypt', { KeyId: disabled.KeyId, Plaintext: Buffer.from('x') })
  await harness.call('DisableKey', { KeyId: disabled.KeyId })
  const { CiphertextBlob } = sealed
  await assertFails(harness.call('Decrypt', { CiphertextBlob, KeyId: key.KeyId }), ...INCORRECT_KEY)
  const disabledText = `${disabled.Arn} is disabled.`
  await assertFails(harness.call('Decrypt', { CiphertextBlob }), 'DisabledException', disabledText)
  const torn = Buffer.from(CiphertextBlob, 'base64')
  torn[torn.length - 1]! ^= 1
  await assertFails(harness.call('Decrypt', { CiphertextBlob: torn }), 'DisabledException', disabledText)
})

test('every changed byte of a blob makes it invalid or the key unknown, without a message', async () => {
  const bytes = Buffer.from(blob, 'base64')
  for (let index = 0; index < bytes.length; index++) {
    const changed = Buffer.from(bytes)
    changed[index]! ^= 0x20
    const inMaterialId = index >= 8 && index < 40
    const work = harness.call('Decrypt', { CiphertextBlob: changed })
    if (inMaterialId) await assertFails(work, 'AccessDeniedException', notVisibleByCiphertext('kms:Decrypt'))
    else await assertFails(work, ...INVALID_CIPHERTEXT)
  }
})

test('what is no blob of ours is invalid: too short, cut, too long, of AWS', async () => {
  const bytes = Buffer.from(blob, 'base64')
  const foreign = Buffer.concat([Buffer.from('0102020078', 'hex'), Buffer.alloc(150, 3)])
  const cut = [
    bytes.subarray(0, 1),
    bytes.subarray(0, 116),
    bytes.subarray(0, -1),
    Buffer.concat([bytes, Buffer.of(0)]),
  ]
  for (const CiphertextBlob of [...cut, foreign, Buffer.alloc(6144)]) {
    await assertFails(harness.call('Decrypt', { CiphertextBlob }), ...INVALID_CIPHERTEXT)
    await assertFails(harness.call('Decrypt', { CiphertextBlob, KeyId: key.KeyId }), ...INVALID_CIPHERTEXT)
  }
})

test('a ciphertext of more than 6144 bytes breaks a constraint', async () => {
  await assertValidation(
    harness.call('Decrypt', { CiphertextBlob: Buffer.alloc(6145) }),
    constraint('', 'ciphertextBlob', 'have length less than or equal to 6144'),
  )
})

test('the encryption context must match exactly; order does not matter, and empty is none', async () => {
  const EncryptionContext = { tenant: 't-17', purpose: 'test' }
  const sealed = await harness.call('Encrypt', { KeyId: key.KeyId, Plaintext: Buffer.from('x'), EncryptionContext })
  const open = (context?: object) =>
    harness.call('Decrypt', { CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: context })
  assert.equal((await open({ purpose: 'test', tenant: 't-17' })).KeyId, key.Arn)
  const wrong = [
    undefined,
    {},
    { tenant: 't-17' },
    { tenant: 't-17', purpose: 'Test' },
    { Tenant: 't-17', purpose: 'test' },
    { tenant: 't-17', purpose: 'test', more: '' },
  ]
  for (const context of wrong) await assertFails(open(context), ...INVALID_CIPHERTEXT)
  assert.equal((await decrypt({ EncryptionContext: {} })).KeyId, key.Arn)
  await assertFails(decrypt({ EncryptionContext: { a: '' } }), ...INVALID_CIPHERTEXT)
})

test('a context whose names are those of built-in properties is a context like any other', async () => {
  const EncryptionContext = JSON.parse('{"__proto__": "a", "constructor": "b", "toString": "c"}')
  const sealed = await harness.call('Encrypt', { KeyId: key.KeyId, Plaintext: Buffer.from('x'), EncryptionContext })
  const { CiphertextBlob } = sealed
  assert.equal((await harness.call('Decrypt', { CiphertextBlob, EncryptionContext })).KeyId, key.Arn)
  await assertFails(harness.call('Decrypt', { CiphertextBlob }), ...INVALID_CIPHERTEXT)
  const without = JSON.parse('{"constructor": "b", "toString": "c"}')
  await assertFails(harness.call('Decrypt', { CiphertextBlob, EncryptionContext: without }), ...INVALID_CIPHERTEXT)
})

test('a caller of another account gets the same denial for a known and an unknown key (MAN-9, A-8)', async () => {
  const unknown = Buffer.from(blob, 'base64')
  unknown[20]! ^= 1
  const caller = { account: OTHER_ACCOUNT }
  const text = notVisibleByCiphertext('kms:Decrypt', OTHER_ACCOUNT)
  await assertFails(decrypt({}, caller), 'AccessDeniedException', text)
  await assertFails(decrypt({ CiphertextBlob: unknown }, caller), 'AccessDeniedException', text)
})

test('a caller of another account who names the key is told that he cannot see it (A-6)', async () => {
  const caller = { account: OTHER_ACCOUNT }
  const text = notVisible('kms:Decrypt')
  await assertFails(decrypt({ KeyId: key.Arn }, caller), 'AccessDeniedException', text)
  const unknown = Buffer.from(blob, 'base64')
  unknown[20]! ^= 1
  await assertFails(decrypt({ CiphertextBlob: unknown, KeyId: key.Arn }, caller), 'AccessDeniedException', text)
})

test('an unknown material beside a key of the own account is an IncorrectKeyException', async () => {
  const unknown = Buffer.from(blob, 'base64')
  unknown[20]! ^= 1
  await assertFails(decrypt({ CiphertextBlob: unknown, KeyId: key.KeyId }), ...INCORRECT_KEY)
})

test('in another Region the key is unknown (MAN-9)', async () => {
  const text = notVisibleByCiphertext('kms:Decrypt')
  await assertFails(decrypt({}, { region: OTHER_REGION }), 'AccessDeniedException', text)
})

test('after its deletion date a key is gone, and its ciphertext reads like a foreign one (DEL-9)', async () => {
  const doomed = await newKey(harness)
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId: doomed.KeyId, Plaintext: Buffer.from('x') })
  await harness.call('ScheduleKeyDeletion', { KeyId: doomed.KeyId, PendingWindowInDays: 7 })
  const open = (body = {}) => harness.call('Decrypt', { CiphertextBlob, ...body })
  harness.clock.advance(7 * 86_400_000 - 1)
  await assertFails(open(), 'KMSInvalidStateException', `${doomed.Arn} is pending deletion.`)
  harness.clock.advance(1)
  await assertFails(open(), 'AccessDeniedException', notVisibleByCiphertext('kms:Decrypt'))
  await assertFails(open({ KeyId: doomed.KeyId }), ...INCORRECT_KEY)
})

test('parameters that do not go together are refused', async () => {
  // Recorded.
  await assertValidation(harness.call('Decrypt', {}), constraint('null', 'ciphertextBlob', 'not be null'))
  await assertValidation(decrypt({ EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }), 'KeyId must not be null')
  await assertValidation(
    decrypt({ EncryptionAlgorithm: 'RSAES_OAEP_SHA_256', KeyId: key.KeyId, EncryptionContext: { a: 'b' } }),
    'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.',
  )
  await assertValidation(
    decrypt({ DryRunModifiers: ['IGNORE_CIPHERTEXT'] }),
    'DryRunModifiers can only be specified when DryRun is true',
  )
  await assertValidation(
    decrypt({ DryRun: false, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }),
    'DryRunModifiers can only be specified when DryRun is true',
  )
})

test('an asymmetric algorithm with a symmetric key is refused by usage, whatever the ciphertext is', async () => {
  await assertFails(
    decrypt({ EncryptionAlgorithm: 'RSAES_OAEP_SHA_256', KeyId: key.KeyId }),
    'InvalidKeyUsageException',
    'Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.',
  )
})

test('DryRun opens the ciphertext too', async () => {
  await assertFails(decrypt({ DryRun: true }), ...DRY_RUN)
  await assertFails(decrypt({ DryRun: true, EncryptionContext: { a: 'b' } }), ...INVALID_CIPHERTEXT)
})

test('IGNORE_CIPHERTEXT needs a key and looks at no ciphertext', async () => {
  const ignore = { DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }
  await assertValidation(harness.call('Decrypt', ignore), 'KeyId must not be null')
  await assertFails(harness.call('Decrypt', { ...ignore, KeyId: 'alias/mine' }), ...DRY_RUN)
  await assertFails(decrypt({ ...ignore, KeyId: other.KeyId }), ...DRY_RUN)
  await assertFails(
    harness.call('Decrypt', { ...ignore, KeyId: MISSING_KEY_ID }),
    'NotFoundException',
    `Key '${keyArn(MISSING_KEY_ID)}' does not exist`,
  )
  await assertFails(
    harness.call('Decrypt', { ...ignore, KeyId: key.Arn }, { account: OTHER_ACCOUNT }),
    'AccessDeniedException',
    notVisible('kms:Decrypt'),
  )
})

test('the audit record always holds the algorithm, and the key only if it was sent', async () => {
  await decrypt({})
  const expected = {
    eventName: 'Decrypt',
    readOnly: true,
    requestParameters: { encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
    responseElements: null,
    additionalEventData: { keyMaterialId: key.CurrentKeyMaterialId },
    resources: [resource(key.Arn)],
  }
  assert.deepEqual(lastRecord(harness), expected)
  await assertFails(decrypt({ KeyId: 'alias/mine', EncryptionContext: { a: 'b' } }), ...INVALID_CIPHERTEXT)
  const { errorCode, errorMessage, requestParameters } = lastRecord(harness)
  assert.deepEqual(
    { errorCode, errorMessage, requestParameters },
    {
      errorCode: 'InvalidCiphertextException',
      errorMessage: undefined,
      requestParameters: {
        encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        keyId: 'alias/mine',
        encryptionContext: { a: 'b' },
      },
    },
  )
})

test("the audit record of another account's caller does not name the key", async () => {
  const text = notVisibleByCiphertext('kms:Decrypt', OTHER_ACCOUNT)
  await assertFails(decrypt({}, { account: OTHER_ACCOUNT }), 'AccessDeniedException', text)
  const { errorCode, resources } = lastRecord(harness)
  assert.deepEqual({ errorCode, resources }, { errorCode: 'AccessDenied', resources: [] })
})
