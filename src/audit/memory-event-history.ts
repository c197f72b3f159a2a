/** LookupEvents over the log in memory: few lines, so they are looked through one by one. */
import { KmsError } from '../base/errors.ts'
import type { EventHistory } from './event-history.ts'
import { isAskedFor, recordedEvent } from './history-event.ts'
import { createLookupQuota, type LookupQuotaOptions } from './lookup-quota.ts'
import type { MemoryAuditLog } from './memory-audit-log.ts'

export function createMemoryEventHistory(log: MemoryAuditLog, options: LookupQuotaOptions = {}): EventHistory {
  const quota = createLookupQuota(options)
  return {
    async lookup(query) {
      quota.take(query.account, query.region)
      const first = log.forgotten
      const after = query.after === undefined ? undefined : readPlace(query.after)
      const all = log.lines.map((line, index) => ({ event: recordedEvent(line)!, number: first + index }))
      const found = all
        .map(({ event, number }) => ({ event, number, time: event.time }))
        .filter((place) => isAskedFor(place.event, query) && (after === undefined || isBefore(place, after)))
        .sort((left, right) => (isBefore(left, right) ? 1 : -1))
      const page = found.slice(0, query.count)
      const last = page.at(-1)
      const completeSince = first === 0 ? query.startTime : (all[0]?.event.time ?? 0)
      return {
        events: page.map(({ event }) => event),
        next: last === undefined || found.length === page.length ? undefined : `${last.time}.${last.number}`,
        completeSince,
        routineCompleteSince: completeSince,
      }
    },
    keepUp() {},
    async close() {},
  }
}

/** Order is by time, then as they were written. */
interface Place {
  readonly time: number
  /** Counted from the first line ever written. */
  readonly number: number
}

function isBefore(left: Place, right: Place): boolean {
  return left.time === right.time ? left.number < right.number : left.time < right.time
}

function readPlace(text: string): Place {
  const match = /^(-?\d{1,16})\.(\d{1,16})$/.exec(text)
  if (match === null) throw new KmsError('InvalidNextTokenException', 'The token is not valid.')
  return { time: Number(match[1]), number: Number(match[2]) }
}
