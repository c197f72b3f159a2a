/** What the tests of the audit log share: a folder, a log on it, and a look at its files. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { AuditFiles } from '../../src/audit/audit-files.ts'
import { systemFiles } from '../../src/audit/audit-files.ts'
import {
  AUDIT_LIMITS,
  type AuditLimits,
  type AuditLog,
  type AuditObserver,
  openAuditLog,
} from '../../src/audit/audit-log.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import type { Log } from '../../src/base/log.ts'

/** Goes when the test ends. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'keyhold-audit-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface RecordedLog extends Log {
  /** `level message` */
  readonly messages: readonly string[]
}

export function recordedLog(): RecordedLog {
  const messages: string[] = []
  const level = (name: string) => (_fields: object, message: string) => void messages.push(`${name} ${message}`)
  return { messages, info: level('info'), warn: level('warn'), error: level('error') }
}

export interface TestLogOptions {
  readonly limits?: Partial<AuditLimits>
  readonly files?: Partial<AuditFiles>
  readonly log?: Log
  readonly node?: string
  readonly clock?: Clock
  readonly observer?: AuditObserver
}

/** Quick to retry, without a reserve and with little space laid out, so that small files stay small. */
export const TEST_LIMITS: AuditLimits = {
  ...AUDIT_LIMITS,
  retryMsMin: 5,
  retryMsMax: 20,
  preallocationBytes: 0,
  space: {
    ...AUDIT_LIMITS.space,
    warnBelowBytes: 0,
    refuseChangesBelowBytes: 0,
    refuseAllBelowBytes: 0,
    reserveBytes: 0,
  },
}

export function openTestLog(folder: string, options: TestLogOptions = {}): Promise<AuditLog> {
  return openAuditLog({
    folder,
    node: options.node ?? 'node-1',
    clock: options.clock ?? systemClock,
    softwareVersion: '1.2.3',
    log: options.log ?? recordedLog(),
    limits: { ...TEST_LIMITS, ...options.limits },
    files: { ...systemFiles, ...options.files },
    observer: options.observer,
  })
}

export function lineOf(number: number): string {
  return JSON.stringify({ eventID: eventIdOf(number), number })
}

/** What nobody but somebody who writes the folder himself can have put into a log: its frames are whole. */
export const NO_RECORDS: readonly string[] = [
  '{"eventID":"00000000-0000-4000-8000-000000000001",',
  'null',
  '"text"',
  '7',
]

/** Likewise, with members that are not what they should be. */
export const ODD_RECORDS: readonly string[] = [
  '[]',
  '{}',
  '{"eventTime":"2027-99-99T12:00:00Z","userIdentity":{}}',
  '{"eventTime":"2027-01-31T12:00:00Z","userIdentity":7,"resources":[]}',
  '{"eventTime":"2027-01-31T12:00:00Z","userIdentity":{"arn":7},"resources":[]}',
  '{"eventTime":"2027-01-31T12:00:00Z","userIdentity":{},"resources":7}',
  '{"eventTime":"2027-01-31T12:00:00Z","userIdentity":{},"resources":[null]}',
]

export function eventIdOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}

/** Names and bytes of the segments, in order. */
export async function segmentsOf(folder: string): Promise<readonly { name: string; path: string; bytes: Buffer }[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.audit')).sort()
  return Promise.all(
    names.map(async (name) => ({ name, path: join(folder, name), bytes: await readFile(join(folder, name)) })),
  )
}

export interface RawFrame {
  readonly at: number
  readonly kind: number
  readonly streamId: Buffer
  readonly sequence: bigint
  readonly count: number
  readonly time: bigint
  readonly previousHash: Buffer
  readonly payload: Buffer
  readonly hash: Buffer
  readonly hashed: Buffer
}

/** A second reader of the format, written from audit.md section 10 and docs/formats/audit-log.md alone. */
export function framesOf(bytes: Buffer): readonly RawFrame[] {
  const frames: RawFrame[] = []
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const length = bytes.readUInt32BE(at + 76)
    frames.push({
      at,
      kind: bytes.readUInt8(at + 5),
      streamId: bytes.subarray(at + 8, at + 24),
      sequence: bytes.readBigUInt64BE(at + 24),
      count: bytes.readUInt32BE(at + 32),
      time: bytes.readBigUInt64BE(at + 36),
      previousHash: bytes.subarray(at + 44, at + 76),
      payload: bytes.subarray(at + 80, at + 80 + length),
      hash: bytes.subarray(at + 80 + length, at + 112 + length),
      hashed: bytes.subarray(at, at + 80 + length),
    })
    at += 112 + length
  }
  return frames
}

export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 5_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; ) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('the condition did not come true in time')
}
