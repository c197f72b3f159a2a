/** A change that timed work makes, with the event that tells of it: both commit, or neither (audit.md section 5). */
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
 * @param work returns the event, or `undefined` if it found nothing left to do and changed nothing.
 * @returns whether it did something.
 */
export async function changeWithEvent(
  { store, clock, random, node, outbox }: JobServices,
  work: (change: Change) => Promise<KeyEvent | undefined>,
): Promise<boolean> {
  const eventId = random.uuid()
  const line = await store.change(async (change) => {
    const event = await work(change)
    if (event === undefined) return undefined
    const line = serviceEventLine({ ...event, eventId, time: clock.now() })
    await change.recordAudit({ eventId, node, line })
    return line
  })
  if (line === undefined) return false
  await outbox.log(eventId, line)
  return true
}
