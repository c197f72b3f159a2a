/** The history of the durable log against a plain look through all that was written. */
import assert from 'node:assert/strict'
import { randomInt, randomUUID } from 'node:crypto'
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open, readdir, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { type AuditIdentity, auditLine, serviceEventLine } from '../../src/audit/audit-record.ts'
import { type EventHistory, type EventQuery, LOOKUP_KEYS, type LookupKey } from '../../src/audit/event-history.ts'
import { createFolderEventHistory } from '../../src/audit/folder-event-history.ts'
import { EventIndex } from '../../src/audit/index/event-index.ts'
import { findEvents } from '../../src/audit/index/find-events.ts'
import { indexLog } from '../../src/audit/index/index-log.ts'
import { callRecordLine } from '../../src/xks-proxy/call-record.ts'
import { XksError } from '../../src/xks-proxy/xks-error.ts'
import { NO_RECORDS, ODD_RECORDS, openTestLog, recordedLog, temporaryFolder } from './audit-folder.ts'

const ACCOUNTS = ['111122223333', '444455556666'] as const
const REGIONS = ['eu-central-1', 'us-east-1'] as const
const START = Math.floor(Date.now() / 1000) * 1000 - 3_600_000

/** What the service's own rules say of a line, told when it was made. */
interface Known {
  readonly account: string
  readonly region: string
  readonly time: number
  readonly values: Readonly<Record<LookupKey, readonly string[]>>
  readonly line: string
}

function identity(account: string, userName: string): AuditIdentity {
  const arn = `arn:aws:iam::${account}:user/team/${userName}`
  const ids = { principalId: `AIDA${userName}`, entityId: `AIDA${userName}`, principalArn: arn }
  return { type: 'IAMUser', account, arn, ...ids, userName, accessKeyId: `AKIA${userName}` }
}

const CALLERS = ACCOUNTS.flatMap((account) => ['alice', 'bob', 'carol'].map((name) => identity(account, name)))

function pick<T>(list: readonly T[]): T {
  return list[randomInt(list.length)]!
}

/** Mostly successful calls of KMS that change nothing, as in a log of a busy server. */
function newEvent(time: number): Known {
  const caller = pick(CALLERS)
  const region = pick(REGIONS)
  const kind = randomInt(20)
  const keyArn = `arn:aws:kms:${region}:${caller.account}:key/${randomInt(5)}`
  const eventId = randomUUID()
  const scope = { account: caller.account, region, time: Math.floor(time / 1000) * 1000 }
  if (kind === 0) {
    const event = { eventId, time, eventName: 'RotateKey', region, account: caller.account, keyArn }
    const line = serviceEventLine(event)
    return { ...scope, line, values: values(eventId, 'RotateKey', 'false', [], 'kms', [], keyArn) }
  }
  const isWrite = kind === 1
  const isSts = kind === 2
  const isFailure = kind === 3
  const eventName = isWrite ? 'TagResource' : isSts ? 'GetCallerIdentity' : pick(['Encrypt', 'Decrypt', 'DescribeKey'])
  const service = isSts ? 'sts' : 'kms'
  const line = auditLine({
    ...{ eventId, requestId: randomUUID(), time, service, eventName, region, identity: caller },
    ...{ sourceIp: '203.0.113.9', userAgent: 'a "quoted" \\ agent', readOnly: !isWrite, tls: undefined },
    error: isFailure ? { code: 'DisabledException', text: 'is disabled' } : undefined,
    // Names and values of a client that look like parts of a record.
    parameters: {
      encryptionContext: {
        eventName: 'CreateKey',
        recipientAccountId: '999999999999',
        eventTime: '1999-01-01T00:00:00Z',
        readOnly: 'false',
        x: '","eventName":"CreateKey","errorCode":"X","recipientAccountId":"999999999999"',
      },
      filler: 'f'.repeat(randomInt(1000)),
    },
    ...{ response: undefined, additional: undefined },
    resources: isSts ? [] : [{ type: 'AWS::KMS::Key', account: caller.account, arn: keyArn }],
  })
  const changed = isWrite ? keyArn : undefined
  const names = [caller.userName!]
  return {
    ...scope,
    line,
    values: values(eventId, eventName, String(!isWrite), names, service, [caller.accessKeyId], changed),
  }
}

function values(
  eventId: string,
  eventName: string,
  readOnly: string,
  names: readonly string[],
  service: string,
  accessKeys: readonly string[],
  changed: string | undefined,
): Known['values'] {
  return {
    EventId: [eventId],
    EventName: [eventName],
    ReadOnly: [readOnly],
    Username: names,
    AccessKeyId: accessKeys,
    EventSource: [`${service}.amazonaws.com`],
    ResourceType: changed === undefined ? [] : ['AWS::KMS::Key'],
    ResourceName: changed === undefined ? [] : [changed],
  }
}

interface Streams {
  /** Adds events to one of the streams. */
  write(count: number, from: number): Promise<void>
  readonly known: readonly Known[]
  close(): Promise<void>
}

async function openStreams(folder: string, count: number, segmentBytesMax: number): Promise<Streams> {
  const logs = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      openTestLog(folder, { node: `node-${index}`, limits: { segmentBytesMax } }),
    ),
  )
  const known: Known[] = []
  return {
    known,
    async write(count, from) {
      const log = pick(logs)
      // Out of order by a little, as calls of different length end.
      const events = Array.from({ length: count }, (_, index) => newEvent(from + index * 20 + randomInt(2000)))
      await Promise.all(events.map(({ line }) => log.append(line)))
      known.push(...events)
    },
    async close() {
      for (const log of logs) await log.close()
    },
  }
}

function historyOf(t: TestContext, folder: string, indexPath = join(folder, 'index.db')): EventHistory {
  const options = { folder, indexPath, log: recordedLog(), lookupsPerSecondMax: 1_000_000 }
  const history = createFolderEventHistory(options)
  t.after(() => history.close())
  return history
}

async function allPages(lookup: (query: EventQuery) => ReturnType<EventHistory['lookup']>, query: EventQuery) {
  const events = []
  let after: string | undefined
  do {
    const page = await lookup({ ...query, after })
    assert.ok(page.events.length <= query.count)
    events.push(...page.events)
    after = page.next
  } while (after !== undefined)
  return events
}

const EVERYTHING = { startTime: 0, endTime: Number.MAX_SAFE_INTEGER, after: undefined, attribute: undefined }

function expected(known: readonly Known[], { account, region, attribute, startTime, endTime }: EventQuery): string[] {
  return known
    .filter((event) => event.account === account && event.region === region)
    .filter(({ time }) => time >= startTime && time <= endTime)
    .filter(({ values }) => attribute === undefined || values[attribute.key].includes(attribute.value))
    .map(({ line }) => line)
    .sort()
}

function queriesOf(known: readonly Known[]): EventQuery[] {
  const scopes = ACCOUNTS.flatMap((account) => REGIONS.map((region) => ({ account, region })))
  const sample = [...known.slice(0, 1), pick(known)]
  const attributes = [
    ...LOOKUP_KEYS.flatMap((key) => sample.flatMap(({ values }) => values[key].map((value) => ({ key, value })))),
    { key: 'EventName' as const, value: 'CreateKey' },
    { key: 'Username' as const, value: 'nobody' },
  ]
  return [
    ...scopes.map((scope) => ({ ...EVERYTHING, ...scope, count: 50 })),
    ...attributes.map((attribute) => ({ ...EVERYTHING, ...pick(scopes), attribute, count: 10 + randomInt(41) })),
    ...scopes.map((scope) => {
      const startTime = pick(known).time
      return { ...EVERYTHING, ...scope, startTime, endTime: startTime + 2000, count: 7 }
    }),
  ]
}

/** @param some every how manieth question is asked. */
async function assertAnswers(history: EventHistory, known: readonly Known[], some = 1): Promise<void> {
  for (const [index, query] of queriesOf(known).entries()) {
    if (index % some !== 0) continue
    const events = await allPages((asked) => history.lookup(asked), query)
    const what = JSON.stringify(query)
    assert.deepEqual(events.map(({ line }) => line).sort(), expected(known, query), what)
    const times = events.map(({ time }) => time)
    assert.deepEqual(
      times,
      times.toSorted((left, right) => right - left),
      `newest first: ${what}`,
    )
  }
}

test('every look-up answers what a look through the whole log would, while several streams grow', async (t) => {
  const folder = await temporaryFolder(t)
  const streams = await openStreams(folder, 3, 1_500_000)
  const history = historyOf(t, folder)
  for (let round = 0; round < 5; round++) {
    // Many small additions, then enough for several blocks.
    await streams.write(round < 3 ? 40 : 1000, START + round * 30_000)
    await streams.write(100, START + round * 30_000)
    await assertAnswers(history, streams.known)
  }
  await streams.close()
  await assertAnswers(history, streams.known)
  assert.equal(statSync(join(folder, 'index.db')).mode & 0o777, 0o600)
})

test('an index that is lost, damaged, of another version or a file of somebody else is made anew', async (t) => {
  const folder = await temporaryFolder(t)
  const streams = await openStreams(folder, 2, 1_000_000)
  for (let round = 0; round < 4; round++) await streams.write(300, START + round * 1000)
  await streams.close()
  const path = join(folder, 'index.db')
  const spoil = [
    () => {},
    () => rmSync(path),
    () => writeFileSync(path, 'this is no database at all, and it is longer than a header'.repeat(100)),
    () => {
      const database = new DatabaseSync(path)
      database.exec('PRAGMA user_version = 99')
      database.close()
    },
    async () => {
      const file = await open(path, 'r+')
      await file.write(Buffer.alloc((await file.stat()).size - 4096, 0xee), 0, undefined, 4096)
      await file.close()
    },
  ]
  for (const harm of spoil) {
    const before = historyOf(t, folder)
    await before.lookup({ ...EVERYTHING, account: ACCOUNTS[0], region: REGIONS[0], count: 1 })
    await before.close()
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
    await harm()
    const history = historyOf(t, folder)
    await assertAnswers(history, streams.known, 4)
    await history.close()
  }
})

test('two processes that index the same log at the same time index nothing twice and leave nothing out', async (t) => {
  const folder = await temporaryFolder(t)
  const streams = await openStreams(folder, 2, 1_000_000)
  for (let round = 0; round < 6; round++) await streams.write(400, START + round * 1000)
  await streams.close()
  const histories = [historyOf(t, folder), historyOf(t, folder), historyOf(t, folder)]
  const query = { ...EVERYTHING, account: ACCOUNTS[0], region: REGIONS[1], count: 50 }
  await Promise.all(histories.map((history) => history.lookup(query)))
  await assertAnswers(histories[1]!, streams.known, 2)
})

test('an index whose thread dies in the middle goes on where it was', async (t) => {
  const folder = await temporaryFolder(t)
  const streams = await openStreams(folder, 2, 1_000_000)
  for (let round = 0; round < 6; round++) await streams.write(400, START + round * 1000)
  await streams.close()
  writeFileSync(join(folder, 'index.db'), '', { mode: 0o600 })
  for (let kill = 0; kill < 8; kill++) {
    const history = historyOf(t, folder)
    history.keepUp()
    await new Promise((resolve) => setTimeout(resolve, randomInt(150)))
    await history.close()
  }
  await assertAnswers(historyOf(t, folder), streams.known, 2)
})

test('lines that are no records are no events, and keep none from being found', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  const events = Array.from({ length: 40 }, (_, index) => newEvent(START + index * 1000))
  const others = [...NO_RECORDS, ...ODD_RECORDS].map((line) =>
    // So that they are looked at.
    line.replace(/\}$/, `,"recipientAccountId":"${ACCOUNTS[0]}","awsRegion":"${REGIONS[0]}"}`).replace('{,', '{'),
  )
  await Promise.all([...events.map(({ line }) => line), ...others].map((line) => log.append(line)))
  await log.close()
  await assertAnswers(historyOf(t, folder), events)
})

test('nobody who does not ask pays: keeping up makes no index', async (t) => {
  const folder = await temporaryFolder(t)
  const history = historyOf(t, folder)
  history.keepUp()
  assert.equal(existsSync(join(folder, 'index.db')), false)
})

test('where the log is damaged the answer is an error, and elsewhere it is whole', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(folder)
  const events = Array.from({ length: 20 }, (_, index) => newEvent(Date.now() - 400_000 + index * 1000))
  for (const { line } of events) await log.append(line)
  await log.close()
  const [name] = (await readdir(folder)).filter((entry) => entry.endsWith('.audit'))
  const file = await open(join(folder, name!), 'r+')
  const { size } = await file.stat()
  await file.write(Buffer.from('!'), 0, 1, Math.floor(size / 2))
  await file.close()
  const history = historyOf(t, folder)
  const scope = { account: ACCOUNTS[0], region: REGIONS[0], count: 50 }
  await assert.rejects(history.lookup({ ...EVERYTHING, ...scope }), { code: 'OperationNotPermittedException' })
  const longAgo = { startTime: START - 7_200_000, endTime: START - 7_100_000 }
  assert.deepEqual((await history.lookup({ ...EVERYTHING, ...scope, ...longAgo })).events, [])
})

test('a segment that was indexed and is gone makes the answer an error', async (t) => {
  const folder = await temporaryFolder(t)
  const streams = await openStreams(folder, 1, 200_000)
  for (let round = 0; round < 4; round++) await streams.write(300, START + round * 1000)
  await streams.close()
  const history = historyOf(t, folder)
  await assertAnswers(history, streams.known)
  const names = (await readdir(folder)).filter((entry) => entry.endsWith('.audit')).sort()
  await rm(join(folder, names[1]!))
  const query = { ...EVERYTHING, account: ACCOUNTS[0], region: REGIONS[0], count: 50 }
  await assert.rejects(
    allPages((asked) => history.lookup(asked), query),
    { code: 'OperationNotPermittedException' },
  )
})

test('a log whose end was indexed and is cut makes the answer an error', async (t) => {
  const folder = await temporaryFolder(t)
  const streams = await openStreams(folder, 1, 10_000_000)
  await streams.write(100, START)
  await streams.close()
  const history = historyOf(t, folder)
  const query = { ...EVERYTHING, account: ACCOUNTS[0], region: REGIONS[0], count: 50 }
  await history.lookup(query)
  const [name] = (await readdir(folder)).filter((entry) => entry.endsWith('.audit'))
  await truncate(join(folder, name!), 1000)
  await assert.rejects(history.lookup(query), { code: 'OperationNotPermittedException' })
})

test('places of another index, or of nobody, are refused', async (t) => {
  const folder = await temporaryFolder(t)
  const history = historyOf(t, folder)
  const query = { ...EVERYTHING, account: ACCOUNTS[0], region: REGIONS[0], count: 1 }
  for (const after of ['', 'x', '0123456789abcdef.1.1.1.1', '....', '__proto__']) {
    await assert.rejects(history.lookup({ ...query, after }), { code: 'InvalidNextTokenException' })
  }
})

test('a page reads a bounded part of the log, and the next goes on', async (t) => {
  const folder = await temporaryFolder(t)
  const streams = await openStreams(folder, 2, 3_000_000)
  for (let round = 0; round < 8; round++) await streams.write(1500, START + round * 60_000)
  await streams.close()
  const index = EventIndex.open(join(folder, 'index.db'))
  t.after(() => index.close())
  await indexLog(folder, index)
  // Routine, so that its id has no mark: failures have.
  const isRoutine = ({ values, line }: Known) =>
    values.EventName[0] === 'Encrypt' && !line.includes('"errorCode":"DisabledException"')
  const one = streams.known.find(isRoutine)!
  const { account, region } = one
  const query = {
    ...EVERYTHING,
    account,
    region,
    attribute: { key: 'EventId' as const, value: one.values.EventId[0]! },
  }
  let pages = 0
  const lookup = (asked: EventQuery) => {
    pages++
    return findEvents(asked, { folder, index, blocksReadMax: 1 })
  }
  const found = await allPages(lookup, { ...query, count: 50 })
  assert.deepEqual(
    found.map(({ line }) => line),
    [one.line],
  )
  assert.ok(pages > 3, `${pages} pages`)
  const all = await allPages(lookup, { ...EVERYTHING, account, region, count: 50 })
  assert.deepEqual(
    all.map(({ line }) => line).sort(),
    expected(streams.known, { ...EVERYTHING, account, region, count: 50 }),
  )
})

test('routine events are forgotten beyond a size, rare ones are not, and the answer says since when', async (t) => {
  const folder = await temporaryFolder(t)
  const streams = await openStreams(folder, 1, 3_000_000)
  for (let round = 0; round < 10; round++) await streams.write(1500, START + round * 60_000)
  await streams.close()
  const index = EventIndex.open(join(folder, 'index.db'), { routineBytesMax: 3_000_000, blocksPerPruning: 1 })
  t.after(() => index.close())
  await indexLog(folder, index)
  const query = { ...EVERYTHING, account: ACCOUNTS[0], region: REGIONS[0], count: 50 }
  const lookup = (asked: EventQuery) => findEvents(asked, { folder, index })
  const { routineCompleteSince, completeSince } = await lookup(query)
  assert.ok(routineCompleteSince > START && completeSince < START)
  const changes = { ...query, attribute: { key: 'ReadOnly' as const, value: 'false' } }
  assert.deepEqual((await allPages(lookup, changes)).map(({ line }) => line).sort(), expected(streams.known, changes))
  const recent = { ...query, startTime: routineCompleteSince }
  assert.deepEqual((await allPages(lookup, recent)).map(({ line }) => line).sort(), expected(streams.known, recent))
})

test('uses of external keys are routine too: they take no room in the index for each, and are found', async (t) => {
  const folder = await temporaryFolder(t)
  const [account, region] = [ACCOUNTS[0], REGIONS[0]]
  const key = { account, region, keyId: 'k', arn: `arn:aws:kms:${region}:${account}:key/k` }
  const lineAt = (time: number, error?: XksError) =>
    callRecordLine({
      ...{
        eventId: randomUUID(),
        requestId: randomUUID(),
        time,
        call: 'decrypt',
        prefix: '/a',
        externalId: 'orders',
        key,
      },
      ...{
        accessKeyId: 'XKS',
        sourceIp: '203.0.113.9',
        userAgent: '',
        metadata: undefined,
        material: undefined,
        error,
      },
    })
  const log = await openTestLog(folder)
  const failed = lineAt(START, new XksError('InvalidCiphertextException', 'not ours'))
  const lines = [failed, ...Array.from({ length: 2_000 }, (_, number) => lineAt(START + number))]
  await Promise.all(lines.map((line) => log.append(line)))
  await log.close()
  const indexPath = join(folder, 'index.db')
  const index = EventIndex.open(indexPath)
  t.after(() => index.close())
  await indexLog(folder, index)
  const database = new DatabaseSync(indexPath)
  t.after(() => database.close())
  const { marks } = database.prepare('SELECT count(*) AS marks FROM marks').get() as { marks: number }
  assert.ok(marks < 100, `${marks} marks`)
  const { failures } = database.prepare('SELECT count(*) AS failures FROM marks WHERE rare = 1').get() as {
    failures: number
  }
  assert.ok(failures > 0, 'a failure is rare')
  const attribute = { key: 'EventSource', value: 'kms-xks-proxy.amazonaws.com' } as const
  const query = { ...EVERYTHING, account, region, attribute, count: 50 }
  const lookup = (asked: EventQuery) => findEvents(asked, { folder, index })
  assert.deepEqual((await allPages(lookup, query)).map(({ line }) => line).sort(), lines.toSorted())
})
