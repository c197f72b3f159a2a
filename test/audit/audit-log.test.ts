import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmod, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemFiles } from '../../src/audit/audit-files.ts'
import { AUDIT_LIMITS } from '../../src/audit/audit-log.ts'
import { readAuditLog } from '../../src/audit/read-log.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { framesOf, lineOf, openTestLog, recordedLog, segmentsOf, TEST_LIMITS, temporaryFolder } from './audit-folder.ts'

const OPEN = 1
const RECORDS = 2
const CLOSE = 4

test('A stream is an open record, frames of records and a close record, chained by SHA-256 (audit.md section 10)', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  await Promise.all([log.append(lineOf(0)), log.append(lineOf(1))])
  await log.append('{"word":"größer"}')
  await log.close()

  const [segment, ...others] = await segmentsOf(folder)
  assert.equal(others.length, 0)
  const frames = framesOf(segment!.bytes)
  assert.deepEqual(
    frames.map(({ kind, sequence, count }) => ({ kind, sequence, count })),
    [
      { kind: OPEN, sequence: 0n, count: 0 },
      { kind: RECORDS, sequence: 0n, count: 2 },
      { kind: RECORDS, sequence: 2n, count: 1 },
      { kind: CLOSE, sequence: 3n, count: 0 },
    ],
  )
  let previous = Buffer.alloc(32)
  for (const frame of frames) {
    assert.equal(segment!.bytes.toString('latin1', frame.at, frame.at + 4), 'KHAF')
    assert.deepEqual(segment!.bytes.subarray(frame.at + 4, frame.at + 8), Buffer.of(1, frame.kind, 0, 0))
    assert.equal(frame.streamId.toString('hex'), segment!.name.slice(0, 36).replaceAll('-', ''))
    assert.deepEqual(frame.previousHash, previous)
    assert.deepEqual(frame.hash, createHash('sha256').update(frame.hashed).digest())
    assert.ok(Math.abs(Number(frame.time) - Date.now()) < 60_000)
    previous = Buffer.from(frame.hash)
  }
  assert.equal(frames[1]!.payload.toString(), `${lineOf(0)}\n${lineOf(1)}\n`)
  assert.equal(frames[2]!.payload.toString(), '{"word":"größer"}\n')
  assert.deepEqual(JSON.parse(frames[0]!.payload.toString()), {
    node: 'node-1',
    softwareVersion: '1.2.3',
    previousStreams: [],
  })
  assert.deepEqual(JSON.parse(frames[3]!.payload.toString()), { records: 3 })
})

test('Segments are named by stream and number, only the owner can read them, and streams sort by age', async (t) => {
  const folder = join(await temporaryFolder(t), 'audit')
  for (let round = 0; round < 3; round++) {
    await (await openTestLog(folder, { node: `node-${round}` })).close()
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const segments = await segmentsOf(folder)
  const nodes = segments.map(({ bytes }) => JSON.parse(framesOf(bytes)[0]!.payload.toString()).node)
  assert.deepEqual(nodes, ['node-0', 'node-1', 'node-2'])
  for (const { name, path } of segments) {
    assert.match(name, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}-000000\.audit$/)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  }
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
})

test('10,000 records appended at once make few frames and keep their order', async (t) => {
  const folder = await temporaryFolder(t)
  let writes = 0
  const log = await openTestLog(folder, {
    files: {
      writeDurably(file, bytes, position) {
        writes++
        return systemFiles.writeDurably(file, bytes, position)
      },
    },
  })
  writes = 0
  const lines = Array.from({ length: 10_000 }, (_, number) => lineOf(number))
  await Promise.all(lines.map((line) => log.append(line)))
  assert.ok(writes <= 10, `${writes} writes`)
  await log.close()
  assert.deepEqual(
    (await Array.fromAsync(readAuditLog(folder))).map(({ line }) => line),
    lines,
  )
})

test('Records that arrive while a write is under way share the next frame', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  let answered = 0
  const client = async (name: number) => {
    for (let call = 0; call < 50; call++) {
      await log.append(lineOf(name * 1_000 + call))
      answered++
    }
  }
  await Promise.all(Array.from({ length: 64 }, (_, name) => client(name)))
  await log.close()
  assert.equal(answered, 3_200)
  const [segment] = await segmentsOf(folder)
  const frames = framesOf(segment!.bytes).filter(({ kind }) => kind === RECORDS)
  assert.ok(frames.length <= 200, `${frames.length} frames`)
  const numbers = (await Array.fromAsync(readAuditLog(folder))).map(({ line }) => JSON.parse(line).number as number)
  assert.equal(new Set(numbers).size, 3_200)
  for (let name = 0; name < 64; name++) {
    const own = numbers.filter((number) => Math.floor(number / 1_000) === name)
    assert.deepEqual(
      own,
      own.toSorted((left, right) => left - right),
    )
  }
})

test('An append resolves only after its bytes were written durably (audit.md G-1)', async (t) => {
  const folder = await temporaryFolder(t)
  const gate = Promise.withResolvers<void>()
  let gated = false
  const log = await openTestLog(folder, {
    files: {
      async writeDurably(file, bytes, position) {
        const written = await systemFiles.writeDurably(file, bytes, position)
        if (gated) await gate.promise
        return written
      },
    },
  })
  gated = true
  let resolved = false
  const appended = log.append(lineOf(1)).then(() => {
    resolved = true
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(resolved, false)
  gate.resolve()
  await appended
  await log.close()
})

test('A segment is opened so that the kernel answers a write when it is durable', async (t) => {
  if (process.platform !== 'linux') return t.skip('reads /proc')
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  const [segment] = await segmentsOf(folder)
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map(async (fd) => ({
      fd,
      target: await readlink(`/proc/self/fd/${fd}`).catch(() => ''),
    })),
  )
  const descriptor = links.find(({ target }) => target === segment!.path)
  assert.ok(descriptor)
  const flags = /flags:\s*(\d+)/.exec(await readFile(`/proc/self/fdinfo/${descriptor.fd}`, 'utf8'))
  // O_DSYNC of open(2): each write(2) returns as if followed by fdatasync(2).
  assert.notEqual(Number.parseInt(flags![1]!, 8) & 0o10000, 0)
  await log.close()
})

test('The name of a segment is durable before anything is written to it', async (t) => {
  const folder = await temporaryFolder(t)
  const steps: string[] = []
  const log = await openTestLog(folder, {
    limits: { segmentBytesMax: 1 },
    files: {
      create(path) {
        steps.push('create')
        return systemFiles.create(path)
      },
      syncFolder(path) {
        steps.push(`sync ${path === folder}`)
        return systemFiles.syncFolder(path)
      },
      writeDurably(file, bytes, position) {
        steps.push('write')
        return systemFiles.writeDurably(file, bytes, position)
      },
    },
  })
  await log.append(lineOf(0))
  await log.close()
  assert.deepEqual(steps, ['create', 'sync true', 'write', 'create', 'sync true', 'write', 'write'])
})

test('A batch closes at 256 KB, so no frame grows without bound (audit.md section 9, row 2)', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  const line = JSON.stringify({ text: 'x'.repeat(10_000) })
  await Promise.all(Array.from({ length: 100 }, () => log.append(line)))
  await log.close()
  const frames = framesOf((await segmentsOf(folder))[0]!.bytes).filter(({ kind }) => kind === RECORDS)
  assert.deepEqual(
    frames.map(({ count }) => count),
    [26, 26, 26, 22],
  )
  for (const { payload } of frames) assert.ok(payload.length <= 256 * 1024)
})

test('Lines of three-byte characters fill a batch without loss', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  const lines = Array.from({ length: 40 }, (_, number) => JSON.stringify({ number, text: '金'.repeat(20_000) }))
  await Promise.all(lines.map((line) => log.append(line)))
  await log.close()
  assert.deepEqual(
    (await Array.fromAsync(readAuditLog(folder))).map(({ line }) => line),
    lines,
  )
  assert.deepEqual((await verifyAuditLog(folder)).problems, [])
})

test('A line longer than a record may be is refused and harms no other', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  const good = Promise.all([log.append(lineOf(1)), log.append('x'.repeat(256 * 1024))])
  await assert.rejects(log.append('x'.repeat(256 * 1024 + 1)), { code: 'KMSInternalException' })
  await good
  await log.append(lineOf(2))
  await log.close()
  assert.equal((await Array.fromAsync(readAuditLog(folder))).length, 3)
})

test('Segments rotate by size, and the chain goes on across them', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder, { limits: { segmentBytesMax: 4_000 } })
  for (let number = 0; number < 200; number++) await log.append(lineOf(number))
  await log.close()
  const segments = await segmentsOf(folder)
  assert.ok(segments.length > 5)
  assert.deepEqual(
    segments.map(({ name }) => name.slice(37)),
    segments.map((_, index) => `${String(index).padStart(6, '0')}.audit`),
  )
  const frames = segments.flatMap(({ bytes }) => framesOf(bytes))
  for (const [index, frame] of frames.slice(1).entries()) assert.deepEqual(frame.previousHash, frames[index]!.hash)
  const report = await verifyAuditLog(folder)
  assert.deepEqual([report.problems, report.warnings, report.records], [[], [], 200])
  assert.equal(report.streams[0]!.segments, segments.length)
})

test('Space is laid out ahead while a stream is in use and given back when it closes', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder, { limits: { preallocationBytes: 64 * 1024 } })
  await log.append(lineOf(0))
  const [inUse] = await segmentsOf(folder)
  assert.equal(inUse!.bytes.length, 64 * 1024)
  for (let number = 1; number < 200; number++) await log.append('x'.repeat(1_000))
  assert.deepEqual((await verifyAuditLog(folder)).problems, [])
  await log.close()
  const [closed] = await segmentsOf(folder)
  const last = framesOf(closed!.bytes).at(-1)!
  assert.equal(last.kind, CLOSE)
  assert.equal(closed!.bytes.length, last.at + 112 + last.payload.length)
  const report = await verifyAuditLog(folder)
  assert.deepEqual([report.problems, report.warnings, report.records], [[], [], 200])
})

test('A queue beyond its bound throttles new calls in the words of operations.md 1.10, and only until it is shorter', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder, { limits: { queueBytesMax: 10_000 } })
  const appended = Array.from({ length: 11 }, () => log.append('x'.repeat(1_000)))
  assert.throws(() => log.admit(false), {
    code: 'ThrottlingException',
    message: 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
  })
  // Calls that were admitted before still get their record.
  appended.push(log.append('x'.repeat(1_000)))
  await Promise.all(appended)
  log.admit(false)
  log.admit(true)
  await log.close()
})

test('The queue has a hard end, whatever was admitted', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder, { limits: { queueBytesMax: 10_000 } })
  const results = await Promise.allSettled(Array.from({ length: 40 }, () => log.append('x'.repeat(999))))
  const refused = results.filter(({ status }) => status === 'rejected')
  assert.equal(refused.length, 19)
  await log.close()
  assert.equal((await Array.fromAsync(readAuditLog(folder))).length, 21)
})

test('Closing writes what waits; after it everything is refused, and closing again is harmless', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  const waiting = Promise.all([log.append(lineOf(0)), log.append(lineOf(1))])
  await log.close()
  await waiting
  assert.throws(() => log.admit(false), { code: 'KMSInternalException' })
  await assert.rejects(log.append(lineOf(2)), { code: 'KMSInternalException' })
  await log.close()
  const report = await verifyAuditLog(folder)
  assert.deepEqual([report.problems, report.warnings, report.records], [[], [], 2])
  assert.equal(report.streams[0]!.state, 'closed')
})

test('A folder that cannot be made gives an error that names it', async (t) => {
  const folder = join(await temporaryFolder(t), 'file', 'audit')
  await writeFile(join(folder, '..'), '')
  await assert.rejects(
    openTestLog(folder),
    (error: Error) => error.message.includes(folder) && error.cause !== undefined,
  )
})

test('A folder that others may enter is pointed out', async (t) => {
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o755)
  const log = recordedLog()
  await (await openTestLog(folder, { log })).close()
  assert.deepEqual(log.messages, ['warn Others than the owner may enter the folder of the audit log.'])
})

test('The defaults are those of audit.md: 2 s for a write (G-3), 16 MB of queue (section 9), segments of 64 MB', () => {
  assert.equal(AUDIT_LIMITS.writeTimeoutMs, 2_000)
  assert.equal(AUDIT_LIMITS.queueBytesMax, 16 * 1024 * 1024)
  assert.equal(AUDIT_LIMITS.segmentBytesMax, 64 * 1024 * 1024)
  assert.ok(AUDIT_LIMITS.space.reserveBytes > 0)
  assert.equal(TEST_LIMITS.writeTimeoutMs, AUDIT_LIMITS.writeTimeoutMs)
})
