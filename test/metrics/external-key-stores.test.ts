/** Metrics of external key stores with the dimensions of `AWS/KMS` (lifecycle.md 10.3, keystores.md 5.4). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoreMessage } from '../../src/domain/key-stores/key-store-backend.ts'
import { NodeMetrics } from '../../src/metrics/node-metrics.ts'
import { combined } from '../../src/metrics/samples.ts'
import { textOf } from '../../src/metrics/text.ts'
import { createHarnessWithProxy } from '../domain/key-stores/xks/harness-with-proxy.ts'
import { ACCOUNT, REGION } from '../support/harness.ts'
import { parseMetricsPage } from '../support/metrics-page.ts'
import { errorAnswer, PROXY_CREDENTIAL, PROXY_HOST } from '../support/xks-proxy.ts'

const DAY_MS = 86_400_000
const Plaintext = Buffer.from('x').toString('base64')

test('calls of a proxy by outcome, its managers, its certificate, its credential, and throttled calls', async (context) => {
  let metrics: NodeMetrics
  const harness = await createHarnessWithProxy({
    days: 30,
    metrics: (clock) => {
      metrics = new NodeMetrics({ node: 'test', clock, byKey: false })
      return metrics
    },
  })
  context.after(() => harness.close())
  const { proxy, storeId } = harness
  const page = async () => parseMetricsPage(textOf(combined([metrics.samples(), await metrics.storeSamples()])))
  const calls = async (labels: Record<string, string>) => (await page()).value('kms_xks_proxy_calls_total', labels) ?? 0

  const { KeyId } = await harness.newKey('orders')
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext })
  await harness.call('Decrypt', { CiphertextBlob })
  await harness.call('Decrypt', { CiphertextBlob })
  const ok = { custom_key_store_id: storeId, error_type: 'N/A', exception_name: 'None' }
  assert.equal(
    await calls({ ...ok, kms_operation: 'Encrypt', xks_operation: 'Encrypt', key_spec: 'SYMMETRIC_DEFAULT' }),
    1,
  )
  assert.equal(await calls({ ...ok, kms_operation: 'Decrypt', xks_operation: 'Decrypt' }), 2)
  assert.equal(await calls({ ...ok, kms_operation: 'CreateKey', xks_operation: 'GetKeyMetadata', key_spec: 'None' }), 1)
  assert.equal(await calls({ ...ok, kms_operation: 'ConnectCustomKeyStore', xks_operation: 'GetHealthStatus' }), 1)
  assert.equal(await calls({ kms_operation: 'CreateCustomKeyStore', exception_name: 'None' }), 1)

  /** keystores.md 5.4, Metrics. */
  for (const [name, type] of [
    ['InternalException', 'retryable'],
    ['ThrottlingException', 'retryable'],
    ['DependencyTimeoutException', 'retryable'],
    ['AccessDeniedException', 'non-retryable'],
    ['KeyNotFoundException', 'non-retryable'],
    ['InvalidStateException', 'non-retryable'],
  ] as const) {
    proxy.fault = () => errorAnswer(name)
    await assert.rejects(harness.call('Decrypt', { CiphertextBlob }), { code: 'KMSInvalidStateException' })
    assert.equal(await calls({ custom_key_store_id: storeId, error_type: type, exception_name: name }), 1, name)
  }
  proxy.fault = () => ({ status: 200, body: 'not json' })
  await assert.rejects(harness.call('Decrypt', { CiphertextBlob }), { code: 'KMSInvalidStateException' })
  proxy.fault = undefined
  assert.equal(await calls({ error_type: 'retryable', exception_name: 'XksProxyUnreachableException' }), 1)

  const shown = await page()
  const of = { custom_key_store_id: storeId }
  const decrypts = { ...of, kms_operation: 'Decrypt', xks_operation: 'Decrypt', key_spec: 'SYMMETRIC_DEFAULT' }
  assert.equal(shown.value('kms_xks_proxy_latency_seconds_count', decrypts), 9)
  const managers = (state: string) =>
    shown.value('kms_xks_external_key_manager_states', { ...of, xks_external_key_manager_state: state })
  assert.deepEqual(['Active', 'Degraded', 'Unavailable'].map(managers), [proxy.managers.length, 0, 0])
  const days = shown.value('kms_xks_proxy_certificate_days_to_expire', { ...of, certificate_name: PROXY_HOST })
  const real = (Date.now() - harness.clock.now()) / DAY_MS + 30
  assert.ok(Math.abs(days! - real) < 1.1, `${days} and not ${real}`)
  assert.equal(shown.value('kms_xks_proxy_credential_age_days', of), 0)
  const state = { custom_key_store_type: 'EXTERNAL_KEY_STORE', connection_state: 'CONNECTED' }
  assert.equal(shown.value('kms_custom_key_store_connection_state', { ...of, ...state }), 1)

  harness.clock.advance(3 * DAY_MS)
  const later = await page()
  assert.equal(later.value('kms_xks_proxy_credential_age_days', of), 3)
  assert.equal(later.value('kms_xks_external_key_manager_states', of), undefined, 'nobody has heard of them since')
  const renewed = { AccessKeyId: 'XKSRENEWEDKEY2345677', RawSecretAccessKey: 's'.repeat(43) }
  proxy.credentials.set(renewed.AccessKeyId, renewed.RawSecretAccessKey)
  await harness.call('UpdateCustomKeyStore', { CustomKeyStoreId: storeId, XksProxyAuthenticationCredential: renewed })
  assert.equal((await page()).value('kms_xks_proxy_credential_age_days', of), 0)
  harness.clock.advance(DAY_MS)
  await harness.call('UpdateCustomKeyStore', { CustomKeyStoreId: storeId, NewCustomKeyStoreName: 'renamed' })
  assert.equal((await page()).value('kms_xks_proxy_credential_age_days', of), 1, 'a new name is no new credential')

  // KS-7: 1800 calls a second, counted before anything is asked of the proxy. All within one second, however busy the machine is.
  const key = await harness.store.findKey({ account: ACCOUNT, region: REGION, keyId: KeyId })
  const message = { operation: 'Decrypt' } as StoreMessage
  const { mock } = context.mock.method(performance, 'now', () => 5_000_000)
  const many = Array.from({ length: 2_000 }, () => harness.service.keyStores.decrypt(key!, message, Buffer.alloc(1)))
  mock.restore()
  const ends = await Promise.allSettled(many)
  const throttled = ends.filter((end) => end.status === 'rejected' && end.reason.code === 'ThrottlingException').length
  assert.equal(throttled, 200)
  const throttles = { ...of, kms_operation: 'Decrypt', key_spec: 'SYMMETRIC_DEFAULT' }
  assert.equal((await page()).value('kms_custom_key_store_throttles_total', throttles), throttled)

  const text = textOf(combined([metrics!.samples(), await metrics!.storeSamples()]))
  for (const secret of [PROXY_CREDENTIAL, renewed]) {
    assert.ok(!text.includes(secret.AccessKeyId) && !text.includes(secret.RawSecretAccessKey))
  }
})
