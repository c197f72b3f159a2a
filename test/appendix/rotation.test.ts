/** lifecycle.md appendix B: automatic, on-demand and manual rotation. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  currentMaterial,
  DAY_MS,
  passDays,
  rotationsOf,
  serviceEvents,
  stateOf,
  statusOf,
} from '../operations/rotations.ts'
import { assertFails, newKey, notVisibleByCiphertext } from '../operations/support.ts'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { importMaterial } from '../support/imports.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const Plaintext = Buffer.from('document A').toString('base64')
const encrypt = async (KeyId: string) => (await harness.call('Encrypt', { KeyId, Plaintext })).CiphertextBlob
const decrypt = (CiphertextBlob: string, more: object = {}) => harness.call('Decrypt', { CiphertextBlob, ...more })

/** Everything about the key that rotation must leave alone. */
async function unchanging(KeyId: string): Promise<Answer> {
  const { CurrentKeyMaterialId, ...metadata } = (await harness.call('DescribeKey', { KeyId })).KeyMetadata
  const { Policy } = await harness.call('GetKeyPolicy', { KeyId })
  const { Tags } = await harness.call('ListResourceTags', { KeyId })
  const { Aliases } = await harness.call('ListAliases', { KeyId })
  return { metadata, Policy, Tags, Aliases }
}

test('automatic rotation is off by default and yearly by default: B.1/13, B.2/2, B.3/12, B.3/15, B.3/16, B.5/2', async () => {
  const { KeyId, Arn } = await newKey(harness)
  assert.deepEqual(await statusOf(harness, KeyId), { KeyRotationEnabled: false, KeyId: Arn })
  await passDays(harness, 3000)
  assert.deepEqual(await rotationsOf(harness, KeyId), [])
  await harness.call('EnableKeyRotation', { KeyId })
  assert.equal((await statusOf(harness, KeyId)).RotationPeriodInDays, 365)
  for (let year = 1; year <= 3; year++) {
    await passDays(harness, 365)
    assert.equal((await rotationsOf(harness, KeyId)).length, year)
  }
  await harness.call('DisableKeyRotation', { KeyId })
  await passDays(harness, 3000)
  assert.equal((await rotationsOf(harness, KeyId)).length, 3)
})

test('the period can be chosen from 90 to 2560 days, and a rotation be asked for: B.2/8, B.5/7', async () => {
  const { KeyId } = await newKey(harness)
  for (const RotationPeriodInDays of [89, 2561]) {
    await assert.rejects(harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays }), {
      code: 'ValidationException',
    })
  }
  for (const RotationPeriodInDays of [90, 2560]) {
    await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays })
    assert.equal((await statusOf(harness, KeyId)).RotationPeriodInDays, RotationPeriodInDays)
  }
  await harness.call('RotateKeyOnDemand', { KeyId })
  assert.equal((await rotationsOf(harness, KeyId))[0].RotationType, 'ON_DEMAND')
})

test('only the backing key changes: B.1/14, B.2/3, B.2/4, B.2/13, B.3/13, B.3/14, B.5/3', async () => {
  const { KeyId } = await newKey(harness, { Description: 'stays', Tags: [{ TagKey: 'team', TagValue: 'pay' }] })
  await harness.call('CreateAlias', { AliasName: 'alias/rotating', TargetKeyId: KeyId })
  await harness.call('EnableKeyRotation', { KeyId })
  const [facts, material] = [await unchanging(KeyId), await currentMaterial(harness, KeyId)]
  await passDays(harness, 365)
  await harness.call('RotateKeyOnDemand', { KeyId })
  assert.equal((await rotationsOf(harness, KeyId)).length, 2)
  assert.deepEqual(await unchanging(KeyId), facts)
  assert.notEqual(await currentMaterial(harness, KeyId), material)
})

test('every older backing key is kept and found, the newest encrypts: B.2/5, B.2/6, B.3/17, B.3/18, B.4/22, B.5/4, B.5/5', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  const made: { blob: string; material: string }[] = []
  for (let generation = 0; generation < 8; generation++) {
    made.push({ blob: await encrypt(KeyId), material: await currentMaterial(harness, KeyId) })
    await passDays(harness, 90)
  }
  assert.equal(new Set(made.map(({ material }) => material)).size, 8)
  await harness.call('DisableKeyRotation', { KeyId })
  await passDays(harness, 5000)
  for (const { blob, material } of made) {
    const answer = await decrypt(blob)
    assert.deepEqual([answer.Plaintext, answer.KeyMaterialId], [Plaintext, material])
  }
})

test('ReEncrypt with the same key moves a ciphertext to the newest backing key: B.3/22', async () => {
  const { KeyId } = await newKey(harness)
  const CiphertextBlob = await encrypt(KeyId)
  const first = await currentMaterial(harness, KeyId)
  await harness.call('RotateKeyOnDemand', { KeyId })
  const moved = await harness.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId })
  assert.deepEqual(
    [moved.SourceKeyMaterialId, moved.DestinationKeyMaterialId],
    [first, await currentMaterial(harness, KeyId)],
  )
  assert.equal((await decrypt(moved.CiphertextBlob)).Plaintext, Plaintext)
})

test('imported keys do not rotate by themselves, and do on demand: B.1/8, B.1/15, B.2/7, B.5/6', async () => {
  const { KeyId, Arn } = await newKey(harness, { Origin: 'EXTERNAL' })
  await importMaterial(harness, KeyId, Buffer.alloc(32, 1))
  const refused = `${Arn} origin is EXTERNAL which is not valid for this operation.`
  await assertFails(harness.call('EnableKeyRotation', { KeyId }), 'UnsupportedOperationException', refused)
  await passDays(harness, 1000)
  assert.deepEqual(await rotationsOf(harness, KeyId), [])
  const blob = await encrypt(KeyId)
  await importMaterial(harness, KeyId, Buffer.alloc(32, 2), {
    ImportType: 'NEW_KEY_MATERIAL',
    ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
  })
  await harness.call('RotateKeyOnDemand', { KeyId })
  assert.equal((await rotationsOf(harness, KeyId)).length, 1)
  assert.equal((await decrypt(blob)).Plaintext, Plaintext)
})

test('disabled or pending deletion there is no rotation, and afterwards it is made up for at once: B.5/8, B.5/9', async () => {
  const disabled = await newKey(harness)
  const pending = await newKey(harness)
  for (const { KeyId } of [disabled, pending]) {
    await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  }
  await harness.call('DisableKey', { KeyId: disabled.KeyId })
  await passDays(harness, 80)
  await harness.call('ScheduleKeyDeletion', { KeyId: pending.KeyId, PendingWindowInDays: 30 })
  await passDays(harness, 15)
  for (const { KeyId } of [disabled, pending]) assert.deepEqual(await rotationsOf(harness, KeyId), [])
  await harness.call('EnableKey', { KeyId: disabled.KeyId })
  await harness.call('CancelKeyDeletion', { KeyId: pending.KeyId })
  for (const { KeyId, Arn } of [disabled, pending]) {
    const [rotation, ...more] = await rotationsOf(harness, KeyId)
    assert.deepEqual(
      [rotation.RotationType, rotation.RotationDate, more],
      ['AUTOMATIC', harness.clock.now() / 1000, []],
    )
    assert.deepEqual(
      serviceEvents(harness, Arn).map(({ eventName }) => eventName),
      ['RotateKey'],
    )
  }
  const { NextRotationDate } = await statusOf(harness, disabled.KeyId)
  assert.equal(NextRotationDate, (harness.clock.now() + 90 * DAY_MS) / 1000)
})

test('manual rotation is a new key with its own id under the old alias: B.1/9, B.1/16, B.1/17, B.1/18, B.2/10, B.2/11, B.3/11, B.4/21, B.5/11, B.5/12', async () => {
  const [old, fresh] = [await newKey(harness), await newKey(harness)]
  assert.notEqual(old.KeyId, fresh.KeyId)
  assert.notEqual(old.CurrentKeyMaterialId, fresh.CurrentKeyMaterialId)
  await harness.call('CreateAlias', { AliasName: 'alias/app', TargetKeyId: old.KeyId })
  const before = await encrypt('alias/app')
  await harness.call('UpdateAlias', { AliasName: 'alias/app', TargetKeyId: fresh.KeyId })
  const after = await encrypt('alias/app')
  assert.equal((await decrypt(before)).KeyId, old.Arn)
  assert.equal((await decrypt(after)).KeyId, fresh.Arn)
  // Who names the old id goes on using the old key.
  assert.equal((await harness.call('Encrypt', { KeyId: old.KeyId, Plaintext })).KeyId, old.Arn)
  await assert.rejects(decrypt(before, { KeyId: 'alias/app' }), { code: 'IncorrectKeyException' })
  const hmac = await newKey(harness, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
  await assert.rejects(harness.call('UpdateAlias', { AliasName: 'alias/app', TargetKeyId: hmac.KeyId }), {
    code: 'ValidationException',
  })
})

test('an alias needs its prefix: B.2/12', async () => {
  const { KeyId: TargetKeyId } = await newKey(harness)
  await assert.rejects(harness.call('CreateAlias', { AliasName: 'DeepanshuCMK', TargetKeyId }), {
    code: 'ValidationException',
  })
  await harness.call('CreateAlias', { AliasName: 'alias/DeepanshuCMK', TargetKeyId })
})

test('the old key must stay, or its data be moved before: B.1/10, B.1/19, B.5/13, B.5/14', async () => {
  const [old, fresh] = [await newKey(harness), await newKey(harness)]
  const [kept, lost] = [await encrypt(old.KeyId), await encrypt(old.KeyId)]
  assert.equal((await decrypt(kept)).KeyId, old.Arn)
  const moved = await harness.call('ReEncrypt', { CiphertextBlob: kept, DestinationKeyId: fresh.KeyId })
  await harness.call('DisableKey', { KeyId: old.KeyId })
  await assertFails(decrypt(lost), 'DisabledException', `${old.Arn} is disabled.`)
  await harness.call('ScheduleKeyDeletion', { KeyId: old.KeyId, PendingWindowInDays: 7 })
  await assertFails(decrypt(lost), 'KMSInvalidStateException', `${old.Arn} is pending deletion.`)
  await passDays(harness, 7)
  assert.equal(await stateOf(harness, fresh.KeyId), 'Enabled')
  await assertFails(decrypt(lost), 'AccessDeniedException', notVisibleByCiphertext('kms:Decrypt'))
  assert.equal((await decrypt(moved.CiphertextBlob)).Plaintext, Plaintext)
})
