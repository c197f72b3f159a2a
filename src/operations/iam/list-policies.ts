/** The managed policies of the account, then those of AWS. */
import { MANAGED_POLICIES_PER_ACCOUNT_MAX } from '../../base/limits.ts'
import { boolean, enumeration, optional, structure } from '../../base/schema.ts'
import { AWS_ACCOUNT, AWS_MANAGED_POLICIES } from '../../domain/identity/aws-managed-policies.ts'
import type { StoredManagedPolicy } from '../../domain/identity/entities.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { policyPath, policyUsageFilter } from '../shapes/iam-members.ts'
import { iamPageOf, pageMembers } from '../shapes/iam-paging.ts'
import { countUses, type PolicyCounts, policyEntry } from '../shapes/iam-policies.ts'

type Scope = 'All' | 'AWS' | 'Local'

async function candidates(store: IdentityReader, account: string, scope: Scope, pathPrefix: string) {
  const all = { pathPrefix, after: undefined, limit: MANAGED_POLICIES_PER_ACCOUNT_MAX }
  const own = scope === 'AWS' ? [] : await store.listManagedPolicies(account, all)
  const ofAws = scope === 'Local' ? [] : AWS_MANAGED_POLICIES.filter(({ path }) => path.startsWith(pathPrefix))
  return [...own, ...ofAws]
}

/** The same name may stand for a policy of the account and for one of AWS. */
function place({ account, policyName }: StoredManagedPolicy): string {
  return `${account === AWS_ACCOUNT ? 1 : 0} ${policyName}`
}

interface Filters {
  readonly PolicyUsageFilter?: 'PermissionsPolicy' | 'PermissionsBoundary'
}

/** The kind of use counts only where used policies alone are asked for: as recorded. */
function isWanted({ attachments, boundaries }: PolicyCounts, { PolicyUsageFilter }: Filters): boolean {
  const isAttached = PolicyUsageFilter !== 'PermissionsBoundary' && attachments > 0
  return isAttached || (PolicyUsageFilter !== 'PermissionsPolicy' && boundaries > 0)
}

export const ListPolicies = defineOperation({
  service: 'iam',
  name: 'ListPolicies',
  input: structure({
    Scope: optional(enumeration(['All', 'AWS', 'Local'])),
    OnlyAttached: optional(boolean()),
    PathPrefix: optional(policyPath),
    PolicyUsageFilter: policyUsageFilter,
    ...pageMembers,
  }),
  uses: [
    {
      on: 'account',
      permission: 'iam:ListPolicies',
      shownAs: ({ PathPrefix = '/' }) => `policy path ${PathPrefix}`,
    },
  ],
  audit: {
    readOnly: true,
    parameters: (input) => ({
      scope: input.Scope,
      onlyAttached: input.OnlyAttached,
      pathPrefix: input.PathPrefix,
      policyUsageFilter: input.PolicyUsageFilter,
      marker: input.Marker,
      maxItems: input.MaxItems,
    }),
  },
  async handler(input, { call, store }) {
    const { account } = call.principal
    const { Scope = 'All', PathPrefix = '/' } = input
    const found = await candidates(store, account, Scope, PathPrefix)
    const wanted: StoredManagedPolicy[] = []
    for (const policy of found) {
      if (input.OnlyAttached !== true || isWanted(await countUses(store, account, policy.arn), input))
        wanted.push(policy)
    }
    const { items, end } = iamPageOf(input, 'ListPolicies', wanted, place)
    const Policies = []
    for (const policy of items) Policies.push(policyEntry(policy, await countUses(store, account, policy.arn)))
    return { Policies, ...end }
  },
})
