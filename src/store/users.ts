/** The table `users`. */
import type { Insertable, Selectable } from 'kysely'
import type { StoredUser } from '../domain/identity/entities.ts'
import type { NamePage } from '../domain/identity/identity-store.ts'
import type { Page } from '../domain/page.ts'
import type { Db } from './dialects/store-database.ts'
import { lowerName, pathBeginsWith } from './entity-names.ts'
import { assertOneRow } from './rows.ts'
import type { UsersTable } from './schema.ts'
import { tagsFromText, tagsToText } from './tags.ts'

const COLUMNS = ['user_id', 'account', 'user_name', 'lower_name', 'path', 'created_at', 'tags', 'boundary_arn'] as const

export async function findUser(db: Db, account: string, userName: string): Promise<StoredUser | undefined> {
  const row = await db
    .selectFrom('users')
    .select(COLUMNS)
    .where('account', '=', account)
    .where('lower_name', '=', lowerName(userName))
    .executeTakeFirst()
  return row && toUser(row)
}

export async function findUserById(db: Db, userId: string): Promise<StoredUser | undefined> {
  const row = await db.selectFrom('users').select(COLUMNS).where('user_id', '=', userId).executeTakeFirst()
  return row && toUser(row)
}

export async function listUsers(db: Db, account: string, page: NamePage): Promise<readonly StoredUser[]> {
  const rows = await db
    .selectFrom('users')
    .select(COLUMNS)
    .where('account', '=', account)
    .where('lower_name', '>', lowerName(page.after ?? ''))
    .where(pathBeginsWith(page.pathPrefix))
    .orderBy('lower_name')
    .limit(page.limit)
    .execute()
  return rows.map(toUser)
}

/** Goes through the users of the account in order of name, which needs no sorting; there are 5,000 at most. */
export async function listUsersOfGroup(db: Db, groupId: string, page: Page): Promise<readonly StoredUser[]> {
  const rows = await db
    .selectFrom('users')
    .select(COLUMNS)
    .where('account', '=', ({ selectFrom }) =>
      selectFrom('groups').select('groups.account').where('groups.group_id', '=', groupId),
    )
    .where('lower_name', '>', lowerName(page.after ?? ''))
    .where('user_id', 'in', ({ selectFrom }) =>
      selectFrom('group_members')
        .select('group_members.user_id')
        .where('group_members.group_id', '=', groupId)
        .whereRef('group_members.user_id', '=', 'users.user_id'),
    )
    .orderBy('lower_name')
    .limit(page.limit)
    .execute()
  return rows.map(toUser)
}

export async function countUsers(db: Db, account: string): Promise<number> {
  const { count } = await db
    .selectFrom('users')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account', '=', account)
    .executeTakeFirstOrThrow()
  return Number(count)
}

export async function usersBoundedBy(db: Db, account: string, policyArn: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('users')
    .select('user_id')
    .where('account', '=', account)
    .where('boundary_arn', '=', policyArn)
    .execute()
  return rows.map(({ user_id }) => user_id)
}

export async function insertUser(db: Db, user: StoredUser): Promise<void> {
  await db
    .insertInto('users')
    .values({ user_id: user.userId, ...toFacts(user) })
    .execute()
}

export async function updateUser(db: Db, user: StoredUser): Promise<void> {
  const result = await db.updateTable('users').set(toFacts(user)).where('user_id', '=', user.userId).executeTakeFirst()
  assertOneRow(result, user.userId)
}

export async function deleteUser(db: Db, userId: string): Promise<void> {
  await db.deleteFrom('users').where('user_id', '=', userId).execute()
}

function toUser(row: Selectable<UsersTable>): StoredUser {
  return Object.freeze({
    account: row.account,
    userName: row.user_name,
    path: row.path,
    userId: row.user_id,
    createdAt: row.created_at,
    tags: tagsFromText(row.tags),
    boundaryArn: row.boundary_arn ?? undefined,
  })
}

/** Without the name of the row, which never changes: setting it would make the database look for what refers to it. */
function toFacts(user: StoredUser): Omit<Insertable<UsersTable>, 'user_id'> {
  return {
    account: user.account,
    user_name: user.userName,
    lower_name: lowerName(user.userName),
    path: user.path,
    created_at: user.createdAt,
    tags: tagsToText(user.tags),
    boundary_arn: user.boundaryArn ?? null,
  }
}
