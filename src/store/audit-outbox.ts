/** The table `audit_outbox`: records that were committed with their change, until the audit log has them (audit.md G-2). */
import type { PendingAuditRecord } from '../domain/store.ts'
import type { Db } from './dialects/store-database.ts'

/** In the order of commits. */
export async function pendingAuditRecords(db: Db): Promise<readonly PendingAuditRecord[]> {
  const rows = await db.selectFrom('audit_outbox').select(['event_id', 'node', 'line']).orderBy('position').execute()
  return rows.map(({ event_id, node, line }) => ({ eventId: event_id, node, line }))
}

export async function insertAuditRecord(db: Db, { eventId, node, line }: PendingAuditRecord): Promise<void> {
  await db.insertInto('audit_outbox').values({ event_id: eventId, node, line }).execute()
}

export async function deleteAuditRecords(db: Db, eventIds: readonly string[]): Promise<void> {
  for (const eventId of eventIds) await db.deleteFrom('audit_outbox').where('event_id', '=', eventId).execute()
}
