/** audit.md G-4: fail early. */
import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AuditLog } from '../../src/audit/audit-log.ts'
import { lineOf, openTestLog, recordedLog, TEST_LIMITS, temporaryFolder, until } from './audit-folder.ts'

const MIB = 1024 * 1024
const SPACE = {
  warnBelowBytes: 512 * MIB,
  refuseChangesBelowBytes: 64 * MIB,
  refuseAllBelowBytes: 16 * MIB,
  reserveBytes: 0,
  intervalMs: 5,
}

function refusals(log: AuditLog) {
  const refused = (changes: boolean) => {
    try {
      log.admit(changes)
      return false
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'KMSInternalException')
      return true
    }
  }
  return { reads: refused(false), changes: refused(true) }
}

test('Less and less space first warns, then refuses changes, then everything, and all the way back', async (t) => {
  let free = 600 * MIB
  const messages = recordedLog()
  const log = await openTestLog(await temporaryFolder(t), {
    limits: { space: SPACE },
    files: { freeBytes: async () => free },
    log: messages,
  })
  t.after(() => log.close())
  const expected: [number, { reads: boolean; changes: boolean }][] = [
    [600, { reads: false, changes: false }],
    [500, { reads: false, changes: false }],
    [63, { reads: false, changes: true }],
    [15, { reads: true, changes: true }],
    [17, { reads: false, changes: true }],
    [513, { reads: false, changes: false }],
  ]
  for (const [mebibytes, refused] of expected) {
    free = mebibytes * MIB
    await new Promise((resolve) => setTimeout(resolve, 40))
    assert.deepEqual(refusals(log), refused, `${mebibytes} MiB free`)
  }
  assert.deepEqual(messages.messages, [
    'warn Free space for the audit log: low.',
    'warn Free space for the audit log: changes refused.',
    'warn Free space for the audit log: all refused.',
    'info Free space for the audit log: changes refused.',
    'info Free space for the audit log: enough.',
  ])
})

test('Calls that were admitted are still recorded when space runs out', async (t) => {
  const log = await openTestLog(await temporaryFolder(t), {
    limits: { space: SPACE },
    files: { freeBytes: async () => 0 },
  })
  assert.deepEqual(refusals(log), { reads: true, changes: true })
  await log.append(lineOf(0))
  await log.close()
})

test('Too little space is known before the first call', async (t) => {
  const log = await openTestLog(await temporaryFolder(t), {
    limits: { space: { ...SPACE, intervalMs: 60_000 } },
    files: { freeBytes: async () => 20 * MIB },
  })
  assert.deepEqual(refusals(log), { reads: false, changes: true })
  await log.close()
})

test('The reserve is a file of real blocks, 0600, that goes when the log closes', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder, { limits: { space: { ...TEST_LIMITS.space, reserveBytes: MIB } } })
  const [name, ...others] = (await readdir(folder)).filter((file) => file.endsWith('.reserve'))
  assert.deepEqual(others, [])
  const { size, blocks, mode } = await stat(join(folder, name!))
  assert.equal(size, MIB)
  assert.ok(blocks * 512 >= MIB)
  assert.equal(mode & 0o777, 0o600)
  await log.close()
  assert.deepEqual(
    (await readdir(folder)).filter((file) => file.endsWith('.reserve')),
    [],
  )
})

test('Without room for the reserve every call is refused, and let in when the reserve could be made', async (t) => {
  let free = 16 * MIB
  const log = await openTestLog(await temporaryFolder(t), {
    limits: { space: { ...SPACE, refuseChangesBelowBytes: 0, reserveBytes: MIB } },
    files: { freeBytes: async () => free },
  })
  assert.deepEqual(refusals(log), { reads: true, changes: true })
  free = 18 * MIB
  await until(() => !refusals(log).changes)
  await log.close()
})
