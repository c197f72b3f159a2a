/** Since when a domain key is known to have sealed nothing that is still there (lifecycle.md ENV-31). */
import type { Migration } from './migration.ts'

export const unusedDomainKeys: Migration = {
  number: 11,
  name: 'unused domain keys',
  // Software from before it would go on under a root key that was changed, and seal under it.
  breaking: true,
  async up(db, { integer }) {
    await db.schema.alterTable('domain_keys').addColumn('unused_since', integer).execute()
  },
}
