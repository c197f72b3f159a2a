/** Who used a key last: the store knows the event, the audit log the caller. */
import { findRecord } from '../audit/find-record.ts'
import type { KeyReport } from '../domain/reports/key-report.ts'
import type { KeyUse } from '../domain/store.ts'
import type { DataFolder } from '../start/data-folder.ts'

/** Who made the last use, as its audit record says. */
export interface Caller {
  readonly principal: string
  readonly accessKeyId: string | undefined
  readonly sourceIp: string
  readonly userAgent: string
}

export interface ReportWithCaller extends KeyReport {
  /** `undefined`: never used, or the audit log no longer has the record. */
  readonly lastCaller: Caller | undefined
}

export async function withLastCaller({ audit }: DataFolder, report: KeyReport): Promise<ReportWithCaller> {
  return { ...report, lastCaller: report.lastUse && (await callerOf(audit, report.lastUse)) }
}

interface RecordedCaller {
  readonly userIdentity: { readonly arn: string; readonly accessKeyId?: string }
  readonly sourceIPAddress: string
  readonly userAgent: string
}

async function callerOf(audit: string, { eventId, time }: KeyUse): Promise<Caller | undefined> {
  const line = await findRecord(audit, eventId, time)
  if (line === undefined) return undefined
  const { userIdentity, sourceIPAddress, userAgent } = JSON.parse(line) as RecordedCaller
  return {
    principal: userIdentity.arn,
    accessKeyId: userIdentity.accessKeyId,
    sourceIp: sourceIPAddress,
    userAgent,
  }
}
