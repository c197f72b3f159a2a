/** operations.md 3.15; lifecycle.md ROT-15; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../support/harness.ts'
import { currentMaterial, HMAC, NO_ALIAS, passDays, RSA, rotationsOf, statusOf } from './rotations.ts'
import { assertFails, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

test('DisableKeyRotation answers nothing, takes period and date away, and may be repeated', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('EnableKeyRotation', { KeyId })
  for (let times = 0; times < 2; times++) {
    assert.equal(await harness.call('DisableKeyRotation', { KeyId }), undefined)
    assert.deepEqual(await statusOf(harness, KeyId), { KeyRotationEnabled: false, KeyId: Arn })
  }
})

test('no rotation comes afterwards; every material stays, and rotation on demand works', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('first') })
  await passDays(harness, 90)
  const second = await currentMaterial(harness, KeyId)
  await harness.call('DisableKeyRotation', { KeyId })
  await passDays(harness, 400)
  assert.equal(await currentMaterial(harness, KeyId), second)
  const { Plaintext } = await harness.call('Decrypt', { CiphertextBlob })
  assert.equal(Buffer.from(Plaintext, 'base64').toString(), 'first')
  await harness.call('RotateKeyOnDemand', { KeyId })
  assert.equal((await rotationsOf(harness, KeyId)).length, 2)
})

test('on keys that cannot rotate it succeeds and changes nothing', async () => {
  for (const kind of [HMAC, RSA]) {
    const { KeyId, Arn } = await newKey(harness, kind)
    assert.equal(await harness.call('DisableKeyRotation', { KeyId }), undefined)
    assert.deepEqual(await statusOf(harness, KeyId), { KeyRotationEnabled: false, KeyId: Arn })
  }
})

test('an alias is no name for it', async () => {
  await assertFails(harness.call('DisableKeyRotation', { KeyId: 'alias/any' }), ...NO_ALIAS)
})

test('the audit record has no response', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('DisableKeyRotation', { KeyId })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'DisableKeyRotation',
    readOnly: false,
    requestParameters: { keyId: KeyId },
    responseElements: null,
    resources: [resource(Arn)],
  })
})
