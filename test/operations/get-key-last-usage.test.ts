/** operations.md 3.26; lifecycle.md DEL-31; audit.md 4.2. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT, START_TIME } from '../support/harness.ts'
import { DAY_MS, NO_ALIAS } from './rotations.ts'
import { assertFails, lastRecord, MISSING_KEY_ID, moveTo, newKey, notVisible, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const lastUsage = async (KeyId: string): Promise<Answer> =>
  (await harness.call('GetKeyLastUsage', { KeyId })).KeyLastUsage

const HMAC = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }
const SIGNING = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
const AGREEMENT = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }
const Message = Buffer.from('x')
const MAC = { Message, MacAlgorithm: 'HMAC_SHA_256' }
const SIGNED = { Message, SigningAlgorithm: 'ECDSA_SHA_256' }

interface Use {
  /** What CreateKey makes the key of. */
  readonly kind: object
  /** Members beside the key; calls made on the way are other uses of it. */
  body(key: Answer): Promise<object> | object
}

/** The list of operations.md 3.26, but for ReEncrypt, which has a test of its own. */
const COUNTED: Readonly<Record<string, Use>> = {
  Decrypt: {
    kind: {},
    body: async ({ KeyId }) => {
      const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: Message })
      return { CiphertextBlob }
    },
  },
  DeriveSharedSecret: {
    kind: AGREEMENT,
    body: async ({ KeyId }) => ({
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: (await harness.call('GetPublicKey', { KeyId })).PublicKey,
    }),
  },
  Encrypt: { kind: {}, body: () => ({ Plaintext: Message }) },
  GenerateDataKey: { kind: {}, body: () => ({ KeySpec: 'AES_256' }) },
  GenerateDataKeyPair: { kind: {}, body: () => ({ KeyPairSpec: 'ECC_NIST_P256' }) },
  GenerateDataKeyPairWithoutPlaintext: { kind: {}, body: () => ({ KeyPairSpec: 'ECC_NIST_P256' }) },
  GenerateDataKeyWithoutPlaintext: { kind: {}, body: () => ({ KeySpec: 'AES_256' }) },
  GenerateMac: { kind: HMAC, body: () => MAC },
  Sign: { kind: SIGNING, body: () => SIGNED },
  Verify: {
    kind: SIGNING,
    body: async ({ KeyId }) => ({
      ...SIGNED,
      Signature: (await harness.call('Sign', { KeyId, ...SIGNED })).Signature,
    }),
  },
  VerifyMac: {
    kind: HMAC,
    body: async ({ KeyId }) => ({ ...MAC, Mac: (await harness.call('GenerateMac', { KeyId, ...MAC })).Mac }),
  },
}

for (const [operation, { kind, body }] of Object.entries(COUNTED)) {
  test(`${operation} is a use, with its time, audit event and request; a dry run is none`, async () => {
    const key = await newKey(harness, kind)
    const { KeyId } = key
    const members = await body(key)
    const before = await lastUsage(KeyId)
    harness.clock.advance(1_000)
    const dry = harness.call(operation, { KeyId, ...members, DryRun: true })
    await assert.rejects(dry, { code: 'DryRunOperationException' })
    assert.deepEqual(await lastUsage(KeyId), before)
    await harness.call(operation, { KeyId, ...members })
    const { eventName, eventID, requestID } = harness.auditRecords().at(-1)
    assert.equal(eventName, operation)
    assert.deepEqual(await lastUsage(KeyId), {
      Operation: operation,
      Timestamp: harness.clock.now() / 1000,
      CloudTrailEventId: eventID,
      KmsRequestId: requestID,
    })
  })
}

test('ReEncrypt is a use of both keys', async () => {
  const [source, destination] = [await newKey(harness), await newKey(harness)]
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId: source.KeyId, Plaintext: Message })
  await harness.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: destination.KeyId })
  const { eventID } = harness.auditRecords().at(-1)
  for (const { KeyId } of [source, destination]) {
    const { Operation, CloudTrailEventId } = await lastUsage(KeyId)
    assert.deepEqual({ Operation, CloudTrailEventId }, { Operation: 'ReEncrypt', CloudTrailEventId: eventID })
  }
})

test('a key that was never used: an empty object, tracked since it was made', async () => {
  harness.clock.advance(DAY_MS)
  const { KeyId, Arn, CreationDate } = await newKey(harness)
  assert.deepEqual(await harness.call('GetKeyLastUsage', { KeyId: Arn }), {
    KeyId: Arn,
    KeyLastUsage: {},
    TrackingStartDate: CreationDate,
    KeyCreationDate: CreationDate,
  })
  assert.deepEqual(await lastUsage(KeyId), {})
})

test('a key that is older than the tracking is tracked since that began', async () => {
  const { KeyId } = await newKey(harness)
  const { account, region } = { account: '111122223333', region: 'eu-central-1' }
  const createdAt = START_TIME - DAY_MS
  await harness.store.change(async (change) => {
    const key = (await change.findKey({ account, region, keyId: KeyId }))!
    await change.updateKey({ ...key, createdAt })
  })
  const { TrackingStartDate, KeyCreationDate } = await harness.call('GetKeyLastUsage', { KeyId })
  assert.equal(KeyCreationDate, createdAt / 1000)
  assert.equal(TrackingStartDate, START_TIME / 1000)
})

test('reading, managing and failing are no uses', async () => {
  const symmetric = await newKey(harness)
  const signing = await newKey(harness, SIGNING)
  const KeyId = symmetric.KeyId
  await harness.call('DescribeKey', { KeyId })
  await harness.call('RotateKeyOnDemand', { KeyId })
  await harness.call('GetPublicKey', { KeyId: signing.KeyId })
  const wrong = { KeyId: signing.KeyId, ...SIGNED, Signature: Buffer.alloc(70, 1) }
  await assert.rejects(harness.call('Verify', wrong), { code: 'KMSInvalidSignatureException' })
  await assert.rejects(harness.call('Sign', { KeyId, ...SIGNED }), { code: 'InvalidKeyUsageException' })
  await moveTo(harness, KeyId, 'Disabled')
  await assert.rejects(harness.call('Encrypt', { KeyId, Plaintext: Message }), { code: 'DisabledException' })
  assert.deepEqual(await lastUsage(KeyId), {})
  assert.deepEqual(await lastUsage(signing.KeyId), {})
})

test('it is the newest use that counts, before and after it is saved', async () => {
  const { KeyId } = await newKey(harness)
  for (const operation of ['Encrypt', 'GenerateDataKey']) {
    harness.clock.advance(1_000)
    await harness.call(operation, { KeyId, ...(await COUNTED[operation]!.body({})) })
    const before = await lastUsage(KeyId)
    assert.equal(before.Operation, operation)
    await harness.service.keyUsage.save()
    assert.deepEqual(await lastUsage(KeyId), before)
  }
})

test('kms:TrailingDaysWithoutKeyUsage counts from the use that is shown, saved or not (authorization.md 3.2)', async () => {
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
    Action: 'kms:*',
    Resource: '*',
  }
  const Condition = { NumericLessThan: { 'kms:TrailingDaysWithoutKeyUsage': '30' } }
  const deny = { Effect: 'Deny', Principal: '*', Action: 'kms:DisableKey', Resource: '*', Condition }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement, deny] })
  const { KeyId } = await newKey(harness, { Policy })
  const disable = () => harness.call('DisableKey', { KeyId })
  harness.clock.advance(30 * DAY_MS)
  await harness.call('Encrypt', { KeyId, Plaintext: Message })
  await assert.rejects(disable(), { code: 'AccessDeniedException' }, 'used just now')
  await harness.service.keyUsage.save()
  harness.clock.advance(30 * DAY_MS - 1)
  await assert.rejects(disable(), { code: 'AccessDeniedException' }, 'used 29 days ago')
  harness.clock.advance(1)
  await disable()
})

test('a key that is not there, an alias, and a key of another account', async () => {
  const { Arn } = await newKey(harness)
  await assert.rejects(lastUsage(MISSING_KEY_ID), { code: 'NotFoundException' })
  await assertFails(lastUsage('alias/any'), ...NO_ALIAS)
  await assertFails(
    harness.call('GetKeyLastUsage', { KeyId: Arn }, { account: OTHER_ACCOUNT }),
    'AccessDeniedException',
    notVisible('kms:GetKeyLastUsage'),
  )
})

test('the audit record is that of a reader', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await lastUsage(KeyId)
  assert.deepEqual(lastRecord(harness), {
    eventName: 'GetKeyLastUsage',
    readOnly: true,
    requestParameters: { keyId: KeyId },
    responseElements: null,
    resources: [resource(Arn)],
  })
})
