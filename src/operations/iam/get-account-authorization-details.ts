/** Everything that decides what the identities of an account may do, page by page: users, groups, roles, policies. */
import { enumeration, list, optional, structure } from '../../base/schema.ts'
import { AWS_MANAGED_POLICIES } from '../../domain/identity/aws-managed-policies.ts'
import { showPolicy } from '../../domain/identity/bound-policies.ts'
import type { StoredGroup, StoredManagedPolicy, StoredRole, StoredUser } from '../../domain/identity/entities.ts'
import { parseEntityArn } from '../../domain/identity/entity-name.ts'
import type { IdentityReader, NamePage } from '../../domain/identity/identity-store.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { boundaryAnswer, percentEncoded } from '../shapes/iam-answers.ts'
import { toIamTags } from '../shapes/iam-members.ts'
import { iamPage, iamPageStart, pageMembers } from '../shapes/iam-paging.ts'
import { countUses, listVersions, policyEntry, versionAnswer } from '../shapes/iam-policies.ts'
import { newRoleAnswer } from '../shapes/iam-roles.ts'
import { groupAnswer, userEntry } from '../shapes/iam-users.ts'

const OPERATION = 'GetAccountAuthorizationDetails'

const KINDS = ['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'] as const

type Kind = (typeof KINDS)[number]

/** Answers have all of them, empty or not. */
type DetailList = 'UserDetailList' | 'GroupDetailList' | 'RoleDetailList' | 'Policies'

interface Section<T> {
  readonly kind: Kind
  readonly list: DetailList
  find(store: IdentityReader, account: string, page: NamePage): Promise<readonly T[]>
  nameOf(item: T): string
  detail(store: IdentityReader, account: string, item: T): Promise<object>
}

async function inlinePolicies(store: IdentityReader, ownerId: string) {
  const policies = await store.listInlinePolicies(ownerId)
  return policies.map(({ policyName, document }) => ({
    PolicyName: policyName,
    PolicyDocument: percentEncoded(document),
  }))
}

async function attachedPolicies(store: IdentityReader, ownerId: string) {
  const attachments = await store.listAttachments(ownerId)
  return attachments.map(({ policyArn }) => ({ PolicyName: parseEntityArn(policyArn)?.name, PolicyArn: policyArn }))
}

async function policyDetail(store: IdentityReader, account: string, policy: StoredManagedPolicy) {
  const versions = await listVersions(store, policy.arn)
  return {
    ...policyEntry(policy, await countUses(store, account, policy.arn)),
    Description: policy.description,
    PolicyVersionList: versions.map((version) => versionAnswer(version, policy)),
  }
}

const USERS: Section<StoredUser> = {
  kind: 'User',
  list: 'UserDetailList',
  find: (store, account, page) => store.listUsers(account, page),
  nameOf: ({ userName }) => userName,
  async detail(store, _account, user) {
    const inline = await inlinePolicies(store, user.userId)
    return {
      ...userEntry(user),
      // Of users alone an empty list of these is left out.
      UserPolicyList: inline.length === 0 ? undefined : inline,
      GroupList: (await store.listGroupsOfUser(user.userId)).map(({ groupName }) => groupName),
      AttachedManagedPolicies: await attachedPolicies(store, user.userId),
      PermissionsBoundary: boundaryAnswer(user.boundaryArn),
      Tags: toIamTags(user.tags),
    }
  },
}

const GROUPS: Section<StoredGroup> = {
  kind: 'Group',
  list: 'GroupDetailList',
  find: (store, account, page) => store.listGroups(account, page),
  nameOf: ({ groupName }) => groupName,
  detail: async (store, _account, group) => ({
    ...groupAnswer(group),
    GroupPolicyList: await inlinePolicies(store, group.groupId),
    AttachedManagedPolicies: await attachedPolicies(store, group.groupId),
  }),
}

const ROLES: Section<StoredRole> = {
  kind: 'Role',
  list: 'RoleDetailList',
  find: (store, account, page) => store.listRoles(account, page),
  nameOf: ({ roleName }) => roleName,
  detail: async (store, _account, role) => ({
    ...newRoleAnswer(role, await showPolicy(role.trustPolicy, store)),
    InstanceProfileList: [],
    RolePolicyList: await inlinePolicies(store, role.roleId),
    AttachedManagedPolicies: await attachedPolicies(store, role.roleId),
    Tags: toIamTags(role.tags),
    RoleLastUsed: {},
  }),
}

const OWN_POLICIES: Section<StoredManagedPolicy> = {
  kind: 'LocalManagedPolicy',
  list: 'Policies',
  find: (store, account, page) => store.listManagedPolicies(account, page),
  nameOf: ({ policyName }) => policyName,
  detail: policyDetail,
}

const POLICIES_OF_AWS: Section<StoredManagedPolicy> = {
  ...OWN_POLICIES,
  kind: 'AWSManagedPolicy',
  async find(_store, _account, { after = '', limit }) {
    // Their order ignores case.
    const place = after.toLowerCase()
    return AWS_MANAGED_POLICIES.filter(({ policyName }) => policyName.toLowerCase() > place).slice(0, limit)
  },
}

/** In the order of the pages. */
const SECTIONS = [USERS, GROUPS, ROLES, OWN_POLICIES, POLICIES_OF_AWS] as unknown as readonly Section<unknown>[]

/** One item of a page, and how to describe it. */
interface Found {
  readonly list: DetailList
  /** `User/alice`: what a marker says. */
  readonly place: string
  detail(): Promise<object>
}

/** From the marker's place on, at most `limit`. */
async function findFrom(
  store: IdentityReader,
  account: string,
  kinds: ReadonlySet<Kind>,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly Found[]> {
  const [firstKind, firstAfter] = after?.split('/') ?? []
  const first = SECTIONS.findIndex(({ kind }) => kind === firstKind)
  const found: Found[] = []
  for (let index = Math.max(first, 0); index < SECTIONS.length && found.length < limit; index++) {
    const section = SECTIONS[index]!
    if (!kinds.has(section.kind)) continue
    const page = { pathPrefix: '/', after: index === first ? firstAfter : undefined, limit: limit - found.length }
    for (const item of await section.find(store, account, page)) {
      const place = `${section.kind}/${section.nameOf(item)}`
      found.push({ list: section.list, place, detail: () => section.detail(store, account, item) })
    }
  }
  return found
}

export const GetAccountAuthorizationDetails = defineOperation({
  service: 'iam',
  name: OPERATION,
  input: structure({ Filter: optional(list(enumeration(KINDS))), ...pageMembers }),
  uses: [{ on: 'account', permission: `iam:${OPERATION}` }],
  audit: {
    readOnly: true,
    parameters: ({ Filter, Marker, MaxItems }) => ({ filter: Filter, marker: Marker, maxItems: MaxItems }),
  },
  async handler(input, { call, store }) {
    const { Filter } = input
    const kinds = new Set<Kind>(Filter === undefined || Filter.length === 0 ? KINDS : Filter)
    const found = await findFrom(store, call.principal.account, kinds, iamPageStart(input, OPERATION))
    const { items, end } = iamPage(input, OPERATION, found, ({ place }) => place)
    const details: Record<DetailList, object[]> = {
      UserDetailList: [],
      GroupDetailList: [],
      RoleDetailList: [],
      Policies: [],
    }
    for (const { list, detail } of items) details[list].push(await detail())
    return { ...details, ...end }
  },
})
