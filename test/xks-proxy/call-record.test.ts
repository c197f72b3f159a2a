/** The record of a use of an external key, within the bounds that records of AWS have (audit.md section 1). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callRecordLine } from '../../src/xks-proxy/call-record.ts'

test('the user agent has at most 1 KB, as in every record', () => {
  const line = callRecordLine({
    ...{ eventId: 'e', requestId: 'r', time: 0, call: 'encrypt', prefix: '/a', externalId: 'orders' },
    ...{ accessKeyId: 'XKS', sourceIp: '203.0.113.9', userAgent: 'é'.repeat(2_000), metadata: undefined },
    ...{ key: undefined, material: undefined, error: undefined },
  })
  assert.equal(Buffer.byteLength(JSON.parse(line).userAgent), 1_024)
})
