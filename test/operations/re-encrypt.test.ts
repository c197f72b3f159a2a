/** operations.md 3.40; lifecycle.md CT-5; audit.md 4.1. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import {
  assertFails,
  assertValidation,
  constraint,
  DRY_RUN,
  insertKey,
  keyArn,
  lastRecord,
  MISSING_KEY_ID,
  memberNames,
  newKey,
  notVisible,
  notVisibleByCiphertext,
  resource,
} from './support.ts'

let harness: Harness
let source: Answer
let destination: Answer
let blob: string
before(async () => {
  harness = await createHarness()
  source = await newKey(harness)
  destination = await newKey(harness)
  blob = (await harness.call('Encrypt', { KeyId: source.KeyId, Plaintext: Buffer.from('hello') })).CiphertextBlob
})
after(() => harness.close())

const reEncrypt = (body: object, caller?: object) =>
  harness.call('ReEncrypt', { CiphertextBlob: blob, DestinationKeyId: destination.KeyId, ...body }, caller)
const INCORRECT_KEY = [
  'IncorrectKeyException',
  'The key ID in the request does not identify a CMK that can perform this operation.',
] as const

test('ReEncrypt answers a ciphertext of the destination key, and both keys, algorithms and materials', async () => {
  const answer = await reEncrypt({})
  assert.deepEqual(memberNames(answer), [
    'CiphertextBlob',
    'DestinationEncryptionAlgorithm',
    'DestinationKeyMaterialId',
    'KeyId',
    'SourceEncryptionAlgorithm',
    'SourceKeyId',
    'SourceKeyMaterialId',
  ])
  const { CiphertextBlob, ...rest } = answer
  assert.deepEqual(rest, {
    SourceKeyId: source.Arn,
    KeyId: destination.Arn,
    SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    SourceKeyMaterialId: source.CurrentKeyMaterialId,
    DestinationKeyMaterialId: destination.CurrentKeyMaterialId,
  })
  const opened = await harness.call('Decrypt', { CiphertextBlob, KeyId: destination.KeyId })
  assert.equal(Buffer.from(opened.Plaintext, 'base64').toString(), 'hello')
})

test('source and destination may be the same key, to change the encryption context', async () => {
  const DestinationEncryptionContext = { new: 'context' }
  const answer = await reEncrypt({ DestinationKeyId: source.KeyId, DestinationEncryptionContext })
  const { CiphertextBlob } = answer
  const again = await reEncrypt({ CiphertextBlob, SourceEncryptionContext: DestinationEncryptionContext })
  const opened = await harness.call('Decrypt', { CiphertextBlob: again.CiphertextBlob })
  assert.equal(Buffer.from(opened.Plaintext, 'base64').toString(), 'hello')
  await assertFails(reEncrypt({ CiphertextBlob }), 'InvalidCiphertextException', undefined)
})

test('a source key that the ciphertext does not name is an IncorrectKeyException', async () => {
  await assertFails(reEncrypt({ SourceKeyId: destination.KeyId }), ...INCORRECT_KEY)
  await assertFails(reEncrypt({ SourceKeyId: MISSING_KEY_ID }), ...INCORRECT_KEY)
  assert.equal((await reEncrypt({ SourceKeyId: source.Arn })).SourceKeyId, source.Arn)
})

test('a broken ciphertext is invalid without a message', async () => {
  const broken = Buffer.from(blob, 'base64')
  broken[broken.length - 1]! ^= 1
  await assertFails(reEncrypt({ CiphertextBlob: broken }), 'InvalidCiphertextException', undefined)
  await assertFails(reEncrypt({ CiphertextBlob: 'AAAA' }), 'InvalidCiphertextException', undefined)
})

test('a destination that does not exist, cannot encrypt or takes another algorithm is refused', async () => {
  await assertFails(
    reEncrypt({ DestinationKeyId: MISSING_KEY_ID }),
    'NotFoundException',
    `Key '${keyArn(MISSING_KEY_ID)}' does not exist`,
  )
  const signer = await insertKey(harness, { spec: 'RSA_2048', usage: 'SIGN_VERIFY' })
  await assertFails(
    reEncrypt({ DestinationKeyId: signer.keyId }),
    'InvalidKeyUsageException',
    `${signer.arn} key usage is SIGN_VERIFY which is not valid for ReEncryptTo.`,
  )
  await assertFails(
    reEncrypt({ DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }),
    'InvalidKeyUsageException',
    'Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.',
  )
})

test('the source is checked before the destination', async () => {
  const [first, second] = [await newKey(harness), await newKey(harness)]
  const sealed = await harness.call('Encrypt', { KeyId: first.KeyId, Plaintext: Buffer.from('x') })
  for (const { KeyId } of [first, second]) await harness.call('DisableKey', { KeyId })
  const body = { CiphertextBlob: sealed.CiphertextBlob, DestinationKeyId: second.KeyId }
  await assertFails(reEncrypt(body), 'DisabledException', `${first.Arn} is disabled.`)
  await harness.call('EnableKey', { KeyId: first.KeyId })
  await assertFails(reEncrypt(body), 'DisabledException', `${second.Arn} is disabled.`)
})

test('parameters that do not go together are refused', async () => {
  const DestinationKeyId = destination.KeyId
  // Recorded.
  await assertValidation(
    harness.call('ReEncrypt', { DestinationKeyId }),
    constraint('null', 'ciphertextBlob', 'not be null'),
  )
  await assertValidation(reEncrypt({ SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }), 'SourceKeyId must not be null')
  const text = 'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.'
  const context = { a: 'b' }
  await assertValidation(
    reEncrypt({
      SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      SourceKeyId: source.KeyId,
      SourceEncryptionContext: context,
    }),
    text,
  )
  await assertValidation(
    reEncrypt({ DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', DestinationEncryptionContext: context }),
    text,
  )
  await assertValidation(
    reEncrypt({ DryRunModifiers: ['IGNORE_CIPHERTEXT'] }),
    'DryRunModifiers can only be specified when DryRun is true',
  )
})

test('DryRun opens the ciphertext too, unless told to ignore it', async () => {
  await assertFails(reEncrypt({ DryRun: true }), ...DRY_RUN)
  const context = { SourceEncryptionContext: { a: 'b' } }
  await assertFails(reEncrypt({ DryRun: true, ...context }), 'InvalidCiphertextException', undefined)
  const ignore = { DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT'], DestinationKeyId: destination.KeyId }
  await assertValidation(harness.call('ReEncrypt', ignore), 'SourceKeyId must not be null')
  await assertFails(harness.call('ReEncrypt', { ...ignore, SourceKeyId: source.KeyId }), ...DRY_RUN)
})

test('each side must be visible to the caller', async () => {
  const caller = { account: OTHER_ACCOUNT }
  const own = await newKey(harness, {}, caller)
  await assertFails(
    reEncrypt({ DestinationKeyId: own.KeyId }, caller),
    'AccessDeniedException',
    notVisibleByCiphertext('kms:ReEncryptFrom', OTHER_ACCOUNT),
  )
  const sealed = await harness.call('Encrypt', { KeyId: own.KeyId, Plaintext: Buffer.from('x') }, caller)
  const { CiphertextBlob } = sealed
  await assertFails(
    reEncrypt({ CiphertextBlob, DestinationKeyId: destination.Arn }, caller),
    'AccessDeniedException',
    notVisible('kms:ReEncryptTo'),
  )
})

test('the audit record holds both sides, source key first', async () => {
  await reEncrypt({ DestinationEncryptionContext: { a: 'b' } })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'ReEncrypt',
    readOnly: true,
    requestParameters: {
      sourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      destinationKeyId: destination.KeyId,
      destinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      destinationEncryptionContext: { a: 'b' },
    },
    responseElements: null,
    additionalEventData: {
      sourceKeyMaterialId: source.CurrentKeyMaterialId,
      destinationKeyMaterialId: destination.CurrentKeyMaterialId,
    },
    resources: [resource(source.Arn), resource(destination.Arn)],
  })
})
