/** When each key was last used. Tracking begins with this step: its `applied_at` is the start. */
import { sql } from 'kysely'
import type { Migration } from './migration.ts'

export const lastUsage: Migration = {
  number: 3,
  name: 'last usage',
  // Software from before it cannot erase a key that has a row here.
  breaking: true,
  async up(db, { text, integer, tableOptions }) {
    await db.schema
      .createTable('key_last_usage')
      .addColumn('account', text, (column) => column.notNull())
      .addColumn('region', text, (column) => column.notNull())
      .addColumn('key_id', text, (column) => column.notNull())
      .addColumn('operation', text, (column) => column.notNull())
      .addColumn('used_at', integer, (column) => column.notNull())
      .addColumn('event_id', text, (column) => column.notNull())
      .addColumn('request_id', text, (column) => column.notNull())
      .addPrimaryKeyConstraint('key_last_usage_primary_key', KEY_NAME)
      .addForeignKeyConstraint('key_last_usage_key', KEY_NAME, 'keys', KEY_NAME)
      .modifyEnd(sql.raw(tableOptions))
      .execute()
  },
}

const KEY_NAME: ['account', 'region', 'key_id'] = ['account', 'region', 'key_id']
