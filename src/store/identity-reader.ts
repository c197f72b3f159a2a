/** The look-ups of `domain/identity/identity-store.ts` over one view of the database. */
import type { IdentityReader } from '../domain/identity/identity-store.ts'
import { findAccessKeyUse, findCredential, listAccessKeys } from './access-keys.ts'
import { accountAlias, accountCreatedAt, findAccountByAlias, hasAccount, listAccounts } from './accounts.ts'
import { listAttachments, listAttachmentsOfPolicy } from './attached-policies.ts'
import type { Db } from './dialects/store-database.ts'
import { countGroups, findGroup, findGroupById, listGroups, listGroupsOfUser } from './groups.ts'
import { findInlinePolicy, listInlinePolicies } from './inline-policies.ts'
import {
  countManagedPolicies,
  findManagedPolicy,
  findManagedPolicyByName,
  listManagedPolicies,
} from './managed-policies.ts'
import { findOidcProvider, listOidcProviders } from './oidc-providers.ts'
import { countPolicyVersions, findPolicyVersion, listPolicyVersions } from './policy-versions.ts'
import { countRoles, findRole, findRoleById, listRoles, rolesBoundedBy } from './roles.ts'
import { findServiceAccessKey, hasService, listServiceAccessKeys, listServices } from './services.ts'
import { countUsers, findUser, findUserById, listUsers, listUsersOfGroup, usersBoundedBy } from './users.ts'

export function createIdentityReader(db: Db): IdentityReader {
  return {
    listAccounts: () => listAccounts(db),
    hasAccount: (account) => hasAccount(db, account),
    accountCreatedAt: (account) => accountCreatedAt(db, account),
    accountAlias: (account) => accountAlias(db, account),
    findAccountByAlias: (alias) => findAccountByAlias(db, alias),
    countEntities: (account) => countEntities(db, account),

    findCredential: (accessKeyId) => findCredential(db, accessKeyId),
    listAccessKeys: (account, userName) => listAccessKeys(db, account, userName),
    findAccessKeyUse: (accessKeyId) => findAccessKeyUse(db, accessKeyId),

    hasService: (name) => hasService(db, name),
    listServices: () => listServices(db),
    findServiceAccessKey: (accessKeyId) => findServiceAccessKey(db, accessKeyId),
    listServiceAccessKeys: (service) => listServiceAccessKeys(db, service),

    findUser: (account, userName) => findUser(db, account, userName),
    findUserById: (userId) => findUserById(db, userId),
    listUsers: (account, page) => listUsers(db, account, page),
    findRole: (account, roleName) => findRole(db, account, roleName),
    findRoleById: (roleId) => findRoleById(db, roleId),
    listRoles: (account, page) => listRoles(db, account, page),
    findGroup: (account, groupName) => findGroup(db, account, groupName),
    findGroupById: (groupId) => findGroupById(db, groupId),
    listGroups: (account, page) => listGroups(db, account, page),
    listGroupsOfUser: (userId) => listGroupsOfUser(db, userId),
    listUsersOfGroup: (groupId, page) => listUsersOfGroup(db, groupId, page),

    findManagedPolicy: (arn) => findManagedPolicy(db, arn),
    findManagedPolicyByName: (account, policyName) => findManagedPolicyByName(db, account, policyName),
    listManagedPolicies: (account, page) => listManagedPolicies(db, account, page),
    findPolicyVersion: (policyArn, version) => findPolicyVersion(db, policyArn, version),
    listPolicyVersions: (policyArn) => listPolicyVersions(db, policyArn),
    findInlinePolicy: (ownerId, policyName) => findInlinePolicy(db, ownerId, policyName),
    listInlinePolicies: (ownerId) => listInlinePolicies(db, ownerId),
    listAttachments: (ownerId) => listAttachments(db, ownerId),
    listAttachmentsOfPolicy: (account, policyArn) => listAttachmentsOfPolicy(db, account, policyArn),
    listBoundaryUses: (account, policyArn) => listBoundaryUses(db, account, policyArn),

    findOidcProvider: (arn) => findOidcProvider(db, arn),
    listOidcProviders: (account) => listOidcProviders(db, account),
  }
}

async function countEntities(db: Db, account: string): ReturnType<IdentityReader['countEntities']> {
  return {
    users: await countUsers(db, account),
    roles: await countRoles(db, account),
    groups: await countGroups(db, account),
    policies: await countManagedPolicies(db, account),
    policyVersions: await countPolicyVersions(db, account),
  }
}

async function listBoundaryUses(
  db: Db,
  account: string,
  policyArn: string,
): ReturnType<IdentityReader['listBoundaryUses']> {
  const users = await usersBoundedBy(db, account, policyArn)
  const roles = await rolesBoundedBy(db, account, policyArn)
  return [
    ...users.map((ownerId) => ({ ownerKind: 'user' as const, ownerId })),
    ...roles.map((ownerId) => ({ ownerKind: 'role' as const, ownerId })),
  ]
}
