import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryAuditLog } from '../../src/audit/memory-audit-log.ts'

test('The in-memory log shows its lines in order and lets everything in', async () => {
  const log = createMemoryAuditLog()
  log.admit(true)
  await log.append('a')
  await log.append('b')
  assert.deepEqual(log.lines, ['a', 'b'])
  await log.close()
})

test('Beyond its bound the in-memory log forgets the oldest lines', async () => {
  const log = createMemoryAuditLog({ linesMax: 3 })
  for (let number = 0; number < 10; number++) {
    await log.append(String(number))
    assert.ok(log.lines.length <= 3)
  }
  assert.deepEqual(log.lines, ['7', '8', '9'])
})
