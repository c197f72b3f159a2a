/**
 * `keyhold audit show`: filters in the terms of CloudTrail's LookupEvents (its API reference: EventId, EventName, EventSource, ReadOnly,
 * Username, AccessKeyId, ResourceName, StartTime and EndTime, both included), and what a damaged log still gives.
 */
import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { runCli } from '../../src/cli/run.ts'
import { framesOf, NO_RECORDS, ODD_RECORDS, openTestLog, segmentsOf, temporaryFolder } from '../audit/audit-folder.ts'

const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const OTHER_KEY = 'arn:aws:kms:eu-central-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321'

/** As CloudTrail's documentation shows records of KMS, with what the filters look at. */
function record(number: number, fields: object): string {
  return JSON.stringify({
    eventVersion: '1.11',
    eventTime: `2027-01-31T12:00:${String(number).padStart(2, '0')}Z`,
    eventSource: 'kms.amazonaws.com',
    eventID: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    number,
    ...fields,
  })
}

const ALICE = {
  type: 'IAMUser',
  arn: 'arn:aws:iam::111122223333:user/staff/alice',
  accessKeyId: 'AKIAALICE',
  userName: 'alice',
}
const ROOT = { type: 'Root', arn: 'arn:aws:iam::111122223333:root', accessKeyId: 'AKIAROOT' }
const SESSION = {
  type: 'AssumedRole',
  arn: 'arn:aws:sts::111122223333:assumed-role/deploy/build-7',
  accessKeyId: 'ASIADEPLOY',
}

const RECORDS = [
  record(0, {
    eventName: 'CreateKey',
    readOnly: false,
    userIdentity: ALICE,
    resources: [{ ARN: KEY }],
    requestParameters: null,
  }),
  record(1, {
    eventName: 'Encrypt',
    readOnly: true,
    userIdentity: ALICE,
    resources: [{ ARN: KEY }],
    requestParameters: { keyId: 'alias/app' },
  }),
  record(2, {
    eventName: 'Decrypt',
    readOnly: true,
    userIdentity: ROOT,
    resources: [{ ARN: OTHER_KEY }],
    // What a client can write anywhere is not the field that is asked for.
    requestParameters: { encryptionContext: { eventName: 'Encrypt', who: 'alice', key: KEY } },
  }),
  record(3, {
    eventName: 'Sign',
    readOnly: true,
    userIdentity: SESSION,
    resources: [{ ARN: KEY }],
    requestParameters: { keyId: KEY },
  }),
  record(4, { eventName: 'GetCallerIdentity', eventSource: 'sts.amazonaws.com', readOnly: true, userIdentity: ROOT }),
  record(5, {
    eventName: 'RotateKey',
    readOnly: false,
    userIdentity: { type: 'AWSService', invokedBy: 'x' },
    resources: [{ ARN: KEY }],
  }),
]

async function logOf(t: TestContext, records: readonly string[] = RECORDS, segmentBytesMax = 900): Promise<string> {
  const folder = await temporaryFolder(t)
  const log = await openTestLog(join(folder, 'audit'), { limits: { segmentBytesMax } })
  for (const line of records) await log.append(line)
  await log.close()
  return folder
}

async function show(folder: string, ...args: readonly string[]) {
  const printed: string[] = []
  const told: string[] = []
  const exitCode = await runCli(['audit', 'show', '--data', folder, ...args], {
    env: {},
    folder,
    hasPerson: false,
    print: (text) => void printed.push(text),
    tell: (text) => void told.push(text),
  })
  const numbers = printed.map((line) => (JSON.parse(line) as { number: number }).number)
  return { exitCode, numbers, told, printed }
}

const FILTERS: readonly [readonly string[], readonly number[]][] = [
  [[], [0, 1, 2, 3, 4, 5]],
  [['--event-name', 'Encrypt'], [1]],
  [['--event-name', 'encrypt'], []],
  [['--event-id', '00000000-0000-4000-8000-000000000003'], [3]],
  [['--event-source', 'sts.amazonaws.com'], [4]],
  [
    ['--read-only', 'false'],
    [0, 5],
  ],
  [
    ['--read-only', 'true'],
    [1, 2, 3, 4],
  ],
  [
    ['--username', 'alice'],
    [0, 1],
  ],
  [
    ['--username', 'arn:aws:iam::111122223333:user/staff/alice'],
    [0, 1],
  ],
  [
    ['--username', 'root'],
    [2, 4],
  ],
  [['--username', 'build-7'], [3]],
  [
    ['--access-key-id', 'AKIAROOT'],
    [2, 4],
  ],
  [
    ['--resource-name', KEY],
    [0, 1, 3, 5],
  ],
  [['--resource-name', '0987dcba-09fe-87dc-65ba-ab0987654321'], [2]],
  [['--resource-name', 'alias/app'], [1]],
  [
    ['--start-time', '2027-01-31T12:00:02Z', '--end-time', '2027-01-31T12:00:04Z'],
    [2, 3, 4],
  ],
  [
    ['--start-time', '2027-01-31T12:00:04'],
    [4, 5],
  ],
  [
    ['--start-time', '2027-01-31T13:00:04+01:00'],
    [4, 5],
  ],
  [['--end-time', '2027-01-31'], []],
  [['--start-time', '2027-01-31', '--read-only', 'false', '--username', 'alice'], [0]],
  [
    ['--newest', '2'],
    [4, 5],
  ],
  [
    ['--newest', '2', '--resource-name', KEY],
    [3, 5],
  ],
  [
    ['--newest', '100'],
    [0, 1, 2, 3, 4, 5],
  ],
]

for (const [flags, expected] of FILTERS) {
  test(`audit show ${flags.join(' ')} prints the records ${expected.join(', ') || 'of nobody'}`, async (t) => {
    const { exitCode, numbers, told } = await show(await logOf(t), ...flags)
    assert.deepEqual([exitCode, told, numbers], [0, [], expected])
  })
}

test('a record is printed as it was written', async (t) => {
  const folder = await logOf(t)
  assert.deepEqual((await show(folder)).printed, RECORDS)
  assert.deepEqual((await show(folder, '--newest', '3')).printed, RECORDS.slice(-3))
})

test('the newest of several processes come in order of time', async (t) => {
  const folder = await temporaryFolder(t)
  for (const numbers of [
    [0, 3, 4, 7],
    [1, 2, 5, 6],
  ]) {
    const log = await openTestLog(join(folder, 'audit'))
    for (const number of numbers) await log.append(record(number, { eventName: 'Encrypt' }))
    await log.close()
  }
  assert.deepEqual((await show(folder, '--newest', '3')).numbers, [5, 6, 7])
  assert.deepEqual((await show(folder, '--newest', '1')).numbers, [7])
})

test('flags that mean nothing are refused', async (t) => {
  const folder = await logOf(t)
  for (const [flags, message] of [
    [['--start-time', 'yesterday'], /--start-time: expected a time such as /],
    [['--start-time', '2027-02-31T25:00'], /--start-time: expected a time such as /],
    [['--newest', '0'], /--newest: expected a whole number/],
    [['--read-only', 'perhaps'], /--read-only: expected true or false/],
    [['--start-time', '2027-01-02', '--end-time', '2027-01-01'], /--end-time is before --start-time/],
  ] as const) {
    const { exitCode, told, printed } = await show(folder, ...flags)
    assert.deepEqual([exitCode, printed], [2, []])
    assert.match(told[0]!, message)
  }
})

const DAMAGED = /^keyhold: warning: the audit log is damaged: .*\.audit: /
const AT_THE_END = [
  'keyhold: error: the audit log is damaged, so records may be missing from what was printed',
  "keyhold: hint: 'keyhold audit verify' tells what is wrong",
]

test('an altered frame costs its own records and no others, and the exit code tells', async (t) => {
  // All in one segment.
  const folder = await logOf(t, RECORDS, 1_000_000)
  const [segment] = await segmentsOf(join(folder, 'audit'))
  const bytes = Buffer.from(segment!.bytes)
  const frames = framesOf(bytes)
  // The open record is the first frame.
  bytes[frames[3]!.at + 100]! ^= 1
  await writeFile(segment!.path, bytes)
  const { exitCode, numbers, told } = await show(folder)
  assert.deepEqual([exitCode, numbers], [1, [0, 1, 3, 4, 5]])
  assert.deepEqual(told.slice(-2), AT_THE_END)
  assert.match(told[0]!, DAMAGED)
  assert.match(told[0]!, new RegExp(`wrong hash at byte ${frames[3]!.at}$`))
  assert.match(told[1]!, /record 2 is missing$/)
  assert.equal(told.length, 4)
  assert.deepEqual((await show(folder, '--username', 'root')).numbers, [4])
  assert.equal((await show(folder, '--event-name', 'Encrypt')).exitCode, 1)
})

test('a damaged header, garbage and zeros are told of, and reading goes on behind them', async (t) => {
  const folder = await logOf(t, RECORDS, 1_000_000)
  const [segment] = await segmentsOf(join(folder, 'audit'))
  const frames = framesOf(segment!.bytes)
  const damages: readonly [string, Buffer, readonly number[]][] = [
    ['header', withBytes(segment!.bytes, frames[2]!.at, 'XXXX'), [0, 2, 3, 4, 5]],
    [
      'garbage',
      Buffer.concat([
        segment!.bytes.subarray(0, frames[4]!.at),
        Buffer.alloc(2_500_000, 'KHAF garbage'),
        segment!.bytes.subarray(frames[4]!.at),
      ]),
      [0, 1, 2, 3, 4, 5],
    ],
    ['zeros', withBytes(segment!.bytes, frames[1]!.at, '\0'.repeat(frames[3]!.at - frames[1]!.at)), [2, 3, 4, 5]],
  ]
  for (const [what, bytes, expected] of damages) {
    await writeFile(segment!.path, bytes)
    const { exitCode, numbers, told } = await show(folder)
    assert.deepEqual([exitCode, numbers], [1, expected], what)
    assert.match(told[0]!, DAMAGED, what)
  }
})

function withBytes(bytes: Buffer, at: number, text: string): Buffer {
  const changed = Buffer.from(bytes)
  changed.write(text, at, 'latin1')
  return changed
}

test('lines that are no records fit no filter, and cost nothing else', async (t) => {
  const folder = await logOf(t, [...NO_RECORDS, ...ODD_RECORDS, ...RECORDS], 1_000_000)
  for (const [args, numbers] of FILTERS.slice(1)) {
    const shown = await show(folder, ...args)
    assert.deepEqual([shown.exitCode, shown.numbers], [0, numbers], args.join(' '))
  }
})

test('a segment that is missing, and one that cannot be read, cost only their own records', async (t) => {
  const folder = await logOf(t)
  const segments = await segmentsOf(join(folder, 'audit'))
  assert.ok(segments.length >= 3, String(segments.length))
  await rm(segments[1]!.path)
  const { exitCode, numbers, told } = await show(folder)
  assert.equal(exitCode, 1)
  assert.match(told[0]!, /records? .* missing$/)
  assert.ok(numbers.length >= 2 && numbers.length < RECORDS.length)
  assert.equal(numbers.at(-1), 5)
  await mkdir(segments[1]!.path)
  const unread = await show(folder)
  assert.deepEqual([unread.exitCode, unread.numbers], [1, numbers])
  assert.match(unread.told[0]!, /cannot be read: EISDIR/)
})

test('explain finds a record behind a damaged place', async (t) => {
  const folder = await logOf(t, RECORDS, 1_000_000)
  const [segment] = await segmentsOf(join(folder, 'audit'))
  const bytes = Buffer.from(segment!.bytes)
  bytes[framesOf(bytes)[2]!.at + 100]! ^= 1
  await writeFile(segment!.path, bytes)
  await writeFile(join(folder, 'keyhold.db'), '')
  const told: string[] = []
  const printed: string[] = []
  const terminal = {
    env: {},
    folder,
    hasPerson: false,
    print: (text: string) => void printed.push(text),
    tell: (text: string) => void told.push(text),
  }
  const asked = (number: number) =>
    runCli(['explain', '--data', folder, `00000000-0000-4000-8000-00000000000${number}`], terminal)
  await asked(4)
  assert.match(printed[0]!, /called GetCallerIdentity/)
  assert.equal(await asked(1), 1)
  assert.match(told[0]!, /is not in what can be read of the audit log: .*wrong hash at byte/)
})
