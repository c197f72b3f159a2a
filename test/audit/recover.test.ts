/** audit.md section 9, row 9: a torn last frame is cut off and reported; nothing else is touched. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventIdsPresent, readAuditLog } from '../../src/audit/read-log.ts'
import { recoverAuditFolder } from '../../src/audit/recover.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { silentLog } from '../../src/base/log.ts'
import { eventIdOf, framesOf, lineOf, openTestLog, recordedLog, segmentsOf, temporaryFolder } from './audit-folder.ts'

test('From every length a crash can leave, recovery keeps all whole frames and the next stream names the end', async (t) => {
  const source = await temporaryFolder(t)
  const log = await openTestLog(source)
  for (let number = 0; number < 2; number++) await log.append(`{"n":${number}}`)
  await log.close()
  const [segment] = await segmentsOf(source)
  const { name, bytes } = segment!
  const frames = framesOf(bytes)
  for (let length = 0; length < bytes.length; length++) {
    const folder = await temporaryFolder(t)
    const path = join(folder, name)
    // Behind a torn frame there is what was laid out for later ones.
    const left = Buffer.concat([bytes.subarray(0, length), Buffer.alloc(length % 3 === 0 ? 0 : 4_096)])
    await writeFile(path, left)
    // One whose hash ends in zeros is whole even if these are not its own.
    const whole = frames.filter(({ at, payload }) => {
      const until = at + 112 + payload.length
      return left.subarray(at, until).equals(bytes.subarray(at, until))
    })
    const messages = recordedLog()
    const { tornFrames, ends, lastHash } = await recoverAuditFolder(folder, messages)

    const end = whole.length === 0 ? 0 : whole.at(-1)!.at + 112 + whole.at(-1)!.payload.length
    const torn = bytes.subarray(end, length)
    if (torn.length > 0) {
      // Zeros at the end of what was torn cannot be told from space laid out.
      const bytesTorn = torn.findLastIndex((byte) => byte !== 0) + 1
      assert.deepEqual(tornFrames, [{ path, offset: end, bytes: bytesTorn }])
      assert.match(messages.messages[0]!, /^warn RecoveredTornFrame/)
    } else {
      assert.deepEqual(tornFrames, [])
    }
    if (whole.length === 0) {
      assert.deepEqual(ends, [])
      assert.deepEqual(
        (await readdir(folder)).filter((file) => file.endsWith('.audit')),
        [],
      )
      continue
    }
    assert.deepEqual(await readFile(path), bytes.subarray(0, end))
    assert.equal(lastHash, whole.at(-1)!.hash.toString('hex'))
    assert.deepEqual(ends, [
      { stream: name.slice(0, 36), lastHash, closed: false, tornBytes: tornFrames[0]?.bytes ?? 0 },
    ])

    if (length % 8 !== 0 && length !== end) continue
    await (await openTestLog(folder)).close()
    const report = await verifyAuditLog(folder)
    assert.deepEqual([report.problems, report.warnings], [[], []])
    assert.equal(
      report.records,
      whole.reduce((sum, { count }) => sum + count, 0),
    )
  }
})

test('Garbage that a crash left in place of a frame is cut off', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  await log.append(lineOf(0))
  await log.close()
  const [segment] = await segmentsOf(folder)
  const end = framesOf(segment!.bytes).at(-1)!.at
  const garbage = Buffer.from('KHAF and then nothing of the kind'.repeat(20))
  await writeFile(segment!.path, Buffer.concat([segment!.bytes.subarray(0, end), garbage]))
  const { tornFrames } = await recoverAuditFolder(folder, silentLog)
  assert.deepEqual(tornFrames, [{ path: segment!.path, offset: end, bytes: garbage.length }])
  assert.equal((await stat(segment!.path)).size, end)
})

test('An altered frame before the last one is evidence: it is reported, and not one byte is cut', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  for (let number = 0; number < 3; number++) await log.append(lineOf(number))
  await log.close()
  const [segment] = await segmentsOf(folder)
  // The length of the first records' frame: a naive reader would take all that follows for its torn rest.
  for (const at of [framesOf(segment!.bytes)[1]!.at + 77, framesOf(segment!.bytes)[1]!.at + 100]) {
    const altered = Buffer.from(segment!.bytes)
    altered[at]! ^= 0x02
    await writeFile(segment!.path, altered)
    const messages = recordedLog()
    const { tornFrames } = await recoverAuditFolder(folder, messages)
    assert.deepEqual(tornFrames, [])
    assert.match(messages.messages[0]!, /^error A segment of the audit log is altered/)
    assert.deepEqual(await readFile(segment!.path), altered)
  }
})

test('A file whose very first frame is altered is evidence too, although nothing of it can be read', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  for (let number = 0; number < 3; number++) await log.append(lineOf(number))
  await log.close()
  const [segment] = await segmentsOf(folder)
  const altered = Buffer.from(segment!.bytes)
  const { at } = framesOf(segment!.bytes)[0]!
  altered[at + 120]! ^= 0x02
  await writeFile(segment!.path, altered)
  const { ends } = await recoverAuditFolder(folder, recordedLog())
  assert.deepEqual(ends, [])
  assert.deepEqual(await readFile(segment!.path), altered)
})

test('A whole log that was in order stays as it is, byte for byte', async (t) => {
  const folder = await temporaryFolder(t)
  for (let stream = 0; stream < 3; stream++) {
    const log = await openTestLog(folder, { limits: { segmentBytesMax: 300 } })
    for (let number = 0; number < 5; number++) await log.append(lineOf(number))
    await log.close()
  }
  const before = await segmentsOf(folder)
  const { tornFrames, ends } = await recoverAuditFolder(folder, silentLog)
  assert.deepEqual(tornFrames, [])
  assert.deepEqual(
    ends.map(({ closed }) => closed),
    [true, true, true],
  )
  assert.deepEqual(await segmentsOf(folder), before)
})

test('All streams that start after a recovery name the streams before it, and the next recovery looks at none of those', async (t) => {
  const folder = await temporaryFolder(t)
  const ended = await Promise.all([openTestLog(folder), openTestLog(folder)])
  for (const log of ended) await log.close()
  const { ends } = await recoverAuditFolder(folder, silentLog)
  assert.equal(ends.length, 2)
  const workers = await Promise.all([openTestLog(folder), openTestLog(folder)])
  for (const log of workers) await log.close()
  const opened = (await segmentsOf(folder)).map(({ bytes }) => JSON.parse(framesOf(bytes)[0]!.payload.toString()))
  assert.deepEqual(opened.map(({ previousStreams }) => previousStreams.length).sort(), [0, 0, 2, 2])
  assert.deepEqual(opened.find(({ previousStreams }) => previousStreams.length === 2).previousStreams, ends)
  const next = await recoverAuditFolder(folder, silentLog)
  assert.equal(next.ends.length, 2)
  assert.ok(next.ends.every(({ stream }) => !ends.some((end) => end.stream === stream)))
})

test('A reserve that a killed process left is removed, other files are left alone', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, '01a2006a-816c-7306-b8e8-5ffb1a61205e.reserve'), 'zeros')
  await writeFile(join(folder, 'notes.txt'), 'mine')
  await recoverAuditFolder(folder, silentLog)
  assert.deepEqual(await readdir(folder), ['notes.txt'])
})

test('A folder that does not exist is in order', async (t) => {
  const folder = join(await temporaryFolder(t), 'absent')
  assert.deepEqual(await recoverAuditFolder(folder, silentLog), { tornFrames: [], ends: [], lastHash: undefined })
})

test('A process killed again and again loses no record that it answered', async (t) => {
  const folder = await temporaryFolder(t)
  const writer = fileURLToPath(new URL('killed-writer.ts', import.meta.url))
  const answered: string[] = []
  for (let round = 0; round < 5; round++) {
    const child = spawn(process.execPath, [writer, folder, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.length > 20_000 * (round + 1)) child.kill('SIGKILL')
    })
    const [, signal] = await once(child, 'close')
    assert.equal(signal, 'SIGKILL')
    // The last line may be half.
    answered.push(...output.split('\n').slice(0, -1))
    await recoverAuditFolder(folder, silentLog)
    const { problems } = await verifyAuditLog(folder)
    assert.deepEqual(problems, [])
  }
  assert.ok(answered.length > 1_000, `${answered.length} answered`)
  const present = await eventIdsPresent(folder, new Set(answered))
  assert.equal(present.size, new Set(answered).size)
})

test('Reading ends at a torn end without an error', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  for (let number = 0; number < 3; number++) await log.append(lineOf(number))
  await log.close()
  const [segment] = await segmentsOf(folder)
  await writeFile(segment!.path, segment!.bytes.subarray(0, framesOf(segment!.bytes)[3]!.at + 40))
  const records = await Array.fromAsync(readAuditLog(folder))
  assert.deepEqual(
    records.map(({ line }) => JSON.parse(line).eventID),
    [eventIdOf(0), eventIdOf(1)],
  )
})
