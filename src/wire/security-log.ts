/**
 * What was refused before anybody was authenticated (audit.md AU-3): not attributable, so not audited, but worth seeing.
 * One line per source address and access key id in each interval, so that a flood fills neither disk nor memory.
 */
import type { Clock } from '../base/clock.ts'
import { SECURITY_LOG_ENTRIES_MAX, SECURITY_LOG_INTERVAL_MS } from '../base/limits.ts'
import type { Log } from '../base/log.ts'

export interface SecurityLog {
  /**
   * @param accessKeyId as claimed, if there is one; it must be fit for a log.
   * @param reason exception name, or the HTTP status of what was not even a request.
   */
  refused(sourceIp: string, accessKeyId: string | undefined, reason: string): void
  /** Writes what has been counted so far. */
  flush(): void
  /** Writes the rest and stops counting. */
  close(): void
}

interface Refusals {
  readonly sourceIp: string
  readonly accessKeyId: string | undefined
  readonly firstAt: number
  lastAt: number
  /** Reason → how often. */
  readonly counts: Record<string, number>
}

/** Shared by all sources that come when the table is full. */
const OTHERS = 'others'

/** @param onRefusal told the reason of each. */
export function createSecurityLog(log: Log, clock: Clock, onRefusal?: (reason: string) => void): SecurityLog {
  const table = new Map<string, Refusals>()

  function entryOf(sourceIp: string, accessKeyId: string | undefined): Refusals {
    const name = `${sourceIp} ${accessKeyId ?? ''}`
    const known = table.get(name)
    if (known !== undefined) return known
    const isFull = table.size >= SECURITY_LOG_ENTRIES_MAX
    if (isFull && table.has(OTHERS)) return table.get(OTHERS)!
    const now = clock.now()
    const entry = {
      sourceIp: isFull ? OTHERS : sourceIp,
      accessKeyId: isFull ? undefined : accessKeyId,
      firstAt: now,
      lastAt: now,
      counts: {},
    }
    table.set(isFull ? OTHERS : name, entry)
    return entry
  }

  function flush(): void {
    for (const { firstAt, lastAt, ...entry } of table.values()) {
      const times = { first: new Date(firstAt).toISOString(), last: new Date(lastAt).toISOString() }
      log.warn({ ...entry, ...times }, 'refused before authentication')
    }
    table.clear()
  }

  const timer = setInterval(flush, SECURITY_LOG_INTERVAL_MS).unref()

  return {
    refused(sourceIp, accessKeyId, reason) {
      onRefusal?.(reason)
      const entry = entryOf(sourceIp, accessKeyId)
      entry.lastAt = clock.now()
      entry.counts[reason] = (entry.counts[reason] ?? 0) + 1
    },
    flush,
    close() {
      clearInterval(timer)
      flush()
    },
  }
}
