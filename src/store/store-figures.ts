/** Counts over several tables, for operators who measure (`domain/store-figures.ts`). */
import { sql } from 'kysely'
import type { BusEvent } from '../domain/bus-event.ts'
import type { ConnectionState } from '../domain/key-stores/key-store-place.ts'
import type { KeyName } from '../domain/keys/key.ts'
import type { CountedKeys, KeysCounted, MaterialExpiry, Waiting } from '../domain/store-figures.ts'
import type { Db } from './dialects/store-database.ts'

/** Before any name. */
const FIRST: KeyName = { account: '', region: '', keyId: '' }

export async function countKeysByState(
  db: Db,
  after: KeyName | undefined,
  limit: number,
  now: number,
): Promise<KeysCounted> {
  const start = after ?? FIRST
  const end = await keyAfter(db, start, limit)
  const rows = await db
    .selectFrom('keys')
    .leftJoin('custom_key_stores', (join) =>
      join
        .onRef('custom_key_stores.account', '=', 'keys.account')
        .onRef('custom_key_stores.region', '=', 'keys.region')
        .onRef('custom_key_stores.store_id', '=', 'keys.custom_key_store_id'),
    )
    .select(({ fn }) => [
      fn.countAll<number>().as('count'),
      'keys.enabled',
      'keys.material_missing',
      'custom_key_stores.connection_state',
      sql<number>`CASE WHEN keys.deletion_date IS NULL THEN 0 ELSE 1 END`.as('is_dated'),
      sql<number>`CASE WHEN keys.replica_deletion_window_in_days IS NULL THEN 0 ELSE 1 END`.as('waits_for_replicas'),
      sql<number>`CASE WHEN keys.material_valid_to <= ${now} THEN 1 ELSE 0 END`.as('is_expired'),
    ])
    .where(({ eb, refTuple, tuple }) =>
      eb(refTuple('keys.account', 'keys.region', 'keys.key_id'), '>', tuple(start.account, start.region, start.keyId)),
    )
    .$if(end !== undefined, (query) =>
      query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('keys.account', 'keys.region', 'keys.key_id'), '<=', tuple(end!.account, end!.region, end!.keyId)),
      ),
    )
    .groupBy([
      'keys.enabled',
      'keys.material_missing',
      'custom_key_stores.connection_state',
      'is_dated',
      'waits_for_replicas',
      'is_expired',
    ])
    .execute()
  const groups = rows.map((row): CountedKeys => {
    const isDeleted = row.is_dated === 1 || row.waits_for_replicas === 1
    const validTo = row.is_expired === 1 ? now : undefined
    return {
      count: Number(row.count),
      enabled: row.enabled === 1,
      deletion: isDeleted ? { windowInDays: 0, date: row.is_dated === 1 ? now : undefined } : undefined,
      importedMaterial: row.material_missing === null ? undefined : { isMissing: row.material_missing === 1, validTo },
      customKeyStore:
        row.connection_state === null ? undefined : { connectionState: row.connection_state as ConnectionState },
    }
  })
  return { groups, after: end }
}

/** The one that is `count` keys further on, found in the index alone; `undefined`: there are not so many. */
async function keyAfter(db: Db, start: KeyName, count: number): Promise<KeyName | undefined> {
  const row = await db
    .selectFrom('keys')
    .select(['account', 'region', 'key_id'])
    .where(({ eb, refTuple, tuple }) =>
      eb(refTuple('account', 'region', 'key_id'), '>', tuple(start.account, start.region, start.keyId)),
    )
    .orderBy('account')
    .orderBy('region')
    .orderBy('key_id')
    .limit(1)
    .offset(count - 1)
    .executeTakeFirst()
  return row && { account: row.account, region: row.region, keyId: row.key_id }
}

export async function soonestExpiries(db: Db, limit: number): Promise<readonly MaterialExpiry[]> {
  const rows = await db
    .selectFrom('key_materials')
    .select(['account', 'region', 'key_id', 'valid_to'])
    .where('valid_to', 'is not', null)
    .where('token', 'is not', null)
    .orderBy('valid_to')
    .limit(limit)
    .execute()
  const soonest = new Map<string, MaterialExpiry>()
  for (const { account, region, key_id, valid_to } of rows) {
    const name = `${account} ${region} ${key_id}`
    if (!soonest.has(name)) soonest.set(name, { account, region, keyId: key_id, validTo: valid_to! })
  }
  return [...soonest.values()]
}

export async function soonestDeletions(db: Db, limit: number): Promise<readonly KeyName[]> {
  const rows = await db
    .selectFrom('keys')
    .select(['account', 'region', 'key_id'])
    .where('deletion_date', 'is not', null)
    .orderBy('deletion_date')
    .limit(limit)
    .execute()
  return rows.map(({ account, region, key_id }) => ({ account, region, keyId: key_id }))
}

/** The literal 1 and the tests are those of the index `keys_to_rotate`, which no parameter would match. */
export async function nextRotationAt(db: Db): Promise<number | undefined> {
  const row = await db
    .selectFrom('keys')
    .select('next_rotation_at')
    .where('next_rotation_at', 'is not', null)
    .where('enabled', '=', sql.lit(1))
    .where('deletion_date', 'is', null)
    .where('replica_deletion_window_in_days', 'is', null)
    .orderBy('next_rotation_at')
    .limit(1)
    .executeTakeFirst()
  return row?.next_rotation_at ?? undefined
}

export async function eventsWaiting(db: Db): Promise<Waiting> {
  const oldest = await db.selectFrom('event_outbox').select('event').orderBy('position').limit(1).executeTakeFirst()
  if (oldest === undefined) return { count: 0, oldestAt: undefined }
  const { count } = await db
    .selectFrom('event_outbox')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return { count: Number(count), oldestAt: Date.parse((JSON.parse(oldest.event) as BusEvent).time) }
}

export async function countPendingAuditRecords(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('audit_outbox')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}
