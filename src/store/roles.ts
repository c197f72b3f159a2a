/** The table `roles`. */
import type { Insertable, Selectable } from 'kysely'
import type { StoredRole } from '../domain/identity/entities.ts'
import type { NamePage } from '../domain/identity/identity-store.ts'
import type { Db } from './dialects/store-database.ts'
import { lowerName, pathBeginsWith } from './entity-names.ts'
import { assertOneRow } from './rows.ts'
import type { RolesTable } from './schema.ts'
import { tagsFromText, tagsToText } from './tags.ts'

const COLUMNS = [
  'role_id',
  'account',
  'role_name',
  'lower_name',
  'path',
  'created_at',
  'description',
  'max_session_seconds',
  'trust_policy',
  'tags',
  'boundary_arn',
] as const

export async function findRole(db: Db, account: string, roleName: string): Promise<StoredRole | undefined> {
  const row = await db
    .selectFrom('roles')
    .select(COLUMNS)
    .where('account', '=', account)
    .where('lower_name', '=', lowerName(roleName))
    .executeTakeFirst()
  return row && toRole(row)
}

export async function findRoleById(db: Db, roleId: string): Promise<StoredRole | undefined> {
  const row = await db.selectFrom('roles').select(COLUMNS).where('role_id', '=', roleId).executeTakeFirst()
  return row && toRole(row)
}

export async function listRoles(db: Db, account: string, page: NamePage): Promise<readonly StoredRole[]> {
  const rows = await db
    .selectFrom('roles')
    .select(COLUMNS)
    .where('account', '=', account)
    .where('lower_name', '>', lowerName(page.after ?? ''))
    .where(pathBeginsWith(page.pathPrefix))
    .orderBy('lower_name')
    .limit(page.limit)
    .execute()
  return rows.map(toRole)
}

export async function countRoles(db: Db, account: string): Promise<number> {
  const { count } = await db
    .selectFrom('roles')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account', '=', account)
    .executeTakeFirstOrThrow()
  return Number(count)
}

export async function rolesBoundedBy(db: Db, account: string, policyArn: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('roles')
    .select('role_id')
    .where('account', '=', account)
    .where('boundary_arn', '=', policyArn)
    .execute()
  return rows.map(({ role_id }) => role_id)
}

export async function insertRole(db: Db, role: StoredRole): Promise<void> {
  await db
    .insertInto('roles')
    .values({ role_id: role.roleId, ...toFacts(role) })
    .execute()
}

export async function updateRole(db: Db, role: StoredRole): Promise<void> {
  const result = await db.updateTable('roles').set(toFacts(role)).where('role_id', '=', role.roleId).executeTakeFirst()
  assertOneRow(result, role.roleId)
}

export async function deleteRole(db: Db, roleId: string): Promise<void> {
  await db.deleteFrom('roles').where('role_id', '=', roleId).execute()
}

function toRole(row: Selectable<RolesTable>): StoredRole {
  return Object.freeze({
    account: row.account,
    roleName: row.role_name,
    path: row.path,
    roleId: row.role_id,
    createdAt: row.created_at,
    description: row.description ?? undefined,
    maxSessionSeconds: row.max_session_seconds,
    trustPolicy: row.trust_policy,
    tags: tagsFromText(row.tags),
    boundaryArn: row.boundary_arn ?? undefined,
  })
}

function toFacts(role: StoredRole): Omit<Insertable<RolesTable>, 'role_id'> {
  return {
    account: role.account,
    role_name: role.roleName,
    lower_name: lowerName(role.roleName),
    path: role.path,
    created_at: role.createdAt,
    description: role.description ?? null,
    max_session_seconds: role.maxSessionSeconds,
    trust_policy: role.trustPolicy,
    tags: tagsToText(role.tags),
    boundary_arn: role.boundaryArn ?? null,
  }
}
