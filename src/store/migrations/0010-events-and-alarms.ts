/**
 * Calls for keys that are pending deletion (lifecycle.md DEL-30), and which of them an alarm has told of; events about keys that are
 * to be sent (10.2).
 */
import { sql } from 'kysely'
import type { Migration } from './migration.ts'

export const eventsAndAlarms: Migration = {
  number: 10,
  name: 'events and alarms',
  // Software from before it cannot erase a key that has a row here.
  breaking: true,
  async up(db, { text, integer, counted, tableOptions }) {
    await db.schema
      .createTable('deletion_alarms')
      .addColumn('account', text, (column) => column.notNull())
      .addColumn('region', text, (column) => column.notNull())
      .addColumn('key_id', text, (column) => column.notNull())
      .addColumn('refused_calls', integer, (column) => column.notNull())
      .addColumn('first_at', integer, (column) => column.notNull())
      .addColumn('last_at', integer, (column) => column.notNull())
      .addColumn('operation', text, (column) => column.notNull())
      .addColumn('event_id', text, (column) => column.notNull())
      .addColumn('request_id', text, (column) => column.notNull())
      .addColumn('principal', text, (column) => column.notNull())
      .addColumn('source_ip', text, (column) => column.notNull())
      .addColumn('announced_calls', integer, (column) => column.notNull())
      .addColumn('announced_at', integer)
      .addPrimaryKeyConstraint('deletion_alarms_primary_key', KEY_NAME)
      .addForeignKeyConstraint('deletion_alarms_key', KEY_NAME, 'keys', KEY_NAME)
      .modifyEnd(sql.raw(tableOptions))
      .execute()
    await db.schema
      .createIndex('deletion_alarms_to_announce')
      .on('deletion_alarms')
      .column('first_at')
      .where(sql<boolean>`refused_calls > announced_calls`)
      .execute()
    await db.schema
      .createTable('event_outbox')
      .addColumn('position', integer, counted)
      .addColumn('event', text, (column) => column.notNull())
      .modifyEnd(sql.raw(tableOptions))
      .execute()
    await db.schema.createIndex('deletion_alarms_by_last_call').on('deletion_alarms').column('last_at').execute()
  },
}

const KEY_NAME: ['account', 'region', 'key_id'] = ['account', 'region', 'key_id']
