/** The table `grants`. */
import type { Insertable, Selectable } from 'kysely'
import type { Grant, GrantConstraints, GrantName, GrantOperation } from '../domain/grants/grant.ts'
import type { PrincipalRef } from '../domain/identity/principal-ref.ts'
import type { KeyName } from '../domain/keys/key.ts'
import type { Page } from '../domain/page.ts'
import type { GrantFilter } from '../domain/store.ts'
import type { Db } from './dialects/store-database.ts'
import type { GrantsTable } from './schema.ts'

const COLUMNS = [
  'grants.account',
  'grants.region',
  'grants.key_id',
  'grants.grant_id',
  'grants.name',
  'grants.created_at',
  'grants.grantee',
  'grants.retiring',
  'grants.issuing_account',
  'grants.operations',
  'grants.limited_to',
  'grants.retry_digest',
] as const

function ofKey(db: Db, { account, region, keyId }: KeyName) {
  return db
    .selectFrom('grants')
    .where('grants.account', '=', account)
    .where('grants.region', '=', region)
    .where('grants.key_id', '=', keyId)
}

export async function findGrant(db: Db, name: GrantName): Promise<Grant | undefined> {
  const row = await ofKey(db, name).select(COLUMNS).where('grant_id', '=', name.grantId).executeTakeFirst()
  return row && toGrant(row)
}

/** One query for each, as an index is read in one place at a time; a caller has five references at most. */
export async function findGrants(db: Db, key: KeyName, grantees: readonly PrincipalRef[]): Promise<readonly Grant[]> {
  const found: Grant[] = []
  for (const grantee of grantees) {
    const rows = await ofKey(db, key).select(COLUMNS).where('grantee', '=', grantee).execute()
    for (const row of rows) found.push(toGrant(row))
  }
  return found
}

export async function findGrantByRetryDigest(db: Db, key: KeyName, digest: string): Promise<Grant | undefined> {
  const row = await ofKey(db, key).select(COLUMNS).where('retry_digest', '=', digest).limit(1).executeTakeFirst()
  return row && toGrant(row)
}

export async function hasGrants(db: Db, key: KeyName): Promise<boolean> {
  return (await ofKey(db, key).select('grant_id').limit(1).executeTakeFirst()) !== undefined
}

export async function countGrants(db: Db, key: KeyName): Promise<number> {
  const { count } = await ofKey(db, key)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

export async function listGrants(
  db: Db,
  key: KeyName,
  { after, limit }: Page,
  { grantId, grantee }: GrantFilter,
): Promise<readonly Grant[]> {
  const rows = await ofKey(db, key)
    .select(COLUMNS)
    .$if(grantId !== undefined, (query) => query.where('grant_id', '=', grantId!))
    .$if(grantee !== undefined, (query) => query.where('grantee', '=', grantee!))
    .where('grant_id', '>', after ?? '')
    .orderBy('grant_id')
    .limit(limit)
    .execute()
  return rows.map(toGrant)
}

export async function listRetirableGrants(
  db: Db,
  region: string,
  retiring: PrincipalRef,
  { after, limit }: Page,
  now: number,
): Promise<readonly Grant[]> {
  const rows = await db
    .selectFrom('grants')
    .innerJoin('keys', (join) =>
      join
        .onRef('keys.account', '=', 'grants.account')
        .onRef('keys.region', '=', 'grants.region')
        .onRef('keys.key_id', '=', 'grants.key_id'),
    )
    .select(COLUMNS)
    .where('grants.region', '=', region)
    .where('grants.retiring', '=', retiring)
    .where('grants.grant_id', '>', after ?? '')
    .where((is) => is.or([is('keys.deletion_date', 'is', null), is('keys.deletion_date', '>', now)]))
    .orderBy('grants.grant_id')
    .limit(limit)
    .execute()
  return rows.map(toGrant)
}

export async function insertGrant(db: Db, grant: Grant): Promise<void> {
  await db.insertInto('grants').values(toRow(grant)).execute()
}

/** @returns whether the grant was there. */
export async function deleteGrant(db: Db, { account, region, keyId, grantId }: GrantName): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('grants')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .where('grant_id', '=', grantId)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

/** @returns whether there were any. */
export async function deleteGrantsOfKey(db: Db, { account, region, keyId }: KeyName): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('grants')
    .where('account', '=', account)
    .where('region', '=', region)
    .where('key_id', '=', keyId)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

function toGrant(row: Selectable<GrantsTable>): Grant {
  return Object.freeze({
    account: row.account,
    region: row.region,
    keyId: row.key_id,
    grantId: row.grant_id,
    name: row.name ?? undefined,
    createdAt: row.created_at,
    grantee: row.grantee,
    retiring: row.retiring ?? undefined,
    issuingAccount: row.issuing_account,
    operations: JSON.parse(row.operations) as GrantOperation[],
    constraints: row.limited_to === null ? undefined : toConstraints(row.limited_to),
    retryDigest: row.retry_digest ?? undefined,
  })
}

/** Pairs as lists, so that one named `__proto__` is a pair like any other. */
interface StoredConstraints {
  readonly subset?: readonly (readonly [string, string])[] | undefined
  readonly equals?: readonly (readonly [string, string])[] | undefined
  readonly sourceArn?: string | undefined
}

function toConstraints(text: string): GrantConstraints {
  const { subset, equals, sourceArn } = JSON.parse(text) as StoredConstraints
  return {
    ...(subset && { encryptionContextSubset: Object.fromEntries(subset) }),
    ...(equals && { encryptionContextEquals: Object.fromEntries(equals) }),
    ...(sourceArn !== undefined && { sourceArn }),
  }
}

function toRow(grant: Grant): Insertable<GrantsTable> {
  return {
    account: grant.account,
    region: grant.region,
    key_id: grant.keyId,
    grant_id: grant.grantId,
    name: grant.name ?? null,
    created_at: grant.createdAt,
    grantee: grant.grantee,
    retiring: grant.retiring ?? null,
    issuing_account: grant.issuingAccount,
    operations: JSON.stringify(grant.operations),
    limited_to: grant.constraints === undefined ? null : constraintsText(grant.constraints),
    retry_digest: grant.retryDigest ?? null,
  }
}

function constraintsText(constraints: GrantConstraints): string {
  const { encryptionContextSubset, encryptionContextEquals, sourceArn } = constraints
  const stored: StoredConstraints = {
    subset: encryptionContextSubset && Object.entries(encryptionContextSubset),
    equals: encryptionContextEquals && Object.entries(encryptionContextEquals),
    sourceArn,
  }
  return JSON.stringify(stored)
}
