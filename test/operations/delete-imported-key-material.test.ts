/** operations.md 3.10; lifecycle.md 4.7, IMP-5; audit.md 4.3. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { ACCOUNT, type Answer, createHarness, type Harness, REGION } from '../support/harness.ts'
import { importMaterial, NEVER, secondsFromNow } from '../support/imports.ts'
import { assertFails, assertValidation, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const HMAC = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }
const NEW = { ...NEVER, ImportType: 'NEW_KEY_MATERIAL' }

const externalKey = (body: object = {}) => newKey(harness, { ...body, Origin: 'EXTERNAL' })
const remove = (body: object) => harness.call('DeleteImportedKeyMaterial', body)
const metadataOf = async (KeyId: string): Promise<Answer> => (await harness.call('DescribeKey', { KeyId })).KeyMetadata
const materialsOf = (keyId: string) =>
  harness.store.listMaterials({ account: ACCOUNT, region: REGION, keyId }, { after: undefined, limit: 100 }, 'all')

test('deleting the current material makes the key wait for it, keeping its id and losing its expiration', async () => {
  const { KeyId, Arn } = await externalKey()
  const material = randomBytes(32)
  const { KeyMaterialId } = await importMaterial(harness, KeyId, material, { ValidTo: secondsFromNow(harness, 100) })
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('text') })
  assert.deepEqual(await remove({ KeyId }), { KeyId: Arn, KeyMaterialId })
  const metadata = await metadataOf(KeyId)
  assert.equal(metadata.KeyState, 'PendingImport')
  assert.equal(metadata.Enabled, false)
  assert.equal(metadata.CurrentKeyMaterialId, KeyMaterialId)
  assert.ok(!('ExpirationModel' in metadata) && !('ValidTo' in metadata))
  for (const [operation, body] of [
    ['Decrypt', { CiphertextBlob }],
    ['Encrypt', { KeyId, Plaintext: Buffer.from('x') }],
  ] as const) {
    await assertFails(harness.call(operation, body), 'KMSInvalidStateException', `${Arn} is pending import.`)
  }
  await importMaterial(harness, KeyId, material)
  const opened = await harness.call('Decrypt', { CiphertextBlob })
  assert.equal(Buffer.from(opened.Plaintext, 'base64').toString(), 'text')
})

test('the bytes are gone from the store; the entry stays', async () => {
  const { KeyId } = await externalKey()
  await importMaterial(harness, KeyId, randomBytes(32), { ...NEVER, KeyMaterialDescription: 'ours' })
  const [before] = await materialsOf(KeyId)
  assert.ok(before!.token!.length > 32)
  await remove({ KeyId })
  const [after] = await materialsOf(KeyId)
  assert.deepEqual(after, {
    ...before,
    token: undefined,
    imported: { isPresent: false, validTo: undefined, description: 'ours' },
  })
})

test('deleting again succeeds with the same answer', async () => {
  const { KeyId } = await externalKey()
  await importMaterial(harness, KeyId, randomBytes(32))
  const answer = await remove({ KeyId })
  assert.deepEqual(await remove({ KeyId }), answer)
  assert.deepEqual(await remove({ KeyId, KeyMaterialId: answer.KeyMaterialId }), answer)
})

test('a key that never had any: the key alone', async () => {
  const { KeyId, Arn } = await externalKey()
  assert.deepEqual(await remove({ KeyId }), { KeyId: Arn })
  assert.equal((await metadataOf(KeyId)).KeyState, 'PendingImport')
})

test('HMAC and asymmetric keys answer without an id, and none can be named', async () => {
  const { KeyId, Arn } = await externalKey(HMAC)
  await importMaterial(harness, KeyId, randomBytes(32))
  const [{ materialId }] = (await materialsOf(KeyId)) as unknown as [{ materialId: string }]
  for (const KeyMaterialId of ['0'.repeat(64), materialId]) {
    await assertValidation(
      remove({ KeyId, KeyMaterialId }),
      `Key material (id: ${KeyMaterialId}) has never been imported into KMS key ${Arn}.`,
    )
  }
  assert.equal((await metadataOf(KeyId)).KeyState, 'Enabled')
  assert.deepEqual(await remove({ KeyId }), { KeyId: Arn })
  assert.equal((await metadataOf(KeyId)).KeyState, 'PendingImport')
})

test("material that the key never had, another key's included", async () => {
  const { KeyId, Arn } = await externalKey()
  const other = await externalKey()
  const { KeyMaterialId: foreign } = await importMaterial(harness, other.KeyId, randomBytes(32))
  for (const KeyMaterialId of ['0'.repeat(64), foreign]) {
    await assertValidation(
      remove({ KeyId, KeyMaterialId }),
      `Key material (id: ${KeyMaterialId}) has never been imported into KMS key ${Arn}.`,
    )
  }
  assert.equal((await metadataOf(other.KeyId)).KeyState, 'Enabled')
})

test('a pending material is forgotten altogether, without a change of state (IMP-71)', async () => {
  const { KeyId, Arn } = await externalKey()
  const current = await importMaterial(harness, KeyId, randomBytes(32))
  const material = randomBytes(32)
  const { KeyMaterialId } = await importMaterial(harness, KeyId, material, NEW)
  assert.deepEqual(await remove({ KeyId, KeyMaterialId }), { KeyId: Arn, KeyMaterialId })
  assert.equal((await metadataOf(KeyId)).KeyState, 'Enabled')
  assert.deepEqual(
    (await materialsOf(KeyId)).map(({ materialId }) => materialId),
    [current.KeyMaterialId],
  )
  await assertValidation(
    remove({ KeyId, KeyMaterialId }),
    `Key material (id: ${KeyMaterialId}) has never been imported into KMS key ${Arn}.`,
  )
  await assertFails(
    harness.call('RotateKeyOnDemand', { KeyId }),
    'KMSInvalidStateException',
    `No available key material pending rotation for the key: ${Arn}.`,
  )
  assert.equal((await importMaterial(harness, KeyId, material, NEW)).KeyMaterialId, KeyMaterialId)
})

test('after a rotation both are needed, and the ciphertexts of each open again once both are back (IMP-5)', async () => {
  const { KeyId, Arn } = await externalKey()
  const [first, second] = [randomBytes(32), randomBytes(32)]
  const one = await importMaterial(harness, KeyId, first)
  const { CiphertextBlob: old } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('old') })
  const two = await importMaterial(harness, KeyId, second, NEW)
  await harness.call('RotateKeyOnDemand', { KeyId })
  await harness.service.jobs.runAll()
  assert.equal((await metadataOf(KeyId)).CurrentKeyMaterialId, two.KeyMaterialId)
  const { CiphertextBlob: young } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('young') })
  assert.deepEqual(await remove({ KeyId, KeyMaterialId: one.KeyMaterialId }), {
    KeyId: Arn,
    KeyMaterialId: one.KeyMaterialId,
  })
  await assertFails(
    harness.call('Decrypt', { CiphertextBlob: young }),
    'KMSInvalidStateException',
    `${Arn} is pending import.`,
  )
  // By default it is the current one.
  assert.equal((await remove({ KeyId })).KeyMaterialId, two.KeyMaterialId)
  await importMaterial(harness, KeyId, second)
  assert.equal((await metadataOf(KeyId)).KeyState, 'PendingImport')
  await importMaterial(harness, KeyId, first)
  assert.equal((await metadataOf(KeyId)).KeyState, 'Enabled')
  assert.equal((await metadataOf(KeyId)).CurrentKeyMaterialId, two.KeyMaterialId)
  for (const [CiphertextBlob, text] of [
    [old, 'old'],
    [young, 'young'],
  ]) {
    const { Plaintext } = await harness.call('Decrypt', { CiphertextBlob })
    assert.equal(Buffer.from(Plaintext, 'base64').toString(), text)
  }
})

test('a key that is pending deletion stays so, and is pending import when that is cancelled (IMP-73)', async () => {
  const { KeyId } = await externalKey()
  await importMaterial(harness, KeyId, randomBytes(32))
  await harness.call('ScheduleKeyDeletion', { KeyId })
  await remove({ KeyId })
  assert.equal((await metadataOf(KeyId)).KeyState, 'PendingDeletion')
  await harness.call('CancelKeyDeletion', { KeyId })
  assert.equal((await metadataOf(KeyId)).KeyState, 'PendingImport')
})

test('a key that is made here keeps its material', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await assertFails(
    remove({ KeyId }),
    'UnsupportedOperationException',
    `${Arn} origin is AWS_KMS which is not valid for this operation.`,
  )
})

test('the record names key and material', async () => {
  const { KeyId, Arn } = await externalKey()
  const { KeyMaterialId } = await importMaterial(harness, KeyId, randomBytes(32))
  await remove({ KeyId, KeyMaterialId })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'DeleteImportedKeyMaterial',
    readOnly: false,
    requestParameters: { keyId: KeyId, keyMaterialId: KeyMaterialId },
    responseElements: { keyId: Arn, keyMaterialId: KeyMaterialId },
    resources: [resource(Arn)],
  })
})
