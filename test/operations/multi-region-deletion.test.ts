/** Deletion in multi-Region sets: lifecycle.md DEL-20, DEL-21, TR-10 to TR-14; operations.md 3.1, 3.45, 6.1; audit.md 4.3. */
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
  replicate,
  setSeenFrom,
  stateIn,
  there,
} from './multi-region.ts'
import { DAY_MS, passDays } from './rotations.ts'
import { assertFails, keyArn, lastRecord, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const arnIn = (region: string, keyId: string) => keyArn(keyId, ACCOUNT, region)
const schedule = (region: string, KeyId: string, days: number) =>
  harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: days }, there(region))
const cancel = (region: string, KeyId: string) => harness.call('CancelKeyDeletion', { KeyId }, there(region))

async function assertGone(region: string, KeyId: string): Promise<void> {
  const work = harness.call('DescribeKey', { KeyId }, there(region))
  await assertFails(work, 'NotFoundException', `Key '${arnIn(region, KeyId)}' does not exist`)
}

test('a replica goes on its own day; the others stay, and stay able to open what it made', async () => {
  const KeyId = await newSet(harness, [AWAY, FAR])
  const blob = await encryptIn(harness, AWAY, KeyId)
  const date = (harness.clock.now() + 7 * DAY_MS) / 1000
  assert.deepEqual(await schedule(AWAY, KeyId, 7), {
    KeyId: arnIn(AWAY, KeyId),
    DeletionDate: date,
    KeyState: 'PendingDeletion',
    PendingWindowInDays: 7,
  })
  assert.equal((await metadataIn(harness, AWAY, KeyId)).DeletionDate, date)
  assert.equal(await stateIn(harness, HOME, KeyId), 'Enabled')
  // While it waits it belongs to the set.
  assert.deepEqual(await setSeenFrom(harness, HOME, KeyId), ['PRIMARY', HOME, [FAR, AWAY]])
  await passDays(harness, 7)
  await assertGone(AWAY, KeyId)
  assert.deepEqual(await setSeenFrom(harness, HOME, KeyId), ['PRIMARY', HOME, [FAR]])
  assert.deepEqual(await setSeenFrom(harness, FAR, KeyId), ['REPLICA', HOME, [FAR]])
  for (const region of [HOME, FAR]) assert.equal(await decryptIn(harness, region, blob), AWAY)
})

test('a primary waits for its replicas, and only then do its days begin (TR-12)', async () => {
  const KeyId = await newSet(harness, [AWAY, FAR])
  assert.deepEqual(await schedule(HOME, KeyId, 10), {
    KeyId: arnIn(HOME, KeyId),
    KeyState: 'PendingReplicaDeletion',
    PendingWindowInDays: 10,
  })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'ScheduleKeyDeletion',
    readOnly: false,
    requestParameters: { keyId: KeyId, pendingWindowInDays: 10 },
    responseElements: {
      keyId: arnIn(HOME, KeyId),
      keyState: 'PendingReplicaDeletion',
      pendingWindowInDays: 10,
    },
    resources: [resource(arnIn(HOME, KeyId))],
  })
  const waiting = await metadataIn(harness, HOME, KeyId)
  assert.equal(waiting.KeyState, 'PendingReplicaDeletion')
  assert.equal(waiting.PendingDeletionWindowInDays, 10)
  assert.equal(waiting.Enabled, false)
  assert.equal('DeletionDate' in waiting, false)

  await passDays(harness, 100)
  await schedule(AWAY, KeyId, 7)
  await passDays(harness, 7)
  assert.equal(await stateIn(harness, HOME, KeyId), 'PendingReplicaDeletion')
  assert.equal(await stateIn(harness, FAR, KeyId), 'Enabled')

  await schedule(FAR, KeyId, 7)
  await passDays(harness, 6.9)
  assert.equal(await stateIn(harness, HOME, KeyId), 'PendingReplicaDeletion')
  await passDays(harness, 0.1)
  const counting = await metadataIn(harness, HOME, KeyId)
  assert.equal(counting.KeyState, 'PendingDeletion')
  assert.equal(counting.DeletionDate, (harness.clock.now() + 10 * DAY_MS) / 1000)
  assert.equal('PendingDeletionWindowInDays' in counting, false)
  assert.deepEqual(counting.MultiRegionConfiguration.ReplicaKeys, [])
  await passDays(harness, 9.9)
  assert.equal(await stateIn(harness, HOME, KeyId), 'PendingDeletion')
  await passDays(harness, 0.1)
  await assertGone(HOME, KeyId)
})

test('after a long time without a server a primary still has its whole window', async () => {
  const KeyId = await newSet(harness, [AWAY])
  await schedule(HOME, KeyId, 7)
  await schedule(AWAY, KeyId, 7)
  await passDays(harness, 300)
  await assertGone(AWAY, KeyId)
  assert.equal((await metadataIn(harness, HOME, KeyId)).DeletionDate, (harness.clock.now() + 7 * DAY_MS) / 1000)
})

test('replicas work while their primary waits for them', async () => {
  const KeyId = await newSet(harness, [AWAY, FAR])
  const blob = await encryptIn(harness, HOME, KeyId)
  await schedule(HOME, KeyId, 7)
  assert.equal(await decryptIn(harness, AWAY, blob), HOME)
  assert.equal(await decryptIn(harness, FAR, await encryptIn(harness, AWAY, KeyId)), AWAY)
  await assertFails(
    decryptIn(harness, HOME, blob),
    'KMSInvalidStateException',
    `${arnIn(HOME, KeyId)} is pending replica deletion.`,
  )
  // Seen from a replica, the set is as it was.
  assert.deepEqual(await setSeenFrom(harness, AWAY, KeyId), ['REPLICA', HOME, [FAR, AWAY]])
})

test('the deletion can be taken back while it waits, and while it counts', async () => {
  const KeyId = await newSet(harness, [AWAY])
  await schedule(HOME, KeyId, 7)
  assert.deepEqual(await cancel(HOME, KeyId), { KeyId: arnIn(HOME, KeyId) })
  const cancelled = await metadataIn(harness, HOME, KeyId)
  assert.equal(cancelled.KeyState, 'Disabled')
  assert.equal('PendingDeletionWindowInDays' in cancelled, false)
  // A replica that goes now takes nothing with it.
  await schedule(AWAY, KeyId, 7)
  await passDays(harness, 8)
  assert.equal(await stateIn(harness, HOME, KeyId), 'Disabled')
  await harness.call('EnableKey', { KeyId })
  await replicate(harness, KeyId, AWAY)
  await schedule(HOME, KeyId, 7)
  await schedule(AWAY, KeyId, 7)
  await passDays(harness, 7)
  assert.equal(await stateIn(harness, HOME, KeyId), 'PendingDeletion')
  await cancel(HOME, KeyId)
  await passDays(harness, 30)
  assert.equal(await stateIn(harness, HOME, KeyId), 'Disabled')
})

test('a replica’s deletion that is taken back keeps the primary waiting', async () => {
  const KeyId = await newSet(harness, [AWAY])
  await schedule(HOME, KeyId, 7)
  await schedule(AWAY, KeyId, 7)
  await passDays(harness, 5)
  await cancel(AWAY, KeyId)
  await passDays(harness, 30)
  assert.equal(await stateIn(harness, AWAY, KeyId), 'Disabled')
  assert.equal(await stateIn(harness, HOME, KeyId), 'PendingReplicaDeletion')
})

test('a second request is refused in the words of the state', async () => {
  const KeyId = await newSet(harness, [AWAY])
  await schedule(HOME, KeyId, 7)
  const text = `${arnIn(HOME, KeyId)} is pending replica deletion.`
  await assertFails(schedule(HOME, KeyId, 30), 'KMSInvalidStateException', text)
})

test('the old primary of a changed set goes as a replica does', async () => {
  const KeyId = await newSet(harness, [AWAY])
  const blob = await encryptIn(harness, HOME, KeyId)
  await harness.call('UpdatePrimaryRegion', { KeyId, PrimaryRegion: AWAY })
  assert.equal((await schedule(HOME, KeyId, 7)).KeyState, 'PendingDeletion')
  await passDays(harness, 7)
  await assertGone(HOME, KeyId)
  assert.equal(await decryptIn(harness, AWAY, blob), HOME)
  assert.deepEqual(await setSeenFrom(harness, AWAY, KeyId), ['PRIMARY', AWAY, []])
  assert.equal((await schedule(AWAY, KeyId, 7)).KeyState, 'PendingDeletion')
})

test('a deleted member takes only its own aliases along', async () => {
  const KeyId = await newSet(harness, [AWAY])
  const AliasName = 'alias/in-both'
  for (const region of [HOME, AWAY]) {
    await harness.call('CreateAlias', { AliasName, TargetKeyId: KeyId }, there(region))
  }
  await schedule(AWAY, KeyId, 7)
  await passDays(harness, 7)
  assert.equal((await harness.call('DescribeKey', { KeyId: AliasName })).KeyMetadata.KeyId, KeyId)
  await assert.rejects(harness.call('DescribeKey', { KeyId: AliasName }, there(AWAY)), { code: 'NotFoundException' })
})

test('each deletion is one event, in the Region of the key', async () => {
  const KeyId = await newSet(harness, [AWAY])
  await schedule(HOME, KeyId, 7)
  await schedule(AWAY, KeyId, 7)
  await passDays(harness, 7)
  await passDays(harness, 7)
  const deletions = harness
    .auditRecords()
    .filter(({ eventName, resources }) => eventName === 'DeleteKey' && resources[0].ARN.endsWith(KeyId))
  assert.deepEqual(
    deletions.map(({ awsRegion, responseElements }) => [awsRegion, responseElements.keyId]),
    [
      [AWAY, arnIn(AWAY, KeyId)],
      [HOME, arnIn(HOME, KeyId)],
    ],
  )
})
