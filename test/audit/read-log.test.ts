import assert from 'node:assert/strict'
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { AuditLogError, eventIdsPresent, readAuditLog } from '../../src/audit/read-log.ts'
import { readSegment } from '../../src/audit/read-segment.ts'
import { eventIdOf, framesOf, lineOf, openTestLog, segmentsOf, temporaryFolder } from './audit-folder.ts'

const HOUR_MS = 3_600_000

test('Records come in order of stream, then of sequence, across segments and around notes', async (t) => {
  const folder = await temporaryFolder(t)
  for (let stream = 0; stream < 2; stream++) {
    const log = await openTestLog(folder, { limits: { segmentBytesMax: 500 } })
    for (let number = 0; number < 20; number++) await log.append(lineOf(stream * 100 + number))
    await log.close()
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const records = await Array.fromAsync(readAuditLog(folder))
  assert.deepEqual(
    records.map(({ line, sequence }) => [JSON.parse(line).number, sequence]),
    [0, 1].flatMap((stream) => Array.from({ length: 20 }, (_, number) => [stream * 100 + number, number])),
  )
  assert.equal(new Set(records.map(({ stream }) => stream)).size, 2)
})

test('A log in use can be read up to what is durable', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder, { limits: { preallocationBytes: 10_000 } })
  await log.append(lineOf(0))
  assert.equal((await Array.fromAsync(readAuditLog(folder))).length, 1)
  await log.append(lineOf(1))
  assert.equal((await Array.fromAsync(readAuditLog(folder))).length, 2)
  await log.close()
})

test('What is written while a segment is read is neither left out nor taken for damage (audit.md 7.3, G-5)', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder, { limits: { preallocationBytes: 1024 * 1024 } })
  const reading = readSegment((await segmentsOf(folder))[0]!.path, { beyondDamage: true })
  // It has seen zeros where the next frames go, which end behind what it has seen.
  const items = [(await reading.next()).value!]
  const text = 'x'.repeat(50_000)
  for (let number = 0; number < 10; number++) await log.append(JSON.stringify({ eventID: eventIdOf(number), text }))
  items.push(...(await Array.fromAsync(reading)))
  const frames = framesOf((await segmentsOf(folder))[0]!.bytes)
  assert.deepEqual(
    items.map((item) => ('frame' in item ? item.offset : item.end.state)),
    [...frames.map(({ at }) => at), 'clean'],
  )
  await log.close()
})

test('An altered or a missing segment is an error, not a shorter log', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder, { limits: { segmentBytesMax: 300 } })
  for (let number = 0; number < 10; number++) await log.append(lineOf(number))
  await log.close()
  const [, second] = await segmentsOf(folder)
  const altered = Buffer.from(second!.bytes)
  altered[framesOf(altered)[0]!.at + 85]! ^= 1
  await writeFile(second!.path, altered)
  await assert.rejects(Array.fromAsync(readAuditLog(folder)), AuditLogError)
  await rm(second!.path)
  await assert.rejects(Array.fromAsync(readAuditLog(folder)), AuditLogError)
  await mkdir(second!.path)
  await assert.rejects(Array.fromAsync(readAuditLog(folder)), AuditLogError)
})

test('Ids of events are found in all streams and segments, and those that are not there are not', async (t) => {
  const folder = await temporaryFolder(t)
  for (let stream = 0; stream < 3; stream++) {
    const log = await openTestLog(folder, { limits: { segmentBytesMax: 500 } })
    for (let number = 0; number < 20; number++) await log.append(lineOf(stream * 20 + number))
    await log.close()
  }
  const wanted = new Set([eventIdOf(0), eventIdOf(31), eventIdOf(59), eventIdOf(60)])
  assert.deepEqual(await eventIdsPresent(folder, wanted), new Set([eventIdOf(59), eventIdOf(31), eventIdOf(0)]))
  assert.deepEqual(await eventIdsPresent(folder, new Set()), new Set())
})

test('An id that a client wrote into its encryption context does not count as the event', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  const forged = { requestParameters: { encryptionContext: { eventID: eventIdOf(1) } }, eventID: eventIdOf(2) }
  await Promise.all([log.append(lineOf(0)), log.append(JSON.stringify(forged)), log.append(lineOf(3))])
  await log.close()
  const wanted = new Set([0, 1, 2, 3].map(eventIdOf))
  assert.deepEqual(await eventIdsPresent(folder, wanted), new Set([0, 2, 3].map(eventIdOf)))
})

/** A log of two streams whose older one was last written `hoursAgo`. */
async function agedLog(t: TestContext, hoursAgo: number): Promise<string> {
  const folder = await temporaryFolder(t)
  for (let stream = 0; stream < 2; stream++) {
    const log = await openTestLog(folder)
    await log.append(lineOf(stream))
    await log.close()
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const [older] = await segmentsOf(folder)
  const then = new Date(Date.now() - hoursAgo * HOUR_MS)
  await utimes(older!.path, then, then)
  return folder
}

test('Segments last written long before a bound are not read', async (t) => {
  const folder = await agedLog(t, 3)
  const wanted = new Set([eventIdOf(0), eventIdOf(1)])
  const now = Date.now()
  assert.deepEqual(await eventIdsPresent(folder, wanted, { since: now }), new Set([eventIdOf(1)]))
  assert.deepEqual(await eventIdsPresent(folder, wanted, { since: now - 3 * HOUR_MS }), wanted)
})

test('A bound from a clock that is ahead of the whole log does not keep its newest segments from being read', async (t) => {
  const folder = await agedLog(t, 3)
  const wanted = new Set([eventIdOf(0), eventIdOf(1)])
  assert.deepEqual(await eventIdsPresent(folder, wanted, { since: Date.now() + 24 * HOUR_MS }), new Set([eventIdOf(1)]))
})
