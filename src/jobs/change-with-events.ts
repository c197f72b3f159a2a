/** A change that timed work makes, with the events that tell of it: all commit, or nothing (audit.md section 5). */
import { serviceEventLine } from '../audit/audit-record.ts'
import type { Clock } from '../base/clock.ts'
import type { AuditOutbox } from '../domain/audit-outbox.ts'
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
}

/**
 * @param work returns the events; none if it found nothing left to do and changed nothing.
 * @returns whether it did something.
 */
export async function changeWithEvents(
  { store, clock, random, node, outbox }: JobServices,
  work: (change: Change) => Promise<readonly KeyEvent[]>,
): Promise<boolean> {
  const records = await store.change(async (change) => {
    const records = (await work(change)).map((event) => {
      const eventId = random.uuid()
      return { eventId, line: serviceEventLine({ ...event, eventId, time: clock.now() }) }
    })
    for (const record of records) await change.recordAudit({ ...record, node })
    return records
  })
  await Promise.all(records.map(({ eventId, line }) => outbox.log(eventId, line)))
  return records.length > 0
}
