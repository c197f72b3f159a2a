/** Events as AWS puts them on EventBridge (lifecycle.md 10.2), sent to the operator's address. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { EVENT_TIMEOUT_MS } from '../../src/base/limits.ts'
import { newKey } from '../operations/support.ts'
import { type EventReceiver, openEventReceiver } from '../support/event-receiver.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, REGION } from '../support/harness.ts'
import { importMaterial, secondsFromNow } from '../support/imports.ts'

const DAY_MS = 86_400_000

let harness: Harness
let receiver: EventReceiver
before(async () => {
  receiver = await openEventReceiver()
  harness = await createHarness({ eventUrl: receiver.url })
})
after(async () => {
  await harness.close()
  receiver.close()
})
beforeEach(async () => {
  receiver.status = 200
  await harness.service.jobs.runAll()
  receiver.received.length = 0
})

const events = (): Answer[] => receiver.received.map(({ event }) => event)
const materialOf = async (KeyId: string) =>
  (await harness.call('DescribeKey', { KeyId })).KeyMetadata.CurrentKeyMaterialId

/** What every event has, from the audit record of the same thing. */
function envelope(eventName: string, Arn: string) {
  const record = harness
    .auditRecords()
    .findLast((record) => record.eventName === eventName && record.resources[0].ARN === Arn)
  const { eventID: id, eventTime: time } = record
  return { version: '0', id, source: 'aws.kms', account: ACCOUNT, time, region: REGION, resources: [Arn] }
}

test('a rotation, on demand or automatic', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const first = await materialOf(KeyId)
  await harness.call('RotateKeyOnDemand', { KeyId })
  const second = await materialOf(KeyId)
  await harness.service.jobs.runAll()
  const rotation = { 'detail-type': 'KMS CMK Rotation', ...envelope('RotateKey', Arn) }
  const detail = (type: string, previous: string, current: string) => ({
    'key-id': KeyId,
    'key-origin': 'AWS_KMS',
    'rotation-type': type,
    'previous-key-material-id': previous,
    'current-key-material-id': current,
  })
  assert.deepEqual(events(), [{ ...rotation, detail: detail('ON_DEMAND', first, second) }])

  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  harness.clock.set(harness.clock.now() + 90 * DAY_MS)
  await harness.service.jobs.runAll()
  const third = await materialOf(KeyId)
  const automatic = { 'detail-type': 'KMS CMK Rotation', ...envelope('RotateKey', Arn) }
  assert.deepEqual(events().slice(1), [{ ...automatic, detail: detail('AUTOMATIC', second, third) }])
})

test('the end of a key', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  await harness.service.jobs.runAll()
  assert.equal(receiver.received.length, 0)
  harness.clock.set(harness.clock.now() + 7 * DAY_MS)
  await harness.service.jobs.runAll()
  const deletion = { 'detail-type': 'KMS CMK Deletion', ...envelope('DeleteKey', Arn), detail: { 'key-id': KeyId } }
  assert.deepEqual(events(), [deletion])
})

test('imported material that has expired', async () => {
  const { KeyId, Arn } = await newKey(harness, { Origin: 'EXTERNAL' })
  const ValidTo = secondsFromNow(harness, 1000)
  const { KeyMaterialId } = await importMaterial(harness, KeyId, randomBytes(32), { ValidTo })
  harness.clock.set(ValidTo * 1000)
  await harness.service.jobs.runAll()
  const type = 'KMS Imported Key Material Expiration'
  const detail = { 'key-id': KeyId, 'key-material-id': KeyMaterialId }
  assert.deepEqual(events(), [{ 'detail-type': type, ...envelope('DeleteExpiredKeyMaterial', Arn), detail }])
})

test('what the service did otherwise is no event, nor what a caller did', async () => {
  const { KeyId } = await newKey(harness, { MultiRegion: true })
  await harness.call('ReplicateKey', { KeyId, ReplicaRegion: 'us-west-2' })
  await harness.call('EnableKeyRotation', { KeyId })
  await harness.call('DescribeKey', { KeyId: 'alias/aws/s3' })
  await harness.service.jobs.runAll()
  assert.equal(receiver.received.length, 0)
})

test('events that nobody takes come again, in their order and with their ids', async () => {
  const keys = [await newKey(harness), await newKey(harness), await newKey(harness)]
  for (const { KeyId } of keys) await harness.call('RotateKeyOnDemand', { KeyId })
  receiver.status = 500
  await harness.service.jobs.runAll()
  assert.equal(receiver.received.length, 1, 'those behind a failed one wait')
  receiver.status = 200
  await harness.service.jobs.runAll()
  await harness.service.jobs.runAll()
  const [failed, ...taken] = events()
  assert.deepEqual(
    taken.map(({ resources }) => resources),
    keys.map(({ Arn }) => [Arn]),
  )
  assert.equal(failed.id, taken[0].id)
})

test('a receiver that takes its time keeps other work waiting for a few seconds, not until it has all events', async (t) => {
  const keys = [await newKey(harness), await newKey(harness), await newKey(harness)]
  for (const { KeyId } of keys) await harness.call('RotateKeyOnDemand', { KeyId })
  // Each event takes as long as it may.
  const now = t.mock.method(performance, 'now', () => receiver.received.length * EVENT_TIMEOUT_MS)
  await harness.service.jobs.runAll()
  now.mock.restore()
  assert.equal(receiver.received.length, 1)
  await harness.service.jobs.runAll()
  assert.deepEqual(
    events().map(({ resources }) => resources),
    keys.map(({ Arn }) => [Arn]),
  )
})

test('a server that sends no events keeps none', async (t) => {
  const silent = await createHarness()
  t.after(() => silent.close())
  const { KeyId } = await newKey(silent)
  await silent.call('RotateKeyOnDemand', { KeyId })
  assert.deepEqual(await silent.store.eventsToSend(10), [])
})
