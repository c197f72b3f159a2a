/** Multi-Region sets: who belongs to them, deletion that waits for replicas, materials that were sealed in another Region. */
import { type Kysely, sql } from 'kysely'
import type { ColumnTypes } from '../dialects/store-database.ts'
import type { Migration } from './migration.ts'

export const multiRegion: Migration = {
  number: 4,
  name: 'multi-Region',
  // Software from before it would take a key that waits for its replicas' deletion for an enabled one.
  breaking: true,
  async up(db, types) {
    await addSets(db, types)
    await addDeletion(db, types)
    await db.schema.alterTable('key_materials').addColumn('sealed_in', types.text).execute()
  },
}

/** A multi-Region key was a primary without replicas until now. */
async function addSets(db: Kysely<unknown>, { text }: ColumnTypes) {
  await db.schema.alterTable('keys').addColumn('primary_region', text).execute()
  await db.schema.alterTable('keys').addColumn('replica_regions', text).execute()
  await sql`UPDATE keys SET primary_region = region, replica_regions = '[]' WHERE multi_region = 1`.execute(db)
}

/** A column of its own, because a check on the table binds window and date together. */
async function addDeletion(db: Kysely<unknown>, { integer }: ColumnTypes) {
  await db.schema.alterTable('keys').addColumn('replica_deletion_window_in_days', integer).execute()
  await db.schema.dropIndex('keys_to_rotate').execute()
  await db.schema
    .createIndex('keys_to_rotate')
    .on('keys')
    .column('next_rotation_at')
    .where(
      sql<boolean>`next_rotation_at IS NOT NULL AND enabled = 1 AND deletion_date IS NULL
        AND replica_deletion_window_in_days IS NULL`,
    )
    .execute()
}
