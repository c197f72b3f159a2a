/** The table `policy_versions`: the documents of managed policies. */
import type { Selectable } from 'kysely'
import type { StoredPolicyVersion } from '../domain/identity/entities.ts'
import type { Db } from './dialects/store-database.ts'
import type { PolicyVersionsTable } from './schema.ts'

const COLUMNS = ['policy_arn', 'version', 'document', 'created_at'] as const

export async function findPolicyVersion(
  db: Db,
  policyArn: string,
  version: number,
): Promise<StoredPolicyVersion | undefined> {
  const row = await db
    .selectFrom('policy_versions')
    .select(COLUMNS)
    .where('policy_arn', '=', policyArn)
    .where('version', '=', version)
    .executeTakeFirst()
  return row && toVersion(row)
}

export async function listPolicyVersions(db: Db, policyArn: string): Promise<readonly StoredPolicyVersion[]> {
  const rows = await db
    .selectFrom('policy_versions')
    .select(COLUMNS)
    .where('policy_arn', '=', policyArn)
    .orderBy('version', 'desc')
    .execute()
  return rows.map(toVersion)
}

/** Of all customer managed policies of the account. */
export async function countPolicyVersions(db: Db, account: string): Promise<number> {
  const { count } = await db
    .selectFrom('policy_versions')
    .innerJoin('managed_policies', 'managed_policies.arn', 'policy_versions.policy_arn')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('managed_policies.account', '=', account)
    .executeTakeFirstOrThrow()
  return Number(count)
}

export async function insertPolicyVersion(db: Db, version: StoredPolicyVersion): Promise<void> {
  await db
    .insertInto('policy_versions')
    .values({
      policy_arn: version.policyArn,
      version: version.version,
      document: version.document,
      created_at: version.createdAt,
    })
    .execute()
}

export async function deletePolicyVersion(db: Db, policyArn: string, version: number): Promise<void> {
  await db.deleteFrom('policy_versions').where('policy_arn', '=', policyArn).where('version', '=', version).execute()
}

export async function deletePolicyVersions(db: Db, policyArn: string): Promise<void> {
  await db.deleteFrom('policy_versions').where('policy_arn', '=', policyArn).execute()
}

function toVersion(row: Selectable<PolicyVersionsTable>): StoredPolicyVersion {
  return Object.freeze({
    policyArn: row.policy_arn,
    version: row.version,
    document: row.document,
    createdAt: row.created_at,
  })
}
