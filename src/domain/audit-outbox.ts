/**
 * The way of a record that was committed with its change: into the audit log, then out of the store's outbox. What the log
 * cannot take stays in the outbox and is tried again; striking is batched, because being late with it costs nothing.
 */
import { OUTBOX_SWEEP_INTERVAL_MS } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { Store } from './store.ts'

export interface AuditOutbox {
  /** Resolves once the log has the record on stable storage. Rejects when it cannot take it now; it will be tried again. */
  log(eventId: string, line: string): Promise<void>
  /** Strikes what was logged. */
  stop(): Promise<void>
}

/** @param append of the audit log. */
export function createAuditOutbox(store: Store, append: (line: string) => Promise<void>, log: Log): AuditOutbox {
  let written: string[] = []
  /** By event id. The log refuses further changes while it fails, so these stay few. */
  const refused = new Map<string, string>()
  let sweeping: Promise<void> = Promise.resolve()

  async function logAgain(): Promise<void> {
    for (const [eventId, line] of refused) {
      try {
        await append(line)
      } catch {
        return
      }
      refused.delete(eventId)
      written.push(eventId)
    }
  }

  async function strike(): Promise<void> {
    if (written.length === 0) return
    const eventIds = written
    written = []
    try {
      await store.auditRecordsWritten(eventIds)
    } catch (error) {
      // They are struck at the next start at the latest; a record that is in the log is not written twice.
      written = [...eventIds, ...written]
      log.warn({ err: error }, 'cannot strike written audit records from the store; will try again')
    }
  }

  const sweep = () => {
    sweeping = sweeping.then(logAgain).then(strike)
    return sweeping
  }
  const timer = setInterval(sweep, OUTBOX_SWEEP_INTERVAL_MS).unref()
  return {
    async log(eventId, line) {
      try {
        await append(line)
      } catch (error) {
        refused.set(eventId, line)
        throw error
      }
      written.push(eventId)
    },
    async stop() {
      clearInterval(timer)
      await sweep()
    },
  }
}
