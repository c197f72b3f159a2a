/** All operations of IAM, by the name that a request gives. */

import type { Operation } from '../../pipeline/operation.ts'
import { CreateAccountAlias, DeleteAccountAlias, ListAccountAliases } from './account-aliases.ts'
import { GetContextKeysForCustomPolicy, GetContextKeysForPrincipalPolicy } from './context-keys.ts'
import { CreateAccessKey } from './create-access-key.ts'
import { CreateGroup } from './create-group.ts'
import { CreateOpenIDConnectProvider } from './create-open-id-connect-provider.ts'
import { CreatePolicy } from './create-policy.ts'
import { CreatePolicyVersion } from './create-policy-version.ts'
import { CreateRole } from './create-role.ts'
import { CreateUser } from './create-user.ts'
import { DeleteAccessKey } from './delete-access-key.ts'
import { DeleteGroup } from './delete-group.ts'
import { DeleteOpenIDConnectProvider } from './delete-open-id-connect-provider.ts'
import { DeletePolicy } from './delete-policy.ts'
import { DeletePolicyVersion } from './delete-policy-version.ts'
import { DeleteRole } from './delete-role.ts'
import { DeleteUser } from './delete-user.ts'
import { GetAccessKeyLastUsed } from './get-access-key-last-used.ts'
import { GetAccountAuthorizationDetails } from './get-account-authorization-details.ts'
import { GetAccountSummary } from './get-account-summary.ts'
import { GetGroup } from './get-group.ts'
import { GetOpenIDConnectProvider } from './get-open-id-connect-provider.ts'
import { GetPolicy } from './get-policy.ts'
import { GetPolicyVersion } from './get-policy-version.ts'
import { GetRole } from './get-role.ts'
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
import {
  ListAttachedGroupPolicies,
  ListAttachedRolePolicies,
  ListAttachedUserPolicies,
} from './list-attached-policies.ts'
import { ListEntitiesForPolicy } from './list-entities-for-policy.ts'
import { ListGroups } from './list-groups.ts'
import { ListGroupsForUser } from './list-groups-for-user.ts'
import {
  ListInstanceProfiles,
  ListInstanceProfilesForRole,
  ListMFADevices,
  ListSAMLProviders,
  ListServerCertificates,
  ListServiceSpecificCredentials,
  ListSigningCertificates,
  ListSSHPublicKeys,
  ListVirtualMFADevices,
} from './list-nothing.ts'
import { ListOpenIDConnectProviders } from './list-open-id-connect-providers.ts'
import { ListPolicies } from './list-policies.ts'
import { ListPolicyVersions } from './list-policy-versions.ts'
import { ListRoles } from './list-roles.ts'
import { ListUsers } from './list-users.ts'
import { DeleteLoginProfile, GetAccountPasswordPolicy, GetLoginProfile } from './login-profiles.ts'
import {
  AddClientIDToOpenIDConnectProvider,
  RemoveClientIDFromOpenIDConnectProvider,
} from './open-id-connect-client-ids.ts'
import {
  ListOpenIDConnectProviderTags,
  TagOpenIDConnectProvider,
  UntagOpenIDConnectProvider,
} from './open-id-connect-provider-tags.ts'
import { ListRoleTags, ListUserTags, TagRole, TagUser, UntagRole, UntagUser } from './owner-tags.ts'
import {
  DeleteRolePermissionsBoundary,
  DeleteUserPermissionsBoundary,
  PutRolePermissionsBoundary,
  PutUserPermissionsBoundary,
} from './permissions-boundaries.ts'
import {
  AttachGroupPolicy,
  AttachRolePolicy,
  AttachUserPolicy,
  DetachGroupPolicy,
  DetachRolePolicy,
  DetachUserPolicy,
} from './policy-attachments.ts'
import { ListPolicyTags, TagPolicy, UntagPolicy } from './policy-tags.ts'
import { SetDefaultPolicyVersion } from './set-default-policy-version.ts'
import { SimulateCustomPolicy } from './simulate-custom-policy.ts'
import { SimulatePrincipalPolicy } from './simulate-principal-policy.ts'
import { UpdateAccessKey } from './update-access-key.ts'
import { UpdateAssumeRolePolicy } from './update-assume-role-policy.ts'
import { UpdateGroup } from './update-group.ts'
import { UpdateOpenIDConnectProviderThumbprint } from './update-open-id-connect-provider-thumbprint.ts'
import { UpdateRole } from './update-role.ts'
import { UpdateRoleDescription } from './update-role-description.ts'
import { UpdateUser } from './update-user.ts'

/** One line per operation, sorted. */
export const IAM_OPERATIONS: readonly Operation[] = [
  AddClientIDToOpenIDConnectProvider,
  AddUserToGroup,
  AttachGroupPolicy,
  AttachRolePolicy,
  AttachUserPolicy,
  CreateAccessKey,
  CreateAccountAlias,
  CreateGroup,
  CreateOpenIDConnectProvider,
  CreatePolicy,
  CreatePolicyVersion,
  CreateRole,
  CreateUser,
  DeleteAccessKey,
  DeleteAccountAlias,
  DeleteGroup,
  DeleteGroupPolicy,
  DeleteLoginProfile,
  DeleteOpenIDConnectProvider,
  DeletePolicy,
  DeletePolicyVersion,
  DeleteRole,
  DeleteRolePermissionsBoundary,
  DeleteRolePolicy,
  DeleteUser,
  DeleteUserPermissionsBoundary,
  DeleteUserPolicy,
  DetachGroupPolicy,
  DetachRolePolicy,
  DetachUserPolicy,
  GetAccessKeyLastUsed,
  GetAccountAuthorizationDetails,
  GetAccountPasswordPolicy,
  GetAccountSummary,
  GetContextKeysForCustomPolicy,
  GetContextKeysForPrincipalPolicy,
  GetGroup,
  GetGroupPolicy,
  GetLoginProfile,
  GetOpenIDConnectProvider,
  GetPolicy,
  GetPolicyVersion,
  GetRole,
  GetRolePolicy,
  GetUser,
  GetUserPolicy,
  ListAccessKeys,
  ListAccountAliases,
  ListAttachedGroupPolicies,
  ListAttachedRolePolicies,
  ListAttachedUserPolicies,
  ListEntitiesForPolicy,
  ListGroupPolicies,
  ListGroups,
  ListGroupsForUser,
  ListInstanceProfiles,
  ListInstanceProfilesForRole,
  ListMFADevices,
  ListOpenIDConnectProviderTags,
  ListOpenIDConnectProviders,
  ListPolicies,
  ListPolicyTags,
  ListPolicyVersions,
  ListRolePolicies,
  ListRoleTags,
  ListRoles,
  ListSAMLProviders,
  ListSSHPublicKeys,
  ListServerCertificates,
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
  RemoveClientIDFromOpenIDConnectProvider,
  RemoveUserFromGroup,
  SetDefaultPolicyVersion,
  SimulateCustomPolicy,
  SimulatePrincipalPolicy,
  TagOpenIDConnectProvider,
  TagPolicy,
  TagRole,
  TagUser,
  UntagOpenIDConnectProvider,
  UntagPolicy,
  UntagRole,
  UntagUser,
  UpdateAccessKey,
  UpdateAssumeRolePolicy,
  UpdateGroup,
  UpdateOpenIDConnectProviderThumbprint,
  UpdateRole,
  UpdateRoleDescription,
  UpdateUser,
]
