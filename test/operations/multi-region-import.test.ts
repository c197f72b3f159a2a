/** Imported material in multi-Region sets: lifecycle.md 4.8, ROT-36, TR-4; operations.md 3.10, 3.31, 3.35, 3.44. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { ACCOUNT, type Answer, createHarness, type Harness } from '../support/harness.ts'
import { importMaterial, NEVER, parametersFor, secondsFromNow, wrap } from '../support/imports.ts'
import {
  AWAY,
  decryptIn,
  encryptIn,
  FAR,
  HOME,
  materialsIn,
  metadataIn,
  newPrimary,
  replicate,
  stateIn,
  there,
} from './multi-region.ts'
import { passDays } from './rotations.ts'
import { assertFails, assertValidation, keyArn } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const EXTERNAL = { Origin: 'EXTERNAL' }
const NEW = { ...NEVER, ImportType: 'NEW_KEY_MATERIAL' }
const WAITING = 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION'
const arnIn = (region: string, keyId: string) => keyArn(keyId, ACCOUNT, region)

const importIn = (region: string, KeyId: string, material: Uint8Array, members: object = NEVER): Promise<Answer> =>
  importMaterial(harness, KeyId, material, members, undefined, there(region))
const rotate = (KeyId: string) => harness.call('RotateKeyOnDemand', { KeyId })
const forget = (region: string, KeyId: string, KeyMaterialId?: string) =>
  harness.call('DeleteImportedKeyMaterial', { KeyId, KeyMaterialId }, there(region))

/** An imported primary in HOME with replicas in which the same was imported. */
async function importedSet(regions: readonly string[]): Promise<{ KeyId: string; first: Buffer; firstId: string }> {
  const { KeyId } = await newPrimary(harness, EXTERNAL)
  const first = randomBytes(32)
  const { KeyMaterialId: firstId } = await importIn(HOME, KeyId, first)
  for (const region of regions) {
    await replicate(harness, KeyId, region)
    await importIn(region, KeyId, first)
  }
  return { KeyId, first, firstId }
}

/** State and presence of the newest material, in every Region. */
async function newest(KeyId: string, regions: readonly string[]): Promise<string[]> {
  const entries = await Promise.all(regions.map((region) => materialsIn(harness, region, KeyId)))
  return entries.map((list) => `${list.at(-1)!.KeyMaterialState} ${list.at(-1)!.ImportState}`)
}

test('a replica of imported material waits for its own import of the same bytes (IMP-80)', async () => {
  const { KeyId } = await newPrimary(harness, EXTERNAL)
  const pendingImport = `${arnIn(HOME, KeyId)} is pending import.`
  await assertFails(replicate(harness, KeyId, AWAY), 'KMSInvalidStateException', pendingImport)
  const material = randomBytes(32)
  const { KeyMaterialId } = await importIn(HOME, KeyId, material)
  const blob = await encryptIn(harness, HOME, KeyId)

  const { ReplicaKeyMetadata } = await replicate(harness, KeyId, AWAY)
  assert.equal(ReplicaKeyMetadata.KeyState, 'Creating')
  assert.equal(ReplicaKeyMetadata.Origin, 'EXTERNAL')
  assert.equal(ReplicaKeyMetadata.ExpirationModel, 'KEY_MATERIAL_DOES_NOT_EXPIRE')
  assert.equal('CurrentKeyMaterialId' in ReplicaKeyMetadata, false)

  const waiting = await metadataIn(harness, AWAY, KeyId)
  assert.equal(waiting.KeyState, 'PendingImport')
  assert.equal(waiting.CurrentKeyMaterialId, KeyMaterialId)
  assert.equal('ExpirationModel' in waiting, false)
  assert.deepEqual(await materialsIn(harness, AWAY, KeyId), [
    { KeyId: arnIn(AWAY, KeyId), KeyMaterialId, KeyMaterialState: 'CURRENT', ImportState: 'PENDING_IMPORT' },
  ])
  await assertFails(
    decryptIn(harness, AWAY, blob),
    'KMSInvalidStateException',
    `${arnIn(AWAY, KeyId)} is pending import.`,
  )
  await assertFails(
    importIn(AWAY, KeyId, randomBytes(32)),
    'IncorrectKeyMaterialException',
    `Imported key material does not have the expected identifier (${KeyMaterialId}).`,
  )
  assert.deepEqual(await importIn(AWAY, KeyId, material), { KeyId: arnIn(AWAY, KeyId), KeyMaterialId })
  assert.equal(await stateIn(harness, AWAY, KeyId), 'Enabled')
  assert.equal(await decryptIn(harness, AWAY, blob), HOME)
  assert.equal(await decryptIn(harness, HOME, await encryptIn(harness, AWAY, KeyId)), AWAY)
})

test('a token is for one member only', async () => {
  const { KeyId, first } = await importedSet([])
  await replicate(harness, KeyId, AWAY)
  const parameters = await parametersFor(harness, KeyId)
  const request = {
    KeyId,
    ImportToken: parameters.ImportToken,
    EncryptedKeyMaterial: wrap(parameters, first),
    ...NEVER,
  }
  const work = harness.call('ImportKeyMaterial', request, there(AWAY))
  await assertFails(work, 'InvalidImportTokenException', undefined)
})

test('HMAC keys are fed the same way, and keep the first bytes for ever', async () => {
  const { KeyId } = await newPrimary(harness, { ...EXTERNAL, KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
  const material = randomBytes(32)
  await importIn(HOME, KeyId, material)
  await replicate(harness, KeyId, AWAY)
  assert.equal(await stateIn(harness, AWAY, KeyId), 'PendingImport')
  await assert.rejects(importIn(AWAY, KeyId, randomBytes(32)), { code: 'IncorrectKeyMaterialException' })
  await importIn(AWAY, KeyId, material)
  const mac = { KeyId, Message: Buffer.from('x'), MacAlgorithm: 'HMAC_SHA_256' }
  const { Mac } = await harness.call('GenerateMac', mac, there(AWAY))
  assert.equal((await harness.call('VerifyMac', { ...mac, Mac })).MacValid, true)
})

test('new material goes to the primary first, and can be rotated to when every replica has it (IMP-81, IMP-82)', async () => {
  const regions = [HOME, AWAY, FAR]
  const { KeyId, firstId } = await importedSet([AWAY, FAR])
  const old = await encryptIn(harness, FAR, KeyId)
  const second = randomBytes(32)
  const { KeyMaterialId } = await importIn(HOME, KeyId, second, { ...NEW, KeyMaterialDescription: 'the second' })
  assert.deepEqual(await newest(KeyId, regions), [
    `${WAITING} IMPORTED`,
    `${WAITING} PENDING_IMPORT`,
    `${WAITING} PENDING_IMPORT`,
  ])
  const entry = (await materialsIn(harness, AWAY, KeyId)).at(-1)!
  assert.deepEqual(entry, {
    KeyId: arnIn(AWAY, KeyId),
    KeyMaterialId,
    KeyMaterialDescription: 'the second',
    KeyMaterialState: WAITING,
    ImportState: 'PENDING_IMPORT',
  })
  for (const region of regions) assert.equal(await stateIn(harness, region, KeyId), 'Enabled')
  const tooEarly = 'Key material has not been imported for replicas of the Multi-Region key.'
  await assertFails(rotate(KeyId), 'KMSInvalidStateException', `Cannot perform key material rotation: ${tooEarly}`)
  await importIn(AWAY, KeyId, second)
  await assert.rejects(rotate(KeyId), { code: 'KMSInvalidStateException' })
  assert.deepEqual(await newest(KeyId, regions), [
    `${WAITING} IMPORTED`,
    `${WAITING} IMPORTED`,
    `${WAITING} PENDING_IMPORT`,
  ])
  await importIn(FAR, KeyId, second)
  assert.deepEqual(await newest(KeyId, regions), Array(3).fill('PENDING_ROTATION IMPORTED'))
  for (const region of regions) {
    assert.equal((await metadataIn(harness, region, KeyId)).CurrentKeyMaterialId, firstId)
  }
  await rotate(KeyId)
  for (const region of regions) {
    const { CurrentKeyMaterialId, KeyState } = await metadataIn(harness, region, KeyId)
    assert.deepEqual([CurrentKeyMaterialId, KeyState], [KeyMaterialId, 'Enabled'])
    assert.equal(await decryptIn(harness, region, old), FAR)
    assert.equal(await decryptIn(harness, region, await encryptIn(harness, AWAY, KeyId)), AWAY)
    const [first, last] = await materialsIn(harness, region, KeyId)
    assert.deepEqual([first!.KeyMaterialState, last!.KeyMaterialState], ['NON_CURRENT', 'CURRENT'])
    assert.equal(last!.RotationType, 'ON_DEMAND')
  }
})

test('replicas take no new material and no descriptions', async () => {
  const { KeyId, first } = await importedSet([AWAY])
  await assertValidation(
    importIn(AWAY, KeyId, randomBytes(32), NEW),
    'Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys',
  )
  await assertValidation(
    importIn(AWAY, KeyId, first, { ...NEVER, KeyMaterialDescription: 'mine' }),
    'Key material description can only be specified on primary Multi-Region keys',
  )
})

test('a description that the primary changes is that of all members; expirations are each one’s own (IMP-83)', async () => {
  const { KeyId, first } = await importedSet([AWAY])
  const ValidTo = secondsFromNow(harness, 3600)
  await importIn(HOME, KeyId, first, { ValidTo, KeyMaterialDescription: 'renamed' })
  const [home] = await materialsIn(harness, HOME, KeyId)
  const [away] = await materialsIn(harness, AWAY, KeyId)
  assert.deepEqual([home!.KeyMaterialDescription, home!.ValidTo], ['renamed', ValidTo])
  assert.deepEqual([away!.KeyMaterialDescription, away!.ExpirationModel], ['renamed', 'KEY_MATERIAL_DOES_NOT_EXPIRE'])
  const blob = await encryptIn(harness, HOME, KeyId)
  await passDays(harness, 1)
  assert.equal(await stateIn(harness, HOME, KeyId), 'PendingImport')
  assert.equal(await stateIn(harness, AWAY, KeyId), 'Enabled')
  assert.equal(await decryptIn(harness, AWAY, blob), HOME)
})

test('deleting material stops one member only, and the others go on (IMP-84)', async () => {
  const { KeyId, first, firstId } = await importedSet([AWAY])
  const blob = await encryptIn(harness, HOME, KeyId)
  for (const [region, other] of [
    [AWAY, HOME],
    [HOME, AWAY],
  ] as const) {
    assert.deepEqual(await forget(region, KeyId), { KeyId: arnIn(region, KeyId), KeyMaterialId: firstId })
    assert.equal(await stateIn(harness, region, KeyId), 'PendingImport')
    assert.equal(await stateIn(harness, other, KeyId), 'Enabled')
    assert.equal(await decryptIn(harness, other, blob), HOME)
    await importIn(region, KeyId, first)
    assert.equal(await decryptIn(harness, region, blob), HOME)
  }
})

test('pending material that the primary deletes is forgotten in the whole set', async () => {
  const { KeyId } = await importedSet([AWAY])
  const second = randomBytes(32)
  const { KeyMaterialId } = await importIn(HOME, KeyId, second, NEW)
  await importIn(AWAY, KeyId, second)
  await forget(HOME, KeyId, KeyMaterialId)
  for (const region of [HOME, AWAY]) {
    assert.equal((await materialsIn(harness, region, KeyId)).length, 1)
    assert.equal(await stateIn(harness, region, KeyId), 'Enabled')
  }
  await assert.rejects(importIn(AWAY, KeyId, second), { code: 'IncorrectKeyMaterialException' })
  await assertFails(
    rotate(KeyId),
    'KMSInvalidStateException',
    `No available key material pending rotation for the key: ${arnIn(HOME, KeyId)}.`,
  )
})

test('a replica’s own copy of pending material can go; the rotation then leaves that member without (IMP-86)', async () => {
  const { KeyId } = await importedSet([AWAY, FAR])
  const second = randomBytes(32)
  const { KeyMaterialId } = await importIn(HOME, KeyId, second, NEW)
  await importIn(AWAY, KeyId, second)
  await importIn(FAR, KeyId, second)
  await forget(AWAY, KeyId, KeyMaterialId)
  assert.deepEqual(await newest(KeyId, [HOME, AWAY, FAR]), [
    'PENDING_ROTATION IMPORTED',
    'PENDING_ROTATION PENDING_IMPORT',
    'PENDING_ROTATION IMPORTED',
  ])
  assert.equal(await stateIn(harness, AWAY, KeyId), 'Enabled')
  await rotate(KeyId)
  const states = await Promise.all([HOME, AWAY, FAR].map((region) => stateIn(harness, region, KeyId)))
  assert.deepEqual(states, ['Enabled', 'PendingImport', 'Enabled'])
  assert.deepEqual(await newest(KeyId, [HOME, AWAY]), ['CURRENT IMPORTED', 'CURRENT PENDING_IMPORT'])
  const blob = await encryptIn(harness, HOME, KeyId)
  await importIn(AWAY, KeyId, second)
  assert.equal(await decryptIn(harness, AWAY, blob), HOME)
})

test('a copy that a replica deletes before the others have theirs is lacking again', async () => {
  const { KeyId } = await importedSet([AWAY, FAR])
  const second = randomBytes(32)
  const { KeyMaterialId } = await importIn(HOME, KeyId, second, NEW)
  await importIn(AWAY, KeyId, second)
  await forget(AWAY, KeyId, KeyMaterialId)
  await importIn(FAR, KeyId, second)
  assert.equal((await newest(KeyId, [HOME]))[0], `${WAITING} IMPORTED`)
  await importIn(AWAY, KeyId, second)
  assert.equal((await newest(KeyId, [HOME]))[0], 'PENDING_ROTATION IMPORTED')
})

test('pending material that expires in one Region is lost there alone', async () => {
  const { KeyId } = await importedSet([AWAY])
  const second = randomBytes(32)
  await importIn(HOME, KeyId, second, NEW)
  await importIn(AWAY, KeyId, second, { ValidTo: secondsFromNow(harness, 60) })
  await passDays(harness, 1)
  await rotate(KeyId)
  assert.equal(await stateIn(harness, HOME, KeyId), 'Enabled')
  assert.equal(await stateIn(harness, AWAY, KeyId), 'PendingImport')
})

test('a new replica puts pending material back, and the last one that lacks it moves it on when it goes (IMP-85)', async () => {
  const { KeyId, first } = await importedSet([AWAY])
  const second = randomBytes(32)
  const { KeyMaterialId } = await importIn(HOME, KeyId, second, NEW)
  await importIn(AWAY, KeyId, second)
  assert.deepEqual(await newest(KeyId, [HOME, AWAY]), Array(2).fill('PENDING_ROTATION IMPORTED'))
  await replicate(harness, KeyId, FAR)
  assert.deepEqual(await newest(KeyId, [HOME, AWAY, FAR]), [
    `${WAITING} IMPORTED`,
    `${WAITING} IMPORTED`,
    `${WAITING} PENDING_IMPORT`,
  ])
  // Permanent and pending material alike, each with its own import.
  await importIn(FAR, KeyId, first)
  assert.equal(await stateIn(harness, FAR, KeyId), 'Enabled')
  await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 }, there(FAR))
  assert.equal((await newest(KeyId, [HOME]))[0], `${WAITING} IMPORTED`)
  await passDays(harness, 7)
  assert.deepEqual(await newest(KeyId, [HOME, AWAY]), Array(2).fill('PENDING_ROTATION IMPORTED'))
  await rotate(KeyId)
  assert.equal((await metadataIn(harness, AWAY, KeyId)).CurrentKeyMaterialId, KeyMaterialId)
})

test('a primary without replicas has nobody to wait for', async () => {
  const { KeyId } = await importedSet([])
  await importIn(HOME, KeyId, randomBytes(32), NEW)
  assert.deepEqual(await newest(KeyId, [HOME]), ['PENDING_ROTATION IMPORTED'])
  await rotate(KeyId)
})

test('the new primary of a changed set takes new material', async () => {
  const { KeyId } = await importedSet([AWAY])
  await harness.call('UpdatePrimaryRegion', { KeyId, PrimaryRegion: AWAY })
  const second = randomBytes(32)
  await assertValidation(
    importIn(HOME, KeyId, second, NEW),
    'Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys',
  )
  await importIn(AWAY, KeyId, second, NEW)
  await importIn(HOME, KeyId, second)
  await harness.call('RotateKeyOnDemand', { KeyId }, there(AWAY))
  assert.equal(await decryptIn(harness, HOME, await encryptIn(harness, AWAY, KeyId)), AWAY)
})

test('a replica that lacks pending material and becomes primary has to import it as well', async () => {
  const { KeyId } = await importedSet([AWAY])
  const second = randomBytes(32)
  await importIn(HOME, KeyId, second, NEW)
  await harness.call('UpdatePrimaryRegion', { KeyId, PrimaryRegion: AWAY })
  assert.deepEqual(await newest(KeyId, [HOME, AWAY]), [`${WAITING} IMPORTED`, `${WAITING} PENDING_IMPORT`])
  await assert.rejects(harness.call('RotateKeyOnDemand', { KeyId }, there(AWAY)), { code: 'KMSInvalidStateException' })
  await importIn(AWAY, KeyId, second)
  assert.deepEqual(await newest(KeyId, [HOME, AWAY]), Array(2).fill('PENDING_ROTATION IMPORTED'))
  await harness.call('RotateKeyOnDemand', { KeyId }, there(AWAY))
})

test('a disabled replica is enabled by an import that completes it, as any key (TR-8)', async () => {
  const { KeyId, first } = await importedSet([AWAY])
  await harness.call('DisableKey', { KeyId }, there(AWAY))
  await importIn(AWAY, KeyId, first)
  assert.equal(await stateIn(harness, AWAY, KeyId), 'Enabled')
})

test('what the primary tells its replicas is a synchronisation, what a replica does is none', async () => {
  const { KeyId } = await importedSet([AWAY])
  const count = () =>
    harness.auditRecords().filter(({ eventName, resources }) => {
      return eventName === 'SynchronizeMultiRegionKey' && resources[0].ARN === arnIn(HOME, KeyId)
    }).length
  let before = count()
  const told = () => {
    const since = count() - before
    before = count()
    return since
  }
  const second = randomBytes(32)
  const { KeyMaterialId } = await importIn(HOME, KeyId, second, NEW)
  assert.equal(told(), 1, 'new material')
  await importIn(AWAY, KeyId, second)
  await importIn(HOME, KeyId, second)
  assert.equal(told(), 0, 'the same again')
  await importIn(HOME, KeyId, second, { ...NEVER, KeyMaterialDescription: 'named' })
  assert.equal(told(), 1, 'a description')
  await forget(AWAY, KeyId, KeyMaterialId)
  assert.equal(told(), 0, "a replica's copy")
  await forget(HOME, KeyId, KeyMaterialId)
  assert.equal(told(), 1, 'forgotten')
})
