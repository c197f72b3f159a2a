/**
 * Log files as CloudTrail delivers them (audit.md 7.1): records of one account and Region, gzip of `{"Records":[…]}`, in
 * `AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/`.
 */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { sha256Hex } from '../../crypto/hash.ts'
import { syncFolder, writeWhole } from '../durable-files.ts'
import { parseLine } from '../parse-line.ts'
import type { Batch } from './delivery-state.ts'

/** Of records that no account is concerned by, such as a change of the root key. */
const NO_ACCOUNT = '000000000000'
const NO_REGION = 'unknown'
const UNIQUE_CHARS = 16

/** @param lines records, in order. What is none is left out. The same batch makes the same files. @throws the file system's error */
export function writeLogFiles(folder: string, batch: Batch, lines: readonly string[]): void {
  const groups = Map.groupBy(lines, scopeOf)
  for (const [scope, records] of groups) {
    if (scope === undefined) continue
    const path = join(folder, pathOf(scope, batch))
    makeFolder(dirname(path))
    writeWhole(path, gzipSync(`{"Records":[${records.join(',')}]}`))
  }
}

/** `ACCOUNT REGION`. Both become parts of a path, so they are what they should be. @returns `undefined` of what is no record. */
function scopeOf(line: string): string | undefined {
  const record = parseLine(line)
  if (record === undefined) return undefined
  const { recipientAccountId, awsRegion } = record
  const account = /^\d{12}$/.test(String(recipientAccountId)) ? recipientAccountId : NO_ACCOUNT
  const region = /^[a-z0-9-]{1,64}$/.test(String(awsRegion)) ? awsRegion : NO_REGION
  return `${account} ${region}`
}

function pathOf(scope: string, { stream, from, time }: Batch): string {
  const [account, region] = scope.split(' ') as [string, string]
  // 2027-01-31T12:05:00.000Z
  const text = new Date(time).toISOString()
  const [year, month, day] = text.slice(0, 10).split('-') as [string, string, string]
  const minute = `${year}${month}${day}T${text.slice(11, 13)}${text.slice(14, 16)}Z`
  const unique = sha256Hex([stream, from.segment, from.offset, scope].join(' ')).slice(0, UNIQUE_CHARS)
  const name = `${account}_CloudTrail_${region}_${minute}_${unique}.json.gz`
  return join('AWSLogs', account, 'CloudTrail', region, year, month, day, name)
}

/** With all above it, each of which is durable. */
function makeFolder(path: string): void {
  const created = mkdirSync(path, { recursive: true, mode: 0o700 })
  if (created === undefined) return
  for (let made = path; made.length >= created.length; made = dirname(made)) syncFolder(dirname(made))
}
