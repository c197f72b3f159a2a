import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { findRecord } from '../../src/audit/find-record.ts'
import { eventIdOf, framesOf, lineOf, openTestLog, segmentsOf, temporaryFolder } from './audit-folder.ts'

const HOUR_MS = 3_600_000

test('A record is found by its event id in whichever stream and segment it is, whatever time is said', async (t) => {
  const folder = await temporaryFolder(t)
  for (let stream = 0; stream < 3; stream++) {
    const log = await openTestLog(folder, { limits: { segmentBytesMax: 500 } })
    for (let number = 0; number < 20; number++) await log.append(lineOf(stream * 20 + number))
    await log.close()
  }
  for (const time of [Date.now(), 0, Date.now() + 1000 * HOUR_MS]) {
    for (const number of [0, 31, 59]) assert.equal(await findRecord(folder, eventIdOf(number), time), lineOf(number))
    assert.equal(await findRecord(folder, eventIdOf(60), time), undefined)
  }
})

test('An id that a client wrote somewhere else does not count', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  const decoy = JSON.stringify({ requestParameters: { eventID: eventIdOf(1) }, eventID: eventIdOf(2) })
  await log.append(decoy)
  await log.append(lineOf(1))
  await log.close()
  assert.equal(await findRecord(folder, eventIdOf(1), Date.now()), lineOf(1))
  assert.equal(await findRecord(folder, eventIdOf(2), Date.now()), decoy)
})

test('An altered segment does not keep others from being read', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder, { limits: { segmentBytesMax: 300 } })
  for (let number = 0; number < 10; number++) await log.append(lineOf(number))
  await log.close()
  const [, second] = await segmentsOf(folder)
  const altered = Buffer.from(second!.bytes)
  altered[framesOf(altered)[0]!.at + 85]! ^= 1
  await writeFile(second!.path, altered)
  assert.equal(await findRecord(folder, eventIdOf(0), Date.now()), lineOf(0))
  assert.equal(await findRecord(folder, eventIdOf(9), Date.now()), lineOf(9))
})

test('A folder without a log has no record', async (t) => {
  const folder = await temporaryFolder(t)
  assert.equal(await findRecord(join(folder, 'none'), eventIdOf(0), 0), undefined)
})
