/** The table `attached_policies`: which managed policies users, roles and groups have. */
import type { Selectable } from 'kysely'
import type { OwnerKind, StoredAttachment } from '../domain/identity/entities.ts'
import type { Db } from './dialects/store-database.ts'
import type { AttachedPoliciesTable } from './schema.ts'

const COLUMNS = ['owner_id', 'policy_arn', 'account', 'owner_kind'] as const

export async function listAttachments(db: Db, ownerId: string): Promise<readonly StoredAttachment[]> {
  const rows = await db
    .selectFrom('attached_policies')
    .select(COLUMNS)
    .where('owner_id', '=', ownerId)
    .orderBy('policy_arn')
    .execute()
  return rows.map(toAttachment)
}

export async function listAttachmentsOfPolicy(
  db: Db,
  account: string,
  policyArn: string,
): Promise<readonly StoredAttachment[]> {
  const rows = await db
    .selectFrom('attached_policies')
    .select(COLUMNS)
    .where('account', '=', account)
    .where('policy_arn', '=', policyArn)
    .orderBy('owner_id')
    .execute()
  return rows.map(toAttachment)
}

export async function attachPolicy(db: Db, attachment: StoredAttachment): Promise<void> {
  await db
    .insertInto('attached_policies')
    .values({
      owner_id: attachment.ownerId,
      policy_arn: attachment.policyArn,
      account: attachment.account,
      owner_kind: attachment.ownerKind,
    })
    .onConflict((conflict) => conflict.columns(['owner_id', 'policy_arn']).doNothing())
    .execute()
}

export async function detachPolicy(db: Db, ownerId: string, policyArn: string): Promise<void> {
  await db.deleteFrom('attached_policies').where('owner_id', '=', ownerId).where('policy_arn', '=', policyArn).execute()
}

function toAttachment(row: Selectable<AttachedPoliciesTable>): StoredAttachment {
  return Object.freeze({
    account: row.account,
    ownerKind: row.owner_kind as OwnerKind,
    ownerId: row.owner_id,
    policyArn: row.policy_arn,
  })
}
