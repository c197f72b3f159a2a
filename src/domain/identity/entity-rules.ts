/**
 * What must hold before identities are made, renamed and deleted (authorization.md 6.1, 6.6). Called inside of the change
 * that follows, so that what was checked is what is changed.
 */
import { KmsError } from '../../base/errors.ts'
import {
  ACCESS_KEYS_PER_USER_MAX,
  ATTACHED_POLICIES_MAX,
  GROUPS_PER_ACCOUNT_MAX,
  GROUPS_PER_USER_MAX,
  MANAGED_POLICIES_PER_ACCOUNT_MAX,
  OIDC_PROVIDERS_PER_ACCOUNT_MAX,
  ROLES_PER_ACCOUNT_MAX,
  USERS_PER_ACCOUNT_MAX,
} from '../../base/limits.ts'
import type {
  OwnerKind,
  StoredAttachment,
  StoredGroup,
  StoredManagedPolicy,
  StoredOidcProvider,
  StoredRole,
  StoredUser,
} from './entities.ts'
import { deleteConflict, ownerExists, quotaExceeded } from './iam-errors.ts'
import type { IdentityReader } from './identity-store.ts'

/** @param present the entity itself where it is renamed: a change of case alone takes nobody's name. */
export async function checkUserNameIsFree(
  reader: IdentityReader,
  account: string,
  userName: string,
  present?: StoredUser,
): Promise<void> {
  const owner = await reader.findUser(account, userName)
  if (owner !== undefined && owner.userId !== present?.userId) throw ownerExists('user', userName)
}

export async function checkGroupNameIsFree(
  reader: IdentityReader,
  account: string,
  groupName: string,
  present?: StoredGroup,
): Promise<void> {
  const owner = await reader.findGroup(account, groupName)
  if (owner !== undefined && owner.groupId !== present?.groupId) throw ownerExists('group', groupName)
}

/** @throws {KmsError} `EntityAlreadyExists`, `LimitExceeded` */
export async function checkNewUser(reader: IdentityReader, account: string, userName: string): Promise<void> {
  await checkUserNameIsFree(reader, account, userName)
  const { users } = await reader.countEntities(account)
  if (users >= USERS_PER_ACCOUNT_MAX) throw quotaExceeded('UsersPerAccount', USERS_PER_ACCOUNT_MAX)
}

export async function checkNewRole(reader: IdentityReader, account: string, roleName: string): Promise<void> {
  if ((await reader.findRole(account, roleName)) !== undefined) throw ownerExists('role', roleName)
  const { roles } = await reader.countEntities(account)
  if (roles >= ROLES_PER_ACCOUNT_MAX) throw quotaExceeded('RolesPerAccount', ROLES_PER_ACCOUNT_MAX)
}

export async function checkNewGroup(reader: IdentityReader, account: string, groupName: string): Promise<void> {
  await checkGroupNameIsFree(reader, account, groupName)
  const { groups } = await reader.countEntities(account)
  if (groups >= GROUPS_PER_ACCOUNT_MAX) throw quotaExceeded('GroupsPerAccount', GROUPS_PER_ACCOUNT_MAX)
}

export async function checkNewManagedPolicy(
  reader: IdentityReader,
  account: string,
  policyName: string,
): Promise<void> {
  if ((await reader.findManagedPolicyByName(account, policyName)) !== undefined) {
    const text = `A policy called ${policyName} already exists. Duplicate names are not allowed.`
    throw new KmsError('EntityAlreadyExists', text)
  }
  const { policies } = await reader.countEntities(account)
  const max = MANAGED_POLICIES_PER_ACCOUNT_MAX
  if (policies >= max) throw quotaExceeded('PoliciesPerAccount', max)
}

export async function checkNewOidcProvider(
  reader: IdentityReader,
  { account, arn, url }: Pick<StoredOidcProvider, 'account' | 'arn' | 'url'>,
): Promise<void> {
  const providers = await reader.listOidcProviders(account)
  if (providers.some((provider) => provider.arn === arn)) {
    throw new KmsError('EntityAlreadyExists', `Provider with url ${url} already exists.`)
  }
  const max = OIDC_PROVIDERS_PER_ACCOUNT_MAX
  if (providers.length >= max) throw quotaExceeded('OpenIdConnectProvidersPerAccount', max)
}

/** @param userName `undefined`: the account's root. */
export async function checkNewAccessKey(
  reader: IdentityReader,
  account: string,
  userName: string | undefined,
): Promise<void> {
  const present = await reader.listAccessKeys(account, userName)
  const max = ACCESS_KEYS_PER_USER_MAX
  if (present.length >= max) throw quotaExceeded('AccessKeysPerUser', max)
}

export async function checkNewMembership(reader: IdentityReader, user: StoredUser, group: StoredGroup): Promise<void> {
  const groups = await reader.listGroupsOfUser(user.userId)
  if (groups.some(({ groupId }) => groupId === group.groupId)) return
  if (groups.length >= GROUPS_PER_USER_MAX) throw quotaExceeded('GroupsPerUser', GROUPS_PER_USER_MAX)
}

const ATTACHMENT_QUOTAS: Readonly<Record<OwnerKind, string>> = {
  user: 'PoliciesPerUser',
  role: 'PoliciesPerRole',
  group: 'PoliciesPerGroup',
}

export async function checkNewAttachment(reader: IdentityReader, attachment: StoredAttachment): Promise<void> {
  const present = await reader.listAttachments(attachment.ownerId)
  if (present.some(({ policyArn }) => policyArn === attachment.policyArn)) return
  const max = ATTACHED_POLICIES_MAX
  if (present.length >= max) throw quotaExceeded(ATTACHMENT_QUOTAS[attachment.ownerKind], max)
}

/** As recorded from AWS (authorization.md 6.6). */
const REMOVE_REFERENCES = 'remove referenced objects'

/** @throws {KmsError} `DeleteConflict` while it has access keys, policies or groups. */
export async function checkUserIsUnused(reader: IdentityReader, user: StoredUser): Promise<void> {
  const { account, userName, userId } = user
  if ((await reader.listAccessKeys(account, userName)).length > 0) throw deleteConflict(REMOVE_REFERENCES)
  if ((await reader.listGroupsOfUser(userId)).length > 0) throw deleteConflict(REMOVE_REFERENCES)
  await checkHasNoPolicies(reader, userId)
}

export async function checkRoleIsUnused(reader: IdentityReader, { roleId }: StoredRole): Promise<void> {
  await checkHasNoPolicies(reader, roleId)
}

export async function checkGroupIsUnused(reader: IdentityReader, { groupId }: StoredGroup): Promise<void> {
  if ((await reader.listUsersOfGroup(groupId, { after: undefined, limit: 1 })).length > 0)
    throw deleteConflict(REMOVE_REFERENCES)
  await checkHasNoPolicies(reader, groupId)
}

async function checkHasNoPolicies(reader: IdentityReader, ownerId: string): Promise<void> {
  if ((await reader.listAttachments(ownerId)).length > 0) throw deleteConflict('detach all policies')
  if ((await reader.listInlinePolicies(ownerId)).length > 0) throw deleteConflict('delete policies')
}

/** @throws {KmsError} `DeleteConflict` while somebody has it, as a policy or as a boundary, or it has further versions. */
export async function checkManagedPolicyIsUnused(
  reader: IdentityReader,
  { account, arn }: StoredManagedPolicy,
): Promise<void> {
  const attachments = await reader.listAttachmentsOfPolicy(account, arn)
  const boundaries = await reader.listBoundaryUses(account, arn)
  if (attachments.length + boundaries.length > 0) {
    throw new KmsError('DeleteConflict', 'Cannot delete a policy attached to entities.')
  }
  if ((await reader.listPolicyVersions(arn)).length > 1) {
    throw new KmsError(
      'DeleteConflict',
      "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. " +
        'The default version is deleted with the policy.',
    )
  }
}
