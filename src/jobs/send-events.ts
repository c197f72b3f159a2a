/** Sends events that were committed with what they tell of (lifecycle.md 10.2): at least once, in the order of commits. */
import { EVENTS_ROUND_MS_MAX, EVENTS_SENT_AT_ONCE_MAX } from '../base/limits.ts'
import type { SendEvent } from '../domain/bus-event.ts'
import type { Store } from '../domain/store.ts'
import type { Job } from './job-runner.ts'

export function sendEvents(store: Store, send: SendEvent): Job {
  return {
    name: 'send events',
    async run() {
      const began = performance.now()
      // The first that is not taken ends the round: those behind it come after it, and other work waits.
      for (const { position, event } of await store.eventsToSend(EVENTS_SENT_AT_ONCE_MAX)) {
        if (!(await send(event))) return
        await store.eventSent(position)
        if (performance.now() - began >= EVENTS_ROUND_MS_MAX) return
      }
    },
  }
}
