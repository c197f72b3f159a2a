/** Several materials for one key: their order, how each came to be used, and imported ones whose bytes may be gone. */
import { type Kysely, sql } from 'kysely'
import type { ColumnTypes } from '../dialects/store-database.ts'
import type { Migration } from './migration.ts'

export const rotationAndImport: Migration = {
  number: 2,
  name: 'rotation and import',
  breaking: true,
  async up(db, types) {
    await addRotation(db, types)
    await addImport(db, types)
    await rebuildKeyMaterials(db, types)
  },
}

async function addRotation(db: Kysely<unknown>, { integer }: ColumnTypes) {
  await db.schema.alterTable('keys').addColumn('rotation_period_in_days', integer).execute()
  await db.schema.alterTable('keys').addColumn('next_rotation_at', integer).execute()
  await db.schema
    .alterTable('keys')
    .addColumn('on_demand_rotations', integer, (column) => column.notNull().defaultTo(0))
    .execute()
  // Keys that may not rotate now are not in the index: years of overdue disabled keys would hide the one that is due.
  await db.schema
    .createIndex('keys_to_rotate')
    .on('keys')
    .column('next_rotation_at')
    .where(sql<boolean>`next_rotation_at IS NOT NULL AND enabled = 1 AND deletion_date IS NULL`)
    .execute()
}

async function addImport(db: Kysely<unknown>, { integer }: ColumnTypes) {
  await db.schema.alterTable('keys').addColumn('material_missing', integer).execute()
  await db.schema.alterTable('keys').addColumn('material_valid_to', integer).execute()
}

/** A table of its own for the copy, because not every database can make a column nullable. */
async function rebuildKeyMaterials(db: Kysely<unknown>, { text, integer, bytes, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('materials_of_keys')
    .addColumn('account', text, (column) => column.notNull())
    .addColumn('region', text, (column) => column.notNull())
    .addColumn('key_id', text, (column) => column.notNull())
    .addColumn('generation', integer, (column) => column.notNull())
    .addColumn('material_id', text, (column) => column.notNull())
    .addColumn('token', bytes)
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('rotation_type', text)
    .addColumn('rotated_at', integer)
    .addColumn('imported', integer)
    .addColumn('valid_to', integer)
    .addColumn('description', text)
    .addPrimaryKeyConstraint('materials_of_keys_primary_key', ['region', 'material_id'])
    .addForeignKeyConstraint('materials_of_keys_key', KEY_NAME, 'keys', KEY_NAME)
    .addCheckConstraint('materials_of_keys_rotation', sql`(rotation_type IS NULL) = (rotated_at IS NULL)`)
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  // Before this step a key had one material at most.
  await sql`
    INSERT INTO materials_of_keys (account, region, key_id, generation, material_id, token, created_at, state)
    SELECT account, region, key_id, 0, material_id, token, created_at, 'CURRENT' FROM key_materials`.execute(db)
  await db.schema.dropTable('key_materials').execute()
  await db.schema.alterTable('materials_of_keys').renameTo('key_materials').execute()
  await db.schema
    .createIndex('key_materials_of_key')
    .unique()
    .on('key_materials')
    .columns([...KEY_NAME, 'generation'])
    .execute()
  await db.schema
    .createIndex('key_materials_to_expire')
    .on('key_materials')
    .column('valid_to')
    .where(sql<boolean>`valid_to IS NOT NULL AND token IS NOT NULL`)
    .execute()
}

const KEY_NAME: ['account', 'region', 'key_id'] = ['account', 'region', 'key_id']
