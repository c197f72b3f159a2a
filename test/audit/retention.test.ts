/** Retention (audit.md section 10, G-5): what is removed, what must stay, and that it is told from tampering. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { findRecord } from '../../src/audit/find-record.ts'
import { createFolderEventHistory } from '../../src/audit/folder-event-history.ts'
import { finish, keep } from '../../src/audit/keeping/keep.ts'
import { eventIdsPresent, readAuditLog } from '../../src/audit/read-log.ts'
import { recoverAuditFolder } from '../../src/audit/recover.ts'
import { DAY_MS } from '../../src/base/clock.ts'
import { createOpenSsl, opensslMissing } from '../support/openssl.ts'
import { framesOf, openTestLog, recordedLog, segmentsOf, temporaryFolder } from './audit-folder.ts'
import {
  ACCOUNT,
  ageFiles,
  checkpointsOf,
  DAYS,
  keepingFrom,
  keepOnce,
  keepRound,
  NO_RULES,
  type OldLog,
  planOf,
  RECORDS_A_DAY,
  REGION,
  recordOf,
  verified,
  writeOldLog,
} from './old-log.ts'

async function oldLog(t: TestContext): Promise<OldLog> {
  return writeOldLog(await temporaryFolder(t))
}

function checkpointLines({ audit }: OldLog): string[] {
  return readFileSync(join(audit, 'checkpoints-000000.jsonl'), 'utf8').split('\n').slice(0, -1)
}

/** By the second reader of the format. */
async function timesOf({ audit }: OldLog): Promise<number[]> {
  const frames = (await segmentsOf(audit)).flatMap(({ bytes }) => framesOf(bytes))
  return frames.map(({ time }) => Number(time))
}

async function numbersOf({ audit }: OldLog): Promise<number[]> {
  const records = await Array.fromAsync(readAuditLog(audit))
  return records.map(({ line }) => Number(JSON.parse(line).eventID.slice(-12))).sort((left, right) => left - right)
}

test('without a setting nothing is removed', async (t) => {
  const made = await oldLog(t)
  const before = await segmentsOf(made.audit)
  const { removed, faults } = await keepOnce(made, NO_RULES)
  assert.deepEqual({ removed, faults }, { removed: [], faults: [] })
  assert.deepEqual(await segmentsOf(made.audit), before)
})

test('segments whose newest record is too old go, all others stay, and the log verifies and says what is gone', async (t) => {
  const made = await oldLog(t)
  const all = await verified(made)
  assert.deepEqual(all.problems, [])
  assert.equal(all.removed, undefined)
  const before = await segmentsOf(made.audit)
  await keepOnce(made, keepingFrom(7))
  const bound = made.start + 7 * DAY_MS
  const after = new Set((await segmentsOf(made.audit)).map(({ name }) => name))
  for (const { name, bytes } of before) {
    const newest = Math.max(...framesOf(bytes).map(({ time }) => Number(time)))
    assert.equal(after.has(name), newest >= bound, name)
  }
  const report = await verified(made)
  assert.deepEqual([report.problems, report.warnings.filter(({ text }) => !/comes \d+ s after/.test(text))], [[], []])
  assert.equal(report.removed!.segments, before.length - after.size)
  assert.equal(report.records + report.removed!.records, all.records)
  assert.ok(report.removed!.until < bound && report.removed!.until >= made.start + 6 * DAY_MS)
  assert.equal(report.removed!.ageMsMin, report.removed!.announcedAt - report.removed!.until)
  assert.ok(Math.min(...(await timesOf(made))) >= made.start + 6 * DAY_MS)
  // Once more changes nothing.
  const { removed } = await keepOnce(made, keepingFrom(7))
  assert.deepEqual(removed, [])
  assert.deepEqual((await verified(made)).removed, report.removed)
})

test('what is left of a stream continues the frame that its removal names, which is signed and in the row of checkpoints', {
  skip: opensslMissing,
}, async (t) => {
  const made = await oldLog(t)
  const kept = await cp(made.audit, join(made.path, 'copy'), { recursive: true }).then(() => join(made.path, 'copy'))
  await keepOnce(made, keepingFrom(7))
  const lines = checkpointLines(made)
  const index = lines.findIndex((line) => JSON.parse(line).reason === 'removal')
  const { removed, previous, key, signature } = JSON.parse(lines[index]!)
  assert.equal(
    previous,
    createHash('sha256')
      .update(lines[index - 1]!)
      .digest('hex'),
  )
  const openssl = createOpenSsl()
  t.after(() => openssl.close())
  const message = `${lines[index]!.slice(0, lines[index]!.lastIndexOf(',"signature"'))}}`
  const file = (text: string, encoding: BufferEncoding) => openssl.file(Buffer.from(text, encoding))
  const verify = ['pkeyutl', '-verify', '-rawin', '-pubin', '-keyform', 'DER', '-inkey', file(key, 'base64')]
  const signed = ['-sigfile', file(signature, 'base64')]
  assert.equal(await openssl.succeeds([...verify, '-in', file(message, 'utf8'), ...signed]), true)
  assert.equal(
    await openssl.succeeds([...verify, '-in', file(message.replace('"segments":', '"segments":1'), 'utf8'), ...signed]),
    false,
  )
  const [before, after] = [await segmentsOf(kept), await segmentsOf(made.audit)]
  let partial = 0
  for (const { stream, node, segments, records, hash, until } of removed) {
    const gone = before.filter(({ name }) => name.startsWith(stream)).slice(0, segments)
    const last = framesOf(gone.at(-1)!.bytes).at(-1)!
    assert.deepEqual([last.hash.toString('hex'), Number(last.sequence) + last.count], [hash, records])
    assert.equal(Date.parse(until), Number(last.time))
    assert.equal(JSON.parse(framesOf(gone[0]!.bytes)[0]!.payload.toString()).node, node)
    const next = after.find(({ name }) => name.startsWith(stream))
    if (next === undefined) continue
    partial++
    assert.equal(framesOf(next.bytes)[0]!.previousHash.toString('hex'), hash)
    assert.equal(Number(framesOf(next.bytes)[0]!.sequence), records)
  }
  assert.ok(partial > 0 && partial < removed.length, 'streams in part, and whole ones')
})

test('what checkpoints do not vouch for yet stays', async (t) => {
  const made = await oldLog(t)
  const late = await openTestLog(made.audit, {
    clock: made.clock,
    node: 'worker-3',
    limits: { segmentBytesMax: 1_000 },
  })
  made.clock.set(made.start)
  for (let number = 90_000; number < 90_010; number++) await late.append(recordOf(number, made.start))
  await late.close()
  await ageFiles(made)
  // Nobody has made one since.
  const { removed } = await planOf(made, keepingFrom(DAYS + 1))
  const covered = new Set(
    checkpointLines(made).flatMap((line) => JSON.parse(line).streams.map((of: { stream: string }) => of.stream)),
  )
  assert.ok(removed.length > 0)
  for (const { stream } of removed) assert.ok(covered.has(stream))
  await keepOnce(made, keepingFrom(DAYS + 1))
  assert.deepEqual(await numbersOf(made).then((numbers) => numbers.filter((number) => number >= 90_000)), [])
  assert.deepEqual((await verified(made)).problems, [])
})

test('a stream that is written to keeps its newest segment, whatever its age', async (t) => {
  const made = await oldLog(t)
  const checkpoints = await checkpointsOf(made)
  made.clock.set(made.start)
  const live = await openTestLog(made.audit, {
    clock: made.clock,
    node: 'worker-9',
    limits: { segmentBytesMax: 1_000 },
  })
  for (let number = 90_000; number < 90_010; number++) await live.append(recordOf(number, made.start))
  await checkpoints.make('interval')
  const task = { folder: made.audit, rules: keepingFrom(DAYS + 1), ended: [], now: made.start + DAYS * DAY_MS }
  const { removed, faults } = await keep(task)
  assert.deepEqual(faults, [])
  assert.ok(await checkpoints.announceRemoval(removed))
  await finish({ folder: made.audit })
  await live.append(recordOf(90_010, made.start))
  await live.close()
  await checkpoints.close()
  assert.equal((await numbersOf(made)).at(-1), 90_010)
  assert.deepEqual((await verified(made)).problems, [])
})

test('the next start goes on over what was removed, and names no stream as lost', async (t) => {
  const made = await oldLog(t)
  await keepOnce(made, keepingFrom(7))
  await recoverAuditFolder(made.audit, recordedLog())
  made.clock.set(Date.now())
  const checkpoints = await checkpointsOf(made)
  const log = await openTestLog(made.audit, { node: 'worker-1' })
  await log.append(recordOf(99_999, Date.now()))
  await log.close()
  await checkpoints.close()
  assert.deepEqual((await verified(made)).problems, [])
})

test('by its size: the oldest of all streams go, until the rest is small enough', async (t) => {
  const made = await oldLog(t)
  const before = await segmentsOf(made.audit)
  const size = (segments: typeof before) => segments.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const bytesMax = Math.floor(size(before) / 3)
  await keepOnce(made, { ...NO_RULES, retention: { ageMsMax: undefined, bytesMax } })
  const after = await segmentsOf(made.audit)
  assert.ok(size(after) <= bytesMax)
  const oldest = (segments: typeof before) => Math.min(...segments.map(({ bytes }) => Number(framesOf(bytes)[0]!.time)))
  const gone = before.filter(({ name }) => !after.some((kept) => kept.name === name))
  assert.ok(size(after) + gone.at(-1)!.bytes.length > bytesMax / 2, 'not more than needed')
  for (const { bytes } of gone) assert.ok(Number(framesOf(bytes)[0]!.time) <= oldest(after))
  assert.deepEqual((await verified(made)).problems, [])
})

test('a segment that is not as it was written stays, with all behind it, and is told of', async (t) => {
  const made = await oldLog(t)
  const [first] = await segmentsOf(made.audit)
  const bytes = Buffer.from(first!.bytes)
  bytes[bytes.length - 40]! ^= 1
  writeFileSync(first!.path, bytes)
  await ageFiles(made)
  const { removed, faults } = await keepOnce(made, keepingFrom(DAYS + 1))
  assert.deepEqual(
    faults.map(({ path }) => path),
    [first!.path],
  )
  const stream = first!.name.slice(0, 36)
  assert.ok(removed.length > 0 && !removed.some((of) => of.stream === stream))
})

test('by its size: what is kept as evidence has nothing younger removed in its place', async (t) => {
  const made = await oldLog(t)
  const all = await segmentsOf(made.audit)
  const stream = all.find(({ name }) => name.endsWith('-000001.audit'))!.name.slice(0, 36)
  const [first] = all.filter(({ name }) => name.startsWith(stream))
  const others = all.filter(({ name }) => !name.startsWith(stream))
  const bytes = Buffer.from(first!.bytes)
  bytes[100]! ^= 1
  writeFileSync(first!.path, bytes)
  const bytesMax = others.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const { removed, faults } = await keepOnce(made, { ...NO_RULES, retention: { ageMsMax: undefined, bytesMax } })
  assert.deepEqual(
    faults.map(({ path }) => path),
    [first!.path],
  )
  assert.deepEqual(
    removed.filter(({ until }) => until > made.start + DAY_MS),
    [],
  )
})

test('by its size: a file that is long and takes no room, or is none of a log, has nothing removed', async (t) => {
  const made = await oldLog(t)
  const all = await segmentsOf(made.audit)
  const bytesMax = 2 * all.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const put = join(made.audit, '01a10000-0000-7000-8000-000000000000-000000.audit')
  for (const make of [
    () => truncateSync(all.at(-1)!.path, 2 ** 31),
    () => {
      writeFileSync(put, '')
      truncateSync(put, 2 ** 31)
    },
    () => writeFileSync(put, Buffer.alloc(bytesMax, 'x')),
  ]) {
    make()
    const { removed } = await keepOnce(made, { ...NO_RULES, retention: { ageMsMax: undefined, bytesMax } })
    assert.deepEqual(removed, [])
  }
  assert.ok((await verified(made)).problems.some(({ path }) => path === all.at(-1)!.path))
})

test('a segment that cannot be read keeps no server from starting, and nothing else from being delivered and removed', async (t) => {
  const made = await oldLog(t)
  const all = await segmentsOf(made.audit)
  const stream = all.find(({ name }) => name.endsWith('-000001.audit'))!.name.slice(0, 36)
  const ofStream = all.filter(({ name }) => name.startsWith(stream))
  const unreadable = [ofStream[0]!, ofStream.at(-1)!]
  // Reading fails, as it does where the disk is bad.
  for (const { path } of unreadable) {
    rmSync(path)
    mkdirSync(path)
  }
  await recoverAuditFolder(made.audit, recordedLog())
  const last = framesOf(all.findLast(({ name }) => !name.startsWith(stream))!.bytes)
    .findLast(({ kind }) => kind === 2)!
    .payload.toString()
    .trimEnd()
  const { eventID } = JSON.parse(last)
  assert.deepEqual([...(await eventIdsPresent(made.audit, new Set([eventID])))], [eventID])
  assert.equal(await findRecord(made.audit, eventID, made.clock.now()), last)
  const delivery = { target: join(made.path, 'delivered'), statePath: join(made.path, 'audit-delivery.json') }
  const { removed, faults, deliveryProblem } = await keepOnce(made, {
    ...keepingFrom(DAYS + 1),
    compresses: true,
    delivery,
  })
  assert.equal(deliveryProblem, undefined)
  assert.ok(faults.some(({ path }) => path === ofStream[0]!.path))
  assert.ok(removed.length > 0 && removed.every((of) => of.stream !== stream))
  const files = globSync('**/*.json.gz', { cwd: delivery.target }).map((name) => join(delivery.target, name))
  const delivered = files.flatMap((path) => JSON.parse(gunzipSync(readFileSync(path)).toString()).Records)
  const readable = all.filter((segment) => !unreadable.includes(segment)).flatMap(({ bytes }) => framesOf(bytes))
  assert.equal(
    delivered.length,
    readable.reduce((sum, { count }) => sum + count, 0),
  )
})

test('files that somebody deletes are found out, after a removal as before', async (t) => {
  const made = await oldLog(t)
  await keepOnce(made, keepingFrom(7))
  for (const { path, name } of await segmentsOf(made.audit)) {
    const bytes = readFileSync(path)
    rmSync(path)
    assert.notDeepEqual((await verified(made)).problems, [], name)
    writeFileSync(path, bytes)
  }
  assert.deepEqual((await verified(made)).problems, [])
})

test('a removal that somebody makes up, changes or takes out is found out', async (t) => {
  const made = await oldLog(t)
  await keepOnce(made, keepingFrom(7))
  const lines = checkpointLines(made)
  const index = lines.findIndex((line) => JSON.parse(line).reason === 'removal')
  const write = (of: readonly string[]) =>
    writeFileSync(join(made.audit, 'checkpoints-000000.jsonl'), `${of.join('\n')}\n`)
  for (const altered of [
    lines.toSpliced(index, 1),
    lines.with(index, lines[index]!.replace(/"segments":(\d+)/, '"segments":9$1')),
    lines.with(index, lines[index]!.replace(/"until":"(\d{3})\d/, '"until":"$10')),
    [...lines, lines[index]!],
  ]) {
    write(altered)
    assert.notDeepEqual((await verified(made)).problems, [])
  }
  write(lines)
  assert.deepEqual((await verified(made)).problems, [])
})

test('checkpoints that were kept elsewhere hold before and after a removal, which is one of them', async (t) => {
  const made = await oldLog(t)
  await keepOnce(made, keepingFrom(7))
  const lines = checkpointLines(made)
  assert.deepEqual((await verified(made, lines)).problems, [])
  // All of it taken back: the log as if nothing had been announced, with its checkpoints.
  const index = lines.findIndex((line) => JSON.parse(line).reason === 'removal')
  writeFileSync(join(made.audit, 'checkpoints-000000.jsonl'), `${lines.slice(0, index).join('\n')}\n`)
  const { problems } = await verified(made, lines)
  assert.ok(problems.some(({ text }) => /was kept elsewhere/.test(text)))
})

test('between announcement and deletion the log verifies, says so, and the next round deletes', async (t) => {
  const made = await oldLog(t)
  const checkpoints = await checkpointsOf(made)
  const { removed } = await planOf(made, keepingFrom(7))
  assert.ok(await checkpoints.announceRemoval(removed))
  await checkpoints.close()
  const before = await verified(made)
  assert.deepEqual(before.problems, [])
  const left = removed.reduce((sum, { segments }) => sum + segments, 0)
  assert.equal(before.warnings.filter(({ text }) => /is announced as removed and still there/.test(text)).length, left)
  assert.equal(await finish({ folder: made.audit }), left)
  assert.equal(await finish({ folder: made.audit }), 0)
  assert.deepEqual((await verified(made)).problems, [])
})

test('records that are kept are read without a complaint, in part deleted or not', async (t) => {
  const made = await oldLog(t)
  const all = await numbersOf(made)
  const checkpoints = await checkpointsOf(made)
  const { removed } = await planOf(made, keepingFrom(7))
  assert.ok(await checkpoints.announceRemoval(removed))
  assert.deepEqual(await numbersOf(made), all)
  // As a crash leaves it that comes in between.
  const [{ path }] = (await segmentsOf(made.audit)) as unknown as [{ path: string }]
  rmSync(path)
  const some = await numbersOf(made)
  assert.ok(some.length < all.length)
  await finish({ folder: made.audit })
  await checkpoints.close()
  const kept = await numbersOf(made)
  assert.ok(kept.includes(1_000 * 7) && kept.includes(1_000 * (DAYS - 1) + RECORDS_A_DAY - 1))
  assert.ok(kept.every((number) => number >= 6_000))
})

test('a log that is read, verified and asked while it is cut shows no damage', async (t) => {
  const made = await oldLog(t)
  const checkpoints = await checkpointsOf(made)
  const reading: Promise<unknown>[] = []
  for (let day = 1; day <= DAYS; day++) {
    const reports = Array.from({ length: 3 }, () => verified(made))
    reading.push(numbersOf(made))
    await keepRound(made, keepingFrom(day), checkpoints)
    for (const { problems } of await Promise.all(reports)) assert.deepEqual(problems, [])
  }
  await Promise.all(reading)
  await checkpoints.close()
})

for (const asksBefore of [true, false]) {
  test(`LookupEvents goes on over what was removed, ${asksBefore ? 'asked before it as well' : 'asked after it only'}`, async (t) => {
    // Of the last 90 days: LookupEvents sees no further.
    const recent = await writeOldLog(await temporaryFolder(t), { daysAgo: 30 })
    const indexPath = join(recent.path, 'event-index.db')
    const history = createFolderEventHistory({ folder: recent.audit, indexPath, log: recordedLog() })
    t.after(() => history.close())
    const query = { account: ACCOUNT, region: REGION, attribute: undefined, startTime: 0, count: 50, after: undefined }
    const ask = () => history.lookup({ ...query, endTime: Date.now() })
    if (asksBefore) assert.ok((await ask()).completeSince < recent.start)
    await keepOnce(recent, keepingFrom(7))
    const { events, completeSince } = await ask()
    const kept = await numbersOf(recent)
    assert.deepEqual(
      events.map(({ eventId }) => Number(eventId.slice(-12))).sort((left, right) => left - right),
      kept,
    )
    const { until } = (await verified(recent)).removed!
    assert.ok(completeSince > until && completeSince <= until + 2_000, 'it says from when on nothing is missing')
  })
}

test('LookupEvents knows of streams that were removed before it was ever asked', async (t) => {
  const made = await writeOldLog(await temporaryFolder(t), { daysAgo: 30 })
  // Days of a short stream each, and of nothing else.
  const { removed } = await keepOnce(made, keepingFrom(DAYS / 2 + 1))
  for (const { path, bytes } of await segmentsOf(made.audit)) {
    if (framesOf(bytes)[0]!.kind !== 1) rmSync(path)
  }
  const history = createFolderEventHistory({
    ...{ folder: made.audit, indexPath: join(made.path, 'event-index.db'), log: recordedLog() },
  })
  t.after(() => history.close())
  const query = { account: ACCOUNT, region: REGION, attribute: undefined, startTime: 0, endTime: Date.now() }
  const { completeSince } = await history.lookup({
    ...query,
    startTime: Date.now() - DAY_MS,
    count: 50,
    after: undefined,
  })
  assert.ok(completeSince > Math.max(...removed.map(({ until }) => until)))
})

test('a removal that was announced twice is one', async (t) => {
  const made = await oldLog(t)
  const checkpoints = await checkpointsOf(made)
  const { removed } = await planOf(made, keepingFrom(7))
  assert.ok((await checkpoints.announceRemoval(removed)) && (await checkpoints.announceRemoval(removed)))
  await finish({ folder: made.audit })
  await checkpoints.close()
  const report = await verified(made)
  assert.deepEqual(report.problems, [])
  assert.equal(
    report.removed!.records,
    removed.reduce((sum, { records }) => sum + records, 0),
  )
})

test('what stands in the place of a segment that is about to be deleted is found out', async (t) => {
  const made = await oldLog(t)
  const checkpoints = await checkpointsOf(made)
  const { removed } = await planOf(made, keepingFrom(7))
  assert.ok(await checkpoints.announceRemoval(removed))
  await checkpoints.close()
  const { stream } = removed.find(({ segments }) => segments > 2)!
  const [first, second] = (await segmentsOf(made.audit)).filter(({ name }) => name.startsWith(stream))
  for (const [path, bytes] of [
    [first!.path, second!.bytes],
    [second!.path, first!.bytes],
    [second!.path, second!.bytes.subarray(0, framesOf(second!.bytes).at(-1)!.at)],
  ] as const) {
    const before = readFileSync(path)
    writeFileSync(path, bytes)
    const { problems } = await verified(made)
    assert.match(problems[0]!.text, /is announced as removed and still there, and is not what was removed/)
    writeFileSync(path, before)
  }
  rmSync(first!.path)
  assert.deepEqual((await verified(made)).problems, [])
})
