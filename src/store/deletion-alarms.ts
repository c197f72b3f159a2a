/** The table `deletion_alarms`: of keys that are pending deletion, the calls that were refused since. */
import { type Selectable, sql } from 'kysely'
import { addUp, type DeletionAlarm, type RefusedCalls } from '../domain/deletion-alarms.ts'
import type { KeyName } from '../domain/keys/key.ts'
import type { Db } from './dialects/store-database.ts'
import type { DeletionAlarmsTable } from './schema.ts'

export async function findDeletionAlarm(
  db: Db,
  { account, region, keyId }: KeyName,
): Promise<DeletionAlarm | undefined> {
  const row = await db
    .selectFrom('deletion_alarms')
    .selectAll()
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .executeTakeFirst()
  return row && toAlarm(row)
}

export async function addRefusedCalls(db: Db, all: readonly RefusedCalls[]): Promise<void> {
  for (const calls of all) {
    const known = await findDeletionAlarm(db, calls)
    if (known !== undefined) await updateAlarm(db, calls, callColumns(addUp(known, calls)))
    else if (await isPendingDeletion(db, calls)) await insertAlarm(db, calls)
  }
}

/** @param calls how many of them have been told of. */
export async function saveAnnouncement(db: Db, key: KeyName, calls: number, time: number): Promise<void> {
  await updateAlarm(db, key, { announced_calls: calls, announced_at: time })
}

async function updateAlarm(
  db: Db,
  { account, region, keyId }: KeyName,
  columns: Partial<Omit<DeletionAlarmsTable, 'account' | 'region' | 'key_id'>>,
): Promise<void> {
  await db
    .updateTable('deletion_alarms')
    .set(columns)
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .execute()
}

async function isPendingDeletion(db: Db, { account, region, keyId }: KeyName): Promise<boolean> {
  const row = await db
    .selectFrom('keys')
    .select('key_id')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .where((is) =>
      is.or([is('deletion_window_in_days', 'is not', null), is('replica_deletion_window_in_days', 'is not', null)]),
    )
    .executeTakeFirst()
  return row !== undefined
}

async function insertAlarm(db: Db, calls: RefusedCalls): Promise<void> {
  const { account, region, keyId } = calls
  await db
    .insertInto('deletion_alarms')
    .values({ account, region, key_id: keyId, ...callColumns(calls), announced_calls: 0, announced_at: null })
    .execute()
}

function callColumns({ count, firstAt, last }: RefusedCalls) {
  const { time, operation, eventId, requestId, principal, sourceIp } = last
  return {
    refused_calls: count,
    first_at: firstAt,
    last_at: time,
    operation,
    event_id: eventId,
    request_id: requestId,
    principal,
    source_ip: sourceIp,
  }
}

export async function newestDeletionAlarms(db: Db, limit: number): Promise<readonly DeletionAlarm[]> {
  const rows = await db.selectFrom('deletion_alarms').selectAll().orderBy('last_at', 'desc').limit(limit).execute()
  return rows.map(toAlarm)
}

/** Those that nobody knows of yet first: somebody who asks for many doomed keys again and again must not keep them from being known. */
export async function deletionAlarmsToAnnounce(
  db: Db,
  before: number,
  limit: number,
): Promise<readonly DeletionAlarm[]> {
  const toAnnounce = db
    .selectFrom('deletion_alarms')
    .selectAll()
    .where(sql<boolean>`refused_calls > announced_calls`)
    .orderBy('first_at')
  const rows = await toAnnounce.where('announced_at', 'is', null).limit(limit).execute()
  const room = limit - rows.length
  if (room > 0) rows.push(...(await toAnnounce.where('announced_at', '<=', before).limit(room).execute()))
  return rows.map(toAlarm)
}

export async function deleteDeletionAlarm(db: Db, { account, region, keyId }: KeyName): Promise<void> {
  await db
    .deleteFrom('deletion_alarms')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .execute()
}

function toAlarm(row: Selectable<DeletionAlarmsTable>): DeletionAlarm {
  return {
    account: row.account,
    region: row.region,
    keyId: row.key_id,
    count: row.refused_calls,
    firstAt: row.first_at,
    last: {
      operation: row.operation,
      time: row.last_at,
      eventId: row.event_id,
      requestId: row.request_id,
      principal: row.principal,
      sourceIp: row.source_ip,
    },
    announced: row.announced_calls,
    announcedAt: row.announced_at ?? undefined,
  }
}
