/** UpdatePrimaryRegion: operations.md 3.52; lifecycle.md 6.2; audit.md AU-7. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import { importMaterial, NEVER } from '../support/imports.ts'
import {
  AWAY,
  decryptIn,
  encryptIn,
  FAR,
  HOME,
  metadataIn,
  newPrimary,
  newSet,
  replicate,
  setSeenFrom,
  stateIn,
  statusIn,
  there,
} from './multi-region.ts'
import { NO_ALIAS } from './rotations.ts'
import { assertFails, assertValidation, constraint, keyArn, newKey, notVisible, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const arnIn = (region: string, keyId: string) => keyArn(keyId, ACCOUNT, region)
const makePrimary = (KeyId: string, PrimaryRegion: string, from = HOME) =>
  harness.call('UpdatePrimaryRegion', { KeyId, PrimaryRegion }, there(from))

test('the two swap their roles, in the eyes of every member, and nothing else changes (MRK-22)', async () => {
  const KeyId = await newSet(harness, [AWAY, FAR])
  const facts = async (region: string) => {
    const { MultiRegionConfiguration: _, ...rest } = await metadataIn(harness, region, KeyId)
    return rest
  }
  const regions = [HOME, AWAY, FAR]
  const before = await Promise.all(regions.map(facts))
  assert.equal(await makePrimary(KeyId, AWAY), undefined)
  assert.deepEqual(await setSeenFrom(harness, HOME, KeyId), ['REPLICA', AWAY, [FAR, HOME]])
  assert.deepEqual(await setSeenFrom(harness, AWAY, KeyId), ['PRIMARY', AWAY, [FAR, HOME]])
  assert.deepEqual(await setSeenFrom(harness, FAR, KeyId), ['REPLICA', AWAY, [FAR, HOME]])
  assert.deepEqual(await Promise.all(regions.map(facts)), before)
})

test('what belongs to the primary is now refused here and done there', async () => {
  const KeyId = await newSet(harness, [AWAY])
  const old = await encryptIn(harness, HOME, KeyId)
  await makePrimary(KeyId, AWAY)
  await assertFails(
    replicate(harness, KeyId, FAR),
    'UnsupportedOperationException',
    `${arnIn(HOME, KeyId)} is not a multi-region primary key.`,
  )
  await harness.call('ReplicateKey', { KeyId, ReplicaRegion: FAR }, there(AWAY))
  await harness.call('RotateKeyOnDemand', { KeyId }, there(AWAY))
  for (const region of [HOME, AWAY, FAR]) {
    assert.equal(await decryptIn(harness, region, old), HOME)
    assert.equal(await decryptIn(harness, region, await encryptIn(harness, HOME, KeyId)), HOME)
  }
})

test('rotation settings and the count of rotations on demand move with the role, unchanged', async () => {
  const KeyId = await newSet(harness, [AWAY])
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 100 })
  for (let rotation = 0; rotation < 20; rotation++) await harness.call('RotateKeyOnDemand', { KeyId })
  const { KeyId: _, ...before } = await statusIn(harness, HOME, KeyId)
  harness.clock.advance(1000)
  await makePrimary(KeyId, AWAY)
  for (const region of [HOME, AWAY]) {
    assert.deepEqual(await statusIn(harness, region, KeyId), { ...before, KeyId: arnIn(region, KeyId) })
  }
  for (let rotation = 0; rotation < 5; rotation++) await harness.call('RotateKeyOnDemand', { KeyId }, there(AWAY))
  await assert.rejects(harness.call('RotateKeyOnDemand', { KeyId }, there(AWAY)), { code: 'LimitExceededException' })
  await harness.call('DisableKeyRotation', { KeyId }, there(AWAY))
  assert.equal((await statusIn(harness, HOME, KeyId)).KeyRotationEnabled, false)
})

test('and back again', async () => {
  const KeyId = await newSet(harness, [AWAY, FAR])
  await makePrimary(KeyId, AWAY)
  await makePrimary(KeyId, FAR, AWAY)
  await makePrimary(KeyId, HOME, FAR)
  assert.deepEqual(await setSeenFrom(harness, HOME, KeyId), ['PRIMARY', HOME, [FAR, AWAY]])
})

test('to the Region that is primary already: success, and nothing changes', async () => {
  const KeyId = await newSet(harness, [AWAY])
  const before = harness.auditRecords().length
  assert.equal(await makePrimary(KeyId, HOME), undefined)
  assert.deepEqual(await setSeenFrom(harness, AWAY, KeyId), ['REPLICA', HOME, [AWAY]])
  const events = harness.auditRecords().slice(before)
  assert.deepEqual(
    events.map(({ eventName }) => eventName),
    ['UpdatePrimaryRegion', 'DescribeKey'],
  )
})

test('only the primary can be asked (MRK-24)', async () => {
  const KeyId = await newSet(harness, [AWAY, FAR])
  for (const region of [FAR, HOME, AWAY]) {
    await assertFails(
      makePrimary(KeyId, region, AWAY),
      'KMSInvalidStateException',
      `${arnIn(AWAY, KeyId)} is not a multi-Region primary key.`,
    )
  }
  const single = await newKey(harness)
  for (const region of [HOME, AWAY]) {
    await assertFails(
      makePrimary(single.KeyId, region),
      'UnsupportedOperationException',
      `${single.Arn} is not a multi-region primary key.`,
    )
  }
})

test('a Region without a replica cannot become primary', async () => {
  const KeyId = await newSet(harness, [AWAY])
  for (const region of [FAR, 'cn-north-1']) {
    await assertValidation(makePrimary(KeyId, region), `${KeyId} does not have a replica key in the specified Region.`)
  }
  await assertValidation(
    makePrimary(KeyId, 'nowhere'),
    constraint(`'nowhere'`, 'primaryRegion', 'satisfy regular expression pattern: ^([a-z]+-){2,3}\\d+$'),
  )
})

test('both must be enabled, and the one that is not is named', async () => {
  for (const region of [HOME, AWAY]) {
    const KeyId = await newSet(harness, [AWAY])
    const arn = arnIn(region, KeyId)
    await harness.call('DisableKey', { KeyId }, there(region))
    await assertFails(makePrimary(KeyId, AWAY), 'DisabledException', `${arn} is disabled.`)
    await harness.call('ScheduleKeyDeletion', { KeyId }, there(region))
    const text = region === HOME ? 'is pending replica deletion.' : 'is pending deletion.'
    await assertFails(makePrimary(KeyId, AWAY), 'KMSInvalidStateException', `${arn} ${text}`)
    assert.deepEqual(await setSeenFrom(harness, HOME, KeyId), ['PRIMARY', HOME, [AWAY]])
  }
})

test('a replica that still waits for its material cannot become primary', async () => {
  const { KeyId } = await newPrimary(harness, { Origin: 'EXTERNAL' })
  const material = randomBytes(32)
  await importMaterial(harness, KeyId, material)
  await replicate(harness, KeyId, AWAY)
  const text = `${arnIn(AWAY, KeyId)} is pending import.`
  await assertFails(makePrimary(KeyId, AWAY), 'KMSInvalidStateException', text)
  await importMaterial(harness, KeyId, material, NEVER, undefined, there(AWAY))
  await makePrimary(KeyId, AWAY)
  assert.deepEqual(await setSeenFrom(harness, HOME, KeyId), ['REPLICA', AWAY, [HOME]])
})

test('a replica whose time is over cannot become primary, whether or not the job has come by', async () => {
  const KeyId = await newSet(harness, [AWAY])
  await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 }, there(AWAY))
  harness.clock.advance(7 * 86_400_000)
  await assertValidation(makePrimary(KeyId, AWAY), `${KeyId} does not have a replica key in the specified Region.`)
})

test('keys are named by id or ARN in their own Region and account', async () => {
  const KeyId = await newSet(harness, [AWAY])
  await harness.call('CreateAlias', { AliasName: 'alias/to-update', TargetKeyId: KeyId })
  await assertFails(makePrimary('alias/to-update', AWAY), ...NO_ALIAS)
  const foreign = { KeyId: arnIn(HOME, KeyId), PrimaryRegion: AWAY }
  await assertFails(
    harness.call('UpdatePrimaryRegion', foreign, { account: OTHER_ACCOUNT }),
    'AccessDeniedException',
    notVisible('kms:UpdatePrimaryRegion'),
  )
  await assertFails(makePrimary(arnIn(HOME, KeyId), FAR, AWAY), 'NotFoundException', `Invalid arn ${HOME}`)
  await makePrimary(arnIn(HOME, KeyId), AWAY)
  assert.equal(await stateIn(harness, AWAY, KeyId), 'Enabled')
})

test('it is recorded in both Regions, the second time as the service’s doing for the caller', async () => {
  const KeyId = await newSet(harness, [AWAY])
  await makePrimary(KeyId, AWAY)
  const [here, away, synchronisation] = harness.auditRecords().slice(-3)
  assert.equal(here.eventName, 'UpdatePrimaryRegion')
  assert.equal(here.awsRegion, HOME)
  assert.equal(here.readOnly, false)
  assert.deepEqual(here.requestParameters, { keyId: KeyId, primaryRegion: AWAY })
  assert.deepEqual(here.responseElements, { keyId: arnIn(HOME, KeyId) })
  assert.deepEqual(here.resources, [resource(arnIn(HOME, KeyId))])
  assert.equal(here.userIdentity.invokedBy, undefined)
  assert.deepEqual(away, {
    ...here,
    awsRegion: AWAY,
    eventID: away.eventID,
    userIdentity: { ...here.userIdentity, invokedBy: 'kms.amazonaws.com' },
    requestParameters: { keyId: arnIn(AWAY, KeyId), primaryRegion: AWAY },
    responseElements: { keyId: arnIn(AWAY, KeyId) },
    resources: [resource(arnIn(AWAY, KeyId))],
  })
  assert.notEqual(away.eventID, here.eventID)
  assert.equal(synchronisation.eventName, 'SynchronizeMultiRegionKey')
  assert.deepEqual(synchronisation.responseElements, { keyId: arnIn(AWAY, KeyId) })
})
