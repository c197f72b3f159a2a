/** audit.md G-3: a record that cannot be kept fails its call, nothing new is let in, and the service recovers by itself. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type AuditFiles, systemFiles } from '../../src/audit/audit-files.ts'
import type { AuditLog } from '../../src/audit/audit-log.ts'
import { readAuditLog } from '../../src/audit/read-log.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import {
  framesOf,
  lineOf,
  openTestLog,
  recordedLog,
  segmentsOf,
  TEST_LIMITS,
  temporaryFolder,
  until,
} from './audit-folder.ts'

const INTERNAL = { code: 'KMSInternalException', status: 500 }
const RESUME = 3

function isReady(log: AuditLog): boolean {
  try {
    log.admit(true)
    return true
  } catch {
    return false
  }
}

/** The disk, of which `broken` can take the place of writing. */
function breakable() {
  const state: { broken: AuditFiles['writeDurably'] | undefined } = { broken: undefined }
  const files: Partial<AuditFiles> = {
    writeDurably: (file, bytes, position) => (state.broken ?? systemFiles.writeDurably)(file, bytes, position),
  }
  return { state, files }
}

/** Numbers of the records in the log, after it was verified. */
async function numbersIn(folder: string): Promise<number[]> {
  assert.deepEqual((await verifyAuditLog(folder)).problems, [])
  return (await Array.fromAsync(readAuditLog(folder))).map(({ line }) => JSON.parse(line).number as number)
}

const failures: Record<string, AuditFiles['writeDurably']> = {
  'an I/O error': () => Promise.reject(Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' })),
  'a real ENOSPC of /dev/full': async (_file, bytes) => {
    const full = openSync('/dev/full', 'w')
    try {
      return writeSync(full, bytes)
    } finally {
      closeSync(full)
    }
  },
  'a short write': (file, bytes, position) =>
    systemFiles.writeDurably(file, bytes.subarray(0, Math.floor(bytes.length / 2)), position),
  'a short write of nothing': () => Promise.resolve(0),
}

for (const [name, broken] of Object.entries(failures)) {
  test(`After ${name} all who wait and all who come are refused, until a write succeeds again`, async (t) => {
    if (name.includes('/dev/full') && process.platform !== 'linux') return t.skip('/dev/full is a Linux device')
    const folder = await temporaryFolder(t)
    const { state, files } = breakable()
    const messages = recordedLog()
    const log = await openTestLog(folder, { files, log: messages })
    await log.append(lineOf(0))

    state.broken = broken
    const waiting = [log.append(lineOf(1)), log.append(lineOf(2))]
    for (const result of await Promise.allSettled(waiting)) {
      assert.equal(result.status, 'rejected')
      assert.equal(result.reason.code, 'KMSInternalException')
    }
    assert.throws(() => log.admit(false), INTERNAL)
    assert.throws(() => log.admit(true), INTERNAL)
    await assert.rejects(log.append(lineOf(3)), INTERNAL)
    // Several attempts fail meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 60))
    assert.equal(isReady(log), false)

    state.broken = undefined
    await until(() => isReady(log))
    await log.append(lineOf(4))
    await log.close()
    assert.deepEqual(await numbersIn(folder), [0, 4])
    assert.deepEqual(messages.messages, [
      'error The audit log cannot be written: all calls are refused until it can.',
      'info The audit log can be written again.',
    ])
  })
}

test('The log continues in a new segment whose first record says what happened', async (t) => {
  const folder = await temporaryFolder(t)
  const { state, files } = breakable()
  const log = await openTestLog(folder, { files })
  await log.append(lineOf(0))
  state.broken = failures['a short write']
  await Promise.allSettled([log.append(lineOf(1)), log.append(lineOf(2))])
  await assert.rejects(log.append(lineOf(3)), INTERNAL)
  state.broken = undefined
  await until(() => isReady(log))
  await log.close()

  const [first, second, ...others] = await segmentsOf(folder)
  assert.equal(others.length, 0)
  // The half frame is cut off: every byte of the first segment belongs to a whole frame.
  const before = framesOf(first!.bytes)
  assert.equal(before.at(-1)!.at + 112 + before.at(-1)!.payload.length, first!.bytes.length)
  const [resume] = framesOf(second!.bytes)
  assert.equal(resume!.kind, RESUME)
  assert.deepEqual(resume!.previousHash, before.at(-1)!.hash)
  const note = JSON.parse(resume!.payload.toString())
  assert.equal(note.reason, 'ESHORTWRITE')
  assert.equal(note.refusedRecords, 3)
  assert.ok(Math.abs(Date.parse(note.failedAt) - Date.now()) < 60_000)
})

test('What was given up does not count as waiting any more', async (t) => {
  const { state, files } = breakable()
  const log = await openTestLog(await temporaryFolder(t), { files, limits: { queueBytesMax: 10_000 } })
  state.broken = failures['an I/O error']
  await Promise.allSettled(Array.from({ length: 9 }, () => log.append('x'.repeat(1_000))))
  state.broken = undefined
  await until(() => isReady(log))
  const appended = Array.from({ length: 9 }, () => log.append('x'.repeat(1_000)))
  log.admit(false)
  appended.push(log.append('x'.repeat(1_000)))
  assert.throws(() => log.admit(false), { code: 'ThrottlingException' })
  await Promise.all(appended)
  await log.close()
})

test('A disk that fails again and again leaves one segment for each time it worked', async (t) => {
  const folder = await temporaryFolder(t)
  const { state, files } = breakable()
  const log = await openTestLog(folder, { files })
  const kept: number[] = []
  for (let round = 0; round < 5; round++) {
    await log.append(lineOf(round))
    kept.push(round)
    state.broken = failures['an I/O error']
    await assert.rejects(log.append(lineOf(100 + round)), INTERNAL)
    await new Promise((resolve) => setTimeout(resolve, 30))
    state.broken = undefined
    await until(() => isReady(log))
  }
  await log.close()
  assert.deepEqual(await numbersIn(folder), kept)
  assert.equal((await segmentsOf(folder)).length, 6)
})

test('A write that never ends counts as failure after the time limit, and one that ends late leaves no second chain', async (t) => {
  const folder = await temporaryFolder(t)
  const { state, files } = breakable()
  const stalled = Promise.withResolvers<void>()
  const log = await openTestLog(folder, { files, limits: { writeTimeoutMs: 50 } })
  await log.append(lineOf(0))
  // The limit is one for each write, not one for the log.
  await new Promise((resolve) => setTimeout(resolve, 80))
  state.broken = async (file, bytes, position) => {
    state.broken = undefined
    await stalled.promise
    return systemFiles.writeDurably(file, bytes, position)
  }
  const start = performance.now()
  const first = log.append(lineOf(1))
  await new Promise((resolve) => setImmediate(resolve))
  const second = log.append(lineOf(2))
  await assert.rejects(first, INTERNAL)
  await assert.rejects(second, INTERNAL)
  assert.ok(performance.now() - start < 1_000)
  assert.throws(() => log.admit(false), INTERNAL)
  // As long as the stalled write may still land, nothing else is written.
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(isReady(log), false)
  assert.equal((await segmentsOf(folder)).length, 1)

  stalled.resolve()
  await until(() => isReady(log))
  await log.append(lineOf(3))
  await log.close()
  // Record 1 reached the disk after its call had failed: one record too many is allowed, one too few is not.
  assert.deepEqual(await numbersIn(folder), [0, 1, 3])
})

test('A record that was written late is not written again when it comes again (audit.md section 1, eventID)', async (t) => {
  const folder = await temporaryFolder(t)
  const { state, files } = breakable()
  const log = await openTestLog(folder, { files, limits: { writeTimeoutMs: 30 } })
  const { promise: letGo, resolve: go } = Promise.withResolvers<void>()
  state.broken = async (...write) => {
    await letGo
    return systemFiles.writeDurably(...write)
  }
  await assert.rejects(log.append(lineOf(0)), INTERNAL)
  state.broken = undefined
  go()
  await until(() => isReady(log))
  await log.append(lineOf(0))
  await log.append(lineOf(1))
  await log.close()
  assert.deepEqual(await numbersIn(folder), [0, 1])
})

test('A disk is not blamed for the time in which this process did not run', async (t) => {
  const messages = recordedLog()
  const { state, files } = breakable()
  const log = await openTestLog(await temporaryFolder(t), { files, log: messages, limits: { writeTimeoutMs: 100 } })
  state.broken = (...write) => {
    const written = systemFiles.writeDurably(...write)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
    return written
  }
  await log.append(lineOf(0))
  state.broken = undefined
  await log.close()
  assert.deepEqual(messages.messages, [])
})

test('What a failed attempt to resume left behind a shorter one is cut off', async (t) => {
  const folder = await temporaryFolder(t)
  const { state, files } = breakable()
  const log = await openTestLog(folder, { files })
  await log.append(lineOf(0))
  let attempts = 0
  state.broken = async (file, bytes, position) => {
    attempts++
    // The whole frame lands, and something behind it; the sync fails.
    await systemFiles.writeDurably(file, Buffer.concat([bytes, Buffer.alloc(500, 'left over')]), position)
    throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
  }
  await assert.rejects(log.append(lineOf(1)), INTERNAL)
  await until(() => attempts > 3)
  state.broken = undefined
  await until(() => isReady(log))
  await log.append(lineOf(2))
  await log.close()
  assert.deepEqual(await numbersIn(folder), [0, 2])
})

test('A call that comes at the very moment of recovery is not forgotten', async (t) => {
  const folder = await temporaryFolder(t)
  const { state, files } = breakable()
  const recovered = Promise.withResolvers<void>()
  let log: AuditLog | undefined
  const messages = {
    ...recordedLog(),
    info: () => queueMicrotask(() => recovered.resolve(log!.append(lineOf(2)))),
  }
  log = await openTestLog(folder, { files, log: messages })
  state.broken = failures['an I/O error']
  await assert.rejects(log.append(lineOf(1)), INTERNAL)
  state.broken = undefined
  await recovered.promise
  await log.close()
  assert.deepEqual(await numbersIn(folder), [2])
})

test('Closing does not wait for a disk that never takes the close record', async (t) => {
  const { state, files } = breakable()
  const messages = recordedLog()
  const log = await openTestLog(await temporaryFolder(t), { files, log: messages, limits: { writeTimeoutMs: 50 } })
  state.broken = () => new Promise(() => {})
  await log.close()
  assert.deepEqual(messages.messages, ['error The stream of the audit log ends without a close record.'])
})

test('Closing does not wait for a disk that never answers', async (t) => {
  const folder = await temporaryFolder(t)
  const { state, files } = breakable()
  const messages = recordedLog()
  const log = await openTestLog(folder, { files, log: messages, limits: { writeTimeoutMs: 50 } })
  state.broken = () => new Promise(() => {})
  const waiting = log.append(lineOf(0))
  const refused = assert.rejects(waiting, INTERNAL)
  await log.close()
  await refused
  assert.equal(messages.messages.at(-1), 'error The stream of the audit log ends without a close record.')
})

test('Closing while the disk fails refuses what waits and ends the stream without a close record', async (t) => {
  const folder = await temporaryFolder(t)
  const { state, files } = breakable()
  const messages = recordedLog()
  const log = await openTestLog(folder, { files, log: messages })
  await log.append(lineOf(0))
  state.broken = failures['an I/O error']
  const refused = assert.rejects(log.append(lineOf(1)), INTERNAL)
  await log.close()
  await refused
  assert.equal(messages.messages.at(-1), 'error The stream of the audit log ends without a close record.')
  assert.deepEqual(await numbersIn(folder), [0])
})

test('A failed switch of segments is repeated without a gap in their numbers', async (t) => {
  const folder = await temporaryFolder(t)
  let broken = false
  const log = await openTestLog(folder, {
    limits: { segmentBytesMax: 1 },
    files: {
      syncFolder: (path) => (broken ? Promise.reject(new Error('EIO')) : systemFiles.syncFolder(path)),
    },
  })
  await log.append(lineOf(0))
  broken = true
  await assert.rejects(log.append(lineOf(1)), INTERNAL)
  await new Promise((resolve) => setTimeout(resolve, 30))
  broken = false
  await until(() => isReady(log))
  await log.append(lineOf(2))
  await log.close()
  assert.deepEqual(await numbersIn(folder), [0, 2])
})

test('A folder that is taken away is noticed, and taken up again when it is back', async (t) => {
  const parent = await temporaryFolder(t)
  const folder = join(parent, 'audit')
  const log = await openTestLog(folder, { limits: { space: { ...TEST_LIMITS.space, intervalMs: 10 } } })
  await log.append(lineOf(0))
  await rename(folder, join(parent, 'elsewhere'))
  await until(() => !isReady(log))
  await assert.rejects(log.append(lineOf(1)), INTERNAL)
  await rename(join(parent, 'elsewhere'), folder)
  await until(() => isReady(log))
  await log.append(lineOf(2))
  await log.close()
  assert.deepEqual(await numbersIn(folder), [0, 2])
})

/** A file system of its own, of which every byte can be used up; `undefined` where that is not possible. */
async function smallDisk(t: TestContext, bytes: number): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'keyhold-small-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=700`, 'tmpfs', folder], { stdio: 'pipe' })
  } catch {
    await rm(folder, { recursive: true })
    return undefined
  }
  t.after(async () => {
    execFileSync('umount', ['-l', folder])
    await rm(folder, { recursive: true })
  })
  return folder
}

test('On a disk that is really full, calls fail until there is room again, and no answered record is lost', async (t) => {
  const folder = await smallDisk(t, 1024 * 1024)
  if (folder === undefined) return t.skip('mounting a small disk needs root on Linux')
  const log = await openTestLog(folder, { limits: { preallocationBytes: 64 * 1024 } })
  await writeFile(join(folder, 'other'), Buffer.alloc(512 * 1024))
  const answered: number[] = []
  let refused = false
  for (let number = 0; !refused; number++) {
    try {
      await log.append(JSON.stringify({ number, text: 'x'.repeat(4_000) }))
      answered.push(number)
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'KMSInternalException')
      refused = true
    }
  }
  assert.ok(answered.length > 50, `${answered.length} records`)
  assert.throws(() => log.admit(false), INTERNAL)
  await new Promise((resolve) => setTimeout(resolve, 60))
  assert.throws(() => log.admit(false), INTERNAL)

  await rm(join(folder, 'other'))
  await until(() => isReady(log))
  await log.append(lineOf(100_000))
  await log.close()
  assert.deepEqual(await numbersIn(folder), [...answered, 100_000])
})

test('When the disk is full, the reserve takes the records of calls already admitted, and new calls are refused', async (t) => {
  const folder = await smallDisk(t, 1024 * 1024)
  if (folder === undefined) return t.skip('mounting a small disk needs root on Linux')
  const messages = recordedLog()
  const space = { ...TEST_LIMITS.space, reserveBytes: 256 * 1024, intervalMs: 20 }
  const log = await openTestLog(folder, { limits: { space }, log: messages })
  await writeFile(join(folder, 'other'), Buffer.alloc(2 * 1024 * 1024)).catch(() => {})

  const admitted = Array.from({ length: 20 }, (_, number) =>
    log.append(JSON.stringify({ number, text: 'x'.repeat(5_000) })),
  )
  await Promise.all(admitted)
  assert.throws(() => log.admit(false), INTERNAL)
  assert.ok(messages.messages.some((message) => message.includes('reserve is in use')))

  await rm(join(folder, 'other'))
  await until(() => isReady(log))
  await log.append(lineOf(20))
  await log.close()
  assert.deepEqual(
    await numbersIn(folder),
    Array.from({ length: 21 }, (_, number) => number),
  )
})
