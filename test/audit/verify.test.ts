/** The offline verifier (audit.md section 10): what is altered, missing or moved shows; what a crash explains is no failure. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFile, copyFile, mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { encodeFrame, NO_HASH } from '../../src/audit/frame.ts'
import { recoverAuditFolder } from '../../src/audit/recover.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { framesOf, lineOf, openTestLog, recordedLog, segmentsOf, temporaryFolder } from './audit-folder.ts'

interface SmallLog {
  readonly folder: string
  readonly path: string
  readonly bytes: Buffer
}

/** One segment: open, three frames of records, close. */
async function smallLog(t: TestContext): Promise<SmallLog> {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder, { node: 'n' })
  await Promise.all([log.append('{"n":0}'), log.append('{"n":1}')])
  await log.append('{"n":2}')
  await log.append('{"n":3}')
  await log.close()
  const [segment] = await segmentsOf(folder)
  return { folder, path: segment!.path, bytes: segment!.bytes }
}

/** Several segments of one closed stream. */
async function longLog(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder, { limits: { segmentBytesMax: 1_000 } })
  for (let number = 0; number < 40; number++) await log.append(lineOf(number))
  await log.close()
  assert.ok((await segmentsOf(folder)).length > 4)
  return folder
}

async function problemsOf(folder: string): Promise<string[]> {
  return (await verifyAuditLog(folder)).problems.map(({ text }) => text)
}

test('An intact log has no findings, and the report counts it', async (t) => {
  const { folder, bytes } = await smallLog(t)
  const report = await verifyAuditLog(folder)
  assert.deepEqual([report.problems, report.warnings, report.records], [[], [], 4])
  const [stream] = report.streams
  assert.equal(stream!.node, 'n')
  assert.equal(stream!.state, 'closed')
  assert.equal(stream!.frames, 5)
  assert.equal(stream!.lastHash, framesOf(bytes).at(-1)!.hash.toString('hex'))
})

test('A folder that is empty or absent has nothing to report', async (t) => {
  const folder = await temporaryFolder(t)
  for (const path of [folder, join(folder, 'absent')]) {
    assert.deepEqual(await verifyAuditLog(path), {
      ...{ streams: [], records: 0, checkpoints: undefined, removed: undefined, problems: [], warnings: [] },
    })
  }
})

test('Every single flipped bit is found; before the last frame it is a problem', async (t) => {
  const { folder, path, bytes } = await smallLog(t)
  const last = framesOf(bytes).at(-1)!.at
  let found = 0
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const altered = Buffer.from(bytes)
    altered[bit >> 3]! ^= 1 << (bit & 7)
    await writeFile(path, altered)
    const { problems, warnings } = await verifyAuditLog(folder)
    assert.ok(problems.length + warnings.length > 0, `bit ${bit} of ${bytes.length * 8}`)
    // In a last frame it cannot be told from a torn write; a later stream that names the end can (next test).
    if (bit >> 3 < last) assert.ok(problems.length > 0, `bit ${bit} is before the last frame`)
    found++
  }
  assert.equal(found, bytes.length * 8)
})

test('Once a later stream has named the end, a flipped bit in the last frame and a cut are problems too', async (t) => {
  const { folder, path, bytes } = await smallLog(t)
  await recoverAuditFolder(folder, recordedLog())
  await (await openTestLog(folder)).close()
  assert.deepEqual(await problemsOf(folder), [])
  const last = framesOf(bytes).at(-1)!.at
  for (let at = last; at < bytes.length; at += 3) {
    const altered = Buffer.from(bytes)
    altered[at]! ^= 0x10
    await writeFile(path, altered)
    assert.notDeepEqual(await problemsOf(folder), [], `byte ${at}`)
  }
  for (let length = 0; length < bytes.length; length += 5) {
    await writeFile(path, bytes.subarray(0, length))
    assert.notDeepEqual(await problemsOf(folder), [], `cut to ${length} bytes`)
  }
  await writeFile(path, Buffer.concat([bytes, Buffer.from('KH')]))
  assert.notDeepEqual(await problemsOf(folder), [])
  await rm(path)
  assert.match((await problemsOf(folder))[0]!, /^names the stream [0-9a-f-]{36}, which is missing$/)
})

test('Whatever length a log is cut to, it is reported: torn within a frame, unclosed between two', async (t) => {
  const { folder, path, bytes } = await smallLog(t)
  const ends = new Set(framesOf(bytes).map(({ at }) => at))
  for (let length = 0; length < bytes.length; length++) {
    await writeFile(path, bytes.subarray(0, length))
    const { problems, warnings } = await verifyAuditLog(folder)
    assert.deepEqual(problems, [])
    const texts = warnings.map(({ text }) => text)
    if (!ends.has(length)) assert.match(texts[0]!, /^ends with \d+ bytes that are not a whole frame/)
    if (length < ends.values().toArray()[1]!) assert.match(texts.at(-1)!, /^has no whole frame/)
    else assert.match(texts.at(-1)!, /^has no close record/)
  }
})

test('A log in use verifies: its end is open', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder, { limits: { preallocationBytes: 64 * 1024, segmentBytesMax: 100_000 } })
  let done = false
  const writing = (async () => {
    for (let number = 0; !done; number++) await log.append(lineOf(number) + ' '.repeat(number % 3_000))
  })()
  let records = 0
  for (let round = 0; round < 30; round++) {
    const report = await verifyAuditLog(folder)
    assert.deepEqual(report.problems, [])
    assert.equal(report.streams[0]!.state, 'open')
    assert.ok(report.records >= records)
    records = report.records
  }
  done = true
  await writing
  await log.close()
  assert.ok(records > 0)
  assert.deepEqual(await problemsOf(folder), [])
})

test('A missing segment is a problem, wherever it is missing', async (t) => {
  const folder = await longLog(t)
  const segments = await segmentsOf(folder)
  for (const [index, { path, bytes }] of segments.entries()) {
    await rm(path)
    const { problems, warnings } = await verifyAuditLog(folder)
    if (index === segments.length - 1) assert.match(warnings.at(-1)!.text, /no close record/)
    else assert.ok(problems.some(({ text }) => text === '1 segments before it are missing'))
    await writeFile(path, bytes)
  }
  assert.deepEqual(await problemsOf(folder), [])
})

test('A segment that cannot be read is a problem, and the rest is looked at all the same', async (t) => {
  const folder = await longLog(t)
  const [, second] = await segmentsOf(folder)
  await rm(second!.path)
  await mkdir(second!.path)
  const later = await openTestLog(folder)
  await later.append(lineOf(0))
  await later.close()
  const { problems, streams } = await verifyAuditLog(folder)
  assert.equal(problems[0]!.path, second!.path)
  assert.match(problems[0]!.text, /^cannot be read: EISDIR/)
  assert.deepEqual([streams.length, streams[1]!.records], [2, 1])
})

test('A pipe in the place of a segment keeps nobody waiting', { skip: process.platform === 'win32' }, async (t) => {
  const folder = await longLog(t)
  const [, second] = await segmentsOf(folder)
  await rm(second!.path)
  assert.equal(spawnSync('mkfifo', [second!.path]).status, 0)
  assert.equal((await verifyAuditLog(folder)).problems[0]!.path, second!.path)
})

test('Segments that changed places, or come from another stream, are problems', async (t) => {
  const folder = await longLog(t)
  const [, second, third] = await segmentsOf(folder)
  await rename(second!.path, `${second!.path}.aside`)
  await rename(third!.path, second!.path)
  await rename(`${second!.path}.aside`, third!.path)
  const swapped = await problemsOf(folder)
  assert.ok(swapped.includes('does not continue the frame before it'))
  assert.ok(swapped.some((text) => /^begins at record \d+, expected \d+$/.test(text)))

  const other = await longLog(t)
  const [, foreign] = await segmentsOf(other)
  const [, target] = await segmentsOf(await longLog(t))
  await copyFile(foreign!.path, target!.path)
  const mixed = await problemsOf(join(target!.path, '..'))
  assert.ok(mixed.includes('belongs to another stream'))
})

test('A segment in the middle that is cut or empty is a problem', async (t) => {
  const folder = await longLog(t)
  const [, second] = await segmentsOf(folder)
  await truncate(second!.path, second!.bytes.length - 1)
  assert.ok((await problemsOf(folder)).some((text) => text.startsWith('ends with')))
  await truncate(second!.path, 0)
  assert.ok((await problemsOf(folder)).includes('is empty, although another segment follows'))
})

test('A frame taken out, repeated or put in another order is a problem', async (t) => {
  const { folder, path, bytes } = await smallLog(t)
  const frames = framesOf(bytes)
  const raw = frames.map(({ at }, index) => bytes.subarray(at, frames[index + 1]?.at ?? bytes.length))
  const orders = {
    'without the second': [0, 2, 3, 4],
    repeated: [0, 1, 1, 2, 3, 4],
    'in another order': [0, 2, 1, 3, 4],
  }
  for (const [name, order] of Object.entries(orders)) {
    await writeFile(path, Buffer.concat(order.map((index) => raw[index]!)))
    assert.ok((await problemsOf(folder)).includes('does not continue the frame before it'), name)
  }
  await writeFile(path, Buffer.concat(raw.slice(1)))
  assert.ok((await problemsOf(folder)).includes('is not an open record'))
  await writeFile(path, Buffer.concat([...raw, raw[3]!]))
  assert.ok((await problemsOf(folder)).includes('stands behind the close record'))
})

test('Frames that are whole but break a rule of the format are problems', async (t) => {
  const { folder, path, bytes } = await smallLog(t)
  const frames = framesOf(bytes)
  const before = bytes.subarray(0, frames[3]!.at)
  const buffer = Buffer.alloc(10_000)
  const good = {
    kind: 'records',
    streamId: frames[0]!.streamId,
    sequence: 3,
    count: 1,
    time: 0,
    previousHash: frames[2]!.hash,
  } as const
  const cases: [string, Parameters<typeof encodeFrame>[1], string][] = [
    ['says that it holds 2 records and has 1 lines', { ...good, count: 2 }, '{}\n'],
    ['says that it holds 1 records and has 2 lines', good, '{}\n{}\n'],
    ['says that it holds 0 records and has 0 lines', { ...good, count: 0 }, ''],
    ['says that it holds 1 records and has 2 lines', good, '{}\n{}'],
    ['says that it holds 1 records and has 1 lines', { ...good, kind: 'close' }, '{}\n'],
    ['begins at record 4, expected 3', { ...good, sequence: 4 }, '{}\n'],
    ['does not continue the frame before it', { ...good, previousHash: NO_HASH }, '{}\n'],
    ['belongs to another stream', { ...good, streamId: Buffer.alloc(16) }, '{}\n'],
    ['is an open record inside of a stream', { ...good, kind: 'open', count: 0 }, '{}\n'],
    ['is a resume record inside of a segment', { ...good, kind: 'resume', count: 0 }, '{}\n'],
  ]
  for (const [expected, header, text] of cases) {
    const length = encodeFrame(buffer, header, text)
    await writeFile(path, Buffer.concat([before, buffer.subarray(0, length)]))
    assert.ok((await problemsOf(folder)).includes(expected), expected)
  }
  const length = encodeFrame(buffer, good, '{}\n')
  await writeFile(path, Buffer.concat([before, buffer.subarray(0, length)]))
  assert.deepEqual(await problemsOf(folder), [])
})

test('A frame of an unknown version, kind, use of the zero bytes, number or time is not read, even where its hash is right', async (t) => {
  const { folder, path, bytes } = await smallLog(t)
  const { createHash } = await import('node:crypto')
  for (const [at, value] of [
    [4, 2],
    [5, 0],
    [5, 5],
    [6, 1],
    [7, 1],
    [0, 0x6b],
    [24, 0x10],
    [36, 0x7f],
  ] as const) {
    const frames = framesOf(bytes)
    const altered = Buffer.from(bytes)
    altered[frames[1]!.at + at] = value
    const hashed = altered.subarray(frames[1]!.at, frames[1]!.at + frames[1]!.hashed.length)
    createHash('sha256')
      .update(hashed)
      .digest()
      .copy(altered, frames[1]!.at + hashed.length)
    await writeFile(path, altered)
    assert.match((await problemsOf(folder))[0]!, /^is altered: bad header; the \d+ bytes from here on/)
  }
})

test('A crash that a later stream names is no warning any more', async (t) => {
  const { folder, path, bytes } = await smallLog(t)
  await writeFile(path, bytes.subarray(0, framesOf(bytes)[3]!.at + 50))
  await recoverAuditFolder(folder, recordedLog())
  await (await openTestLog(folder)).close()
  const report = await verifyAuditLog(folder)
  assert.deepEqual([report.problems, report.warnings, report.records], [[], [], 3])
  assert.deepEqual(
    report.streams.map(({ state }) => state),
    ['crashed', 'closed'],
  )
  await appendFile(path, 'KH')
  assert.match((await problemsOf(folder))[0]!, /^does not end as the later stream [0-9a-f-]{36} says$/)
})
