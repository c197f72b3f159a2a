/** The table `managed_policies`: what belongs to all versions of a policy. */
import type { Insertable, Selectable } from 'kysely'
import type { StoredManagedPolicy } from '../domain/identity/entities.ts'
import type { NamePage } from '../domain/identity/identity-store.ts'
import type { Db } from './dialects/store-database.ts'
import { lowerName, pathBeginsWith } from './entity-names.ts'
import { assertOneRow } from './rows.ts'
import type { ManagedPoliciesTable } from './schema.ts'
import { tagsFromText, tagsToText } from './tags.ts'

const COLUMNS = [
  'arn',
  'account',
  'policy_name',
  'lower_name',
  'policy_id',
  'path',
  'description',
  'created_at',
  'updated_at',
  'default_version',
  'newest_version',
  'tags',
] as const

export async function findManagedPolicy(db: Db, arn: string): Promise<StoredManagedPolicy | undefined> {
  const row = await db.selectFrom('managed_policies').select(COLUMNS).where('arn', '=', arn).executeTakeFirst()
  return row && toManagedPolicy(row)
}

export async function findManagedPolicyByName(
  db: Db,
  account: string,
  policyName: string,
): Promise<StoredManagedPolicy | undefined> {
  const row = await db
    .selectFrom('managed_policies')
    .select(COLUMNS)
    .where('account', '=', account)
    .where('lower_name', '=', lowerName(policyName))
    .executeTakeFirst()
  return row && toManagedPolicy(row)
}

export async function listManagedPolicies(
  db: Db,
  account: string,
  page: NamePage,
): Promise<readonly StoredManagedPolicy[]> {
  const rows = await db
    .selectFrom('managed_policies')
    .select(COLUMNS)
    .where('account', '=', account)
    .where('lower_name', '>', lowerName(page.after ?? ''))
    .where(pathBeginsWith(page.pathPrefix))
    .orderBy('lower_name')
    .limit(page.limit)
    .execute()
  return rows.map(toManagedPolicy)
}

export async function countManagedPolicies(db: Db, account: string): Promise<number> {
  const { count } = await db
    .selectFrom('managed_policies')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account', '=', account)
    .executeTakeFirstOrThrow()
  return Number(count)
}

export async function insertManagedPolicy(db: Db, policy: StoredManagedPolicy): Promise<void> {
  await db
    .insertInto('managed_policies')
    .values({ arn: policy.arn, ...toFacts(policy) })
    .execute()
}

export async function updateManagedPolicy(db: Db, policy: StoredManagedPolicy): Promise<void> {
  const result = await db
    .updateTable('managed_policies')
    .set(toFacts(policy))
    .where('arn', '=', policy.arn)
    .executeTakeFirst()
  assertOneRow(result, policy.arn)
}

/** Its versions must be gone. */
export async function deleteManagedPolicy(db: Db, arn: string): Promise<void> {
  await db.deleteFrom('managed_policies').where('arn', '=', arn).execute()
}

function toManagedPolicy(row: Selectable<ManagedPoliciesTable>): StoredManagedPolicy {
  return Object.freeze({
    account: row.account,
    policyName: row.policy_name,
    path: row.path,
    policyId: row.policy_id,
    arn: row.arn,
    description: row.description ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    defaultVersion: row.default_version,
    newestVersion: row.newest_version,
    tags: tagsFromText(row.tags),
  })
}

function toFacts(policy: StoredManagedPolicy): Omit<Insertable<ManagedPoliciesTable>, 'arn'> {
  return {
    account: policy.account,
    policy_name: policy.policyName,
    lower_name: lowerName(policy.policyName),
    policy_id: policy.policyId,
    path: policy.path,
    description: policy.description ?? null,
    created_at: policy.createdAt,
    updated_at: policy.updatedAt,
    default_version: policy.defaultVersion,
    newest_version: policy.newestVersion,
    tags: tagsToText(policy.tags),
  }
}
