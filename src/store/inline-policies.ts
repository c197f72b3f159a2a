/** The table `inline_policies`. Their names differ by case too: a put must never replace a policy that has another name. */
import type { Selectable } from 'kysely'
import type { StoredInlinePolicy } from '../domain/identity/entities.ts'
import type { Db } from './dialects/store-database.ts'
import type { InlinePoliciesTable } from './schema.ts'

const COLUMNS = ['owner_id', 'policy_name', 'account', 'document'] as const

export async function findInlinePolicy(
  db: Db,
  ownerId: string,
  policyName: string,
): Promise<StoredInlinePolicy | undefined> {
  const row = await db
    .selectFrom('inline_policies')
    .select(COLUMNS)
    .where('owner_id', '=', ownerId)
    .where('policy_name', '=', policyName)
    .executeTakeFirst()
  return row && toInlinePolicy(row)
}

export async function listInlinePolicies(db: Db, ownerId: string): Promise<readonly StoredInlinePolicy[]> {
  const rows = await db
    .selectFrom('inline_policies')
    .select(COLUMNS)
    .where('owner_id', '=', ownerId)
    .orderBy('policy_name')
    .execute()
  return rows.map(toInlinePolicy)
}

export async function putInlinePolicy(db: Db, policy: StoredInlinePolicy): Promise<void> {
  const { account, ownerId, policyName, document } = policy
  await db
    .insertInto('inline_policies')
    .values({ owner_id: ownerId, policy_name: policyName, account, document })
    .onConflict((conflict) => conflict.columns(['owner_id', 'policy_name']).doUpdateSet({ document }))
    .execute()
}

export async function deleteInlinePolicy(db: Db, ownerId: string, policyName: string): Promise<void> {
  await db.deleteFrom('inline_policies').where('owner_id', '=', ownerId).where('policy_name', '=', policyName).execute()
}

function toInlinePolicy(row: Selectable<InlinePoliciesTable>): StoredInlinePolicy {
  return Object.freeze({
    account: row.account,
    ownerId: row.owner_id,
    policyName: row.policy_name,
    document: row.document,
  })
}
