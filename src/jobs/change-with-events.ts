/** A change that timed work makes, with the events that tell of it: all commit, or nothing (audit.md section 5). */
import { serviceEventLine } from '../audit/audit-record.ts'
import type { Clock } from '../base/clock.ts'
import type { AuditOutbox } from '../domain/audit-outbox.ts'
import { busEventOf } from '../domain/bus-event.ts'
import type { KeyEvent } from '../domain/key-event.ts'
import type { RandomSource } from '../domain/services.ts'
import type { Change, Store } from '../domain/store.ts'

export interface JobServices {
  readonly store: Store
  readonly clock: Clock
  readonly random: RandomSource
  /** Names this node in records that wait for its audit log. */
  readonly node: string
  readonly outbox: AuditOutbox
  /** Somebody wants to be sent events. */
  readonly sendsEvents: boolean
}

/**
 * @param work returns the events; none if it found nothing left to do and changed nothing.
 * @returns whether it did something.
 */
export async function changeWithEvents(
  { store, clock, random, node, outbox, sendsEvents }: JobServices,
  work: (change: Change) => Promise<readonly KeyEvent[]>,
): Promise<boolean> {
  const records = await store.change(async (change) => {
    const records = (await work(change)).map((event) => {
      const eventId = random.uuid()
      const time = clock.now()
      const toSend = sendsEvents ? busEventOf(event, eventId, time) : undefined
      return { eventId, line: serviceEventLine({ ...event, eventId, time }), toSend }
    })
    for (const { eventId, line, toSend } of records) {
      await change.recordAudit({ eventId, line, node })
      if (toSend !== undefined) await change.recordEvent(toSend)
    }
    return records
  })
  await Promise.all(records.map(({ eventId, line }) => outbox.log(eventId, line)))
  return records.length > 0
}
