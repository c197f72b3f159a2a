/** Grants: found by the key and who is granted something, listed by key, listed by who may retire them. */
import { sql } from 'kysely'
import type { Migration } from './migration.ts'

export const grants: Migration = {
  number: 6,
  name: 'grants',
  // Software from before it cannot erase a key that has a row here.
  breaking: true,
  async up(db, { text, integer, tableOptions }) {
    await db.schema
      .createTable('grants')
      .addColumn('account', text, (column) => column.notNull())
      .addColumn('region', text, (column) => column.notNull())
      .addColumn('key_id', text, (column) => column.notNull())
      .addColumn('grant_id', text, (column) => column.notNull())
      .addColumn('name', text)
      .addColumn('created_at', integer, (column) => column.notNull())
      .addColumn('grantee', text, (column) => column.notNull())
      .addColumn('retiring', text)
      .addColumn('issuing_account', text, (column) => column.notNull())
      .addColumn('operations', text, (column) => column.notNull())
      .addColumn('limited_to', text)
      .addColumn('retry_digest', text)
      .addPrimaryKeyConstraint('grants_primary_key', [...KEY_NAME, 'grant_id'])
      .addForeignKeyConstraint('grants_key', KEY_NAME, 'keys', KEY_NAME)
      .modifyEnd(sql.raw(tableOptions))
      .execute()
    await db.schema
      .createIndex('grants_of_grantee')
      .on('grants')
      .columns([...KEY_NAME, 'grantee', 'grant_id'])
      .execute()
    await db.schema
      .createIndex('grants_to_retire')
      .on('grants')
      .columns(['region', 'retiring', 'grant_id'])
      .where(sql.ref('retiring'), 'is not', null)
      .execute()
    await db.schema
      .createIndex('grants_by_retry_digest')
      .on('grants')
      .columns([...KEY_NAME, 'retry_digest'])
      .where(sql.ref('retry_digest'), 'is not', null)
      .execute()
  },
}

const KEY_NAME: ['account', 'region', 'key_id'] = ['account', 'region', 'key_id']
