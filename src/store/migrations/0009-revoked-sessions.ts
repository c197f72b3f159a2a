/** Sessions that an operator revoked, for as long as they could have lasted. */
import { sql } from 'kysely'
import type { Migration } from './migration.ts'

export const revokedSessions: Migration = {
  number: 9,
  name: 'revoked sessions',
  // Software from before it would let revoked sessions in.
  breaking: true,
  async up(db, { text, integer, tableOptions }) {
    await db.schema
      .createTable('revoked_sessions')
      .addColumn('access_key_id', text, (column) => column.primaryKey().notNull())
      .addColumn('account', text, (column) => column.notNull())
      .addColumn('revoked_at', integer, (column) => column.notNull())
      .addColumn('expires_at', integer, (column) => column.notNull())
      .modifyEnd(sql.raw(tableOptions))
      .execute()
    await db.schema.createIndex('revoked_sessions_by_expiry').on('revoked_sessions').column('expires_at').execute()
  },
}
