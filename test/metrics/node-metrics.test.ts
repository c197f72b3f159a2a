/** What a node shows after calls, through the text that collectors read. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { NodeMetrics } from '../../src/metrics/node-metrics.ts'
import { combined } from '../../src/metrics/samples.ts'
import { createStoreSamples } from '../../src/metrics/store-samples.ts'
import { textOf } from '../../src/metrics/text.ts'
import { newKey } from '../operations/support.ts'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { importMaterial } from '../support/imports.ts'
import { type MetricsPage, parseMetricsPage } from '../support/metrics-page.ts'

const DAY_MS = 86_400_000
const Plaintext = Buffer.from('x').toString('base64')

describe('a node that measures', () => {
  let harness: Harness
  let metrics: NodeMetrics
  before(async () => {
    harness = await createHarness({
      metrics: (clock) => {
        metrics = new NodeMetrics({ node: 'test', clock, byKey: true })
        return metrics
      },
    })
  })
  after(() => harness.close())

  async function page(): Promise<MetricsPage> {
    return parseMetricsPage(textOf(combined([metrics.samples(), await metrics.storeSamples()])))
  }

  test('successes by key: both of ReEncrypt, neither failures nor dry runs nor what is no cryptography', async () => {
    const [one, two] = [await newKey(harness, {}), await newKey(harness, {})]
    const { CiphertextBlob } = await harness.call('Encrypt', { KeyId: one.KeyId, Plaintext })
    await harness.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: two.KeyId })
    await harness.call('DescribeKey', { KeyId: one.KeyId })
    await assert.rejects(harness.call('Encrypt', { KeyId: one.KeyId, Plaintext, DryRun: true }))
    await assert.rejects(harness.call('Decrypt', { CiphertextBlob, EncryptionContext: { a: 'b' } }))
    const shown = await page()
    const of = (key: Answer, operation: string) =>
      shown.value('kms_successful_requests_total', { key_arn: key.Arn, operation })
    assert.equal(of(one, 'Encrypt'), 1)
    assert.equal(of(one, 'ReEncrypt'), 1)
    assert.equal(of(two, 'ReEncrypt'), 1)
    assert.equal(shown.value('kms_successful_requests_total'), 3)
  })

  test('changes of the store: what was committed, and what was refused', async () => {
    const { KeyId } = await newKey(harness, {})
    const before = await page()
    const alias = { AliasName: 'alias/once', TargetKeyId: KeyId }
    await harness.call('CreateAlias', alias)
    await assert.rejects(harness.call('CreateAlias', alias), { code: 'AlreadyExistsException' })
    const now = await page()
    const more = (outcome: string) =>
      (now.value('keyhold_store_transactions_total', { outcome }) ?? 0) -
      (before.value('keyhold_store_transactions_total', { outcome }) ?? 0)
    assert.deepEqual([more('committed'), more('refused'), more('failed')], [1, 1, 0])
  })

  test('a refused use of a key that is pending deletion counts from 0, and is forgotten when the deletion is cancelled', async () => {
    const { KeyId, Arn } = await newKey(harness, {})
    await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
    const refusals = async () => (await page()).value('kms_use_of_key_pending_deletion_total', { key_arn: Arn })
    assert.equal(await refusals(), 0)
    for (let count = 0; count < 3; count++) {
      await assert.rejects(harness.call('Encrypt', { KeyId, Plaintext }), { code: 'KMSInvalidStateException' })
    }
    await harness.call('DescribeKey', { KeyId })
    await harness.service.deletionAlarms.save()
    assert.equal(await refusals(), 3)
    await harness.call('CancelKeyDeletion', { KeyId })
    assert.equal(await refusals(), undefined)
  })

  test('seconds until imported material expires, of the key that it is', async () => {
    const { KeyId, Arn } = await newKey(harness, { Origin: 'EXTERNAL' })
    const validTo = Math.floor(harness.clock.now() / 1000) + 5 * 86_400
    await importMaterial(harness, KeyId, Buffer.alloc(32, 7), {
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ValidTo: validTo,
    })
    const labels = { key_arn: Arn }
    const left = (await page()).value('kms_seconds_until_key_material_expiration', labels)
    assert.ok(Math.abs(left! - 5 * 86_400) < 1, `${left}`)
    harness.clock.advance(DAY_MS)
    const later = (await page()).value('kms_seconds_until_key_material_expiration', labels)
    assert.ok(Math.abs(later! - 4 * 86_400) < 1, `${later}`)
    await harness.call('DeleteImportedKeyMaterial', { KeyId })
    assert.equal((await page()).value('kms_seconds_until_key_material_expiration', labels), undefined)
  })

  test('a rotation is late from its date until it is made, and a disabled key is not late', async () => {
    const { KeyId } = await newKey(harness, {})
    await harness.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
    assert.equal((await page()).value('kms_rotation_lag_seconds'), 0)
    harness.clock.advance(90 * DAY_MS + 2 * 3_600_000)
    assert.equal((await page()).value('kms_rotation_lag_seconds'), 7_200)
    await harness.call('DisableKey', { KeyId })
    assert.equal((await page()).value('kms_rotation_lag_seconds'), 0)
    await harness.call('EnableKey', { KeyId })
    await harness.service.jobs.runAll()
    const shown = await page()
    assert.equal(shown.value('kms_rotation_lag_seconds'), 0)
    const at = shown.value('keyhold_job_last_success_timestamp_seconds', { job_name: 'rotate due keys' })
    assert.equal(at, harness.clock.now() / 1000)
  })

  test('the page names keys and counts, and nothing that was in a request', async () => {
    const Description = 'a description that is nobody’s business'
    const { KeyId } = await newKey(harness, { Description, Tags: [{ TagKey: 'secret-tag', TagValue: 'secret-value' }] })
    const text = 'a plaintext that is nobody’s business'
    const context = { EncryptionContext: { 'secret-name': 'secret-context' } }
    const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from(text), ...context })
    const shown = textOf(combined([metrics.samples(), await metrics.storeSamples()]))
    const secrets = [Description, text, 'secret', 'Statement', 'alice', 'AKIA', CiphertextBlob.toString('base64')]
    for (const secret of secrets) assert.ok(!shown.includes(secret), secret)
    assert.ok(shown.includes(KeyId))
  })
})

test('keys are counted by state, piece by piece as at once', async () => {
  const harness = await createHarness()
  const keys: Answer[] = []
  for (let count = 0; count < 9; count++) keys.push(await newKey(harness, {}))
  const [disabled, doomed, alsoDoomed] = keys.map(({ KeyId }) => KeyId)
  await harness.call('DisableKey', { KeyId: disabled })
  await harness.call('ScheduleKeyDeletion', { KeyId: doomed, PendingWindowInDays: 7 })
  await harness.call('ScheduleKeyDeletion', { KeyId: alsoDoomed, PendingWindowInDays: 30 })
  await newKey(harness, { Origin: 'EXTERNAL' })
  const { KeyId: expiring } = await newKey(harness, { Origin: 'EXTERNAL' })
  const ValidTo = Math.floor(harness.clock.now() / 1000) + 86_400
  await importMaterial(harness, expiring, Buffer.alloc(32, 9), { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo })
  const replicated = await newKey(harness, { MultiRegion: true })
  await harness.call('ReplicateKey', { KeyId: replicated.KeyId, ReplicaRegion: 'eu-west-1' })
  await harness.call('ScheduleKeyDeletion', { KeyId: replicated.KeyId, PendingWindowInDays: 7 })
  const states = async (keysAtOnce: number) => {
    const samples = createStoreSamples(harness.store, harness.clock, keysAtOnce)
    for (;;) {
      // Where counting takes long, the page comes without.
      const counted = (await samples()).kms_keys!
      if (counted.length > 0) return Object.fromEntries(counted.map(({ labels, value }) => [labels[0], value]))
    }
  }
  const expected = {
    Creating: 0,
    Enabled: 8,
    Disabled: 1,
    PendingDeletion: 2,
    PendingImport: 1,
    PendingReplicaDeletion: 1,
    Unavailable: 0,
    Updating: 0,
  }
  for (const keysAtOnce of [1, 2, 5, 13, 14, 1_000])
    assert.deepEqual(await states(keysAtOnce), expected, `${keysAtOnce}`)
  harness.clock.advance(2 * DAY_MS)
  assert.deepEqual(await states(4), { ...expected, Enabled: 7, PendingImport: 2 }, 'the job has not come by')
  await harness.close()
})
