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
  /** What other KMS have it for, as far as the operator says what the server was given: `orders-2026 of /tenant-a/kms/xks/v1`. */
  readonly externalKeys: readonly string[]
}

export async function withLastCaller(
  { audit }: DataFolder,
  report: KeyReport,
  externalKeys: readonly string[],
): Promise<ReportWithCaller> {
  return { ...report, externalKeys, lastCaller: report.lastUse && (await callerOf(audit, report.lastUse)) }
}

interface RecordedCaller {
  /** A tenant of the external key store proxy has no ARN, but its URI path. */
  readonly userIdentity: { readonly arn?: string; readonly accessKeyId?: string; readonly invokedBy?: string }
  /** Of such a one: whom it says that it works for. */
  readonly requestParameters?: { readonly awsPrincipalArn?: string } | null
  readonly sourceIPAddress: string
  readonly userAgent: string
}

async function callerOf(audit: string, { eventId, time }: KeyUse): Promise<Caller | undefined> {
  const line = await findRecord(audit, eventId, time)
  if (line === undefined) return undefined
  const { userIdentity, requestParameters, sourceIPAddress, userAgent } = JSON.parse(line) as RecordedCaller
  const { arn = `${userIdentity.invokedBy} for ${requestParameters?.awsPrincipalArn}` } = userIdentity
  return {
    principal: arn,
    accessKeyId: userIdentity.accessKeyId,
    sourceIp: sourceIPAddress,
    userAgent,
  }
}
