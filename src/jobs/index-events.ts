/** Keeps up the index that LookupEvents is answered from, so that who asks seldom does not wait for it. */
import type { EventHistory } from '../audit/event-history.ts'
import { EVENT_INDEX_INTERVAL_MS } from '../base/limits.ts'
import type { Job } from './job-runner.ts'

export function indexEvents(history: EventHistory): Job {
  let doneAt = Number.NEGATIVE_INFINITY
  return {
    name: 'index events',
    async run() {
      // The log is written by real time, wherever the clock was moved.
      const now = performance.now()
      if (now - doneAt < EVENT_INDEX_INTERVAL_MS) return
      doneAt = now
      history.keepUp()
    },
  }
}
