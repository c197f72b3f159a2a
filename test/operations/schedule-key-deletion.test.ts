/** operations.md 3.45; lifecycle.md 5.1; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness, START_TIME } from '../support/harness.ts'
import { assertFails, assertValidation, constraint, keyArn, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const schedule = (body: object) => harness.call('ScheduleKeyDeletion', body)

test('ScheduleKeyDeletion answers ARN, date, state and window; the date is exact (DEL-3)', async () => {
  for (const [body, days] of [
    [{}, 30],
    [{ PendingWindowInDays: 7 }, 7],
    [{ PendingWindowInDays: 30 }, 30],
  ] as const) {
    const { KeyId, Arn } = await newKey(harness)
    assert.deepEqual(await schedule({ KeyId, ...body }), {
      KeyId: Arn,
      DeletionDate: (START_TIME + days * 86_400_000) / 1000,
      KeyState: 'PendingDeletion',
      PendingWindowInDays: days,
    })
  }
})

test('the window is 7 to 30 days', async () => {
  const { KeyId } = await newKey(harness)
  for (const PendingWindowInDays of [1, 6, 31, 365]) {
    await assertValidation(schedule({ KeyId, PendingWindowInDays }), 'PendingWindowInDays must be between 7 and 30')
  }
  await assertValidation(
    schedule({ KeyId, PendingWindowInDays: 0 }),
    constraint("'0'", 'pendingWindowInDays', 'have value greater than or equal to 1'),
  )
  await assertValidation(
    schedule({ KeyId, PendingWindowInDays: 366 }),
    constraint("'366'", 'pendingWindowInDays', 'have value less than or equal to 365'),
  )
})

test('the window cannot be changed (DEL-4)', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await schedule({ KeyId })
  await assertFails(
    schedule({ KeyId, PendingWindowInDays: 7 }),
    'KMSInvalidStateException',
    `${Arn} is pending deletion.`,
  )
})

test('from its deletion date on the key does not exist, erased or not (DEL-9, DEL-12)', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('CreateAlias', { AliasName: 'alias/doomed', TargetKeyId: KeyId })
  await schedule({ KeyId, PendingWindowInDays: 7 })
  harness.clock.advance(7 * 86_400_000 - 1)
  assert.equal((await harness.call('DescribeKey', { KeyId: 'alias/doomed' })).KeyMetadata.Arn, Arn)
  harness.clock.advance(1)
  const gone = ['NotFoundException', `Key '${keyArn(KeyId)}' does not exist`] as const
  await assertFails(harness.call('DescribeKey', { KeyId }), ...gone)
  await assertFails(harness.call('CancelKeyDeletion', { KeyId }), ...gone)
  await assert.rejects(harness.call('DescribeKey', { KeyId: 'alias/doomed' }), { code: 'NotFoundException' })
  await harness.service.jobs.runAll()
  await assertFails(harness.call('DescribeKey', { KeyId }), ...gone)
})

test('the audit record holds window and date in the text that AWS uses', async () => {
  harness.clock.set(START_TIME)
  const { KeyId, Arn } = await newKey(harness)
  await schedule({ KeyId, PendingWindowInDays: 7 })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'ScheduleKeyDeletion',
    readOnly: false,
    requestParameters: { keyId: KeyId, pendingWindowInDays: 7 },
    responseElements: { keyId: Arn, keyState: 'PendingDeletion', deletionDate: 'Mar 8, 2026, 12:00:00 PM' },
    resources: [resource(Arn)],
  })
})
