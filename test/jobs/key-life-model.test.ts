/**
 * Random lives of a key against a small model of lifecycle.md sections 2, 3 and 5: after every step the key must be in the
 * model's state, with the model's schedule and number of materials, and all its ciphertexts must open when it is usable.
 * A failure prints its seed and the shortest life that shows it.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { DAY_MS, passDays, rotationsOf, statusOf } from '../operations/rotations.ts'
import { newKey } from '../operations/support.ts'
import { createHarness, type Harness } from '../support/harness.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

interface Model {
  enabled: boolean
  /** Milliseconds since the epoch; `undefined`: not scheduled. */
  deletionAt: number | undefined
  rotation: { days: number; next: number } | undefined
  onDemand: number
  rotations: number
  isGone: boolean
}

type Step =
  | { readonly do: 'pass'; readonly days: number }
  | { readonly do: 'EnableKeyRotation'; readonly days: number | undefined }
  | { readonly do: 'ScheduleKeyDeletion'; readonly days: number }
  | {
      readonly do:
        | 'EnableKey'
        | 'DisableKey'
        | 'CancelKeyDeletion'
        | 'DisableKeyRotation'
        | 'RotateKeyOnDemand'
        | 'Encrypt'
    }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('pass' as const), days: fc.constantFrom(0, 0.01, 1, 6, 29, 89, 91, 200) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('EnableKeyRotation' as const),
      days: fc.constantFrom(undefined, 90, 91, 180),
    }),
  },
  fc.record({ do: fc.constant('ScheduleKeyDeletion' as const), days: fc.constantFrom(7, 30) }),
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...(['EnableKey', 'DisableKey', 'CancelKeyDeletion', 'DisableKeyRotation'] as const),
        ...(['RotateKeyOnDemand', 'Encrypt', 'CancelKeyDeletion', 'EnableKey'] as const),
      ),
    }),
  },
)

const DISABLED = 'DisabledException'
const INVALID_STATE = 'KMSInvalidStateException'

/** What the call must fail with, `undefined` if it succeeds; the model is then changed as it must be. */
function expected(model: Model, given: Exclude<Step, { do: 'pass' }>, now: number): string | undefined {
  if (model.isGone) return 'NotFoundException'
  const isPending = model.deletionAt !== undefined
  if (given.do === 'CancelKeyDeletion') {
    if (!isPending) return INVALID_STATE
    model.deletionAt = undefined
    model.enabled = false
    catchUp(model, now)
    return undefined
  }
  if (isPending) return INVALID_STATE
  switch (given.do) {
    case 'ScheduleKeyDeletion':
      model.deletionAt = now + given.days * DAY_MS
      return undefined
    case 'DisableKey':
      model.enabled = false
      return undefined
    case 'EnableKey':
      if (!model.enabled) catchUp(model, now)
      model.enabled = true
      return undefined
  }
  if (!model.enabled) return DISABLED
  switch (given.do) {
    case 'EnableKeyRotation': {
      const days = given.days ?? model.rotation?.days ?? 365
      if (days !== model.rotation?.days) model.rotation = { days, next: now + days * DAY_MS }
      return undefined
    }
    case 'DisableKeyRotation':
      model.rotation = undefined
      return undefined
    case 'RotateKeyOnDemand':
      if (model.onDemand === 25) return 'LimitExceededException'
      if (model.rotation !== undefined && model.rotation.next <= now + 20 * 60_000) return 'ConflictException'
      model.onDemand++
      model.rotations++
      return undefined
  }
  return undefined
}

/** ROT-12 to ROT-14. */
function catchUp(model: Model, now: number): void {
  const { rotation } = model
  if (rotation === undefined || rotation.next > now) return
  model.rotations++
  rotation.next = now + rotation.days * DAY_MS
}

/** The jobs at `now`: TR-14, ROT-11. */
function timePassed(model: Model, now: number): void {
  if (model.deletionAt !== undefined && model.deletionAt <= now) model.isGone = true
  const { rotation } = model
  if (model.deletionAt !== undefined || !model.enabled || rotation === undefined || rotation.next > now) return
  model.rotations++
  const next = rotation.next + rotation.days * DAY_MS
  rotation.next = next > now ? next : now + rotation.days * DAY_MS
}

async function take(KeyId: string, given: Exclude<Step, { do: 'pass' }>): Promise<string | undefined> {
  const members = {
    ...(given.do === 'EnableKeyRotation' && { RotationPeriodInDays: given.days }),
    ...(given.do === 'ScheduleKeyDeletion' && { PendingWindowInDays: given.days }),
    ...(given.do === 'Encrypt' && { Plaintext: Buffer.from('x') }),
  }
  return harness.call(given.do, { KeyId, ...members }).then(
    (answer) => answer?.CiphertextBlob,
    ({ code }) => Promise.reject(new Error(code)),
  )
}

async function assertAlike(KeyId: string, model: Model, blobs: readonly string[]): Promise<void> {
  if (model.isGone) {
    await assert.rejects(harness.call('DescribeKey', { KeyId }), { code: 'NotFoundException' })
    return
  }
  const state = model.deletionAt !== undefined ? 'PendingDeletion' : model.enabled ? 'Enabled' : 'Disabled'
  assert.equal((await harness.call('DescribeKey', { KeyId })).KeyMetadata.KeyState, state)
  const { KeyRotationEnabled, RotationPeriodInDays, NextRotationDate } = await statusOf(harness, KeyId)
  const shown = model.deletionAt === undefined ? model.rotation : undefined
  assert.deepEqual(
    [KeyRotationEnabled, RotationPeriodInDays, NextRotationDate],
    [shown !== undefined, shown?.days, shown && shown.next / 1000],
  )
  assert.equal((await rotationsOf(harness, KeyId)).length, model.rotations)
  if (state !== 'Enabled') return
  for (const CiphertextBlob of blobs) {
    const { Plaintext } = await harness.call('Decrypt', { CiphertextBlob })
    assert.equal(Plaintext, Buffer.from('x').toString('base64'))
  }
}

async function live(steps: readonly Step[]): Promise<void> {
  const { KeyId } = await newKey(harness)
  const none = { deletionAt: undefined, rotation: undefined }
  const model: Model = { ...none, enabled: true, onDemand: 0, rotations: 0, isGone: false }
  const blobs: string[] = []
  for (const given of steps) {
    if (given.do === 'pass') {
      await passDays(harness, given.days)
      timePassed(model, harness.clock.now())
    } else {
      const error = expected(model, given, harness.clock.now())
      if (error !== undefined) await assert.rejects(take(KeyId, given), { message: error })
      else {
        const blob = await take(KeyId, given)
        if (blob !== undefined) blobs.push(blob)
      }
    }
    await assertAlike(KeyId, model, blobs)
  }
}

test('whatever is done to a key in whatever order, it is as the model says', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), live), { numRuns: 60 })
})
