/** Audit records that were committed with their change, and whose process ended before the log had them (audit.md G-2). */
import type { AuditLog } from '../audit/audit-log.ts'
import { eventIdsPresent } from '../audit/read-log.ts'
import type { Log } from '../base/log.ts'
import type { PendingAuditRecord, Store } from '../domain/store.ts'
import type { DataFolder } from './data-folder.ts'

export interface OutboxDrain {
  readonly store: Store
  readonly auditLog: AuditLog
  readonly folder: DataFolder
  readonly log: Log
  /** Whether a record is this drain's. */
  readonly takes: (record: PendingAuditRecord) => boolean
}

/** Writes what the log does not have yet, then strikes the rest from the store. */
export async function drainOutbox({ store, auditLog, folder, log, takes }: OutboxDrain): Promise<void> {
  const pending = (await store.pendingAuditRecords()).filter(takes)
  if (pending.length === 0) return
  const eventIds = pending.map(({ eventId }) => eventId)
  const since = Math.min(...pending.map(({ line }) => eventTimeOf(line)))
  const present = await eventIdsPresent(folder.audit, new Set(eventIds), { since })
  const missing = pending.filter(({ eventId }) => !present.has(eventId))
  await Promise.all(missing.map(({ line }) => auditLog.append(line)))
  await store.auditRecordsWritten(eventIds)
  log.info({ records: pending.length, written: missing.length }, 'caught up with audit records of an earlier run')
}

/** A record is in no segment that was last written before its event. Milliseconds since the epoch. */
export function eventTimeOf(line: string): number {
  const { eventTime } = JSON.parse(line) as { eventTime: string }
  return Date.parse(eventTime)
}
