/** Custom key stores, where the material of a key in one of them is, and HSM keys whose KMS keys are not there yet. */
import { type Kysely, sql } from 'kysely'
import type { ColumnTypes } from '../dialects/store-database.ts'
import type { Migration } from './migration.ts'

export const customKeyStores: Migration = {
  number: 7,
  name: 'custom key stores',
  // Software from before it would take a key whose store is disconnected for an enabled one.
  breaking: true,
  async up(db, types) {
    await createKeyStores(db, types)
    await addPlaces(db, types)
    await createUnfinishedKeys(db, types)
  },
}

async function createKeyStores(db: Kysely<unknown>, { text, integer, bytes, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('custom_key_stores')
    .addColumn('account', text, (column) => column.notNull())
    .addColumn('region', text, (column) => column.notNull())
    .addColumn('store_id', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('type', text, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('connection_state', text, (column) => column.notNull())
    .addColumn('connection_error_code', text)
    .addColumn('attempt', integer, (column) => column.notNull())
    .addColumn('cluster_id', text)
    .addColumn('configuration', text, (column) => column.notNull())
    .addColumn('secret', bytes, (column) => column.notNull())
    .addColumn('pending_secret', bytes)
    .addPrimaryKeyConstraint('custom_key_stores_primary_key', ['account', 'region', 'store_id'])
    .addUniqueConstraint('custom_key_stores_names', ['account', 'region', 'name'])
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  // A cluster is one store's, in the whole installation (keystores.md 2.1).
  await db.schema
    .createIndex('custom_key_stores_clusters')
    .unique()
    .on('custom_key_stores')
    .column('cluster_id')
    .where(sql.ref('cluster_id'), 'is not', null)
    .execute()
}

async function addPlaces(db: Kysely<unknown>, { text, integer }: ColumnTypes) {
  await db.schema.alterTable('keys').addColumn('custom_key_store_id', text).execute()
  await db.schema.alterTable('keys').addColumn('ciphertext_suite', integer).execute()
  await db.schema.alterTable('keys').addColumn('xks_key_id', text).execute()
  // An external key is one KMS key's (lifecycle.md CRE-13); keys in HSMs have none, and any number of them may.
  await db.schema
    .createIndex('keys_in_stores')
    .unique()
    .on('keys')
    .columns(['account', 'region', 'custom_key_store_id', 'xks_key_id'])
    .where(sql.ref('custom_key_store_id'), 'is not', null)
    .execute()
}

async function createUnfinishedKeys(db: Kysely<unknown>, { text, integer, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('unfinished_store_keys')
    .addColumn('region', text, (column) => column.notNull())
    .addColumn('material_id', text, (column) => column.notNull())
    .addColumn('account', text, (column) => column.notNull())
    .addColumn('key_id', text, (column) => column.notNull())
    .addColumn('store_id', text, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('unfinished_store_keys_primary_key', ['region', 'material_id'])
    .modifyEnd(sql.raw(tableOptions))
    .execute()
}
