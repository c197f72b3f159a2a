/** Rotation of keys with imported material: lifecycle.md ROT-2, ROT-35, ROT-36, ROT-52; IMP-3, IMP-5, IMP-60; operations.md 3.15 to 3.44. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { importMaterial, NEVER, secondsFromNow } from '../support/imports.ts'
import { currentMaterial, DAY_MS, passDays, rotationsOf, serviceEvents, stateOf, statusOf } from './rotations.ts'
import { assertFails, moveTo, newKey } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const rotate = (KeyId: string) => harness.call('RotateKeyOnDemand', { KeyId })
const Plaintext = Buffer.from('x')

/** With its first material. */
async function importedKey(): Promise<{ key: Answer; first: Buffer }> {
  const key = await newKey(harness, { Origin: 'EXTERNAL' })
  const first = randomBytes(32)
  await importMaterial(harness, key.KeyId, first)
  return { key, first }
}

async function importNew(KeyId: string, members: object = NEVER): Promise<{ material: Buffer; id: string }> {
  const material = randomBytes(32)
  const more = { ImportType: 'NEW_KEY_MATERIAL', ...members }
  return { material, id: (await importMaterial(harness, KeyId, material, more)).KeyMaterialId }
}

async function allMaterials(KeyId: string): Promise<Answer[]> {
  return (await harness.call('ListKeyRotations', { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })).Rotations
}

test('the pending material becomes the current one, and both decrypt their own (ROT-35)', async () => {
  const { key } = await importedKey()
  const { KeyId, Arn } = key
  const firstId = await currentMaterial(harness, KeyId)
  const old = await harness.call('Encrypt', { KeyId, Plaintext })
  const { id } = await importNew(KeyId, { ...NEVER, KeyMaterialDescription: 'the second' })
  assert.equal(await currentMaterial(harness, KeyId), firstId, 'the import alone changed the current material')
  assert.deepEqual(await rotate(KeyId), { KeyId: Arn })
  assert.equal(await currentMaterial(harness, KeyId), id)
  assert.equal(await stateOf(harness, KeyId), 'Enabled')
  const fresh = await harness.call('Encrypt', { KeyId, Plaintext })
  for (const [{ CiphertextBlob }, KeyMaterialId] of [
    [old, firstId],
    [fresh, id],
  ]) {
    assert.equal((await harness.call('Decrypt', { CiphertextBlob })).KeyMaterialId, KeyMaterialId)
  }
  const model = { KeyId: Arn, ImportState: 'IMPORTED', ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
  const RotationDate = harness.clock.now() / 1000
  assert.deepEqual(await allMaterials(KeyId), [
    { ...model, KeyMaterialId: firstId, KeyMaterialState: 'NON_CURRENT' },
    {
      ...model,
      KeyMaterialId: id,
      KeyMaterialDescription: 'the second',
      KeyMaterialState: 'CURRENT',
      RotationDate,
      RotationType: 'ON_DEMAND',
    },
  ])
  const [event] = serviceEvents(harness, Arn)
  assert.deepEqual(event.serviceEventDetails, {
    rotationType: 'ON_DEMAND',
    keyOrigin: 'EXTERNAL',
    keyId: KeyId,
    previousKeyMaterialId: firstId,
    currentKeyMaterialId: id,
  })
})

test('a pending material is listed last, and no rotation is listed yet', async () => {
  const { key } = await importedKey()
  const validTo = secondsFromNow(harness, 86_400)
  const { id } = await importNew(key.KeyId, { ValidTo: validTo })
  assert.deepEqual((await allMaterials(key.KeyId)).at(-1), {
    KeyId: key.Arn,
    KeyMaterialId: id,
    ImportState: 'IMPORTED',
    KeyMaterialState: 'PENDING_ROTATION',
    ExpirationModel: 'KEY_MATERIAL_EXPIRES',
    ValidTo: validTo,
  })
  assert.deepEqual(await rotationsOf(harness, key.KeyId), [])
})

test('without a pending material it fails, also when the pending one was deleted (ROT-35, ROT-36)', async () => {
  const { key } = await importedKey()
  const { KeyId, Arn } = key
  const nothing = `No available key material pending rotation for the key: ${Arn}.`
  await assertFails(rotate(KeyId), 'KMSInvalidStateException', nothing)
  const { id } = await importNew(KeyId)
  await harness.call('DeleteImportedKeyMaterial', { KeyId, KeyMaterialId: id })
  await assertFails(rotate(KeyId), 'KMSInvalidStateException', nothing)
  await importNew(KeyId)
  await rotate(KeyId)
  await assertFails(rotate(KeyId), 'KMSInvalidStateException', nothing)
})

test('calls at the same time end well and rotate once (ROT-34)', async () => {
  const { key } = await importedKey()
  const { KeyId, Arn } = key
  const { id } = await importNew(KeyId)
  assert.deepEqual(await Promise.all([rotate(KeyId), rotate(KeyId), rotate(KeyId)]), Array(3).fill({ KeyId: Arn }))
  assert.equal((await rotationsOf(harness, KeyId)).length, 1)
  assert.equal(await currentMaterial(harness, KeyId), id)
})

test('a pending material that has expired can be rotated to; the key then waits for it (ROT-36)', async () => {
  const { key } = await importedKey()
  const { KeyId } = key
  const { material, id } = await importNew(KeyId, { ValidTo: secondsFromNow(harness, 3_600) })
  await passDays(harness, 1)
  assert.equal(await stateOf(harness, KeyId), 'Enabled', 'a pending material has no say in the state')
  assert.equal((await allMaterials(KeyId)).at(-1)?.ImportState, 'IMPORTED', 'IMP-60')
  await rotate(KeyId)
  assert.equal(await stateOf(harness, KeyId), 'PendingImport')
  const { KeyMaterialState, ImportState } = (await allMaterials(KeyId)).at(-1)!
  assert.deepEqual({ KeyMaterialState, ImportState }, { KeyMaterialState: 'CURRENT', ImportState: 'PENDING_IMPORT' })
  await importMaterial(harness, KeyId, material)
  assert.equal(await stateOf(harness, KeyId), 'Enabled')
  assert.equal((await harness.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' })).KeyMaterialId, id)
})

test('an expired pending material that was not erased yet makes the key wait as well', async () => {
  const { key } = await importedKey()
  await importNew(key.KeyId, { ValidTo: secondsFromNow(harness, 3_600) })
  // No job has run.
  harness.clock.advance(DAY_MS)
  await rotate(key.KeyId)
  assert.equal(await stateOf(harness, key.KeyId), 'PendingImport')
})

test('the expiry of what it rotated to counts from then on', async () => {
  const { key } = await importedKey()
  const validTo = secondsFromNow(harness, 86_400)
  await importNew(key.KeyId, { ValidTo: validTo })
  const before = (await harness.call('DescribeKey', { KeyId: key.KeyId })).KeyMetadata
  assert.equal('ValidTo' in before, false)
  await rotate(key.KeyId)
  const after = (await harness.call('DescribeKey', { KeyId: key.KeyId })).KeyMetadata
  assert.equal(after.ValidTo, validTo)
  assert.equal(after.ExpirationModel, 'KEY_MATERIAL_EXPIRES')
})

test('before its first material the state is told, whatever the spec is', async () => {
  for (const kind of [{}, { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }]) {
    const { KeyId, Arn } = await newKey(harness, { Origin: 'EXTERNAL', ...kind })
    await assertFails(rotate(KeyId), 'KMSInvalidStateException', `${Arn} is pending import.`)
  }
})

test('automatic rotation is refused for its origin before its state, and its status is false', async () => {
  const waiting = await newKey(harness, { Origin: 'EXTERNAL' })
  const { key: disabled } = await importedKey()
  await moveTo(harness, disabled.KeyId, 'Disabled')
  for (const { KeyId, Arn } of [waiting, disabled]) {
    for (const operation of ['EnableKeyRotation', 'DisableKeyRotation']) {
      const text = `${Arn} origin is EXTERNAL which is not valid for this operation.`
      await assertFails(harness.call(operation, { KeyId }), 'UnsupportedOperationException', text)
    }
    assert.deepEqual(await statusOf(harness, KeyId), { KeyRotationEnabled: false, KeyId: Arn })
  }
  assert.deepEqual(await allMaterials(waiting.KeyId), [])
})

test('25 times, as any key', async () => {
  const { key } = await importedKey()
  for (let times = 0; times < 25; times++) {
    await importNew(key.KeyId)
    await rotate(key.KeyId)
  }
  await importNew(key.KeyId)
  await assert.rejects(rotate(key.KeyId), { code: 'LimitExceededException' })
  assert.equal((await allMaterials(key.KeyId)).length, 27)
  assert.equal(await stateOf(harness, key.KeyId), 'Enabled')
})
