/** The audit log of a data folder: a new stream of one process. */
import { type AuditLog, type AuditObserver, openAuditLog } from '../audit/audit-log.ts'
import { systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { DataFolder } from './data-folder.ts'
import { VERSION } from './version.ts'

export function openFolderAuditLog(
  folder: DataFolder,
  node: string,
  log: Log,
  observer?: AuditObserver,
): Promise<AuditLog> {
  return openAuditLog({ folder: folder.audit, node, clock: systemClock, softwareVersion: VERSION, log, observer })
}
