/** The table `oidc_providers`. */
import type { Insertable, Selectable } from 'kysely'
import type { StoredOidcProvider } from '../domain/identity/entities.ts'
import type { Db } from './dialects/store-database.ts'
import { assertOneRow } from './rows.ts'
import type { OidcProvidersTable } from './schema.ts'
import { tagsFromText, tagsToText } from './tags.ts'

const COLUMNS = ['arn', 'account', 'url', 'client_ids', 'thumbprints', 'tags', 'created_at'] as const

export async function findOidcProvider(db: Db, arn: string): Promise<StoredOidcProvider | undefined> {
  const row = await db.selectFrom('oidc_providers').select(COLUMNS).where('arn', '=', arn).executeTakeFirst()
  return row && toProvider(row)
}

export async function listOidcProviders(db: Db, account: string): Promise<readonly StoredOidcProvider[]> {
  const rows = await db
    .selectFrom('oidc_providers')
    .select(COLUMNS)
    .where('account', '=', account)
    .orderBy('arn')
    .execute()
  return rows.map(toProvider)
}

export async function insertOidcProvider(db: Db, provider: StoredOidcProvider): Promise<void> {
  await db
    .insertInto('oidc_providers')
    .values({ arn: provider.arn, ...toFacts(provider) })
    .execute()
}

export async function updateOidcProvider(db: Db, provider: StoredOidcProvider): Promise<void> {
  const result = await db
    .updateTable('oidc_providers')
    .set(toFacts(provider))
    .where('arn', '=', provider.arn)
    .executeTakeFirst()
  assertOneRow(result, provider.arn)
}

export async function deleteOidcProvider(db: Db, arn: string): Promise<void> {
  await db.deleteFrom('oidc_providers').where('arn', '=', arn).execute()
}

function toProvider(row: Selectable<OidcProvidersTable>): StoredOidcProvider {
  return Object.freeze({
    account: row.account,
    arn: row.arn,
    url: row.url,
    clientIds: toList(row.client_ids),
    thumbprints: toList(row.thumbprints),
    tags: tagsFromText(row.tags),
    createdAt: row.created_at,
  })
}

function toList(text: string): readonly string[] {
  return Object.freeze(JSON.parse(text) as string[])
}

function toFacts(provider: StoredOidcProvider): Omit<Insertable<OidcProvidersTable>, 'arn'> {
  return {
    account: provider.account,
    url: provider.url,
    client_ids: JSON.stringify(provider.clientIds),
    thumbprints: JSON.stringify(provider.thumbprints),
    tags: tagsToText(provider.tags),
    created_at: provider.createdAt,
  }
}
