/** Automatic rotation, moved by the clock: lifecycle.md 3.2, 3.5, 3.7, and every scenario of ROT-62. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { silentLog } from '../../src/base/log.ts'
import { createAuditOutbox } from '../../src/domain/audit-outbox.ts'
import { rotateDueKeys } from '../../src/jobs/rotate-due-keys.ts'
import {
  currentMaterial,
  DAY_MS,
  passDays,
  rotationsOf,
  serviceEvents,
  stateOf,
  statusOf,
} from '../operations/rotations.ts'
import { lastRecord, newKey } from '../operations/support.ts'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

async function rotatingKey(RotationPeriodInDays = 90): Promise<Answer> {
  const key = await newKey(harness)
  await harness.call('EnableKeyRotation', { KeyId: key.KeyId, RotationPeriodInDays })
  return { ...key, enabledAt: harness.clock.now() }
}

const seconds = (time: number) => time / 1000

test('at day 89.999 nothing, at day 90.001 a rotation; the next is counted from the scheduled date (ROT-11)', async () => {
  const { KeyId, enabledAt } = await rotatingKey()
  await passDays(harness, 89.999)
  assert.deepEqual(await rotationsOf(harness, KeyId), [])
  await passDays(harness, 0.002)
  const [rotation, ...more] = await rotationsOf(harness, KeyId)
  assert.equal(more.length, 0)
  assert.equal(rotation.RotationType, 'AUTOMATIC')
  assert.equal(rotation.RotationDate, seconds(harness.clock.now()))
  assert.equal((await statusOf(harness, KeyId)).NextRotationDate, seconds(enabledAt + 180 * DAY_MS))
})

test('ciphertexts of all materials decrypt, and the newest encrypts', async () => {
  const { KeyId } = await rotatingKey()
  const made: { CiphertextBlob: string; material: string }[] = []
  for (let generation = 0; generation < 3; generation++) {
    const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from(`${generation}`) })
    made.push({ CiphertextBlob, material: await currentMaterial(harness, KeyId) })
    await passDays(harness, 90)
  }
  assert.equal(new Set(made.map(({ material }) => material)).size, 3)
  for (const [generation, { CiphertextBlob, material }] of made.entries()) {
    const { Plaintext, KeyMaterialId } = await harness.call('Decrypt', { CiphertextBlob })
    assert.equal(Buffer.from(Plaintext, 'base64').toString(), `${generation}`)
    assert.equal(KeyMaterialId, material)
  }
})

test('disabled over many dates, then enabled: one rotation, and the schedule begins anew (ROT-12, ROT-14)', async () => {
  const { KeyId, Arn } = await rotatingKey()
  await passDays(harness, 10)
  await harness.call('DisableKey', { KeyId })
  await passDays(harness, 390)
  assert.deepEqual(await rotationsOf(harness, KeyId), [])
  await harness.call('EnableKey', { KeyId })
  assert.equal((await rotationsOf(harness, KeyId)).length, 1)
  assert.equal((await statusOf(harness, KeyId)).NextRotationDate, seconds(harness.clock.now() + 90 * DAY_MS))
  assert.equal(serviceEvents(harness, Arn).length, 1)
  await passDays(harness, 0)
  assert.equal((await rotationsOf(harness, KeyId)).length, 1, 'rotated twice')
})

test('disabled and enabled before the date: the old schedule goes on', async () => {
  const { KeyId, enabledAt } = await rotatingKey()
  await passDays(harness, 10)
  await harness.call('DisableKey', { KeyId })
  await passDays(harness, 10)
  await harness.call('EnableKey', { KeyId })
  assert.deepEqual(await rotationsOf(harness, KeyId), [])
  assert.equal((await statusOf(harness, KeyId)).NextRotationDate, seconds(enabledAt + 90 * DAY_MS))
})

test('a deletion cancelled after the date: one rotation at once, the key stays Disabled (ROT-13)', async () => {
  const { KeyId, Arn } = await rotatingKey()
  await passDays(harness, 80)
  await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 30 })
  await passDays(harness, 15)
  assert.deepEqual(await rotationsOf(harness, KeyId), [])
  await harness.call('CancelKeyDeletion', { KeyId })
  assert.equal(await stateOf(harness, KeyId), 'Disabled')
  assert.equal((await rotationsOf(harness, KeyId)).length, 1)
  assert.equal((await statusOf(harness, KeyId)).NextRotationDate, seconds(harness.clock.now() + 90 * DAY_MS))
  assert.equal(serviceEvents(harness, Arn).length, 1)
  await harness.call('EnableKey', { KeyId })
  await passDays(harness, 0)
  assert.equal((await rotationsOf(harness, KeyId)).length, 1, 'rotated twice')
})

test('a deletion cancelled before the date: no rotation, the old date', async () => {
  const { KeyId, enabledAt } = await rotatingKey()
  await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 30 })
  await passDays(harness, 15)
  await harness.call('CancelKeyDeletion', { KeyId })
  assert.deepEqual(await rotationsOf(harness, KeyId), [])
  assert.equal((await statusOf(harness, KeyId)).NextRotationDate, seconds(enabledAt + 90 * DAY_MS))
})

test('nobody was there for several periods: one rotation, and the next date lies ahead', async () => {
  const { KeyId } = await rotatingKey()
  await passDays(harness, 400)
  assert.equal((await rotationsOf(harness, KeyId)).length, 1)
  assert.equal((await statusOf(harness, KeyId)).NextRotationDate, seconds(harness.clock.now() + 90 * DAY_MS))
})

test('each rotation makes one event RotateKey that names both materials (audit.md section 5)', async () => {
  const { KeyId, Arn } = await rotatingKey()
  const previous = await currentMaterial(harness, KeyId)
  await passDays(harness, 90)
  const events = serviceEvents(harness, Arn)
  assert.equal(events.length, 1)
  assert.equal(events[0].eventName, 'RotateKey')
  assert.deepEqual(events[0].serviceEventDetails, {
    rotationType: 'AUTOMATIC',
    keyOrigin: 'AWS_KMS',
    keyId: KeyId,
    previousKeyMaterialId: previous,
    currentKeyMaterialId: await currentMaterial(harness, KeyId),
  })
  assert.notEqual(lastRecord(harness).eventName, 'RotateKey', 'DescribeKey came after it')
})

test('more keys than one round takes are all rotated, by one run', async () => {
  const keys = await Promise.all(Array.from({ length: 230 }, () => rotatingKey()))
  await passDays(harness, 90)
  for (const { KeyId } of keys) assert.equal((await rotationsOf(harness, KeyId)).length, 1)
})

test('two runs at once rotate each key once', async () => {
  const { KeyId } = await rotatingKey()
  harness.clock.advance(90 * DAY_MS)
  await Promise.all([harness.service.jobs.runAll(), harness.service.jobs.runAll()])
  assert.equal((await rotationsOf(harness, KeyId)).length, 1)
})

test('two nodes that both believe to have the lease rotate each key once, with one event (ROT-60)', async () => {
  const keys = await Promise.all(Array.from({ length: 20 }, () => rotatingKey()))
  harness.clock.advance(90 * DAY_MS)
  const { store, clock, service } = harness
  const lines: string[] = []
  const append = async (line: string) => void lines.push(line)
  const outbox = createAuditOutbox(store, append, silentLog)
  const { random, keyMaterials } = service
  const services = { store, clock, outbox, random, keyMaterials, sendsEvents: false }
  const nodes = ['one', 'other'].map((node) => rotateDueKeys({ ...services, node }))
  await Promise.all(nodes.map((job) => job.run()))
  await outbox.stop()
  for (const { KeyId, Arn } of keys) {
    assert.equal((await rotationsOf(harness, KeyId)).length, 1)
    assert.equal(lines.filter((line) => line.includes(Arn)).length, 1)
  }
})

test('a rotation whose event the log does not take is not undone; the event is logged later, once', async () => {
  let isBroken = false
  const own = await createHarness({
    beforeAudit(step) {
      if (isBroken && step === 'append') throw new Error('the disk is full')
    },
  })
  const { KeyId, Arn } = await newKey(own)
  await own.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  isBroken = true
  await passDays(own, 90)
  isBroken = false
  assert.equal((await rotationsOf(own, KeyId)).length, 1)
  assert.deepEqual(serviceEvents(own, Arn), [])
  await waitFor(() => serviceEvents(own, Arn).length > 0)
  await passDays(own, 0)
  assert.equal(serviceEvents(own, Arn).length, 1)
  assert.deepEqual(await own.store.pendingAuditRecords().then((records) => records.filter(isRotation)), [])
  await own.close()
})

function isRotation({ line }: { line: string }): boolean {
  return line.includes('"eventName":"RotateKey"')
}

/** What was refused is tried again within a second. */
async function waitFor(isSo: () => boolean): Promise<void> {
  for (let times = 0; times < 200 && !isSo(); times++) await wait(50)
}
