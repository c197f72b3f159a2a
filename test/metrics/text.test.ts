import assert from 'node:assert/strict'
import { test } from 'node:test'
import { combined } from '../../src/metrics/samples.ts'
import { textOf } from '../../src/metrics/text.ts'
import { parseMetricsPage } from '../support/metrics-page.ts'

test('what a label cannot say as it is, is escaped', () => {
  const odd = 'a "quoted" \\ and\nbroken {name="x"} text, Größe'
  const page = parseMetricsPage(textOf({ kms_requests_total: [{ labels: ['kms', odd, 'None'], value: 3 }] }))
  assert.equal(page.value('kms_requests_total', { operation: odd }), 3)
})

test('buckets are cumulative, with the sum and the count', () => {
  const counts = Array<number>(15).fill(0)
  counts[0] = 2
  counts[14] = 1
  const labels = ['kms', 'Decrypt']
  const page = parseMetricsPage(textOf({ kms_request_duration_seconds: [{ labels, value: { counts, sum: 20.5 } }] }))
  assert.equal(page.value('kms_request_duration_seconds_bucket', { le: '0.00025' }), 2)
  assert.equal(page.value('kms_request_duration_seconds_bucket', { le: '10' }), 2)
  assert.equal(page.value('kms_request_duration_seconds_count'), 3)
  assert.equal(page.value('kms_request_duration_seconds_sum'), 20.5)
})

test('a metric without samples is not there, and very large and very small numbers are numbers', () => {
  assert.equal(textOf({ kms_keys: [] }), '')
  const page = parseMetricsPage(
    textOf({
      keyhold_audit_free_bytes: [{ labels: [], value: 1e22 }],
      kms_rotation_lag_seconds: [{ labels: [], value: 1e-9 }],
    }),
  )
  assert.equal(page.value('keyhold_audit_free_bytes'), 1e22)
  assert.equal(page.value('kms_rotation_lag_seconds'), 1e-9)
})

test('processes are added up, by the kind of the metric', () => {
  const of = (count: number, state: number, days: number) => ({
    keyhold_job_failures_total: [{ labels: ['x'], value: count }],
    kms_xks_external_key_manager_states: [{ labels: ['cks', 'Active'], value: state }],
    keyhold_tls_certificate_days_to_expire: [{ labels: [], value: days }],
    keyhold_store_transaction_seconds: [{ labels: [], value: { counts: [count, 0], sum: 0.5 } }],
  })
  assert.deepEqual(combined([of(1, 2, 30), of(2, 3, 20), {}]), {
    keyhold_job_failures_total: [{ labels: ['x'], value: 3 }],
    kms_xks_external_key_manager_states: [{ labels: ['cks', 'Active'], value: 3 }],
    keyhold_tls_certificate_days_to_expire: [{ labels: [], value: 20 }],
    keyhold_store_transaction_seconds: [{ labels: [], value: { counts: [3, 0], sum: 1 } }],
  })
})
