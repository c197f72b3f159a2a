/** lifecycle.md 4.6 (IMP-60 to IMP-63); audit.md section 5. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { assertFails, newKey } from '../operations/support.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, REGION } from '../support/harness.ts'
import { importMaterial, NEVER, secondsFromNow } from '../support/imports.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const externalKey = (body: object = {}) => newKey(harness, { ...body, Origin: 'EXTERNAL' })
const metadataOf = async (KeyId: string): Promise<Answer> => (await harness.call('DescribeKey', { KeyId })).KeyMetadata
const materialsOf = (keyId: string) =>
  harness.store.listMaterials({ account: ACCOUNT, region: REGION, keyId }, { after: undefined, limit: 100 }, 'all')
const eventsOf = (arn: string): Answer[] =>
  harness
    .auditRecords()
    .filter(({ eventName, resources }) => eventName === 'DeleteExpiredKeyMaterial' && resources[0].ARN === arn)

/** An imported key whose material expires in a while, and a ciphertext of it. */
async function expiringKey(): Promise<Answer> {
  const key = await externalKey()
  const material = randomBytes(32)
  const ValidTo = secondsFromNow(harness, 1000)
  const { KeyMaterialId } = await importMaterial(harness, key.KeyId, material, { ValidTo })
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId: key.KeyId, Plaintext: Buffer.from('x') })
  return { ...key, material, KeyMaterialId, CiphertextBlob, validTo: ValidTo * 1000 }
}

test('at that very instant the material is unusable, although its bytes are still there and in use', async () => {
  const { KeyId, Arn, CiphertextBlob, validTo } = await expiringKey()
  harness.clock.set(validTo - 1)
  assert.ok(await harness.call('Decrypt', { CiphertextBlob }))
  assert.equal((await metadataOf(KeyId)).ValidTo, validTo / 1000)
  harness.clock.set(validTo)
  await assertFails(
    harness.call('Decrypt', { CiphertextBlob }),
    'KMSInvalidStateException',
    `${Arn} is pending import.`,
  )
  const metadata = await metadataOf(KeyId)
  assert.equal(metadata.KeyState, 'PendingImport')
  assert.ok(!('ValidTo' in metadata) && !('ExpirationModel' in metadata))
  assert.ok((await materialsOf(KeyId))[0]!.token)
})

test('the job erases the bytes, once, with its event', async () => {
  const { KeyId, Arn, KeyMaterialId, validTo } = await expiringKey()
  await harness.service.jobs.runAll()
  assert.ok((await materialsOf(KeyId))[0]!.token, 'too early')
  harness.clock.set(validTo)
  await harness.service.jobs.runAll()
  await harness.service.jobs.runAll()
  const [material] = await materialsOf(KeyId)
  assert.equal(material!.token, undefined)
  assert.equal(material!.materialId, KeyMaterialId)
  assert.deepEqual(material!.imported, { isPresent: false, validTo: undefined, description: undefined })
  const events = eventsOf(Arn)
  assert.equal(events.length, 1)
  const { eventType, userIdentity, requestParameters, responseElements, serviceEventDetails } = events[0]
  assert.deepEqual(
    { eventType, userIdentity, requestParameters, responseElements, serviceEventDetails },
    {
      eventType: 'AwsServiceEvent',
      userIdentity: { accountId: ACCOUNT, invokedBy: 'AWS Internal' },
      requestParameters: null,
      responseElements: null,
      serviceEventDetails: { keyId: KeyId, keyMaterialId: KeyMaterialId },
    },
  )
})

test('id, alias, tags and description stay, and the same material brings the key back', async () => {
  const { KeyId, CiphertextBlob, material, KeyMaterialId, validTo } = await expiringKey()
  await harness.call('CreateAlias', { AliasName: 'alias/expired', TargetKeyId: KeyId })
  harness.clock.set(validTo)
  await harness.service.jobs.runAll()
  assert.equal((await metadataOf('alias/expired')).CurrentKeyMaterialId, KeyMaterialId)
  await importMaterial(harness, KeyId, material, { ValidTo: secondsFromNow(harness, 10) })
  assert.ok(await harness.call('Decrypt', { CiphertextBlob }))
  harness.clock.advance(10_000)
  assert.equal((await metadataOf(KeyId)).KeyState, 'PendingImport')
})

test('material imported anew before the job comes by is not erased', async () => {
  const { KeyId, Arn, CiphertextBlob, material, validTo } = await expiringKey()
  harness.clock.set(validTo)
  await importMaterial(harness, KeyId, material)
  await harness.service.jobs.runAll()
  assert.ok(await harness.call('Decrypt', { CiphertextBlob }))
  assert.deepEqual(eventsOf(Arn), [])
})

test('an HMAC key expires alike, and its event shows no id', async () => {
  const { KeyId, Arn } = await externalKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
  await importMaterial(harness, KeyId, randomBytes(32), { ValidTo: secondsFromNow(harness, 5) })
  harness.clock.advance(5000)
  await harness.service.jobs.runAll()
  assert.equal((await materialsOf(KeyId))[0]!.token, undefined)
  assert.deepEqual(eventsOf(Arn)[0].serviceEventDetails, { keyId: KeyId })
})

test('a pending material loses its bytes but stays on the list; rotated to, the key waits for it (IMP-60, ROT-36)', async () => {
  const { KeyId, Arn } = await externalKey()
  await importMaterial(harness, KeyId, randomBytes(32))
  const material = randomBytes(32)
  const members = { ImportType: 'NEW_KEY_MATERIAL', ValidTo: secondsFromNow(harness, 5) }
  const { KeyMaterialId } = await importMaterial(harness, KeyId, material, members)
  harness.clock.advance(5000)
  await harness.service.jobs.runAll()
  const pending = (await materialsOf(KeyId))[1]!
  assert.equal(pending.token, undefined)
  assert.equal(pending.state, 'PENDING_ROTATION')
  assert.equal(pending.imported!.isPresent, true)
  assert.equal((await metadataOf(KeyId)).KeyState, 'Enabled')
  assert.equal(eventsOf(Arn).length, 1)
  await harness.call('RotateKeyOnDemand', { KeyId })
  await harness.service.jobs.runAll()
  const metadata = await metadataOf(KeyId)
  assert.deepEqual([metadata.KeyState, metadata.CurrentKeyMaterialId], ['PendingImport', KeyMaterialId])
  await importMaterial(harness, KeyId, material)
  assert.equal((await metadataOf(KeyId)).KeyState, 'Enabled')
})

test('the earliest date counts, and the other material stays when it has come', async () => {
  const { KeyId } = await externalKey()
  const [first, second] = [randomBytes(32), randomBytes(32)]
  await importMaterial(harness, KeyId, first, { ValidTo: secondsFromNow(harness, 50) })
  await importMaterial(harness, KeyId, second, { ...NEVER, ImportType: 'NEW_KEY_MATERIAL' })
  await harness.call('RotateKeyOnDemand', { KeyId })
  await harness.service.jobs.runAll()
  assert.equal((await metadataOf(KeyId)).ValidTo, secondsFromNow(harness, 50))
  harness.clock.advance(50_000)
  await harness.service.jobs.runAll()
  const materials = await materialsOf(KeyId)
  assert.deepEqual(
    materials.map(({ token }) => token !== undefined),
    [false, true],
  )
  assert.equal((await metadataOf(KeyId)).KeyState, 'PendingImport')
})

test('material expires on a key that is pending deletion too', async () => {
  const { KeyId, validTo } = await expiringKey()
  await harness.call('ScheduleKeyDeletion', { KeyId })
  harness.clock.set(validTo)
  await harness.service.jobs.runAll()
  assert.equal((await materialsOf(KeyId))[0]!.token, undefined)
  assert.equal((await metadataOf(KeyId)).KeyState, 'PendingDeletion')
})
