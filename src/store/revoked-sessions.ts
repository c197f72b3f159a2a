/** The table `revoked_sessions`. */
import type { RevokedSession } from '../domain/identity/entities.ts'
import type { Page } from '../domain/page.ts'
import type { Db } from './dialects/store-database.ts'

export async function isSessionRevoked(db: Db, accessKeyId: string): Promise<boolean> {
  const row = await db
    .selectFrom('revoked_sessions')
    .select('access_key_id')
    .where('access_key_id', '=', accessKeyId)
    .executeTakeFirst()
  return row !== undefined
}

export async function listRevokedSessions(
  db: Db,
  { after, limit }: Page,
  now: number,
): Promise<readonly RevokedSession[]> {
  const rows = await db
    .selectFrom('revoked_sessions')
    .select(['access_key_id', 'account', 'revoked_at', 'expires_at'])
    .where('access_key_id', '>', after ?? '')
    .where('expires_at', '>', now)
    .orderBy('access_key_id')
    .limit(limit)
    .execute()
  return rows.map(({ access_key_id, account, revoked_at, expires_at }) => ({
    accessKeyId: access_key_id,
    account,
    revokedAt: revoked_at,
    expiresAt: expires_at,
  }))
}

/** @returns whether it was not there. */
export async function insertRevokedSession(db: Db, session: RevokedSession): Promise<boolean> {
  const { accessKeyId, account, revokedAt, expiresAt } = session
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('revoked_sessions')
    .values({ access_key_id: accessKeyId, account, revoked_at: revokedAt, expires_at: expiresAt })
    .onConflict((conflict) => conflict.column('access_key_id').doNothing())
    .executeTakeFirst()
  return (numInsertedOrUpdatedRows ?? 0n) > 0n
}

export async function deleteExpiredRevocations(db: Db, now: number): Promise<void> {
  await db.deleteFrom('revoked_sessions').where('expires_at', '<=', now).execute()
}
