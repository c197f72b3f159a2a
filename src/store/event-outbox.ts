/** The table `event_outbox`: events that were committed with what they tell of, until somebody has taken them. */
import type { BusEvent } from '../domain/bus-event.ts'
import type { EventToSend } from '../domain/store.ts'
import type { Db } from './dialects/store-database.ts'

export async function insertEvent(db: Db, event: BusEvent): Promise<void> {
  await db
    .insertInto('event_outbox')
    .values({ event: JSON.stringify(event) })
    .execute()
}

export async function eventsToSend(db: Db, limit: number): Promise<readonly EventToSend[]> {
  const rows = await db
    .selectFrom('event_outbox')
    .select(['position', 'event'])
    .orderBy('position')
    .limit(limit)
    .execute()
  return rows.map(({ position, event }) => ({ position, event: JSON.parse(event) as BusEvent }))
}

export async function deleteEvent(db: Db, position: number): Promise<void> {
  await db.deleteFrom('event_outbox').where('position', '=', position).execute()
}
