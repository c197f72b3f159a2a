/** operations.md 3.35; lifecycle.md 3.6; audit.md 4.2. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { currentMaterial, DAY_MS, HMAC, NO_ALIAS, passDays, RSA } from './rotations.ts'
import { assertFails, assertValidation, constraint, lastRecord, moveTo, newKey, resource } from './support.ts'

let harness: Harness
/** Rotated automatically, then on demand. */
let key: Answer
let materials: string[]
let rotatedAt: number[]

before(async () => {
  harness = await createHarness()
  key = await newKey(harness)
  const { KeyId } = key
  materials = [await currentMaterial(harness, KeyId)]
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  await passDays(harness, 91)
  rotatedAt = [harness.clock.now() / 1000]
  materials.push(await currentMaterial(harness, KeyId))
  harness.clock.advance(DAY_MS)
  await harness.call('RotateKeyOnDemand', { KeyId })
  rotatedAt.push(harness.clock.now() / 1000)
  materials.push(await currentMaterial(harness, KeyId))
})
after(() => harness.close())

const list = (more: object = {}, KeyId = key.KeyId) => harness.call('ListKeyRotations', { KeyId, ...more })

test('ListKeyRotations gives what was rotated to, the oldest first, with when and why', async () => {
  const rotations = [
    {
      KeyId: key.Arn,
      KeyMaterialId: materials[1],
      KeyMaterialState: 'NON_CURRENT',
      RotationDate: rotatedAt[0],
      RotationType: 'AUTOMATIC',
    },
    {
      KeyId: key.Arn,
      KeyMaterialId: materials[2],
      KeyMaterialState: 'CURRENT',
      RotationDate: rotatedAt[1],
      RotationType: 'ON_DEMAND',
    },
  ]
  const expected = { Rotations: rotations, Truncated: false }
  assert.deepEqual(await list(), expected)
  assert.deepEqual(await list({ IncludeKeyMaterial: 'ROTATIONS_ONLY' }), expected)
  const all = await list({ IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })
  const first = { KeyId: key.Arn, KeyMaterialId: materials[0], KeyMaterialState: 'NON_CURRENT' }
  assert.deepEqual(all, { Rotations: [first, ...rotations], Truncated: false })
})

test('pages are as long as asked, and a marker belongs to its key and its kind of list', async () => {
  const seen: string[] = []
  let Marker: string | undefined
  for (let pages = 1; pages <= 3; pages++) {
    const page = await list({ IncludeKeyMaterial: 'ALL_KEY_MATERIAL', Limit: 1, Marker })
    assert.equal(page.Truncated, pages < 3)
    assert.equal('NextMarker' in page, pages < 3)
    seen.push(...page.Rotations.map(({ KeyMaterialId }: Answer) => KeyMaterialId))
    Marker = page.NextMarker
  }
  assert.deepEqual(seen, materials)
  const { NextMarker } = await list({ IncludeKeyMaterial: 'ALL_KEY_MATERIAL', Limit: 1 })
  const other = await newKey(harness)
  await assertFails(list({ Marker: NextMarker }), 'InvalidMarkerException', undefined)
  await assertFails(list({ Marker: NextMarker }, other.KeyId), 'InvalidMarkerException', undefined)
  await assertFails(list({ Marker: 'x' }), 'InvalidMarkerException', undefined)
})

test('keys that cannot rotate have an empty list, and no materials to show', async () => {
  for (const kind of [HMAC, RSA]) {
    const { KeyId } = await newKey(harness, kind)
    assert.deepEqual(await list({}, KeyId), { Rotations: [], Truncated: false })
    for (const IncludeKeyMaterial of ['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY']) {
      await assertValidation(
        list({ IncludeKeyMaterial }, KeyId),
        'Input parameter includeKeyMaterial can only be used with symmetric keys.',
      )
    }
  }
})

test('a key that was never rotated has its first material', async () => {
  const { KeyId, Arn, CurrentKeyMaterialId } = await newKey(harness)
  assert.deepEqual(await list({}, KeyId), { Rotations: [], Truncated: false })
  assert.deepEqual((await list({ IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }, KeyId)).Rotations, [
    { KeyId: Arn, KeyMaterialId: CurrentKeyMaterialId, KeyMaterialState: 'CURRENT' },
  ])
})

test('it works on a key pending deletion', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('RotateKeyOnDemand', { KeyId })
  await moveTo(harness, KeyId, 'PendingDeletion')
  assert.equal((await list({}, KeyId)).Rotations.length, 1)
})

test('broken parameters are told by the model', async () => {
  await assertValidation(
    list({ IncludeKeyMaterial: 'x' }),
    constraint("'x'", 'includeKeyMaterial', 'satisfy enum value set: [ALL_KEY_MATERIAL, ROTATIONS_ONLY]'),
  )
  await assertFails(list({}, 'alias/any'), ...NO_ALIAS)
})

test('the audit record is that of a reader', async () => {
  await list({ Limit: 5 })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'ListKeyRotations',
    readOnly: true,
    requestParameters: { keyId: key.KeyId, limit: 5 },
    responseElements: null,
    resources: [resource(key.Arn)],
  })
})
