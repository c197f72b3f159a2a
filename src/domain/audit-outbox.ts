/** Strikes audit records from the outbox once the audit log has them; batched, because being late costs nothing. */
import { OUTBOX_SWEEP_INTERVAL_MS } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { Store } from './store.ts'

export interface OutboxSweeper {
  written(eventId: string): void
  stop(): Promise<void>
}

export function sweepOutbox(store: Store, log: Log): OutboxSweeper {
  let written: string[] = []
  let sweeping: Promise<void> = Promise.resolve()

  async function sweep(): Promise<void> {
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

  const next = () => {
    sweeping = sweeping.then(sweep)
    return sweeping
  }
  const timer = setInterval(next, OUTBOX_SWEEP_INTERVAL_MS).unref()
  return {
    written: (eventId) => {
      written.push(eventId)
    },
    async stop() {
      clearInterval(timer)
      await next()
    },
  }
}
