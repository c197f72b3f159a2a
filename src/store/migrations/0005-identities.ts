/** Roles, groups, policies and identity providers; users and access keys get what those need. */
import { type Kysely, sql } from 'kysely'
import type { ColumnTypes } from '../dialects/store-database.ts'
import type { Migration } from './migration.ts'

export const identities: Migration = {
  number: 5,
  name: 'identities',
  breaking: true,
  async up(db, types) {
    await db.schema.alterTable('accounts').addColumn('alias', types.text).execute()
    await db.schema.createIndex('accounts_by_alias').unique().on('accounts').column('alias').execute()
    await rebuildUsers(db, types)
    await createRoles(db, types)
    await createGroups(db, types)
    await createManagedPolicies(db, types)
    await createPoliciesOfOwners(db, types)
    await createOidcProviders(db, types)
    await keepUsersWorking(db)
  },
}

/**
 * Names become unique ignoring case, and access keys belong to the unique id of their user, so that a renamed user keeps them.
 * New tables, because the primary key of `users` changes.
 */
async function rebuildUsers(db: Kysely<unknown>, { text, integer, bytes, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('new_users')
    .addColumn('user_id', text, (column) => column.primaryKey().notNull())
    .addColumn('account', text, (column) => column.notNull().references('accounts.account'))
    .addColumn('user_name', text, (column) => column.notNull())
    .addColumn('lower_name', text, (column) => column.notNull())
    .addColumn('path', text, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('tags', text, (column) => column.notNull())
    .addColumn('boundary_arn', text)
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await db.schema
    .createTable('new_access_keys')
    .addColumn('access_key_id', text, (column) => column.primaryKey().notNull())
    .addColumn('account', text, (column) => column.notNull().references('accounts.account'))
    .addColumn('user_id', text, (column) => column.references('new_users.user_id'))
    .addColumn('active', integer, (column) => column.notNull())
    .addColumn('token', bytes, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('used_at', integer)
    .addColumn('used_service', text)
    .addColumn('used_region', text)
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await sql`
    INSERT INTO new_users (user_id, account, user_name, lower_name, path, created_at, tags)
    SELECT user_id, account, user_name, lower(user_name), path, created_at, '[]' FROM users`.execute(db)
  await sql`
    INSERT INTO new_access_keys (access_key_id, account, user_id, active, token, created_at)
    SELECT access_key_id, account,
           (SELECT user_id FROM users
            WHERE users.account = access_keys.account AND users.user_name = access_keys.user_name),
           active, token, created_at
    FROM access_keys`.execute(db)
  for (const table of ['access_keys', 'users']) await db.schema.dropTable(table).execute()
  for (const table of ['users', 'access_keys']) await db.schema.alterTable(`new_${table}`).renameTo(table).execute()
  await createUniqueIndex(db, 'users_by_name', 'users', ['account', 'lower_name'])
  await createBoundaryIndex(db, 'users')
  await createIndex(db, 'access_keys_of_user', 'access_keys', ['user_id', 'created_at', 'access_key_id'])
  await db.schema
    .createIndex('access_keys_of_root')
    .on('access_keys')
    .columns(['account', 'created_at', 'access_key_id'])
    .where(sql.ref('user_id'), 'is', null)
    .execute()
}

async function createRoles(db: Kysely<unknown>, { text, integer, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('roles')
    .addColumn('role_id', text, (column) => column.primaryKey().notNull())
    .addColumn('account', text, (column) => column.notNull().references('accounts.account'))
    .addColumn('role_name', text, (column) => column.notNull())
    .addColumn('lower_name', text, (column) => column.notNull())
    .addColumn('path', text, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('description', text)
    .addColumn('max_session_seconds', integer, (column) => column.notNull())
    .addColumn('trust_policy', text, (column) => column.notNull())
    .addColumn('tags', text, (column) => column.notNull())
    .addColumn('boundary_arn', text)
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await createUniqueIndex(db, 'roles_by_name', 'roles', ['account', 'lower_name'])
  await createBoundaryIndex(db, 'roles')
}

async function createGroups(db: Kysely<unknown>, { text, integer, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('groups')
    .addColumn('group_id', text, (column) => column.primaryKey().notNull())
    .addColumn('account', text, (column) => column.notNull().references('accounts.account'))
    .addColumn('group_name', text, (column) => column.notNull())
    .addColumn('lower_name', text, (column) => column.notNull())
    .addColumn('path', text, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await createUniqueIndex(db, 'groups_by_name', 'groups', ['account', 'lower_name'])
  await db.schema
    .createTable('group_members')
    .addColumn('group_id', text, (column) => column.notNull().references('groups.group_id'))
    .addColumn('user_id', text, (column) => column.notNull().references('users.user_id'))
    .addPrimaryKeyConstraint('group_members_primary_key', ['group_id', 'user_id'])
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await createIndex(db, 'groups_of_user', 'group_members', ['user_id', 'group_id'])
}

async function createManagedPolicies(db: Kysely<unknown>, { text, integer, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('managed_policies')
    .addColumn('arn', text, (column) => column.primaryKey().notNull())
    .addColumn('account', text, (column) => column.notNull().references('accounts.account'))
    .addColumn('policy_name', text, (column) => column.notNull())
    .addColumn('lower_name', text, (column) => column.notNull())
    .addColumn('policy_id', text, (column) => column.notNull().unique())
    .addColumn('path', text, (column) => column.notNull())
    .addColumn('description', text)
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('updated_at', integer, (column) => column.notNull())
    .addColumn('default_version', integer, (column) => column.notNull())
    .addColumn('newest_version', integer, (column) => column.notNull())
    .addColumn('tags', text, (column) => column.notNull())
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await createUniqueIndex(db, 'managed_policies_by_name', 'managed_policies', ['account', 'lower_name'])
  await db.schema
    .createTable('policy_versions')
    .addColumn('policy_arn', text, (column) => column.notNull().references('managed_policies.arn'))
    .addColumn('version', integer, (column) => column.notNull())
    .addColumn('document', text, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('policy_versions_primary_key', ['policy_arn', 'version'])
    .modifyEnd(sql.raw(tableOptions))
    .execute()
}

/** Owners are users, roles and groups, so no foreign key can name their table. */
async function createPoliciesOfOwners(db: Kysely<unknown>, { text, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('inline_policies')
    .addColumn('owner_id', text, (column) => column.notNull())
    .addColumn('policy_name', text, (column) => column.notNull())
    .addColumn('account', text, (column) => column.notNull().references('accounts.account'))
    .addColumn('document', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('inline_policies_primary_key', ['owner_id', 'policy_name'])
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await db.schema
    .createTable('attached_policies')
    .addColumn('owner_id', text, (column) => column.notNull())
    // AWS's own policies are in no table.
    .addColumn('policy_arn', text, (column) => column.notNull())
    .addColumn('account', text, (column) => column.notNull().references('accounts.account'))
    .addColumn('owner_kind', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('attached_policies_primary_key', ['owner_id', 'policy_arn'])
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await createIndex(db, 'owners_of_policy', 'attached_policies', ['account', 'policy_arn', 'owner_id'])
}

async function createOidcProviders(db: Kysely<unknown>, { text, integer, tableOptions }: ColumnTypes) {
  await db.schema
    .createTable('oidc_providers')
    .addColumn('arn', text, (column) => column.primaryKey().notNull())
    .addColumn('account', text, (column) => column.notNull().references('accounts.account'))
    .addColumn('url', text, (column) => column.notNull())
    .addColumn('client_ids', text, (column) => column.notNull())
    .addColumn('thumbprints', text, (column) => column.notNull())
    .addColumn('tags', text, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .modifyEnd(sql.raw(tableOptions))
    .execute()
  await createIndex(db, 'oidc_providers_of_account', 'oidc_providers', ['account', 'arn'])
}

/** Until now every user could do everything that key policies leave to the account: this policy says so. */
async function keepUsersWorking(db: Kysely<unknown>) {
  await sql`
    INSERT INTO attached_policies (owner_id, policy_arn, account, owner_kind)
    SELECT user_id, 'arn:aws:iam::aws:policy/AdministratorAccess', account, 'user' FROM users`.execute(db)
}

async function createIndex(db: Kysely<unknown>, name: string, table: string, columns: string[]) {
  await db.schema.createIndex(name).on(table).columns(columns).execute()
}

async function createUniqueIndex(db: Kysely<unknown>, name: string, table: string, columns: string[]) {
  await db.schema.createIndex(name).unique().on(table).columns(columns).execute()
}

async function createBoundaryIndex(db: Kysely<unknown>, table: 'users' | 'roles') {
  await db.schema
    .createIndex(`${table}_by_boundary`)
    .on(table)
    .columns(['account', 'boundary_arn'])
    .where(sql.ref('boundary_arn'), 'is not', null)
    .execute()
}
