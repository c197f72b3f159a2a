/** The table `domain_keys`: wrapped by the root key. */
import type { Selectable } from 'kysely'
import type { NewDomainKey, StoredDomainKey } from '../domain/store.ts'
import type { Db } from './dialects/store-database.ts'
import { asBuffer, assertOneRow } from './rows.ts'
import type { DomainKeysTable } from './schema.ts'

const COLUMNS = ['id', 'root_key_id', 'wrapped', 'created_at', 'unused_since'] as const

export async function findDomainKey(db: Db, id: string): Promise<StoredDomainKey | undefined> {
  const row = await db.selectFrom('domain_keys').select(COLUMNS).where('id', '=', id).executeTakeFirst()
  return row && toDomainKey(row)
}

export async function newestDomainKey(db: Db): Promise<StoredDomainKey | undefined> {
  const row = await db
    .selectFrom('domain_keys')
    .select(COLUMNS)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && toDomainKey(row)
}

export async function listDomainKeys(db: Db): Promise<readonly StoredDomainKey[]> {
  const rows = await db.selectFrom('domain_keys').select(COLUMNS).orderBy('created_at').orderBy('id').execute()
  return rows.map(toDomainKey)
}

export async function insertDomainKey(db: Db, { id, rootKeyId, wrapped, createdAt }: NewDomainKey): Promise<void> {
  await db.insertInto('domain_keys').values({ id, root_key_id: rootKeyId, wrapped, created_at: createdAt }).execute()
}

export async function rewrapDomainKey(db: Db, id: string, rootKeyId: string, wrapped: Buffer): Promise<void> {
  const result = await db
    .updateTable('domain_keys')
    .set({ root_key_id: rootKeyId, wrapped })
    .where('id', '=', id)
    .executeTakeFirst()
  assertOneRow(result, `domain key ${id}`)
}

export async function setDomainKeyUnused(db: Db, id: string, since: number | undefined): Promise<void> {
  const result = await db
    .updateTable('domain_keys')
    .set({ unused_since: since ?? null })
    .where('id', '=', id)
    .executeTakeFirst()
  assertOneRow(result, `domain key ${id}`)
}

export async function deleteDomainKey(db: Db, id: string): Promise<void> {
  await db.deleteFrom('domain_keys').where('id', '=', id).execute()
}

function toDomainKey({
  id,
  root_key_id,
  wrapped,
  created_at,
  unused_since,
}: Selectable<DomainKeysTable>): StoredDomainKey {
  return {
    id,
    rootKeyId: root_key_id,
    wrapped: asBuffer(wrapped),
    createdAt: created_at,
    unusedSince: unused_since ?? undefined,
  }
}
