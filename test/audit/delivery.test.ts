/** Delivery of log files as CloudTrail writes them (audit.md 7.1, G-5), read by programs that are not ours. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readAuditLog } from '../../src/audit/read-log.ts'
import { eventIdOf, framesOf, NO_RECORDS, openTestLog, segmentsOf, temporaryFolder } from './audit-folder.ts'
import {
  ACCOUNT,
  DAYS,
  keepingFrom,
  keepOnce,
  NO_RULES,
  type OldLog,
  planOf,
  REGION,
  recordOf,
  verified,
  writeOldLog,
} from './old-log.ts'

function targetOf({ path }: OldLog): string {
  return join(path, 'delivered')
}

function delivering(made: OldLog, batchBytesMax?: number) {
  const delivery = { target: targetOf(made), statePath: join(made.path, 'audit-delivery.json') }
  return { ...NO_RULES, delivery: batchBytesMax === undefined ? delivery : { ...delivery, batchBytesMax } }
}

function filesOf(made: OldLog): readonly string[] {
  return globSync('**/*', { cwd: targetOf(made) })
    .filter((name) => statSync(join(targetOf(made), name)).isFile())
    .sort()
}

/** By Python, from the files alone: name → records. */
function readByPython(made: OldLog): Readonly<Record<string, readonly Record<string, unknown>[]>> {
  const program = `
import gzip, json, os, sys
found = {}
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        with gzip.open(os.path.join(folder, name), 'rt', encoding='utf-8') as file:
            found[os.path.relpath(os.path.join(folder, name), sys.argv[1])] = json.load(file)['Records']
print(json.dumps(found))`
  const { status, stdout, stderr } = spawnSync('python3', ['-c', program, targetOf(made)], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

async function linesOf({ audit }: OldLog): Promise<readonly string[]> {
  return (await Array.fromAsync(readAuditLog(audit))).map(({ line }) => line)
}

async function oldLog(t: TestContext): Promise<OldLog> {
  return writeOldLog(await temporaryFolder(t))
}

/** Every record of the log once, as it is there. */
async function assertAllDelivered(made: OldLog, lines?: readonly string[]): Promise<void> {
  const delivered = Object.values(readByPython(made)).flat()
  const byId = (left: { eventID?: unknown }, right: { eventID?: unknown }) =>
    String(left.eventID) < String(right.eventID) ? -1 : 1
  const logged = (lines ?? (await linesOf(made))).map((line) => JSON.parse(line))
  assert.deepEqual([...delivered].sort(byId), logged.sort(byId))
}

/** [CT-UG cloudtrail-log-file-examples]: `111122223333_CloudTrail_us-east-2_20150801T0210Z_Mu0KsOhtH1ar15ZZ.json.gz` */
const NAME =
  /^AWSLogs\/(\d{12})\/CloudTrail\/([a-z0-9-]+)\/(\d{4})\/(\d\d)\/(\d\d)\/\1_CloudTrail_\2_\3\4\5T([01]\d|2[0-3])[0-5]\dZ_[A-Za-z0-9]{16}\.json\.gz$/

test('Python, zcat and jq read every record once, from files under the names of CloudTrail', async (t) => {
  const made = await oldLog(t)
  const before = Math.floor(Date.now() / 60_000) * 60_000
  await keepOnce(made, delivering(made))
  await assertAllDelivered(made)
  const files = filesOf(made)
  assert.ok(files.length > 3)
  for (const name of files) {
    assert.match(name, NAME)
    const [, minute] = /_(\d{8}T\d{4})Z_/.exec(name)!
    const time = Date.parse(minute!.replace(/^(....)(..)(..)T(..)(..)$/, '$1-$2-$3T$4:$5Z'))
    assert.ok(time >= before && time <= Date.now(), 'it tells when it was delivered')
    assert.equal(statSync(join(targetOf(made), name)).mode & 0o777, 0o600)
  }
  const pipe = `zcat ${files.map((name) => `'${join(targetOf(made), name)}'`).join(' ')} | jq -r '.Records[].eventID'`
  const { status, stdout, stderr } = spawnSync('sh', ['-c', pipe], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.equal(new Set(stdout.trim().split('\n')).size, (await linesOf(made)).length)
})

test('each record is with its account and Region, whatever a client has written into it', async (t) => {
  const made = await oldLog(t)
  const log = await openTestLog(made.audit)
  const context = {
    encryptionContext: {
      recipientAccountId: '999999999999',
      awsRegion: 'xx-nowhere-1',
      '"}],"Records":[{"': 'ü\u2028',
    },
  }
  const scopes = [
    { recipientAccountId: '444455556666', awsRegion: 'us-east-1' },
    { recipientAccountId: '444455556666', awsRegion: 'eu-west-1' },
    { recipientAccountId: undefined, awsRegion: 'eu-west-1' },
    { recipientAccountId: '../../../../x', awsRegion: '../../y' },
  ]
  for (const [index, scope] of scopes.entries()) {
    await log.append(recordOf(80_000 + index, Date.now(), { ...scope, requestParameters: context }))
  }
  await log.close()
  await keepOnce(made, delivering(made))
  await assertAllDelivered(made)
  const places = new Map<string, unknown>()
  for (const [name, records] of Object.entries(readByPython(made))) {
    const [, account, region] = NAME.exec(name)!
    for (const { eventID } of records) places.set(String(eventID), `${account} ${region}`)
  }
  assert.deepEqual(
    scopes.map((_, index) => places.get(eventIdOf(80_000 + index))),
    ['444455556666 us-east-1', '444455556666 eu-west-1', '000000000000 eu-west-1', '000000000000 unknown'],
  )
  assert.equal(places.get(eventIdOf(1_000)), `${ACCOUNT} ${REGION}`)
})

test('lines that are no records are left out, and keep no record from being delivered', async (t) => {
  const made = await oldLog(t)
  const lines = await linesOf(made)
  const log = await openTestLog(made.audit)
  const last = recordOf(77_777, Date.now())
  for (const line of [...NO_RECORDS, last]) await log.append(line)
  await log.close()
  await keepOnce(made, delivering(made))
  await assertAllDelivered(made, [...lines, last])
})

test('a later round delivers what is new, and leaves what was delivered alone', async (t) => {
  const made = await oldLog(t)
  await keepOnce(made, delivering(made))
  const before = new Map(filesOf(made).map((name) => [name, readFileSync(join(targetOf(made), name))]))
  await keepOnce(made, delivering(made))
  assert.deepEqual(filesOf(made), [...before.keys()])
  const log = await openTestLog(made.audit, { limits: { segmentBytesMax: 1_000, preallocationBytes: 50_000 } })
  for (let number = 0; number < 20; number++) {
    await log.append(recordOf(90_000 + number, Date.now()))
    // In the middle of a segment, at its end, and in the next.
    if (number % 3 === 0) await planOf(made, delivering(made))
  }
  await log.close()
  await planOf(made, delivering(made))
  await assertAllDelivered(made)
  for (const [name, bytes] of before) assert.deepEqual(readFileSync(join(targetOf(made), name)), bytes)
})

test('files are bounded, and all records are in one of them', async (t) => {
  const made = await oldLog(t)
  await keepOnce(made, delivering(made, 2_000))
  await assertAllDelivered(made)
  for (const records of Object.values(readByPython(made))) assert.ok(records.length <= 4)
})

test('compressed segments are delivered as well', async (t) => {
  const made = await oldLog(t)
  await keepOnce(made, { ...NO_RULES, compresses: true })
  await keepOnce(made, delivering(made, 2_000))
  await assertAllDelivered(made)
})

test('what is not delivered is not removed, and goes once it is', async (t) => {
  const made = await oldLog(t)
  const lines = await linesOf(made)
  const rules = { ...delivering(made), retention: keepingFrom(DAYS + 1).retention }
  // Nobody can make a folder there.
  writeFileSync(targetOf(made), '')
  const { removed, deliveryProblem } = await keepOnce(made, rules)
  assert.deepEqual(removed, [])
  assert.match(deliveryProblem!, /ENOTDIR|EEXIST/)
  rmSync(targetOf(made))
  assert.ok((await keepOnce(made, rules)).removed.length > 0)
  assert.deepEqual(await linesOf(made), [])
  await assertAllDelivered(made, lines)
  assert.deepEqual((await verified(made)).problems, [])
})

test('a delivery that a crash interrupted is repeated as it was, although the log has grown since', async (t) => {
  const made = await oldLog(t)
  const { name, bytes } = (await segmentsOf(made.audit))[0]!
  const stream = name.slice(0, 36)
  const frames = framesOf(bytes)
  // Open record, three records; what follows came after the crash.
  const to = { segment: 0, offset: frames[4]!.at }
  const time = Date.parse('2026-02-03T04:05:06Z')
  const pending = { stream, from: { segment: 0, offset: 0 }, to, time }
  writeFileSync(join(made.path, 'audit-delivery.json'), JSON.stringify({ version: 1, places: {}, pending }))
  await keepOnce(made, delivering(made))
  await assertAllDelivered(made)
  const again = filesOf(made).filter((file) =>
    file.includes('/2026/02/03/111122223333_CloudTrail_eu-central-1_20260203T0405Z_'),
  )
  assert.equal(again.length, 1)
  assert.deepEqual(
    readByPython(made)[again[0]!],
    frames.slice(1, 4).map(({ payload }) => JSON.parse(payload.toString())),
  )
})

test('without the word how far it was, nothing is delivered by guess', async (t) => {
  const made = await oldLog(t)
  writeFileSync(join(made.path, 'audit-delivery.json'), '{')
  await assert.rejects(keepOnce(made, delivering(made)), /does not say how far the audit log was delivered/)
  assert.throws(() => statSync(targetOf(made)), /ENOENT/)
})
