/** All operations of IAM, by the name that a request gives. */
import type { Operation } from '../../pipeline/operation.ts'
import { CreateAccountAlias, DeleteAccountAlias, ListAccountAliases } from './account-aliases.ts'
import { CreateAccessKey } from './create-access-key.ts'
import { CreateGroup } from './create-group.ts'
import { CreateUser } from './create-user.ts'
import { DeleteAccessKey } from './delete-access-key.ts'
import { DeleteGroup } from './delete-group.ts'
import { DeleteUser } from './delete-user.ts'
import { GetAccessKeyLastUsed } from './get-access-key-last-used.ts'
import { GetAccountSummary } from './get-account-summary.ts'
import { GetGroup } from './get-group.ts'
import { GetUser } from './get-user.ts'
import { AddUserToGroup, RemoveUserFromGroup } from './group-members.ts'
import {
  DeleteGroupPolicy,
  DeleteRolePolicy,
  DeleteUserPolicy,
  GetGroupPolicy,
  GetRolePolicy,
  GetUserPolicy,
  ListGroupPolicies,
  ListRolePolicies,
  ListUserPolicies,
  PutGroupPolicy,
  PutRolePolicy,
  PutUserPolicy,
} from './inline-policies.ts'
import { ListAccessKeys } from './list-access-keys.ts'
import { ListGroups } from './list-groups.ts'
import { ListGroupsForUser } from './list-groups-for-user.ts'
import {
  ListInstanceProfilesForRole,
  ListMFADevices,
  ListServiceSpecificCredentials,
  ListSigningCertificates,
  ListSSHPublicKeys,
  ListVirtualMFADevices,
} from './list-nothing.ts'
import { ListUsers } from './list-users.ts'
import { DeleteLoginProfile, GetLoginProfile } from './login-profiles.ts'
import { ListRoleTags, ListUserTags, TagRole, TagUser, UntagRole, UntagUser } from './owner-tags.ts'
import {
  DeleteRolePermissionsBoundary,
  DeleteUserPermissionsBoundary,
  PutRolePermissionsBoundary,
  PutUserPermissionsBoundary,
} from './permissions-boundaries.ts'
import { UpdateAccessKey } from './update-access-key.ts'
import { UpdateGroup } from './update-group.ts'
import { UpdateUser } from './update-user.ts'

/** One line per operation, sorted. */
export const IAM_OPERATIONS: readonly Operation[] = [
  AddUserToGroup,
  CreateAccessKey,
  CreateAccountAlias,
  CreateGroup,
  CreateUser,
  DeleteAccessKey,
  DeleteAccountAlias,
  DeleteGroup,
  DeleteGroupPolicy,
  DeleteLoginProfile,
  DeleteRolePermissionsBoundary,
  DeleteRolePolicy,
  DeleteUser,
  DeleteUserPermissionsBoundary,
  DeleteUserPolicy,
  GetAccessKeyLastUsed,
  GetAccountSummary,
  GetGroup,
  GetGroupPolicy,
  GetLoginProfile,
  GetRolePolicy,
  GetUser,
  GetUserPolicy,
  ListAccessKeys,
  ListAccountAliases,
  ListGroupPolicies,
  ListGroups,
  ListGroupsForUser,
  ListInstanceProfilesForRole,
  ListMFADevices,
  ListRolePolicies,
  ListRoleTags,
  ListSSHPublicKeys,
  ListServiceSpecificCredentials,
  ListSigningCertificates,
  ListUserPolicies,
  ListUserTags,
  ListUsers,
  ListVirtualMFADevices,
  PutGroupPolicy,
  PutRolePermissionsBoundary,
  PutRolePolicy,
  PutUserPermissionsBoundary,
  PutUserPolicy,
  RemoveUserFromGroup,
  TagRole,
  TagUser,
  UntagRole,
  UntagUser,
  UpdateAccessKey,
  UpdateGroup,
  UpdateUser,
]
