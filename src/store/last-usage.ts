/** The table `key_last_usage`: the newest use of each key that has been used since tracking began. */
import { sql } from 'kysely'
import type { KeyName } from '../domain/keys/key.ts'
import type { KeyUse } from '../domain/store.ts'
import type { Db } from './dialects/store-database.ts'
import { lastUsage } from './migrations/0003-last-usage.ts'

export async function findLastUsage(db: Db, { account, region, keyId }: KeyName): Promise<KeyUse | undefined> {
  const row = await db
    .selectFrom('key_last_usage')
    .select(['operation', 'used_at', 'event_id', 'request_id'])
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { operation, used_at: time, event_id: eventId, request_id: requestId } = row
  return { account, region, keyId, operation, time, eventId, requestId }
}

export async function lastUsageTrackedSince(db: Db): Promise<number> {
  const { applied_at } = await db
    .selectFrom('migrations')
    .select('applied_at')
    .where('number', '=', lastUsage.number)
    .executeTakeFirstOrThrow()
  return applied_at
}

/** Each field has its own name for a value. */
const FIELD_NAMES = {
  account: 'account',
  region: 'region',
  keyId: 'keyId',
  operation: 'operation',
  time: 'time',
  eventId: 'eventId',
  requestId: 'requestId',
} satisfies Record<keyof KeyUse, keyof KeyUse>

/** Ten thousand keys may be in use: the query is compiled once, which costs several times what running it does. */
export async function saveUses(db: Db, uses: readonly KeyUse[]): Promise<void> {
  const { parameters: names, ...compiled } = savingOf(db, FIELD_NAMES as unknown as KeyUse).compile()
  for (const use of uses) {
    const parameters = (names as readonly (keyof KeyUse)[]).map((name) => use[name])
    await db.executeQuery({ ...compiled, parameters })
  }
}

/** Nodes flush in any order, so an older use never replaces a newer one; a key that is gone meanwhile stays gone. */
function savingOf(db: Db, use: KeyUse) {
  const { account, region, keyId, operation, time, eventId, requestId } = use
  return db
    .insertInto('key_last_usage')
    .columns(['account', 'region', 'key_id', 'operation', 'used_at', 'event_id', 'request_id'])
    .expression((build) =>
      build
        .selectFrom('keys')
        .select(['account', 'region', 'key_id'])
        .select([
          sql.val(operation).as('operation'),
          sql.val(time).as('used_at'),
          sql.val(eventId).as('event_id'),
          sql.val(requestId).as('request_id'),
        ])
        .where('account', '=', account)
        .where('region', '=', region)
        .where('key_id', '=', keyId),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['account', 'region', 'key_id'])
        .doUpdateSet({ operation, used_at: time, event_id: eventId, request_id: requestId })
        .where('key_last_usage.used_at', '<=', time),
    )
}

export async function deleteLastUsage(db: Db, { account, region, keyId }: KeyName): Promise<void> {
  await db
    .deleteFrom('key_last_usage')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .execute()
}
