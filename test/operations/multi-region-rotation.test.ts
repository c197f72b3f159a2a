/** Rotation of multi-Region sets: lifecycle.md ROT-18, ROT-45, MRK-4, MRK-34; operations.md 3.15, 3.18, 3.28, 3.44. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT, createHarness, type Harness } from '../support/harness.ts'
import {
  AWAY,
  decryptIn,
  encryptIn,
  FAR,
  HOME,
  metadataIn,
  newSet,
  rotationsIn,
  statusIn,
  there,
} from './multi-region.ts'
import { passDays } from './rotations.ts'
import { assertFails, keyArn } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const REGIONS = [HOME, AWAY, FAR]
const arnIn = (region: string, keyId: string) => keyArn(keyId, ACCOUNT, region)

async function materialIn(region: string, KeyId: string): Promise<string> {
  return (await metadataIn(harness, region, KeyId)).CurrentKeyMaterialId
}

/** The records of the service itself about any member, in order. */
function events(KeyId: string): string[] {
  return harness
    .auditRecords()
    .filter(({ eventType, resources }) => eventType === 'AwsServiceEvent' && resources[0].ARN.endsWith(KeyId))
    .map(({ eventName, awsRegion }) => `${eventName} in ${awsRegion}`)
}

test('a rotation on demand changes the material of all members at once, and every Region opens everything', async () => {
  const KeyId = await newSet(harness, [AWAY, FAR])
  const before = events(KeyId)
  const blobs = [await encryptIn(harness, AWAY, KeyId)]
  const first = await materialIn(HOME, KeyId)
  await harness.call('RotateKeyOnDemand', { KeyId })
  const second = await materialIn(HOME, KeyId)
  assert.notEqual(second, first)
  for (const region of REGIONS) {
    assert.equal(await materialIn(region, KeyId), second)
    blobs.push(await encryptIn(harness, region, KeyId))
    const [rotation, ...more] = await rotationsIn(harness, region, KeyId)
    assert.deepEqual(more, [])
    assert.deepEqual(rotation, {
      KeyId: arnIn(region, KeyId),
      KeyMaterialId: second,
      KeyMaterialState: 'CURRENT',
      RotationDate: harness.clock.now() / 1000,
      RotationType: 'ON_DEMAND',
    })
  }
  for (const region of REGIONS) {
    const opened = await Promise.all(blobs.map((blob) => decryptIn(harness, region, blob)))
    assert.deepEqual(opened, [AWAY, ...REGIONS])
  }
  assert.deepEqual(events(KeyId).slice(before.length), [`RotateKey in ${HOME}`, `SynchronizeMultiRegionKey in ${HOME}`])
})

test('the automatic rotation takes the replicas along, disabled ones and those pending deletion too', async () => {
  const KeyId = await newSet(harness, [AWAY, FAR])
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  await harness.call('DisableKey', { KeyId }, there(AWAY))
  await passDays(harness, 80)
  await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 30 }, there(FAR))
  const first = await materialIn(HOME, KeyId)
  await passDays(harness, 10)
  const second = await materialIn(HOME, KeyId)
  assert.notEqual(second, first)
  for (const region of REGIONS) assert.equal(await materialIn(region, KeyId), second)
  await harness.call('CancelKeyDeletion', { KeyId }, there(FAR))
  for (const region of [AWAY, FAR]) {
    await harness.call('EnableKey', { KeyId }, there(region))
    assert.equal(await decryptIn(harness, region, await encryptIn(harness, HOME, KeyId)), HOME)
    assert.equal((await rotationsIn(harness, region, KeyId)).length, 1)
  }
})

test('a primary that is disabled or waits for its replicas does not rotate, and makes up for it with all of them', async () => {
  for (const [stop, resume] of [
    ['DisableKey', 'EnableKey'],
    ['ScheduleKeyDeletion', 'CancelKeyDeletion'],
  ] as const) {
    const KeyId = await newSet(harness, [AWAY])
    await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
    await harness.call(stop, { KeyId })
    const first = await materialIn(HOME, KeyId)
    await passDays(harness, 200)
    for (const region of [HOME, AWAY]) assert.equal(await materialIn(region, KeyId), first)
    await harness.call(resume, { KeyId })
    const second = await materialIn(HOME, KeyId)
    assert.notEqual(second, first, resume)
    assert.equal(await materialIn(AWAY, KeyId), second)
    assert.equal((await statusIn(harness, AWAY, KeyId)).NextRotationDate, harness.clock.now() / 1000 + 90 * 86_400)
  }
})

test('replicas show the setting of their primary (ROT-18), and nothing once they are pending deletion', async () => {
  const KeyId = await newSet(harness, [AWAY, FAR])
  const off = (region: string) => ({ KeyId: arnIn(region, KeyId), KeyRotationEnabled: false })
  assert.deepEqual(await statusIn(harness, AWAY, KeyId), off(AWAY))
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  const NextRotationDate = harness.clock.now() / 1000 + 90 * 86_400
  const on = (region: string) => ({
    KeyId: arnIn(region, KeyId),
    KeyRotationEnabled: true,
    RotationPeriodInDays: 90,
    NextRotationDate,
  })
  for (const region of REGIONS) assert.deepEqual(await statusIn(harness, region, KeyId), on(region))
  await harness.call('DisableKey', { KeyId }, there(AWAY))
  assert.deepEqual(await statusIn(harness, AWAY, KeyId), on(AWAY))
  await harness.call('ScheduleKeyDeletion', { KeyId }, there(AWAY))
  assert.deepEqual(await statusIn(harness, AWAY, KeyId), off(AWAY))
  // A primary that waits for its replicas still shows it, and so do they.
  await harness.call('ScheduleKeyDeletion', { KeyId })
  for (const region of [HOME, FAR]) assert.deepEqual(await statusIn(harness, region, KeyId), on(region))
})

test('a change of the setting is a synchronisation, one without effect is none', async () => {
  const KeyId = await newSet(harness, [AWAY])
  const before = events(KeyId).length
  await harness.call('EnableKeyRotation', { KeyId })
  await harness.call('EnableKeyRotation', { KeyId })
  await harness.call('DisableKeyRotation', { KeyId })
  await harness.call('DisableKeyRotation', { KeyId })
  const synchronised = `SynchronizeMultiRegionKey in ${HOME}`
  assert.deepEqual(events(KeyId).slice(before), [synchronised, synchronised])
})

test('replicas refuse to be rotated, each operation in its own name', async () => {
  const KeyId = await newSet(harness, [AWAY])
  const call = (operation: string) => harness.call(operation, { KeyId }, there(AWAY))
  const refused = (operation: string) =>
    assertFails(
      call(operation),
      'UnsupportedOperationException',
      `${arnIn(AWAY, KeyId)} is a multi-region replica key which is not valid for ${operation}.`,
    )
  for (const operation of ['EnableKeyRotation', 'DisableKeyRotation', 'RotateKeyOnDemand']) await refused(operation)
  // Disabled: the setting looks at the role first, the rotation at the state (ST-5).
  await harness.call('DisableKey', { KeyId }, there(AWAY))
  for (const operation of ['EnableKeyRotation', 'DisableKeyRotation']) await refused(operation)
  await assertFails(call('RotateKeyOnDemand'), 'DisabledException', `${arnIn(AWAY, KeyId)} is disabled.`)
})

test('two rotations at the same time rotate the set once', async () => {
  const KeyId = await newSet(harness, [AWAY])
  const rotate = () => harness.call('RotateKeyOnDemand', { KeyId })
  await Promise.all([rotate(), rotate(), rotate()])
  const counts = await Promise.all(
    [HOME, AWAY].map(async (region) => (await rotationsIn(harness, region, KeyId)).length),
  )
  assert.deepEqual(counts, [1, 1])
  assert.equal(await materialIn(HOME, KeyId), await materialIn(AWAY, KeyId))
})

test('a replica made while a rotation is under way has the new material as all others', async () => {
  const KeyId = await newSet(harness, [AWAY])
  await Promise.all([
    harness.call('RotateKeyOnDemand', { KeyId }),
    harness.call('ReplicateKey', { KeyId, ReplicaRegion: FAR }),
    harness.call('RotateKeyOnDemand', { KeyId }),
  ])
  for (const region of REGIONS) {
    assert.equal(await materialIn(region, KeyId), await materialIn(HOME, KeyId))
    assert.equal(await decryptIn(harness, region, await encryptIn(harness, AWAY, KeyId)), AWAY)
  }
})
