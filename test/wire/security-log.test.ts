import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSecurityLog } from '../../src/wire/security-log.ts'
import { createTestClock } from '../support/test-clock.ts'

function setUp() {
  const lines: Record<string, unknown>[] = []
  const clock = createTestClock(Date.UTC(2026, 2, 1))
  const log = { info() {}, warn: (fields: object) => lines.push(fields as Record<string, unknown>), error() {} }
  return { lines, clock, securityLog: createSecurityLog(log, clock) }
}

test('refusals of one address and access key make one line with counts (audit.md AU-3)', () => {
  const { lines, clock, securityLog } = setUp()
  securityLog.refused('192.0.2.1', 'AKIAONE', 'InvalidSignatureException')
  clock.advance(1500)
  securityLog.refused('192.0.2.1', 'AKIAONE', 'InvalidSignatureException')
  securityLog.refused('192.0.2.1', 'AKIAONE', 'UnknownOperationException')
  securityLog.refused('192.0.2.1', undefined, 'HTTP 400')
  securityLog.refused('192.0.2.2', 'AKIAONE', 'InvalidSignatureException')
  assert.deepEqual(lines, [])
  securityLog.close()
  assert.deepEqual(lines, [
    {
      sourceIp: '192.0.2.1',
      accessKeyId: 'AKIAONE',
      counts: { InvalidSignatureException: 2, UnknownOperationException: 1 },
      first: '2026-03-01T00:00:00.000Z',
      last: '2026-03-01T00:00:01.500Z',
    },
    {
      sourceIp: '192.0.2.1',
      accessKeyId: undefined,
      counts: { 'HTTP 400': 1 },
      first: '2026-03-01T00:00:01.500Z',
      last: '2026-03-01T00:00:01.500Z',
    },
    {
      sourceIp: '192.0.2.2',
      accessKeyId: 'AKIAONE',
      counts: { InvalidSignatureException: 1 },
      first: '2026-03-01T00:00:01.500Z',
      last: '2026-03-01T00:00:01.500Z',
    },
  ])
})

test('a flood from everywhere fills neither memory nor log: what comes when the table is full shares a line', () => {
  const { lines, securityLog } = setUp()
  for (let index = 0; index < 5_000; index++) securityLog.refused(`192.0.2.${index}`, `AKIA${index}`, 'X')
  securityLog.flush()
  assert.equal(lines.length, 1_001)
  assert.deepEqual(lines.at(-1)!.counts, { X: 4_000 })
  assert.equal(lines.at(-1)!.sourceIp, 'others')
  lines.length = 0
  securityLog.refused('192.0.2.1', undefined, 'X')
  securityLog.close()
  assert.equal(lines.length, 1)
})
