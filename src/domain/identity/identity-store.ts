/**
 * What the domain needs of a store for identities. Names of users, roles, groups and managed policies compare ignoring case,
 * those of inline policies do not; lists are in order of name.
 */
import type { Page } from '../page.ts'
import type {
  AccessKeyUse,
  Credential,
  OwnerKind,
  RevokedSession,
  ServiceAccessKey,
  StoredAccessKey,
  StoredAttachment,
  StoredGroup,
  StoredInlinePolicy,
  StoredManagedPolicy,
  StoredOidcProvider,
  StoredPolicyVersion,
  StoredRole,
  StoredService,
  StoredUser,
} from './entities.ts'

/** Everything whose path begins with `pathPrefix`; `after` is a name. */
export interface NamePage extends Page {
  readonly pathPrefix: string
}

export interface EntityCounts {
  readonly users: number
  readonly roles: number
  readonly groups: number
  /** Customer managed ones. */
  readonly policies: number
  /** Of these. */
  readonly policyVersions: number
}

export interface IdentityReader {
  /** All accounts of this store, in order; none before its first start is complete. */
  listAccounts(): Promise<readonly string[]>
  hasAccount(account: string): Promise<boolean>
  /** Milliseconds since the epoch. */
  accountCreatedAt(account: string): Promise<number | undefined>
  accountAlias(account: string): Promise<string | undefined>
  /** Aliases of accounts are unique in the whole store. */
  findAccountByAlias(alias: string): Promise<string | undefined>
  /** For quotas. */
  countEntities(account: string): Promise<EntityCounts>

  findCredential(accessKeyId: string): Promise<Credential | undefined>
  /** Oldest first. `userName` undefined: the root's. */
  listAccessKeys(account: string, userName: string | undefined): Promise<readonly StoredAccessKey[]>
  findAccessKeyUse(accessKeyId: string): Promise<AccessKeyUse | undefined>

  hasService(name: string): Promise<boolean>
  /** In order of name. */
  listServices(): Promise<readonly StoredService[]>
  findServiceAccessKey(accessKeyId: string): Promise<ServiceAccessKey | undefined>
  /** Oldest first. */
  listServiceAccessKeys(service: string): Promise<readonly ServiceAccessKey[]>

  findUser(account: string, userName: string): Promise<StoredUser | undefined>
  findUserById(userId: string): Promise<StoredUser | undefined>
  listUsers(account: string, page: NamePage): Promise<readonly StoredUser[]>
  findRole(account: string, roleName: string): Promise<StoredRole | undefined>
  findRoleById(roleId: string): Promise<StoredRole | undefined>
  listRoles(account: string, page: NamePage): Promise<readonly StoredRole[]>
  findGroup(account: string, groupName: string): Promise<StoredGroup | undefined>
  findGroupById(groupId: string): Promise<StoredGroup | undefined>
  listGroups(account: string, page: NamePage): Promise<readonly StoredGroup[]>
  listGroupsOfUser(userId: string): Promise<readonly StoredGroup[]>
  listUsersOfGroup(groupId: string, page: Page): Promise<readonly StoredUser[]>

  findManagedPolicy(arn: string): Promise<StoredManagedPolicy | undefined>
  findManagedPolicyByName(account: string, policyName: string): Promise<StoredManagedPolicy | undefined>
  /** Customer managed ones of the account. */
  listManagedPolicies(account: string, page: NamePage): Promise<readonly StoredManagedPolicy[]>
  findPolicyVersion(policyArn: string, version: number): Promise<StoredPolicyVersion | undefined>
  /** Newest first. */
  listPolicyVersions(policyArn: string): Promise<readonly StoredPolicyVersion[]>
  findInlinePolicy(ownerId: string, policyName: string): Promise<StoredInlinePolicy | undefined>
  listInlinePolicies(ownerId: string): Promise<readonly StoredInlinePolicy[]>
  /** In order of policy ARN. */
  listAttachments(ownerId: string): Promise<readonly StoredAttachment[]>
  /** Who has it attached, and who has it as a boundary. */
  listAttachmentsOfPolicy(account: string, policyArn: string): Promise<readonly StoredAttachment[]>
  listBoundaryUses(
    account: string,
    policyArn: string,
  ): Promise<readonly { readonly ownerKind: OwnerKind; readonly ownerId: string }[]>

  findOidcProvider(arn: string): Promise<StoredOidcProvider | undefined>
  listOidcProviders(account: string): Promise<readonly StoredOidcProvider[]>

  /** Also after its entry has expired, as long as that was not pruned. */
  isSessionRevoked(accessKeyId: string): Promise<boolean>
  /** In order of access key id; those that have expired are gone. At most `limit`. */
  listRevokedSessions(page: Page, now: number): Promise<readonly RevokedSession[]>
}

/** Writes note the account with kind `identity`, access keys also themselves with kind `access-key`. */
export interface IdentityChange {
  /** An account that is there already stays as it is. */
  insertAccount(account: string, createdAt: number): Promise<void>
  setAccountAlias(account: string, alias: string | undefined): Promise<void>

  insertAccessKey(accessKey: StoredAccessKey): Promise<void>
  /** Replaces all facts of the key but its id. */
  updateAccessKey(accessKey: StoredAccessKey): Promise<void>
  deleteAccessKey(accessKeyId: string): Promise<void>

  /** One that is there already stays as it is. */
  insertService(service: StoredService): Promise<void>
  /** With its access keys. */
  deleteService(name: string): Promise<void>
  insertServiceAccessKey(accessKey: ServiceAccessKey): Promise<void>
  setServiceAccessKeyActive(accessKeyId: string, active: boolean): Promise<void>
  deleteServiceAccessKey(accessKeyId: string): Promise<void>

  insertUser(user: StoredUser): Promise<void>
  /** By its unique id; its name and path may change, and its access keys follow. */
  updateUser(user: StoredUser): Promise<void>
  /** The caller has made sure that nothing refers to it. */
  deleteUser(user: StoredUser): Promise<void>
  insertRole(role: StoredRole): Promise<void>
  updateRole(role: StoredRole): Promise<void>
  deleteRole(role: StoredRole): Promise<void>
  insertGroup(group: StoredGroup): Promise<void>
  updateGroup(group: StoredGroup): Promise<void>
  deleteGroup(group: StoredGroup): Promise<void>
  /** A member already: no change. */
  addUserToGroup(user: StoredUser, group: StoredGroup): Promise<void>
  removeUserFromGroup(user: StoredUser, group: StoredGroup): Promise<void>

  /** `document` is its newest version, the first. */
  insertManagedPolicy(policy: StoredManagedPolicy, document: string): Promise<void>
  updateManagedPolicy(policy: StoredManagedPolicy): Promise<void>
  /** With all its versions. The caller has made sure that nobody has it attached. */
  deleteManagedPolicy(policy: StoredManagedPolicy): Promise<void>
  insertPolicyVersion(account: string, version: StoredPolicyVersion): Promise<void>
  deletePolicyVersion(account: string, policyArn: string, version: number): Promise<void>
  /** Replaces one of the same name. */
  putInlinePolicy(policy: StoredInlinePolicy): Promise<void>
  deleteInlinePolicy(policy: StoredInlinePolicy): Promise<void>
  /** Attached already: no change. */
  attachPolicy(attachment: StoredAttachment): Promise<void>
  detachPolicy(attachment: StoredAttachment): Promise<void>

  insertOidcProvider(provider: StoredOidcProvider): Promise<void>
  updateOidcProvider(provider: StoredOidcProvider): Promise<void>
  deleteOidcProvider(provider: StoredOidcProvider): Promise<void>

  /** Noted with kind `session`. Revoked already: no change. @returns whether it was not. */
  revokeSession(session: RevokedSession): Promise<boolean>
}
