/** operations.md 3.44; lifecycle.md 3.4, 3.5; audit.md 4.3, section 5. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT, createHarness, type Harness, REGION } from '../support/harness.ts'
import { currentMaterial, DAY_MS, HMAC, NO_ALIAS, RSA, rotationsOf, serviceEvents, statusOf } from './rotations.ts'
import { assertFails, moveTo, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const rotate = (KeyId: string) => harness.call('RotateKeyOnDemand', { KeyId })
const encrypt = (KeyId: string) => harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })

test('RotateKeyOnDemand answers the ARN; only the current material changes (ROT-40)', async () => {
  const { KeyId, Arn } = await newKey(harness, { Description: 'd', Tags: [{ TagKey: 'a', TagValue: 'b' }] })
  await harness.call('EnableKeyRotation', { KeyId })
  const [before, schedule] = [
    (await harness.call('DescribeKey', { KeyId })).KeyMetadata,
    await statusOf(harness, KeyId),
  ]
  assert.deepEqual(await rotate(KeyId), { KeyId: Arn })
  const { KeyMetadata } = await harness.call('DescribeKey', { KeyId })
  assert.match(KeyMetadata.CurrentKeyMaterialId, /^[0-9a-f]{64}$/)
  assert.notEqual(KeyMetadata.CurrentKeyMaterialId, before.CurrentKeyMaterialId)
  assert.deepEqual({ ...KeyMetadata, CurrentKeyMaterialId: before.CurrentKeyMaterialId }, before)
  assert.deepEqual(await statusOf(harness, KeyId), schedule, 'the automatic schedule moved (ROT-17)')
  const { Tags } = await harness.call('ListResourceTags', { KeyId })
  assert.deepEqual(Tags, [{ TagKey: 'a', TagValue: 'b' }])
})

test('what encrypts is the new material, what decrypts is the one in the ciphertext (ROT-41, ROT-42)', async () => {
  const { KeyId } = await newKey(harness)
  const materials = [await currentMaterial(harness, KeyId)]
  const blobs = [(await encrypt(KeyId)).CiphertextBlob]
  for (let times = 0; times < 3; times++) {
    await rotate(KeyId)
    materials.push(await currentMaterial(harness, KeyId))
    blobs.push((await encrypt(KeyId)).CiphertextBlob)
  }
  assert.equal(new Set(materials).size, 4)
  for (const [index, CiphertextBlob] of blobs.entries()) {
    const { KeyMaterialId, Plaintext } = await harness.call('Decrypt', { CiphertextBlob })
    assert.equal(KeyMaterialId, materials[index])
    assert.equal(Buffer.from(Plaintext, 'base64').toString(), 'x')
  }
  const dataKey = await harness.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' })
  assert.equal(dataKey.KeyMaterialId, materials[3])
  const moved = await harness.call('ReEncrypt', { CiphertextBlob: blobs[0], DestinationKeyId: KeyId })
  assert.equal(moved.SourceKeyMaterialId, materials[0])
  assert.equal(moved.DestinationKeyMaterialId, materials[3], 'ReEncrypt with the same key moves to the newest (ROT-44)')
})

test('25 times in the life of a key, and never a 26th; automatic rotations do not count (ROT-32)', async () => {
  const { KeyId, Arn } = await newKey(harness)
  for (let times = 0; times < 25; times++) await rotate(KeyId)
  const text = `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${Arn}`
  await assertFails(rotate(KeyId), 'LimitExceededException', text)
  assert.equal((await rotationsOf(harness, KeyId)).length, 25)
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  harness.clock.advance(90 * DAY_MS)
  await harness.service.jobs.runAll()
  assert.equal((await rotationsOf(harness, KeyId)).length, 26)
  await assertFails(rotate(KeyId), 'LimitExceededException', text)
})

test('within 20 minutes of an automatic rotation it conflicts (ROT-33)', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  harness.clock.advance(90 * DAY_MS - 20 * 60_000 - 1)
  await rotate(KeyId)
  harness.clock.advance(1)
  await assert.rejects(rotate(KeyId), { code: 'ConflictException' })
  harness.clock.advance(20 * 60_000)
  await assert.rejects(rotate(KeyId), { code: 'ConflictException' })
  await harness.service.jobs.runAll()
  await rotate(KeyId)
  assert.deepEqual(
    (await rotationsOf(harness, KeyId)).map(({ RotationType }) => RotationType),
    ['ON_DEMAND', 'AUTOMATIC', 'ON_DEMAND'],
  )
})

test('calls at the same time end well and rotate once (ROT-34)', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const answers = await Promise.all(Array.from({ length: 5 }, () => rotate(KeyId)))
  assert.deepEqual(answers, Array(5).fill({ KeyId: Arn }))
  assert.equal((await rotationsOf(harness, KeyId)).length, 1)
})

test('HMAC and asymmetric keys are refused without a text, but for their state first', async () => {
  for (const kind of [HMAC, RSA]) {
    const { KeyId, Arn } = await newKey(harness, kind)
    await assertFails(rotate(KeyId), 'UnsupportedOperationException', undefined)
    await moveTo(harness, KeyId, 'Disabled')
    await assertFails(rotate(KeyId), 'DisabledException', `${Arn} is disabled.`)
  }
})

test('an alias is no name for it', async () => {
  await assertFails(rotate('alias/any'), ...NO_ALIAS)
})

test('a refused rotation changes nothing and tells of no rotation', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const before = await currentMaterial(harness, KeyId)
  await moveTo(harness, KeyId, 'PendingDeletion')
  await assertFails(rotate(KeyId), 'KMSInvalidStateException', `${Arn} is pending deletion.`)
  assert.equal(await currentMaterial(harness, KeyId), before)
  assert.deepEqual(serviceEvents(harness, Arn), [])
})

test('the call has its record, and the rotation has one of its own', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const previous = await currentMaterial(harness, KeyId)
  await rotate(KeyId)
  const [call, event] = harness.auditRecords().slice(-2)
  assert.equal(call.eventName, 'RotateKeyOnDemand')
  assert.equal(call.readOnly, false)
  assert.deepEqual(call.requestParameters, { keyId: KeyId })
  assert.deepEqual(call.responseElements, { keyId: Arn })
  assert.deepEqual(call.resources, [resource(Arn)])
  const { eventID, eventTime, ...rest } = event
  assert.match(eventID, /^[0-9a-f-]{36}$/)
  assert.notEqual(eventID, call.eventID)
  assert.equal(eventTime, call.eventTime)
  assert.deepEqual(rest, {
    eventVersion: '1.11',
    userIdentity: { accountId: ACCOUNT, invokedBy: 'AWS Internal' },
    eventSource: 'kms.amazonaws.com',
    eventName: 'RotateKey',
    awsRegion: REGION,
    sourceIPAddress: 'AWS Internal',
    userAgent: 'AWS Internal',
    requestParameters: null,
    responseElements: null,
    readOnly: false,
    resources: [resource(Arn)],
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    serviceEventDetails: {
      rotationType: 'ON_DEMAND',
      keyOrigin: 'AWS_KMS',
      keyId: KeyId,
      previousKeyMaterialId: previous,
      currentKeyMaterialId: await currentMaterial(harness, KeyId),
    },
    eventCategory: 'Management',
  })
})
