import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyCounts } from '../../src/metrics/key-counts.ts'
import { RequestCounts } from '../../src/metrics/request-counts.ts'
import { type Samples, SucceedingProcesses } from '../../src/metrics/samples.ts'

test('no counter falls when a process ends and another takes its place; what it was is gone', () => {
  const of = (count: number): Samples => ({
    keyhold_job_failures_total: [{ labels: ['x'], value: count }],
    keyhold_audit_sync_seconds: [{ labels: [], value: { counts: [count], sum: count } }],
    keyhold_connections: [{ labels: ['worker-1'], value: count }],
  })
  const place = new SucceedingProcesses()
  place.heard(of(5))
  place.heard(of(7))
  assert.deepEqual(place.samples, of(7))
  place.ended()
  const { keyhold_connections: _, ...counted } = of(7)
  assert.deepEqual(place.samples, counted, 'nobody serves')
  place.heard(of(1))
  assert.deepEqual(place.samples, { ...of(8), keyhold_connections: [{ labels: ['worker-1'], value: 1 }] })
  place.ended()
  place.ended()
  place.heard(of(2))
  assert.deepEqual(place.samples.keyhold_job_failures_total, [{ labels: ['x'], value: 10 }])
})

test('keys beyond the limit share a series, those before keep theirs', () => {
  const counts = new KeyCounts(2)
  for (const key of ['a', 'b', 'c', 'd', 'a', 'd']) counts.succeeded(key, 'Encrypt')
  counts.succeeded('b', 'Decrypt')
  assert.deepEqual(counts.samples(), [
    { labels: ['a', 'Encrypt'], value: 2 },
    { labels: ['b', 'Encrypt'], value: 1 },
    { labels: ['b', 'Decrypt'], value: 1 },
    { labels: ['other', 'Encrypt'], value: 3 },
  ])
})

test('requests are counted by operation and outcome, and each once by its duration', () => {
  const counts = new RequestCounts()
  const Decrypt = { name: 'Decrypt', service: undefined }
  counts.answered(Decrypt, undefined, 0.2)
  counts.answered(Decrypt, undefined, 0.25)
  counts.answered(Decrypt, 'NotFoundException', 20_000)
  counts.answered({ name: 'GetUser', service: 'iam' }, 'NoSuchEntity', 1)
  counts.answered(undefined, 'UnknownOperationException', 1)
  const { kms_requests_total, kms_request_duration_seconds } = counts.samples()
  assert.deepEqual(kms_requests_total, [
    { labels: ['kms', 'Decrypt', 'None'], value: 2 },
    { labels: ['kms', 'Decrypt', 'KMSInternalException'], value: 0 },
    { labels: ['kms', 'Decrypt', 'NotFoundException'], value: 1 },
    { labels: ['iam', 'GetUser', 'KMSInternalException'], value: 0 },
    { labels: ['iam', 'GetUser', 'NoSuchEntity'], value: 1 },
    { labels: ['unknown', 'unknown', 'KMSInternalException'], value: 0 },
    { labels: ['unknown', 'unknown', 'UnknownOperationException'], value: 1 },
  ])
  const [decrypt] = kms_request_duration_seconds!
  // The bounds begin at 0.25 ms, which belongs to its bucket, and end at 10 s.
  assert.deepEqual(decrypt, {
    labels: ['kms', 'Decrypt'],
    value: { counts: [2, ...Array(13).fill(0), 1], sum: 20.00045 },
  })
})
