/** Accounts, keys and what belongs to them, the audit outbox, the changes that nodes follow, leases. */
import { type Kysely, sql } from 'kysely'
import type { ColumnTypes } from '../dialects/store-database.ts'
import type { Migration } from './migration.ts'

export const initial: Migration = {
  number: 1,
  name: 'initial',
  breaking: true,
  async up(db, types) {
    await createPrincipals(db, types)
    await createKeys(db, types)
    await createAliases(db, types)
    await createDomainKeys(db, types)
    await createAuditOutbox(db, types)
    await createChanges(db, types)
    await createLeases(db, types)
  },
}

async function createPrincipals(db: Kysely<unknown>, { text, integer, bytes, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('accounts')
    .addColumn('account', text, (column) => column.primaryKey().notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await db.schema
    .createTable('users')
    .addColumn('account', text, (column) => column.notNull().references('accounts.account'))
    .addColumn('user_name', text, (column) => column.notNull())
    .addColumn('path', text, (column) => column.notNull())
    .addColumn('user_id', text, (column) => column.notNull().unique())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('users_primary_key', ['account', 'user_name'])
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await db.schema
    .createTable('access_keys')
    .addColumn('access_key_id', text, (column) => column.primaryKey().notNull())
    .addColumn('account', text, (column) => column.notNull().references('accounts.account'))
    .addColumn('user_name', text)
    .addColumn('active', integer, (column) => column.notNull())
    .addColumn('token', bytes, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    // Not checked where user_name is null: the account's root has no user.
    .addForeignKeyConstraint('access_keys_user', ['account', 'user_name'], 'users', ['account', 'user_name'])
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await createIndex(db, 'access_keys_of_user', 'access_keys', ['account', 'user_name'])
}

async function createKeys(db: Kysely<unknown>, { text, integer, bytes, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('keys')
    .addColumn('account', text, (column) => column.notNull())
    .addColumn('region', text, (column) => column.notNull())
    .addColumn('key_id', text, (column) => column.notNull())
    .addColumn('spec', text, (column) => column.notNull())
    .addColumn('usage', text, (column) => column.notNull())
    .addColumn('origin', text, (column) => column.notNull())
    .addColumn('manager', text, (column) => column.notNull())
    .addColumn('multi_region', integer, (column) => column.notNull())
    .addColumn('description', text, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('enabled', integer, (column) => column.notNull())
    .addColumn('deletion_window_in_days', integer)
    .addColumn('deletion_date', integer)
    .addColumn('current_material_id', text)
    .addColumn('tags', text, (column) => column.notNull())
    .addColumn('policy', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('keys_primary_key', ['account', 'region', 'key_id'])
    .addCheckConstraint('keys_deletion', sql`(deletion_window_in_days IS NULL) = (deletion_date IS NULL)`)
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await db.schema
    .createIndex('keys_to_erase')
    .on('keys')
    .column('deletion_date')
    .where(sql.ref('deletion_date'), 'is not', null)
    .execute()
  await db.schema
    .createTable('key_materials')
    .addColumn('account', text, (column) => column.notNull())
    .addColumn('region', text, (column) => column.notNull())
    .addColumn('key_id', text, (column) => column.notNull())
    .addColumn('material_id', text, (column) => column.notNull())
    .addColumn('token', bytes, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('key_materials_primary_key', ['region', 'material_id'])
    .addForeignKeyConstraint('key_materials_key', KEY_NAME, 'keys', KEY_NAME)
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await createIndex(db, 'key_materials_of_key', 'key_materials', KEY_NAME)
}

async function createAliases(db: Kysely<unknown>, { text, integer, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('aliases')
    .addColumn('account', text, (column) => column.notNull())
    .addColumn('region', text, (column) => column.notNull())
    .addColumn('alias_name', text, (column) => column.notNull())
    .addColumn('key_id', text, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('updated_at', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('aliases_primary_key', ['account', 'region', 'alias_name'])
    .addForeignKeyConstraint('aliases_key', KEY_NAME, 'keys', KEY_NAME)
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await createIndex(db, 'aliases_of_key', 'aliases', [...KEY_NAME, 'alias_name'])
}

async function createDomainKeys(db: Kysely<unknown>, { text, integer, bytes, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('domain_keys')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('root_key_id', text, (column) => column.notNull())
    .addColumn('wrapped', bytes, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await createIndex(db, 'domain_keys_by_age', 'domain_keys', ['created_at', 'id'])
}

async function createAuditOutbox(db: Kysely<unknown>, { text, integer, counted, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('audit_outbox')
    .addColumn('position', integer, counted)
    .addColumn('event_id', text, (column) => column.notNull().unique())
    .addColumn('node', text, (column) => column.notNull())
    .addColumn('line', text, (column) => column.notNull())
    .modifyEnd(sql.raw(tableOptions))
    .execute()
}

async function createChanges(db: Kysely<unknown>, { text, integer, counted, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('changes')
    .addColumn('position', integer, counted)
    .addColumn('node', text, (column) => column.notNull())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('subject', text, (column) => column.notNull())
    .addColumn('changed_at', integer, (column) => column.notNull())
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await db.schema
    .createTable('changes_pruned')
    .addColumn('id', integer, (column) => column.primaryKey().notNull())
    .addColumn('position', integer, (column) => column.notNull())
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await sql`INSERT INTO changes_pruned (id, position) VALUES (1, 0)`.execute(db)
}

async function createLeases(db: Kysely<unknown>, { text, integer, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('leases')
    .addColumn('name', text, (column) => column.primaryKey().notNull())
    .addColumn('holder', text, (column) => column.notNull())
    .addColumn('until', integer, (column) => column.notNull())
    .modifyEnd(sql.raw(tableOptions))
    .execute()
}

const KEY_NAME: ['account', 'region', 'key_id'] = ['account', 'region', 'key_id']

async function createIndex(db: Kysely<unknown>, name: string, table: string, columns: string[]) {
  await db.schema.createIndex(name).on(table).columns(columns).execute()
}
