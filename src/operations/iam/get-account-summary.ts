/** How many identities an account has, and how many it may have. */
import {
  ACCESS_KEYS_PER_USER_MAX,
  ATTACHED_POLICIES_MAX,
  GROUPS_PER_ACCOUNT_MAX,
  GROUPS_PER_USER_MAX,
  INLINE_POLICIES_CHARS_MAX,
  MANAGED_POLICIES_PER_ACCOUNT_MAX,
  MANAGED_POLICY_CHARS_MAX,
  POLICY_VERSIONS_MAX,
  ROLES_PER_ACCOUNT_MAX,
  TRUST_POLICY_CHARS_MAX,
  USERS_PER_ACCOUNT_MAX,
} from '../../base/limits.ts'
import { structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'

const QUOTAS = {
  AccessKeysPerUserQuota: ACCESS_KEYS_PER_USER_MAX,
  AssumeRolePolicySizeQuota: TRUST_POLICY_CHARS_MAX,
  AttachedPoliciesPerGroupQuota: ATTACHED_POLICIES_MAX,
  AttachedPoliciesPerRoleQuota: ATTACHED_POLICIES_MAX,
  AttachedPoliciesPerUserQuota: ATTACHED_POLICIES_MAX,
  GroupPolicySizeQuota: INLINE_POLICIES_CHARS_MAX.group,
  GroupsPerUserQuota: GROUPS_PER_USER_MAX,
  GroupsQuota: GROUPS_PER_ACCOUNT_MAX,
  PoliciesQuota: MANAGED_POLICIES_PER_ACCOUNT_MAX,
  PolicySizeQuota: MANAGED_POLICY_CHARS_MAX,
  PolicyVersionsInUseQuota: MANAGED_POLICIES_PER_ACCOUNT_MAX * POLICY_VERSIONS_MAX,
  RolePolicySizeQuota: INLINE_POLICIES_CHARS_MAX.role,
  RolesQuota: ROLES_PER_ACCOUNT_MAX,
  UserPolicySizeQuota: INLINE_POLICIES_CHARS_MAX.user,
  UsersQuota: USERS_PER_ACCOUNT_MAX,
  VersionsPerPolicyQuota: POLICY_VERSIONS_MAX,
}

/** What Keyhold does not offer: there is none of it, and there may be none. */
const NOTHING = {
  AccountMFAEnabled: 0,
  AccountPasswordPresent: 0,
  AccountSigningCertificatesPresent: 0,
  InstanceProfiles: 0,
  InstanceProfilesQuota: 0,
  MFADevices: 0,
  MFADevicesInUse: 0,
  ServerCertificates: 0,
  ServerCertificatesQuota: 0,
  SigningCertificatesPerUserQuota: 0,
}

export const GetAccountSummary = defineOperation({
  service: 'iam',
  name: 'GetAccountSummary',
  input: structure({}),
  uses: [{ on: 'account', permission: 'iam:GetAccountSummary' }],
  audit: { readOnly: true },
  async handler(_input, { call, store }) {
    const { account } = call.principal
    const { users, groups, roles, policies, policyVersions } = await store.countEntities(account)
    const rootKeys = await store.listAccessKeys(account, undefined)
    const summary: Readonly<Record<string, number>> = {
      ...QUOTAS,
      ...NOTHING,
      AccountAccessKeysPresent: rootKeys.length === 0 ? 0 : 1,
      GlobalEndpointTokenVersion: 1,
      Groups: groups,
      Policies: policies,
      PolicyVersionsInUse: policyVersions,
      Providers: (await store.listOidcProviders(account)).length,
      Roles: roles,
      Users: users,
    }
    return { SummaryMap: new Map(Object.entries(summary).sort(([left], [right]) => (left < right ? -1 : 1))) }
  },
})
