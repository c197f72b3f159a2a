/** lifecycle.md appendix B: what keys are, what they are used for, and how they end. */
import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { passDays, rotationsOf, stateOf } from '../operations/rotations.ts'
import { assertFails, lastRecord, newKey, resource } from '../operations/support.ts'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { importMaterial } from '../support/imports.ts'

const storeCalls: string[] = []
let harness: Harness
before(async () => {
  harness = await createHarness({ onStoreCall: (method) => void storeCalls.push(method) })
})
after(() => harness.close())

const Plaintext = Buffer.from('x').toString('base64')
const DAY_SECONDS = 86_400

test('symmetric keys of 256 bits, asymmetric and HMAC keys: B.4/2', async () => {
  for (const [body, member, length] of [
    [{}, 'EncryptionAlgorithms', 1],
    [{ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }, 'SigningAlgorithms', 6],
    [{ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }, 'MacAlgorithms', 1],
  ] as const) {
    assert.equal((await newKey(harness, body))[member].length, length)
  }
  const { KeyId } = await newKey(harness, { Origin: 'EXTERNAL' })
  await assert.rejects(importMaterial(harness, KeyId, Buffer.alloc(31)), { code: 'InvalidCiphertextException' })
  await importMaterial(harness, KeyId, Buffer.alloc(32))
})

test('RSA encrypts or signs, NIST curves sign or agree, the others sign: B.4/3, B.4/4', async () => {
  const allowed: Readonly<Record<string, readonly string[]>> = {
    RSA_2048: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'],
    ECC_NIST_P256: ['SIGN_VERIFY', 'KEY_AGREEMENT'],
    ECC_NIST_EDWARDS25519: ['SIGN_VERIFY'],
    ECC_SECG_P256K1: ['SIGN_VERIFY'],
    ML_DSA_44: ['SIGN_VERIFY'],
  }
  for (const [KeySpec, usages] of Object.entries(allowed)) {
    for (const KeyUsage of ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'KEY_AGREEMENT', 'GENERATE_VERIFY_MAC']) {
      const made = newKey(harness, { KeySpec, KeyUsage })
      if (usages.includes(KeyUsage)) assert.equal((await made).KeyUsage, KeyUsage)
      else await assert.rejects(made, { code: 'ValidationException' })
    }
  }
  const { KeyId } = await newKey(harness, { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })
  await assert.rejects(harness.call('Encrypt', { KeyId, Plaintext, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }), {
    code: 'InvalidKeyUsageException',
  })
})

test('a key has a creation date, a description, a state, material and 0 to 50 aliases: B.3/5', async () => {
  const { KeyId, CreationDate, Description, KeyState } = await newKey(harness, { Description: 'mine' })
  assert.deepEqual([CreationDate, Description, KeyState], [harness.clock.now() / 1000, 'mine', 'Enabled'])
  assert.deepEqual((await harness.call('ListAliases', { KeyId })).Aliases, [])
  const name = (index: number) => ({ AliasName: `alias/many-${index}`, TargetKeyId: KeyId })
  for (let index = 0; index < 50; index++) await harness.call('CreateAlias', name(index))
  await assert.rejects(harness.call('CreateAlias', name(50)), { code: 'LimitExceededException' })
})

test('envelope encryption: the KMS key opens the data key, the data key the data: B.3/19, B.3/20, B.3/21, B.4/12, B.4/13, B.4/15', async () => {
  const { KeyId } = await newKey(harness)
  const made = await harness.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' })
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(made.Plaintext, 'base64'), iv)
  const sealed = cipher.update('a gigabyte')
  cipher.final()
  const opened = await harness.call('Decrypt', { CiphertextBlob: made.CiphertextBlob })
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(opened.Plaintext, 'base64'), iv)
  decipher.setAuthTag(cipher.getAuthTag())
  assert.equal(decipher.update(sealed).toString() + decipher.final().toString(), 'a gigabyte')
  // A data key is as good a plaintext as any.
  const wrapped = await harness.call('Encrypt', { KeyId, Plaintext: made.Plaintext })
  assert.equal((await harness.call('Decrypt', { CiphertextBlob: wrapped.CiphertextBlob })).Plaintext, made.Plaintext)
})

test('data keys are not stored, tracked or used: B.4/8, B.4/14', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' })
  storeCalls.length = 0
  const { Plaintext: dataKey, CiphertextBlob } = await harness.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' })
  assert.deepEqual(storeCalls, [])
  const record = JSON.stringify(lastRecord(harness))
  assert.ok(!record.includes(dataKey) && !record.includes(CiphertextBlob))
})

test('the encryption context is authenticated: B.4/16', async () => {
  const { KeyId } = await newKey(harness)
  const EncryptionContext = { Purpose: 'Test', App: 'Example' }
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext, EncryptionContext })
  const same = { CiphertextBlob, EncryptionContext: { App: 'Example', Purpose: 'Test' } }
  assert.equal((await harness.call('Decrypt', same)).Plaintext, Plaintext)
  for (const other of [undefined, {}, { Purpose: 'Test' }, { ...EncryptionContext, App: 'example' }]) {
    await assertFails(
      harness.call('Decrypt', { CiphertextBlob, EncryptionContext: other }),
      'InvalidCiphertextException',
      undefined,
    )
  }
})

const POLICY = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}'

test('the owner controls a customer managed key, its policy at creation and at any time: B.4/9, B.4/17, B.4/18', async () => {
  const { KeyId, KeyManager } = await newKey(harness, { Policy: POLICY })
  assert.equal(KeyManager, 'CUSTOMER')
  const policyOf = async () => JSON.parse((await harness.call('GetKeyPolicy', { KeyId })).Policy)
  assert.deepEqual(await policyOf(), JSON.parse(POLICY))
  await harness.call('UpdateKeyDescription', { KeyId, Description: 'mine' })
  await harness.call('TagResource', { KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] })
  await harness.call('EnableKeyRotation', { KeyId })
  await harness.call('DisableKey', { KeyId })
  await harness.call('ScheduleKeyDeletion', { KeyId })
  const changed = { ...JSON.parse(POLICY), Id: 'changed while pending deletion' }
  await harness.call('PutKeyPolicy', { KeyId, Policy: JSON.stringify(changed) })
  assert.deepEqual(await policyOf(), changed)
})

test('every request is recorded, whether it succeeds or fails: B.4/20', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const count = harness.auditLines.length
  await harness.call('Encrypt', { KeyId, Plaintext })
  await harness.call('DisableKey', { KeyId })
  await assert.rejects(harness.call('Encrypt', { KeyId, Plaintext }), { code: 'DisabledException' })
  await assert.rejects(harness.call('Encrypt', { KeyId: 'nonsense', Plaintext }))
  const records = harness.auditRecords().slice(count)
  assert.deepEqual(
    records.map(({ eventName, errorCode, resources }) => [eventName, errorCode, resources]),
    [
      ['Encrypt', undefined, [resource(Arn)]],
      ['DisableKey', undefined, [resource(Arn)]],
      ['Encrypt', 'DisabledException', [resource(Arn)]],
      ['Encrypt', 'NotFoundException', []],
    ],
  )
})

test('deletion is scheduled 7 to 30 days ahead, of an enabled key too; no use, no rotation until then: B.3/9, B.5/26', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  await passDays(harness, 80)
  for (const PendingWindowInDays of [6, 31]) {
    await assert.rejects(harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays }), {
      code: 'ValidationException',
    })
  }
  const { DeletionDate, KeyState } = await harness.call('ScheduleKeyDeletion', { KeyId })
  assert.deepEqual([DeletionDate, KeyState], [harness.clock.now() / 1000 + 30 * DAY_SECONDS, 'PendingDeletion'])
  await passDays(harness, 29.9)
  assert.equal(await stateOf(harness, KeyId), 'PendingDeletion')
  assert.deepEqual(await rotationsOf(harness, KeyId), [])
  const pending = `${Arn} is pending deletion.`
  await assertFails(harness.call('Encrypt', { KeyId, Plaintext }), 'KMSInvalidStateException', pending)
  await passDays(harness, 0.1)
  await assertFails(harness.call('DescribeKey', { KeyId }), 'NotFoundException', `Key '${Arn}' does not exist`)
})

test('uses of a key are on record, and the last one can be asked for: B.5/27', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('Encrypt', { KeyId, Plaintext })
  const uses = harness.auditRecords().filter(({ resources }) => resources[0]?.ARN === Arn)
  const { KeyLastUsage } = await harness.call('GetKeyLastUsage', { KeyId })
  assert.equal(KeyLastUsage.Operation, 'Encrypt')
  assert.equal(KeyLastUsage.CloudTrailEventId, uses.at(-1).eventID)
})

test('an attempted use of a key that is pending deletion can raise an alarm, and the deletion be cancelled: B.5/28', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('ScheduleKeyDeletion', { KeyId })
  await assert.rejects(harness.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' }))
  // The filter of AWS's recipe (DEL-30): { $.eventSource = kms* && $.errorMessage = "* is pending deletion." }
  const alarms = harness
    .auditRecords()
    .filter(
      ({ eventSource, errorMessage }) => eventSource.startsWith('kms') && / is pending deletion\.$/.test(errorMessage),
    )
    .filter(({ resources }: Answer) => resources[0]?.ARN === Arn)
  assert.deepEqual(
    alarms.map(({ eventName }) => eventName),
    ['GenerateDataKey'],
  )
  await harness.call('CancelKeyDeletion', { KeyId })
  assert.equal(await stateOf(harness, KeyId), 'Disabled')
})

test('disabling blocks use and rotation, and can be undone: B.5/29', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext })
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  await harness.call('DisableKey', { KeyId })
  await passDays(harness, 1000)
  assert.deepEqual(await rotationsOf(harness, KeyId), [])
  await assertFails(harness.call('Decrypt', { CiphertextBlob }), 'DisabledException', `${Arn} is disabled.`)
  await harness.call('EnableKey', { KeyId })
  assert.equal((await harness.call('Decrypt', { CiphertextBlob })).Plaintext, Plaintext)
})
