/** Compressed segments: what others read of them, that everything goes on over them, and that damage is found (audit.md section 9, row 6). */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { findRecord } from '../../src/audit/find-record.ts'
import { createFolderEventHistory } from '../../src/audit/folder-event-history.ts'
import { keep } from '../../src/audit/keeping/keep.ts'
import { eventIdsPresent, readAuditLog } from '../../src/audit/read-log.ts'
import { recoverAuditFolder } from '../../src/audit/recover.ts'
import { eventIdOf, openTestLog, recordedLog, segmentsOf, temporaryFolder } from './audit-folder.ts'
import {
  ACCOUNT,
  checkpointsOf,
  DAYS,
  keepingFrom,
  keepOnce,
  NO_RULES,
  type OldLog,
  REGION,
  recordOf,
  verified,
  writeOldLog,
} from './old-log.ts'

const COMPRESSING = { ...NO_RULES, compresses: true }

const zstdMissing = spawnSync('zstd', ['--version']).status === 0 ? false : 'zstd is not installed'

function zstd(...args: string[]): Buffer {
  const { status, stdout, stderr } = spawnSync('zstd', args, { maxBuffer: 1 << 28 })
  assert.equal(status, 0, stderr.toString())
  return stdout
}

function compressedIn({ audit }: OldLog): readonly { readonly name: string; readonly path: string }[] {
  const names = readdirSync(audit).filter((name) => name.endsWith('.zst'))
  return names.sort().map((name) => ({ name, path: join(audit, name) }))
}

async function oldLog(t: TestContext): Promise<OldLog> {
  return writeOldLog(await temporaryFolder(t))
}

async function linesOf(folder: string): Promise<readonly string[]> {
  return (await Array.fromAsync(readAuditLog(folder))).map(({ line }) => line)
}

test('zstd gives back every segment as it was, from a file that is much smaller', { skip: zstdMissing }, async (t) => {
  const made = await writeOldLog(await temporaryFolder(t), { segmentBytesMax: 1 << 20 })
  const checkpoints = await checkpointsOf(made)
  const log = await openTestLog(made.audit, { node: 'worker-3', limits: { segmentBytesMax: 5 << 20 } })
  // Some MiB, so that there are several parts.
  for (let number = 0; number < 80; number++) {
    const lines = Array.from({ length: 100 }, (_, index) =>
      recordOf(number * 100 + index, Date.now(), { requestID: randomBytes(8).toString('hex') }),
    )
    await Promise.all(lines.map((line) => log.append(line)))
  }
  await log.close()
  await checkpoints.close()
  const before = await segmentsOf(made.audit)
  const times = before.map(({ path }) => statSync(path).mtimeMs)
  await keepOnce(made, COMPRESSING)
  assert.deepEqual(await segmentsOf(made.audit), [], 'nothing is left as it was written')
  const compressed = compressedIn(made)
  assert.deepEqual(
    compressed.map(({ name }) => name),
    before.map(({ name }) => `${name}.zst`),
  )
  for (const [index, { path }] of compressed.entries()) {
    zstd('--test', path)
    assert.ok(zstd('-d', '-c', path).equals(before[index]!.bytes), path)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.ok(Math.abs(statSync(path).mtimeMs - times[index]!) < 2, 'it is as old as what it holds')
  }
  const largest = before.findIndex(({ bytes }) => bytes.length > 3 << 20)
  assert.ok(statSync(compressed[largest]!.path).size * 5 < before[largest]!.bytes.length)
  // zstd's list counts the skippable frame of the seek table, too.
  assert.match(zstd('-l', '-v', compressed[largest]!.path).toString(), /Skippable Frames: 1/)
})

test('whatever reads the log reads it compressed as it did before', async (t) => {
  const made = await writeOldLog(await temporaryFolder(t), { daysAgo: 30 })
  const copy = await temporaryFolder(t)
  cpSync(made.path, copy, { recursive: true, preserveTimestamps: true })
  const plain = { ...made, path: copy, audit: join(copy, 'audit') }
  const before = await verified(made)
  await keepOnce(made, COMPRESSING)
  assert.ok(compressedIn(made).length > 10)
  const after = await verified(made)
  assert.deepEqual([after.problems, after.records, after.streams], [[], before.records, before.streams])
  const lines = await linesOf(made.audit)
  assert.deepEqual(lines, await linesOf(plain.audit))
  const ids = lines.map((line) => String(JSON.parse(line).eventID))
  assert.equal((await eventIdsPresent(made.audit, new Set(ids))).size, ids.length)
  assert.equal(await findRecord(made.audit, ids[3]!, made.start), lines[3])
  const ask = async ({ path, audit }: OldLog) => {
    const history = createFolderEventHistory({
      folder: audit,
      indexPath: join(path, 'event-index.db'),
      log: recordedLog(),
    })
    const query = { account: ACCOUNT, region: REGION, startTime: 0, endTime: Date.now(), count: 50, after: undefined }
    const attribute = { key: 'EventId', value: eventIdOf(4_007) } as const
    const pages = [
      await history.lookup({ ...query, attribute: undefined }),
      await history.lookup({ ...query, attribute }),
    ]
    await history.close()
    return pages.map(({ events }) => events)
  }
  const found = await ask(made)
  assert.deepEqual(found, await ask(plain))
  assert.equal(found[1]!.length, 1)
})

test('an index that was made before goes on over segments that were compressed since', async (t) => {
  const made = await writeOldLog(await temporaryFolder(t), { daysAgo: 30 })
  const history = createFolderEventHistory({
    ...{ folder: made.audit, indexPath: join(made.path, 'event-index.db'), log: recordedLog() },
  })
  t.after(() => history.close())
  const query = { account: ACCOUNT, region: REGION, attribute: undefined, startTime: 0, count: 50, after: undefined }
  const before = await history.lookup({ ...query, endTime: Date.now() })
  await keepOnce(made, COMPRESSING)
  assert.deepEqual((await history.lookup({ ...query, endTime: Date.now() })).events, before.events)
})

test('the next start goes on over compressed segments, and makes no checkpoint of them again', async (t) => {
  const made = await oldLog(t)
  await keepOnce(made, COMPRESSING)
  const before = compressedIn(made).map(({ path }) => readFileSync(path))
  await recoverAuditFolder(made.audit, recordedLog())
  made.clock.set(Date.now())
  const checkpoints = await checkpointsOf(made)
  const log = await openTestLog(made.audit)
  await log.append(recordOf(99_999, Date.now()))
  await log.close()
  await checkpoints.close()
  assert.deepEqual(
    compressedIn(made).map(({ path }) => readFileSync(path)),
    before,
  )
  const { problems, streams } = await verified(made)
  assert.deepEqual(problems, [])
  assert.ok(streams.every(({ state }) => state === 'closed'))
})

test('compressed segments go when they are too old', async (t) => {
  const made = await oldLog(t)
  await keepOnce(made, COMPRESSING)
  const before = compressedIn(made).length
  const { removed } = await keepOnce(made, { ...keepingFrom(7), compresses: true })
  assert.ok(removed.length > 0 && compressedIn(made).length < before)
  assert.deepEqual((await verified(made)).problems, [])
  const numbers = (await linesOf(made.audit)).map((line) => Number(JSON.parse(line).eventID.slice(-12)))
  assert.ok(numbers.every((number) => number >= 6_000) && numbers.includes((DAYS - 1) * 1_000))
})

test('what is small enough once it is compressed is not removed for its size', async (t) => {
  const made = await oldLog(t)
  const lines = await linesOf(made.audit)
  const size = (await segmentsOf(made.audit)).reduce((sum, { bytes }) => sum + bytes.length, 0)
  const retention = { ageMsMax: undefined, bytesMax: Math.floor(0.7 * size) }
  const { removed } = await keepOnce(made, { ...COMPRESSING, retention })
  assert.deepEqual(removed, [])
  assert.deepEqual(await linesOf(made.audit), lines)
  const { removed: later } = await keepOnce(made, { ...COMPRESSING, retention: { ...retention, bytesMax: 5_000 } })
  assert.ok(later.length > 0)
  assert.deepEqual((await verified(made)).problems, [])
})

test('a segment that is in use, or that no checkpoint tells of, is not compressed', async (t) => {
  const made = await oldLog(t)
  await keepOnce(made, COMPRESSING)
  made.clock.set(Date.now())
  const checkpoints = await checkpointsOf(made)
  const log = await openTestLog(made.audit, { limits: { segmentBytesMax: 1_000 } })
  for (let number = 0; number < 10; number++) await log.append(recordOf(90_000 + number, Date.now()))
  const task = { folder: made.audit, rules: COMPRESSING, ended: [], now: Date.now() }
  await keep(task)
  const uncovered = (await segmentsOf(made.audit)).length
  assert.ok(uncovered > 2)
  await checkpoints.make('interval')
  await keep(task)
  assert.equal((await segmentsOf(made.audit)).length, 1)
  await log.append(recordOf(90_010, Date.now()))
  assert.match((await linesOf(made.audit)).at(-1)!, new RegExp(eventIdOf(90_010)))
  await log.close()
  await checkpoints.close()
  assert.deepEqual((await verified(made)).problems, [])
})

test('a changed byte of a compressed segment is found, or changes nothing that it holds', async (t) => {
  const made = await oldLog(t)
  await keepOnce(made, COMPRESSING)
  const [{ path }] = compressedIn(made) as unknown as [{ path: string }]
  const bytes = readFileSync(path)
  const lines = await linesOf(made.audit)
  let found = 0
  for (let at = 0; at < bytes.length; at += 13) {
    const altered = Buffer.from(bytes)
    altered[at]! ^= 1 << (at % 8)
    writeFileSync(path, altered)
    if ((await verified(made)).problems.length > 0) found++
    else assert.deepEqual(await linesOf(made.audit), lines, `byte ${at}`)
  }
  assert.ok(found > bytes.length / 13 / 2)
  for (const length of [0, 5, bytes.length - 1]) {
    writeFileSync(path, bytes)
    truncateSync(path, length)
    const { problems } = await verified(made)
    assert.ok(
      problems.some(({ text }) =>
        /is altered: not decompressed; what it holds from here on is not verified/.test(text),
      ),
      `${length} bytes`,
    )
  }
  rmSync(path)
  assert.notDeepEqual((await verified(made)).problems, [])
  writeFileSync(path, bytes)
  assert.deepEqual((await verified(made)).problems, [])
})

test('a seek table decides neither how much memory a reader takes, nor how much it makes of a frame', async (t) => {
  const made = await oldLog(t)
  await keepOnce(made, COMPRESSING)
  const [{ path }] = compressedIn(made) as unknown as [{ path: string }]
  // The seekable format: a frame of so many bytes that holds so many, then the table.
  const write = (frame: Buffer, length: number, holds: number) => {
    const table = [0x184d2a5e, 8 + 9, length, holds, 1].map((value) => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32LE(value)
      return bytes
    })
    writeFileSync(path, frame)
    truncateSync(path, length)
    appendFileSync(path, Buffer.concat([...table, Buffer.from('00b1ea928f', 'hex')]))
  }
  const bomb = zstdCompressSync(Buffer.alloc(1 << 28))
  for (const attempt of [() => write(Buffer.alloc(0), 3_000_000_000, 1000), () => write(bomb, bomb.length, 1 << 20)]) {
    attempt()
    const before = process.memoryUsage().rss
    const { problems } = await verified(made)
    assert.ok(problems.some(({ text }) => /^is altered: not decompressed/.test(text)))
    assert.ok(process.memoryUsage().rss - before < 200 * 1024 * 1024)
  }
})

test('a compressed segment that is damaged keeps no server from starting, and nothing else from being delivered and removed', async (t) => {
  const made = await oldLog(t)
  await keepOnce(made, COMPRESSING)
  const all = await linesOf(made.audit)
  // The newest of the first stream, which no other names yet as far as a start can tell.
  rmSync(join(made.audit, 'previous-streams.json'), { force: true })
  const [first] = compressedIn(made)
  const [stream] = [first!.name.slice(0, 36)]
  const newest = compressedIn(made).findLast(({ name }) => name.startsWith(stream))!
  for (const { path } of [first!, newest]) truncateSync(path, 20)
  await recoverAuditFolder(made.audit, recordedLog())
  assert.deepEqual([...(await eventIdsPresent(made.audit, new Set([eventIdOf(9_003)])))], [eventIdOf(9_003)])
  const damages: string[] = []
  const left = await Array.fromAsync(readAuditLog(made.audit, ({ message }) => damages.push(message)))
  assert.ok(left.length > all.length / 2 && damages.length > 0)
  const delivery = { target: join(made.path, 'delivered'), statePath: join(made.path, 'audit-delivery.json') }
  const { removed, faults, deliveryProblem } = await keepOnce(made, {
    ...keepingFrom(DAYS + 1),
    compresses: true,
    delivery,
  })
  assert.equal(deliveryProblem, undefined)
  assert.deepEqual(
    faults.map(({ path }) => path),
    [first!.path],
  )
  assert.ok(removed.length > 0 && removed.every((of) => of.stream !== stream))
  assert.ok((await verified(made)).problems.some(({ path }) => path === first!.path))
})
