/** The tables `groups` and `group_members`. */
import type { Insertable, Selectable } from 'kysely'
import type { StoredGroup } from '../domain/identity/entities.ts'
import type { NamePage } from '../domain/identity/identity-store.ts'
import type { Db } from './dialects/store-database.ts'
import { lowerName, pathBeginsWith } from './entity-names.ts'
import { assertOneRow } from './rows.ts'
import type { GroupsTable } from './schema.ts'

const COLUMNS = [
  'groups.group_id',
  'groups.account',
  'groups.group_name',
  'groups.lower_name',
  'groups.path',
  'groups.created_at',
] as const

export async function findGroup(db: Db, account: string, groupName: string): Promise<StoredGroup | undefined> {
  const row = await db
    .selectFrom('groups')
    .select(COLUMNS)
    .where('account', '=', account)
    .where('lower_name', '=', lowerName(groupName))
    .executeTakeFirst()
  return row && toGroup(row)
}

export async function findGroupById(db: Db, groupId: string): Promise<StoredGroup | undefined> {
  const row = await db.selectFrom('groups').select(COLUMNS).where('group_id', '=', groupId).executeTakeFirst()
  return row && toGroup(row)
}

export async function listGroups(db: Db, account: string, page: NamePage): Promise<readonly StoredGroup[]> {
  const rows = await db
    .selectFrom('groups')
    .select(COLUMNS)
    .where('account', '=', account)
    .where('lower_name', '>', lowerName(page.after ?? ''))
    .where(pathBeginsWith(page.pathPrefix))
    .orderBy('lower_name')
    .limit(page.limit)
    .execute()
  return rows.map(toGroup)
}

/** Sorted here: there are 10 at most. */
export async function listGroupsOfUser(db: Db, userId: string): Promise<readonly StoredGroup[]> {
  const rows = await db
    .selectFrom('group_members')
    .innerJoin('groups', 'groups.group_id', 'group_members.group_id')
    .select(COLUMNS)
    .where('group_members.user_id', '=', userId)
    .execute()
  return rows.toSorted((left, right) => (left.lower_name < right.lower_name ? -1 : 1)).map(toGroup)
}

export async function countGroups(db: Db, account: string): Promise<number> {
  const { count } = await db
    .selectFrom('groups')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account', '=', account)
    .executeTakeFirstOrThrow()
  return Number(count)
}

export async function insertGroup(db: Db, group: StoredGroup): Promise<void> {
  await db
    .insertInto('groups')
    .values({ group_id: group.groupId, ...toFacts(group) })
    .execute()
}

export async function updateGroup(db: Db, group: StoredGroup): Promise<void> {
  const result = await db
    .updateTable('groups')
    .set(toFacts(group))
    .where('group_id', '=', group.groupId)
    .executeTakeFirst()
  assertOneRow(result, group.groupId)
}

export async function deleteGroup(db: Db, groupId: string): Promise<void> {
  await db.deleteFrom('groups').where('group_id', '=', groupId).execute()
}

export async function addMember(db: Db, groupId: string, userId: string): Promise<void> {
  await db
    .insertInto('group_members')
    .values({ group_id: groupId, user_id: userId })
    .onConflict((conflict) => conflict.columns(['group_id', 'user_id']).doNothing())
    .execute()
}

export async function removeMember(db: Db, groupId: string, userId: string): Promise<void> {
  await db.deleteFrom('group_members').where('group_id', '=', groupId).where('user_id', '=', userId).execute()
}

function toGroup(row: Selectable<GroupsTable>): StoredGroup {
  return Object.freeze({
    account: row.account,
    groupName: row.group_name,
    path: row.path,
    groupId: row.group_id,
    createdAt: row.created_at,
  })
}

function toFacts(group: StoredGroup): Omit<Insertable<GroupsTable>, 'group_id'> {
  return {
    account: group.account,
    group_name: group.groupName,
    lower_name: lowerName(group.groupName),
    path: group.path,
    created_at: group.createdAt,
  }
}
