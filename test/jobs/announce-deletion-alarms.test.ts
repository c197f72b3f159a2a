/** The alarm for keys that are pending deletion and asked for (lifecycle.md DEL-30, 10.4): Sum ≥ 1 in five minutes. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Log } from '../../src/base/log.ts'
import { assertFails, newKey } from '../operations/support.ts'
import { type EventReceiver, openEventReceiver } from '../support/event-receiver.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT, REGION } from '../support/harness.ts'

const MINUTE_MS = 60_000
const Plaintext = Buffer.from('x').toString('base64')

const logged: { readonly fields: Answer; readonly message: string }[] = []
const keep = (fields: object, message: string) => void logged.push({ fields, message })
const log: Log = { info() {}, warn: keep, error: keep }

let harness: Harness
let receiver: EventReceiver
let received: EventReceiver['received']
before(async () => {
  receiver = await openEventReceiver()
  received = receiver.received
  harness = await createHarness({ log, eventUrl: receiver.url })
})
after(async () => {
  await harness.close()
  receiver.close()
})

/** Each test begins with all alarms raised. */
beforeEach(async () => {
  receiver.status = 204
  await look()
  received.length = 0
  logged.length = 0
})

async function look(): Promise<void> {
  await harness.service.deletionAlarms.save()
  await harness.service.jobs.runAll()
}

async function doomedKey(body: object = {}): Promise<Answer> {
  const key = await newKey(harness, body)
  await harness.call('ScheduleKeyDeletion', { KeyId: key.KeyId, PendingWindowInDays: 7 })
  return key
}

const pending = (Arn: string) => `${Arn} is pending deletion.`
const refuse = (operation: string, body: object, Arn: string) =>
  assertFails(harness.call(operation, body), 'KMSInvalidStateException', pending(Arn))

test('a refused use of a key pending deletion is in the log and with the receiver', async () => {
  const { KeyId, Arn } = await doomedKey()
  await refuse('Encrypt', { KeyId, Plaintext }, Arn)
  const record = harness.auditRecords().at(-1)
  await look()
  const instant = (time: number) => `${new Date(time).toISOString().slice(0, 19)}Z`
  const now = harness.clock.now()
  assert.deepEqual(received, [
    {
      type: 'application/json',
      event: {
        version: '0',
        id: record.eventID,
        'detail-type': 'Use of KMS Key Pending Deletion',
        source: 'keyhold.kms',
        account: ACCOUNT,
        time: instant(now),
        region: REGION,
        resources: [Arn],
        detail: {
          'key-id': KeyId,
          'deletion-date': instant(now + 7 * 24 * 60 * MINUTE_MS),
          'refused-calls': 1,
          'refused-calls-since-scheduled': 1,
          'first-refused-call': instant(now),
          'last-refused-call': {
            'event-id': record.eventID,
            'request-id': record.requestID,
            'event-name': 'Encrypt',
            time: instant(now),
            principal: record.userIdentity.arn,
            'source-ip-address': '127.0.0.1',
          },
        },
      },
    },
  ])
  assert.equal(logged.length, 1)
  assert.match(logged[0]!.message, /^ALARM: a key that is pending deletion was asked for/)
  assert.deepEqual([logged[0]!.fields.key, logged[0]!.fields.refusedCalls], [Arn, 1])
})

// AWS's filter looks at the message, so calls that would change the key count too; those that only look at it do not fail.
test('whatever fails because the key is pending deletion counts, and nothing else', async () => {
  const { KeyId, Arn } = await doomedKey()
  for (const read of ['DescribeKey', 'GetKeyPolicy', 'ListResourceTags', 'ListGrants'])
    await harness.call(read, { KeyId })
  await assert.rejects(harness.call('Encrypt', { KeyId: Arn, Plaintext }, { account: OTHER_ACCOUNT }), {
    code: 'AccessDeniedException',
  })
  await look()
  assert.equal(received.length, 0, 'nobody who may use it has asked')
  await refuse('EnableKey', { KeyId }, Arn)
  await refuse('ScheduleKeyDeletion', { KeyId }, Arn)
  await refuse('Encrypt', { KeyId, Plaintext, DryRun: true }, Arn)
  await look()
  assert.deepEqual(
    received.map(({ event }) => [event.resources, event.detail['refused-calls']]),
    [[[Arn], 3]],
  )
})

test('both sides of ReEncrypt and the present target of an alias are told apart', async () => {
  const source = await newKey(harness)
  const target = await doomedKey()
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId: source.KeyId, Plaintext })
  await refuse('ReEncrypt', { CiphertextBlob, DestinationKeyId: target.KeyId }, target.Arn)
  await look()
  assert.deepEqual(
    received.map(({ event }) => event.resources),
    [[target.Arn]],
  )
})

test('a primary that waits for its replicas raises it too; there is no date yet', async () => {
  const { KeyId, Arn } = await newKey(harness, { MultiRegion: true })
  await harness.call('ReplicateKey', { KeyId, ReplicaRegion: 'us-west-2' })
  await harness.call('ScheduleKeyDeletion', { KeyId })
  const text = `${Arn} is pending replica deletion.`
  await assertFails(harness.call('Encrypt', { KeyId, Plaintext }), 'KMSInvalidStateException', text)
  await look()
  assert.deepEqual(
    received.map(({ event }) => [event.resources, event.detail['deletion-date']]),
    [[[Arn], null]],
  )
})

test('of one key the alarm is raised once in five minutes, and then tells of all calls since', async () => {
  const { KeyId, Arn } = await doomedKey()
  await refuse('Encrypt', { KeyId, Plaintext }, Arn)
  await look()
  for (let call = 0; call < 3; call++) await refuse('Encrypt', { KeyId, Plaintext }, Arn)
  await look()
  harness.clock.set(harness.clock.now() + 5 * MINUTE_MS - 1)
  await look()
  assert.equal(received.length, 1)
  harness.clock.set(harness.clock.now() + 1)
  await look()
  harness.clock.set(harness.clock.now() + 60 * MINUTE_MS)
  await look()
  const counts = received.map(({ event: { detail } }) => [
    detail['refused-calls'],
    detail['refused-calls-since-scheduled'],
  ])
  assert.deepEqual(counts, [
    [1, 1],
    [3, 4],
  ])
})

test('alarms that their receiver does not take are in the log once, and come again with the same ids', async () => {
  const keys = [await doomedKey(), await doomedKey()]
  for (const { KeyId, Arn } of keys) await refuse('Encrypt', { KeyId, Plaintext }, Arn)
  receiver.status = 503
  await look()
  await look()
  const alarms = logged.filter(({ message }) => message.startsWith('ALARM')).map(({ fields }) => fields.key)
  assert.deepEqual(alarms.sort(), keys.map(({ Arn }) => Arn).sort())
  assert.ok(logged.some(({ fields }) => /answered with status 503/.test(fields.problem)))
  receiver.status = 200
  await look()
  await look()
  const [first, second, ...taken] = received.map(({ event }) => event.id)
  assert.equal(first, second)
  assert.deepEqual([taken.length, new Set(taken).size, taken[0]], [2, 2, first])
})

test('a cancelled deletion ends it, and a new one begins anew', async () => {
  const { KeyId, Arn } = await doomedKey()
  await refuse('Encrypt', { KeyId, Plaintext }, Arn)
  await harness.service.deletionAlarms.save()
  await harness.call('CancelKeyDeletion', { KeyId })
  await look()
  assert.equal(received.length, 0)
  await harness.call('ScheduleKeyDeletion', { KeyId })
  await refuse('Encrypt', { KeyId, Plaintext }, Arn)
  await look()
  assert.equal(received[0]!.event.detail['refused-calls-since-scheduled'], 1)
})

test('a key with an alarm is erased when its time comes', async () => {
  const { KeyId, Arn } = await doomedKey()
  await refuse('Encrypt', { KeyId, Plaintext }, Arn)
  await look()
  harness.clock.set(harness.clock.now() + 8 * 24 * 60 * MINUTE_MS)
  await look()
  const name = { account: ACCOUNT, region: REGION, keyId: KeyId }
  assert.equal(await harness.store.findKey(name), undefined)
  assert.equal(await harness.store.findDeletionAlarm(name), undefined)
})
