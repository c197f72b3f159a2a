/**
 * Random lives of a multi-Region set against a small model of lifecycle.md sections 2, 3, 5 and 6: after every step each Region
 * must have the model's key or none, in the model's state, with the model's roles, schedule and number of rotations, and every
 * ciphertext of any Region must open wherever the key is usable. A failure prints its seed and the shortest life that shows it.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import {
  AWAY,
  decryptIn,
  FAR,
  HOME,
  metadataIn,
  newSet,
  rotationsIn,
  statusIn,
  there,
} from '../operations/multi-region.ts'
import { DAY_MS, passDays } from '../operations/rotations.ts'
import { createHarness, type Harness } from '../support/harness.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const REGIONS = [HOME, AWAY, FAR] as const
type Region = (typeof REGIONS)[number]

interface Member {
  enabled: boolean
  /** Milliseconds since the epoch; `waits`: for the last replica; `undefined`: not scheduled. */
  deletion: { days: number; at: number | 'waits' } | undefined
}

interface Model {
  readonly members: Map<Region, Member>
  primary: Region
  rotation: { days: number; next: number } | undefined
  onDemand: number
  rotations: number
}

interface Step {
  readonly do: Operation | 'pass'
  /** Where it is asked for. */
  readonly in: Region
  readonly days: number
  /** The other Region that it is about. */
  readonly to: Region
}

type Operation = (typeof OPERATIONS)[number]
const OPERATIONS = [
  ...(['ReplicateKey', 'UpdatePrimaryRegion', 'EnableKey', 'DisableKey', 'ScheduleKeyDeletion'] as const),
  ...(['CancelKeyDeletion', 'EnableKeyRotation', 'DisableKeyRotation', 'RotateKeyOnDemand', 'Encrypt'] as const),
]
const OFTEN = ['ReplicateKey', 'ReplicateKey', 'UpdatePrimaryRegion', 'EnableKey', 'ScheduleKeyDeletion'] as const

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.oneof(
    { weight: 3, arbitrary: fc.constant('pass' as const) },
    { weight: 10, arbitrary: fc.constantFrom(...OPERATIONS, ...OFTEN) },
  ),
  // Most of what a set can do begins at its primary, which is mostly here.
  in: fc.constantFrom(HOME, HOME, ...REGIONS),
  to: fc.constantFrom(...REGIONS),
  days: fc.constantFrom(0.01, 1, 7, 30, 91, 200),
})

const INVALID_STATE = 'KMSInvalidStateException'
const UNSUPPORTED = 'UnsupportedOperationException'

/** Why a key that must be Enabled is not; `undefined`: it is. */
function hindrance({ deletion, enabled }: Member): string | undefined {
  if (deletion !== undefined) return INVALID_STATE
  return enabled ? undefined : 'DisabledException'
}

/** What the call must fail with, `undefined` if it succeeds; the model is then changed as it must be. */
function expected(model: Model, given: Step, now: number): string | undefined {
  const member = model.members.get(given.in)
  if (member === undefined) return 'NotFoundException'
  switch (given.do) {
    case 'ReplicateKey':
      return replicated(model, given, member)
    case 'UpdatePrimaryRegion':
      return handedOver(model, given, member)
    case 'EnableKey':
    case 'DisableKey':
    case 'ScheduleKeyDeletion':
    case 'CancelKeyDeletion':
      return switched(model, given, member, now)
    case 'EnableKeyRotation':
    case 'DisableKeyRotation':
    case 'RotateKeyOnDemand':
      return rotated(model, given, member, now)
    default:
      return hindrance(member)
  }
}

/** MRK-12 to MRK-14. */
function replicated({ members, primary }: Model, given: Step, member: Member): string | undefined {
  if (given.in !== primary) return UNSUPPORTED
  const why = hindrance(member)
  if (why !== undefined) return why
  if (given.to === primary) return 'ValidationException'
  if (members.has(given.to)) return 'AlreadyExistsException'
  members.set(given.to, { enabled: true, deletion: undefined })
  return undefined
}

/** MRK-21, MRK-24. */
function handedOver(model: Model, given: Step, member: Member): string | undefined {
  if (given.in !== model.primary) return INVALID_STATE
  const target = model.members.get(given.to)
  const why = hindrance(member) ?? (target && hindrance(target))
  if (why !== undefined) return why
  if (target === undefined) return 'ValidationException'
  model.primary = given.to
  return undefined
}

/** TR-5 to TR-13, each member on its own. */
function switched(model: Model, given: Step, member: Member, now: number): string | undefined {
  const isCancelled = given.do === 'CancelKeyDeletion'
  if ((member.deletion !== undefined) !== isCancelled) return INVALID_STATE
  if (given.do === 'ScheduleKeyDeletion') {
    const days = windowOf(given)
    const waits = given.in === model.primary && model.members.size > 1
    member.deletion = { days, at: waits ? 'waits' : now + days * DAY_MS }
    return undefined
  }
  const makesUp = isCancelled || (given.do === 'EnableKey' && !member.enabled)
  member.deletion = undefined
  member.enabled = given.do === 'EnableKey'
  if (makesUp && given.in === model.primary) catchUp(model, now)
  return undefined
}

/** ROT-18: the primary's alone; the setting looks at the role first, the rotation at the state. */
function rotated(model: Model, given: Step, member: Member, now: number): string | undefined {
  const isReplica = given.in !== model.primary
  const why = hindrance(member)
  if (given.do === 'RotateKeyOnDemand') {
    if (why !== undefined || isReplica) return why ?? UNSUPPORTED
    if (model.onDemand === 25) return 'LimitExceededException'
    if (model.rotation !== undefined && model.rotation.next <= now + 20 * 60_000) return 'ConflictException'
    model.onDemand++
    model.rotations++
    return undefined
  }
  if (isReplica || why !== undefined) return isReplica ? UNSUPPORTED : why
  if (given.do === 'DisableKeyRotation') model.rotation = undefined
  else if (model.rotation?.days !== 90) model.rotation = { days: 90, next: now + 90 * DAY_MS }
  return undefined
}

const windowOf = ({ days }: Step) => (days < 30 ? 7 : 30)

/** ROT-12 to ROT-14. */
function catchUp(model: Model, now: number): void {
  const { rotation } = model
  if (rotation === undefined || rotation.next > now) return
  model.rotations++
  rotation.next = now + rotation.days * DAY_MS
}

/** The jobs at `now`: TR-12, TR-14, ROT-11. */
function timePassed(model: Model, now: number): void {
  const { members, rotation } = model
  for (const [region, { deletion }] of members) {
    if (typeof deletion?.at === 'number' && deletion.at <= now) members.delete(region)
  }
  const primary = members.get(model.primary)
  if (primary?.deletion?.at === 'waits' && members.size === 1)
    primary.deletion.at = now + primary.deletion.days * DAY_MS
  if (primary === undefined || hindrance(primary) !== undefined) return
  if (rotation === undefined || rotation.next > now) return
  model.rotations++
  const next = rotation.next + rotation.days * DAY_MS
  rotation.next = next > now ? next : now + rotation.days * DAY_MS
}

async function take(KeyId: string, given: Step): Promise<string | undefined> {
  const members = {
    ...(given.do === 'ReplicateKey' && { ReplicaRegion: given.to }),
    ...(given.do === 'UpdatePrimaryRegion' && { PrimaryRegion: given.to }),
    ...(given.do === 'EnableKeyRotation' && { RotationPeriodInDays: 90 }),
    ...(given.do === 'ScheduleKeyDeletion' && { PendingWindowInDays: windowOf(given) }),
    ...(given.do === 'Encrypt' && { Plaintext: Buffer.from(given.in) }),
  }
  return harness.call(given.do, { KeyId, ...members }, there(given.in)).then(
    (answer) => answer?.CiphertextBlob,
    ({ code }) => Promise.reject(new Error(code)),
  )
}

interface Letter {
  readonly blob: string
  readonly from: Region
}

async function assertAlike(KeyId: string, model: Model, letters: readonly Letter[]): Promise<void> {
  const { members, primary, rotations } = model
  const replicas = [...members.keys()].filter((region) => region !== primary).sort()
  for (const region of REGIONS) {
    const member = members.get(region)
    if (member === undefined) {
      await assert.rejects(metadataIn(harness, region, KeyId), { code: 'NotFoundException' })
      continue
    }
    const state = stateOf(member)
    const seen = await metadataIn(harness, region, KeyId)
    const set = seen.MultiRegionConfiguration
    assert.deepEqual(
      [seen.KeyState, set.MultiRegionKeyType, set.PrimaryKey.Region, set.ReplicaKeys.map(regionOf)],
      [state, region === primary ? 'PRIMARY' : 'REPLICA', primary, replicas],
    )
    const shown = state === 'PendingDeletion' ? undefined : model.rotation
    const { KeyRotationEnabled, NextRotationDate } = await statusIn(harness, region, KeyId)
    assert.deepEqual([KeyRotationEnabled, NextRotationDate], [shown !== undefined, shown && shown.next / 1000])
    assert.equal((await rotationsIn(harness, region, KeyId)).length, rotations)
    if (state !== 'Enabled') continue
    for (const { blob, from } of letters) assert.equal(await decryptIn(harness, region, blob), from)
  }
}

function stateOf({ deletion, enabled }: Member): string {
  if (deletion !== undefined) return deletion.at === 'waits' ? 'PendingReplicaDeletion' : 'PendingDeletion'
  return enabled ? 'Enabled' : 'Disabled'
}

function regionOf({ Region }: { readonly Region: string }): string {
  return Region
}

async function live(steps: readonly Step[]): Promise<void> {
  const KeyId = await newSet(harness, [AWAY])
  const enabled = () => ({ enabled: true, deletion: undefined })
  const members = new Map<Region, Member>([
    [HOME, enabled()],
    [AWAY, enabled()],
  ])
  const model: Model = { members, primary: HOME, rotation: undefined, onDemand: 0, rotations: 0 }
  const letters: Letter[] = []
  for (const given of steps) {
    if (given.do === 'pass') {
      await passDays(harness, given.days)
      timePassed(model, harness.clock.now())
    } else {
      const error = expected(model, given, harness.clock.now())
      if (error !== undefined) await assert.rejects(take(KeyId, given), { message: error })
      else {
        const blob = await take(KeyId, given)
        if (blob !== undefined) letters.push({ blob, from: given.in })
      }
    }
    await assertAlike(KeyId, model, letters)
  }
}

test('whatever is done to a set in whatever Region and order, it is as the model says', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), live), { numRuns: 60 })
})
