/** A log of two runs of a server, some time ago: a worker that wrote on every day, and one more for each second day. */
import assert from 'node:assert/strict'
import { rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditLog } from '../../src/audit/audit-log.ts'
import { type Checkpoints, openCheckpoints } from '../../src/audit/checkpoints/checkpoints.ts'
import { readAnchors } from '../../src/audit/checkpoints/verify-checkpoints.ts'
import { finish, type KeepingRound, type KeepingRules, keep } from '../../src/audit/keeping/keep.ts'
import { recoverAuditFolder } from '../../src/audit/recover.ts'
import { listStreams } from '../../src/audit/stream-names.ts'
import { type AuditReport, verifyAuditLog } from '../../src/audit/verify.ts'
import { DAY_MS, instantText } from '../../src/base/clock.ts'
import { openAuditKeys } from '../../src/start/audit-key.ts'
import { dataFolder } from '../../src/start/data-folder.ts'
import { createTestClock, type TestClock } from '../support/test-clock.ts'
import { eventIdOf, framesOf, openTestLog, recordedLog, segmentsOf } from './audit-folder.ts'

export const ACCOUNT = '111122223333'
export const REGION = 'eu-central-1'
export const DAYS = 10
/** Of the long stream: on each day. */
export const RECORDS_A_DAY = 10

export interface OldLog {
  /** Data folder, and the audit log in it. */
  readonly path: string
  readonly audit: string
  /** At the end of the last day. */
  readonly clock: TestClock
  /** Of the first day. */
  readonly start: number
}

export function recordOf(number: number, time: number, fields: object = {}): string {
  return JSON.stringify({
    eventVersion: '1.11',
    userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::${ACCOUNT}:user/alice`, accountId: ACCOUNT, userName: 'alice' },
    eventTime: instantText(time),
    eventSource: 'kms.amazonaws.com',
    eventName: 'CreateKey',
    awsRegion: REGION,
    requestParameters: null,
    eventID: eventIdOf(number),
    readOnly: false,
    resources: [],
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    ...fields,
  })
}

export function checkpointsOf({ path, audit, clock }: OldLog): Promise<Checkpoints> {
  const keys = openAuditKeys(dataFolder(path), clock, recordedLog())
  return openCheckpoints({ folder: audit, keys, clock, log: recordedLog(), send: [], intervalMs: 1 << 30 })
}

/** @param path that of a folder that is there. */
export async function writeOldLog(path: string, { daysAgo = 100, segmentBytesMax = 2_500 } = {}): Promise<OldLog> {
  const start = Math.floor((Date.now() - daysAgo * DAY_MS) / DAY_MS) * DAY_MS
  const made = { path, audit: join(path, 'audit'), clock: createTestClock(start), start }
  await writeRun(made, 0, DAYS / 2, segmentBytesMax)
  await writeRun(made, DAYS / 2, DAYS, segmentBytesMax)
  return made
}

/** In another process, or of a copy. */
export function oldLogAt(path: string, start: number): OldLog {
  return { path, audit: join(path, 'audit'), clock: createTestClock(start + DAYS * DAY_MS), start }
}

async function writeRun(made: OldLog, fromDay: number, toDay: number, segmentBytesMax: number): Promise<void> {
  await recoverAuditFolder(made.audit, recordedLog())
  const checkpoints = await checkpointsOf(made)
  const options = { clock: made.clock, limits: { segmentBytesMax } }
  const long = await openTestLog(made.audit, { ...options, node: 'worker-1' })
  for (let day = fromDay; day < toDay; day++) {
    made.clock.set(made.start + day * DAY_MS)
    await checkpoints.make('interval')
    await append(made, long, 1_000 * day, RECORDS_A_DAY)
    if (day % 2 === 0) {
      const short = await openTestLog(made.audit, { ...options, node: 'worker-2' })
      await append(made, short, 1_000 * day + 500, 3)
      await short.close()
    }
    await checkpoints.make('interval')
  }
  await long.close()
  await checkpoints.close()
  rmSync(join(made.audit, 'previous-streams.json'), { force: true })
  await ageFiles(made)
}

/** Each as old as what it holds. */
export async function ageFiles({ audit }: OldLog): Promise<void> {
  for (const { path, bytes } of await segmentsOf(audit)) {
    const time = Number(framesOf(bytes).at(-1)!.time) / 1000
    utimesSync(path, time, time)
  }
}

async function append({ clock }: OldLog, log: AuditLog, from: number, count: number): Promise<void> {
  for (let number = from; number < from + count; number++) await log.append(recordOf(number, clock.now()))
}

export const NO_RULES: KeepingRules = {
  retention: { ageMsMax: undefined, bytesMax: undefined },
  compresses: false,
  delivery: undefined,
}

/** So that the days before this one are no longer kept. */
export function keepingFrom(day: number): KeepingRules {
  return { ...NO_RULES, retention: { ageMsMax: (DAYS - day) * DAY_MS, bytesMax: undefined } }
}

export async function planOf(made: OldLog, rules: KeepingRules): Promise<KeepingRound> {
  const ended = (await listStreams(made.audit)).map(({ stream }) => stream)
  return keep({ folder: made.audit, rules, ended, now: made.start + DAYS * DAY_MS })
}

/** As the keeper does it, in this process. */
export async function keepRound(made: OldLog, rules: KeepingRules, checkpoints: Checkpoints): Promise<KeepingRound> {
  await finish({ folder: made.audit })
  const plan = await planOf(made, rules)
  if (plan.removed.length > 0 && (await checkpoints.announceRemoval(plan.removed))) await finish({ folder: made.audit })
  return plan
}

/** A run of the server that only keeps the log in bounds. */
export async function keepOnce(made: OldLog, rules: KeepingRules): Promise<KeepingRound> {
  const checkpoints = await checkpointsOf(made)
  const plan = await keepRound(made, rules, checkpoints)
  await checkpoints.close()
  return plan
}

export async function verified({ audit }: OldLog, lines: readonly string[] = []): Promise<AuditReport> {
  const { anchors, others } = await readAnchors(lines)
  assert.deepEqual(others, [])
  return verifyAuditLog(audit, { anchors })
}
