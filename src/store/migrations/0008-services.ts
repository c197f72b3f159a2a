/** Services that operators trust, and their access keys. */
import { sql } from 'kysely'
import type { Migration } from './migration.ts'

export const services: Migration = {
  number: 8,
  name: 'services',
  // Software from before it never looks at these tables; what services may do, nobody may there.
  breaking: false,
  async up(db, { text, integer, bytes, tableOptions }) {
    await db.schema
      .createTable('services')
      .addColumn('name', text, (column) => column.primaryKey().notNull())
      .addColumn('created_at', integer, (column) => column.notNull())
      .modifyEnd(sql.raw(tableOptions))
      .execute()
    await db.schema
      .createTable('service_access_keys')
      .addColumn('access_key_id', text, (column) => column.primaryKey().notNull())
      .addColumn('service', text, (column) => column.notNull().references('services.name'))
      .addColumn('active', integer, (column) => column.notNull())
      .addColumn('token', bytes, (column) => column.notNull())
      .addColumn('created_at', integer, (column) => column.notNull())
      .addColumn('used_at', integer)
      .addColumn('used_service', text)
      .addColumn('used_region', text)
      .modifyEnd(sql.raw(tableOptions))
      .execute()
    await db.schema
      .createIndex('service_access_keys_of_service')
      .on('service_access_keys')
      .columns(['service', 'created_at', 'access_key_id'])
      .execute()
  },
}
