/** Signed checkpoints (audit.md section 10): what is told, who can check it, and that tampering of every kind shows. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { cp, rm, truncate } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { AuditLog } from '../../src/audit/audit-log.ts'
import { merkleRoot, readCheckpoint } from '../../src/audit/checkpoints/checkpoint.ts'
import { type Checkpoints, openCheckpoints, type SendCheckpoint } from '../../src/audit/checkpoints/checkpoints.ts'
import { readAnchors } from '../../src/audit/checkpoints/verify-checkpoints.ts'
import { recoverAuditFolder } from '../../src/audit/recover.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { openAuditKeys } from '../../src/start/audit-key.ts'
import { dataFolder } from '../../src/start/data-folder.ts'
import { createOpenSsl, opensslMissing } from '../support/openssl.ts'
import { createTestClock, type TestClock } from '../support/test-clock.ts'
import { framesOf, lineOf, openTestLog, recordedLog, segmentsOf, temporaryFolder } from './audit-folder.ts'

interface Installation {
  /** Data folder, and the audit log in it. */
  readonly path: string
  readonly audit: string
  readonly clock: TestClock
}

/** By the real time, which frames are written by. */
async function installation(t: TestContext): Promise<Installation> {
  const path = await temporaryFolder(t)
  return { path, audit: join(path, 'audit'), clock: createTestClock(Date.now()) }
}

interface CheckpointTestOptions {
  readonly send?: readonly SendCheckpoint[]
  readonly fileBytesMax?: number
}

function checkpointsOf(
  { path, audit, clock }: Installation,
  options: CheckpointTestOptions = {},
): Promise<Checkpoints> {
  const keys = openAuditKeys(dataFolder(path), clock, recordedLog())
  return openCheckpoints({ folder: audit, keys, clock, log: recordedLog(), send: [], intervalMs: 1 << 30, ...options })
}

function linesOf({ audit }: Installation, number = 0): string[] {
  const path = join(audit, `checkpoints-${String(number).padStart(6, '0')}.jsonl`)
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

function writeLines({ audit }: Installation, lines: readonly string[]): void {
  writeFileSync(join(audit, 'checkpoints-000000.jsonl'), lines.map((line) => `${line}\n`).join(''))
}

async function append(log: AuditLog, count: number, from = 0): Promise<void> {
  for (let number = from; number < from + count; number++) await log.append(lineOf(number))
}

/** Two streams of several segments, a checkpoint after each part, stopped in order. */
async function writtenLog(t: TestContext): Promise<Installation> {
  const made = await installation(t)
  const checkpoints = await checkpointsOf(made)
  const limits = { segmentBytesMax: 1_000 }
  const [one, two] = [
    await openTestLog(made.audit, { limits }),
    await openTestLog(made.audit, { limits, node: 'node-2' }),
  ]
  for (let part = 0; part < 4; part++) {
    await append(one, 10, 100 * part)
    if (part < 2) await append(two, 5, 1000 + 100 * part)
    made.clock.advance(1_000)
    await checkpoints.make('interval')
  }
  await one.close()
  await two.close()
  await checkpoints.close()
  return made
}

async function problemsOf({ audit }: Installation, anchors: readonly string[] = []): Promise<string[]> {
  const read = await readAnchors(anchors)
  assert.deepEqual(read.others, [])
  return (await verifyAuditLog(audit, read)).problems.map(({ text }) => text)
}

async function assertProblem(made: Installation, pattern: RegExp, anchors: readonly string[] = []): Promise<void> {
  const problems = await problemsOf(made, anchors)
  assert.ok(
    problems.some((text) => pattern.test(text)),
    `${pattern} in\n${problems.join('\n')}`,
  )
}

test('an intact log verifies, with all of its checkpoints as anchors too', async (t) => {
  const made = await writtenLog(t)
  const lines = linesOf(made)
  assert.equal(lines.length, 6)
  assert.deepEqual(await problemsOf(made), [])
  assert.deepEqual(await problemsOf(made, lines), [])
  const { checkpoints } = await verifyAuditLog(made.audit, await readAnchors([lines[2]!]))
  assert.equal(checkpoints!.count, 6)
  assert.equal(checkpoints!.anchoredUntil, Date.parse(JSON.parse(lines[2]!).time))
})

test('a checkpoint tells the last frame of each stream that has grown, as another reader of the format finds it', async (t) => {
  const made = await writtenLog(t)
  const checkpoints = linesOf(made).map((line) => JSON.parse(line))
  assert.deepEqual(
    checkpoints.map(({ reason }) => reason),
    ['start', 'interval', 'interval', 'interval', 'interval', 'stop'],
  )
  assert.deepEqual(
    checkpoints.map(({ streams }) => streams.length),
    [0, 2, 2, 1, 1, 2],
  )
  const segments = await segmentsOf(made.audit)
  for (const { stream, records, hash } of checkpoints.at(-1).streams) {
    const last = framesOf(segments.filter(({ name }) => name.startsWith(stream)).at(-1)!.bytes).at(-1)!
    assert.deepEqual({ records: BigInt(records), hash }, { records: last.sequence, hash: last.hash.toString('hex') })
  }
  assert.equal(statSync(join(made.audit, 'checkpoints-000000.jsonl')).mode & 0o777, 0o600)
  assert.equal(statSync(join(made.path, 'audit-key')).mode & 0o777, 0o600)
})

test('OpenSSL verifies the signature over the line without its signature', { skip: opensslMissing }, async (t) => {
  const made = await writtenLog(t)
  const openssl = createOpenSsl()
  t.after(() => openssl.close())
  for (const line of linesOf(made)) {
    const { key, signature } = JSON.parse(line)
    const message = `${line.slice(0, line.lastIndexOf(',"signature"'))}}`
    const args = (text: string) => [
      ...[
        'pkeyutl',
        '-verify',
        '-rawin',
        '-pubin',
        '-keyform',
        'DER',
        '-inkey',
        openssl.file(Buffer.from(key, 'base64')),
      ],
      ...['-in', openssl.file(Buffer.from(text)), '-sigfile', openssl.file(Buffer.from(signature, 'base64'))],
    ]
    assert.equal(await openssl.succeeds(args(message)), true)
    assert.equal(await openssl.succeeds(args(message.replace('"number":', '"number": '))), false)
  }
})

/** RFC 9162 2.1.1, bottom up instead of by halves: an odd one moves up as it is. */
function rootBottomUp(leaves: readonly Buffer[]): Buffer {
  const sha256 = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
  if (leaves.length === 0) return sha256()
  let row: Buffer[] = leaves.map((leaf) => sha256(Buffer.from([0]), leaf))
  while (row.length > 1) {
    const above: Buffer[] = []
    for (let index = 0; index < row.length; index += 2) {
      const [left, right] = [row[index]!, row[index + 1]]
      above.push(right === undefined ? left : sha256(Buffer.from([1]), left, right))
    }
    row = above
  }
  return row[0]!
}

test('the root is that of RFC 9162 over the positions', () => {
  for (let count = 0; count < 20; count++) {
    const streams = Array.from({ length: count }, (_, index) => ({
      stream: `01a2006a-816c-7306-b8e8-${String(index).padStart(12, '0')}`,
      records: index * 1_000_003,
      hash: createHash('sha256').update(String(index)).digest('hex'),
    }))
    const leaves = streams.map(({ stream, records, hash }) =>
      Buffer.from(stream.replaceAll('-', '') + records.toString(16).padStart(16, '0') + hash, 'hex'),
    )
    assert.equal(merkleRoot(streams).toString('hex'), rootBottomUp(leaves).toString('hex'))
  }
})

test('a log without checkpoints verifies, and says so', async (t) => {
  const { audit } = await installation(t)
  const log = await openTestLog(audit)
  await append(log, 3)
  await log.close()
  const { problems, checkpoints } = await verifyAuditLog(audit)
  assert.deepEqual({ problems, checkpoints }, { problems: [], checkpoints: undefined })
})

test('the first checkpoint of a log that had none covers what it has', async (t) => {
  const made = await installation(t)
  const log = await openTestLog(made.audit)
  await append(log, 3)
  await log.close()
  await (await checkpointsOf(made)).close()
  assert.deepEqual(await problemsOf(made), [])
  const [{ path }] = (await segmentsOf(made.audit)) as unknown as [{ path: string }]
  await truncate(path, statSync(path).size - 1)
  await assertProblem(made, /does not hold what the checkpoint of/)
})

test('a cut end shows against the checkpoints of the log', async (t) => {
  const made = await writtenLog(t)
  const { path, bytes } = (await segmentsOf(made.audit)).at(-1)!
  const frames = framesOf(bytes)
  await truncate(path, frames.at(-1)!.at)
  await assertProblem(made, /does not hold what the checkpoint of .* says of its first \d+ records: the end was cut/)
})

test('a stream that is gone shows', async (t) => {
  const made = await writtenLog(t)
  const { stream } = JSON.parse(linesOf(made).at(-1)!).streams[0]
  for (const { name, path } of await segmentsOf(made.audit)) if (name.startsWith(stream)) rmSync(path)
  await assertProblem(made, new RegExp(`lacks the stream ${stream}, which the checkpoint of`))
})

/** Hashes made anew, as somebody does who knows the format. */
function rewrite(bytes: Buffer, from: string, to: string): Buffer {
  const copy = Buffer.from(bytes)
  const at = copy.indexOf(from)
  assert.ok(at > 0 && from.length === to.length)
  copy.write(to, at)
  let previous: Buffer | undefined
  for (const frame of framesOf(copy)) {
    if (previous !== undefined) previous.copy(copy, frame.at + 44)
    const end = frame.at + 80 + frame.payload.length
    previous = createHash('sha256').update(copy.subarray(frame.at, end)).digest()
    previous.copy(copy, end)
  }
  return copy
}

test('a record that is changed, with all hashes made anew, shows', async (t) => {
  const made = await installation(t)
  const checkpoints = await checkpointsOf(made)
  const log = await openTestLog(made.audit)
  await append(log, 3)
  await log.close()
  await checkpoints.close()
  const [{ path, bytes }] = (await segmentsOf(made.audit)) as unknown as [{ path: string; bytes: Buffer }]
  writeFileSync(path, rewrite(bytes, '"number":1}', '"number":7}'))
  const problems = await problemsOf(made)
  assert.equal(problems.length, 1, 'nothing but the checkpoint tells')
  assert.match(problems[0]!, /does not hold what the checkpoint of/)
})

/** Closed, with a checkpoint that tells of all of it. */
async function smallLog(t: TestContext): Promise<Installation & { readonly segment: string }> {
  const made = await installation(t)
  const checkpoints = await checkpointsOf(made)
  const log = await openTestLog(made.audit)
  await append(log, 3)
  await log.close()
  await checkpoints.close()
  const [segment] = await segmentsOf(made.audit)
  return { ...made, segment: segment!.path }
}

test('what was kept elsewhere nobody writes anew, not even who has the audit key', async (t) => {
  const made = await smallLog(t)
  const anchors = linesOf(made)
  writeFileSync(made.segment, rewrite(readFileSync(made.segment), '"number":1}', '"number":7}'))
  // The next checkpoints are signed for what is there now.
  await (await checkpointsOf(made)).close()
  assert.deepEqual(await problemsOf(made), [], 'the folder by itself is in order')
  await assertProblem(made, /does not hold what the checkpoint of .* says of its first 3 records/, anchors)
  await assertProblem(made, /does not hold what the checkpoint of/, [anchors.at(-1)!])
})

test('a row of checkpoints that was begun anew shows, since streams say that there were some before', async (t) => {
  const made = await smallLog(t)
  rmSync(join(made.audit, 'checkpoints-000000.jsonl'))
  rmSync(join(made.path, 'audit-key'))
  made.clock.advance(200_000)
  await (await checkpointsOf(made)).close()
  await assertProblem(made, /has no checkpoints from before .*, although streams of before say that it had some/)
})

test('records that were put in behind the time that they tell show', async (t) => {
  const made = await smallLog(t)
  const other = await smallLog(t)
  made.clock.advance(200_000)
  await (await checkpointsOf(made)).close()
  assert.deepEqual(await problemsOf(made), [])
  copyFileSync(other.segment, join(made.audit, basename(other.segment)))
  await assertProblem(made, /was written at .*, and no checkpoint since then tells of it: it was put there later/)
})

test('a changed, removed, repeated or swapped checkpoint shows', async (t) => {
  const made = await writtenLog(t)
  const lines = linesOf(made)
  const changed = lines[2]!.replace(/"records":\d+/, '"records":1')
  const cases = [
    [[...lines.slice(0, 2), changed, ...lines.slice(3)], /line 3 is not a checkpoint/],
    [lines.toSpliced(2, 1), /line 3 does not continue the checkpoint before it/],
    [lines.toSpliced(2, 0, lines[2]!), /line 4 does not continue the checkpoint before it/],
    [lines.slice(1), /line 1 is checkpoint 1, expected 0/],
    [[lines[0]!, lines[2]!, lines[1]!, ...lines.slice(3)], /line 2 does not continue/],
    [[...lines, 'x'], /line 7 is not a checkpoint/],
    [[...lines, ''], /line 7 is not a checkpoint/],
    [[lines[0]!.replace('"reason":"start"', '"reason":"stop"'), ...lines.slice(1)], /line 1 has a wrong signature/],
  ] as const
  for (const [altered, pattern] of cases) {
    writeLines(made, altered)
    await assertProblem(made, pattern)
  }
  writeLines(made, lines)
  assert.deepEqual(await problemsOf(made), [])
})

test('checkpoints that are all gone show, since streams say that there were some', async (t) => {
  const made = await writtenLog(t)
  rmSync(join(made.audit, 'checkpoints-000000.jsonl'))
  await assertProblem(made, /has no checkpoints, although its streams say that it had some/)
})

test('log and checkpoints that are cut together show against an anchor, and only against it', async (t) => {
  const made = await writtenLog(t)
  const lines = linesOf(made)
  const kept = lines.slice(0, 3)
  const told = new Map<string, string>()
  for (const line of kept) for (const { stream, hash } of JSON.parse(line).streams) told.set(stream, hash)
  writeLines(made, kept)
  for (const { name, path, bytes } of (await segmentsOf(made.audit)).toReversed()) {
    const end = framesOf(bytes).find(({ hash }) => hash.toString('hex') === told.get(name.slice(0, 36)))
    if (end === undefined && !told.has(`done ${name.slice(0, 36)}`)) rmSync(path)
    if (end === undefined) continue
    told.set(`done ${name.slice(0, 36)}`, '')
    await truncate(path, end.at + 112 + end.payload.length)
  }
  assert.deepEqual(await problemsOf(made), [], 'the folder by itself is in order')
  assert.deepEqual(await problemsOf(made, [lines[2]!]), [])
  await assertProblem(made, /does not have checkpoint 5 of .*, which was kept elsewhere/, [lines[5]!])
  await assertProblem(made, /does not have checkpoint 3 of/, lines)
})

test('a log that somebody wrote anew with a key of his own shows against an anchor', async (t) => {
  const genuine = await writtenLog(t)
  const forged = await writtenLog(t)
  assert.deepEqual(await problemsOf(forged), [])
  await assertProblem(forged, /does not have checkpoint 5 of/, [linesOf(genuine).at(-1)!])
})

test('a checkpoint that goes on with a key that none announced shows', async (t) => {
  const made = await writtenLog(t)
  rmSync(join(made.path, 'audit-key'))
  await (await checkpointsOf(made)).close()
  await assertProblem(made, /line 7 is signed with the key [0-9a-f]{16}, which no checkpoint before it announces/)
})

test('anchors are signed checkpoints or nothing', async (t) => {
  const [line] = linesOf(await writtenLog(t)) as [string]
  const altered = line.replace('"number":0', '"number":1')
  const { anchors, others } = await readAnchors([line.slice(0, 100), line, '', altered, 'x', line])
  assert.deepEqual(others, [1, 4, 5])
  const sha256 = createHash('sha256').update(line).digest('hex')
  assert.deepEqual(
    anchors.map(({ hash, number }) => [hash, number]),
    [
      [sha256, 0],
      [sha256, 0],
    ],
  )
  assert.equal(readCheckpoint('{}'), undefined)
  assert.equal(readCheckpoint(`${line} `), undefined)
  assert.equal(readCheckpoint(line.replace('{', '{"more":1,')), undefined)
})

test('the key is replaced after a year by one that the old one announces', async (t) => {
  const made = await writtenLog(t)
  const path = join(made.path, 'audit-key')
  const old = readFileSync(path, 'utf8')
  const longAgo = made.clock.now() / 1000 - 366 * 24 * 3600
  utimesSync(path, longAgo, longAgo)
  const checkpoints = await checkpointsOf(made)
  await checkpoints.make('interval')
  await checkpoints.close()
  assert.notEqual(readFileSync(path, 'utf8'), old)
  assert.equal(existsSync(`${path}.next`), false)
  const [announcing, after] = linesOf(made)
    .slice(6)
    .map((line) => JSON.parse(line))
  assert.equal(announcing.nextKey, after.key)
  assert.notEqual(announcing.key, after.key)
  assert.deepEqual(await problemsOf(made), [])
})

test('a crash at any step of a replacement leaves a key that the checkpoints vouch for', async (t) => {
  const made = await writtenLog(t)
  const path = join(made.path, 'audit-key')
  const longAgo = made.clock.now() / 1000 - 366 * 24 * 3600
  utimesSync(path, longAgo, longAgo)
  const before = join(made.path, 'before')
  await cp(path, before, { preserveTimestamps: true })
  const checkpoints = await checkpointsOf(made)
  const next = readFileSync(path)
  // The announcement is on disk, and the new key beside the old one.
  renameSync(before, path)
  writeFileSync(`${path}.next`, next, { mode: 0o600 })
  await (await checkpointsOf(made)).close()
  assert.deepEqual(await problemsOf(made), [])
  // A new key that nobody has announced: it is none.
  writeFileSync(`${path}.next`, readFileSync(join((await writtenLog(t)).path, 'audit-key')), { mode: 0o600 })
  await (await checkpointsOf(made)).close()
  assert.deepEqual(await problemsOf(made), [])
  assert.deepEqual(readFileSync(path), next)
  await checkpoints.close()
})

test('a line that a crash cut is cut off, and the row goes on', async (t) => {
  const made = await writtenLog(t)
  const path = join(made.audit, 'checkpoints-000000.jsonl')
  const { size } = statSync(path)
  for (const cut of [1, 10, 300]) {
    await truncate(path, size - cut)
    const { problems, warnings } = await verifyAuditLog(made.audit)
    assert.deepEqual(problems, [])
    assert.ok(warnings.some(({ text }) => /is cut: being written, or torn by a crash/.test(text)))
  }
  await (await checkpointsOf(made)).close()
  const { problems, warnings, checkpoints } = await verifyAuditLog(made.audit)
  assert.deepEqual({ problems, warnings, count: checkpoints!.count }, { problems: [], warnings: [], count: 7 })
})

test('a row that is long goes on in further files, and a file that is missing shows', async (t) => {
  const made = await installation(t)
  const checkpoints = await checkpointsOf(made, { fileBytesMax: 1_000 })
  for (let count = 0; count < 10; count++) await checkpoints.make('interval')
  await checkpoints.close()
  const again = await checkpointsOf(made, { fileBytesMax: 1_000 })
  await again.close()
  assert.ok(existsSync(join(made.audit, 'checkpoints-000003.jsonl')))
  assert.deepEqual(await problemsOf(made), [])
  await rm(join(made.audit, 'checkpoints-000002.jsonl'))
  await assertProblem(made, /1 files of checkpoints before it are missing/)
})

test('what is written while the clock is behind is told of, and a cut shows (audit.md section 10)', async (t) => {
  const made = await installation(t)
  const earlier = await checkpointsOf(made, { fileBytesMax: 1_000 })
  for (let count = 0; count < 5; count++) await earlier.make('interval')
  await earlier.close()
  // A machine that does not know the time when it starts.
  made.clock.set(Date.parse('2020-01-01T00:00:00Z'))
  const checkpoints = await checkpointsOf(made, { fileBytesMax: 1_000 })
  const log = await openTestLog(made.audit, { clock: made.clock })
  await append(log, 3)
  const [segment] = await segmentsOf(made.audit)
  const time = made.clock.now() / 1000
  utimesSync(segment!.path, time, time)
  await checkpoints.make('interval')
  await truncate(segment!.path, framesOf(segment!.bytes)[2]!.at)
  await assertProblem(made, /does not hold what the checkpoint of 2020-01-01T00:00:00Z says of its first 3 records/)
  await log.close()
  await checkpoints.close()
})

test('a frame that is being written, or was torn, is not told of', async (t) => {
  const made = await installation(t)
  const log = await openTestLog(made.audit)
  await append(log, 5)
  const [{ path, bytes }] = (await segmentsOf(made.audit)) as unknown as [{ path: string; bytes: Buffer }]
  const frames = framesOf(bytes)
  const last = frames.at(-1)!
  // All of the header, and some of the payload; zeros behind, as laid out.
  const torn = Buffer.from(bytes)
  torn.fill(0, last.at + 90)
  writeFileSync(path, torn)
  await (await checkpointsOf(made)).close()
  const [told] = JSON.parse(linesOf(made)[0]!).streams
  assert.equal(told.hash, frames.at(-2)!.hash.toString('hex'))
  // Recovery cuts it off; nothing that was told of is gone.
  await recoverAuditFolder(made.audit, recordedLog())
  assert.deepEqual(await problemsOf(made), [])
})

test('records of a time without checkpoints are a problem, a machine that slept is a warning', async (t) => {
  const made = await installation(t)
  // Frames are written now; so the checkpoints of before them are made to be old.
  made.clock.advance(-600_000)
  const checkpoints = await checkpointsOf(made)
  await checkpoints.make('interval')
  const log = await openTestLog(made.audit)
  made.clock.advance(602_000)
  await checkpoints.make('interval')
  await log.close()
  const asleep = await verifyAuditLog(made.audit)
  assert.deepEqual(asleep.problems, [])
  assert.ok(asleep.warnings.some(({ text }) => /comes 602 s after the checkpoint before it/.test(text)))

  const other = await installation(t)
  other.clock.advance(-600_000)
  const silent = await checkpointsOf(other)
  const busy = await openTestLog(other.audit)
  await append(busy, 3)
  other.clock.advance(602_000)
  await silent.close()
  await busy.close()
  await assertProblem(other, /was written at .*, when no checkpoints were made/)
})

test('records behind the newest checkpoint are a problem once it is too old', async (t) => {
  const made = await installation(t)
  made.clock.advance(-600_000)
  await checkpointsOf(made)
  const log = await openTestLog(made.audit)
  await append(log, 1)
  await log.close()
  await new Promise((resolve) => setTimeout(resolve, 5))
  await assertProblem(made, /was written at .*, when no checkpoints were made/)
})

test('what an operator does while no server runs needs no checkpoint', async (t) => {
  const made = await installation(t)
  made.clock.advance(-600_000)
  await (await checkpointsOf(made)).close()
  const log = await openTestLog(made.audit, { node: 'operator-123' })
  await append(log, 1)
  await log.close()
  await new Promise((resolve) => setTimeout(resolve, 5))
  assert.deepEqual(await problemsOf(made), [])
})

test('each checkpoint is brought elsewhere, in order, and those that were not taken come later', async (t) => {
  const made = await installation(t)
  const taken: string[] = []
  let isThere = false
  const send = async (line: string) => {
    if (!isThere) throw new Error('nobody is there')
    taken.push(line)
  }
  const checkpoints = await checkpointsOf(made, { send: [send] })
  await checkpoints.make('interval')
  assert.deepEqual(taken, [])
  isThere = true
  await checkpoints.close()
  assert.deepEqual(taken, linesOf(made))
  assert.deepEqual(await problemsOf(made, taken), [])
})

test('a place that never answers keeps no checkpoint from being made, and no other place from it', async (t) => {
  const made = await installation(t)
  const taken: string[] = []
  const stuck = () => new Promise<void>(() => {})
  const checkpoints = await checkpointsOf(made, { send: [stuck, async (line) => void taken.push(line)] })
  await checkpoints.make('interval')
  await checkpoints.make('interval')
  assert.equal(linesOf(made).length, 3)
  assert.deepEqual(taken, linesOf(made))
  await checkpoints.close()
  assert.equal(linesOf(made).length, 4)
})
