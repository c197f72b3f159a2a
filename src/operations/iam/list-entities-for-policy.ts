/** Who has a managed policy, attached or as a boundary. */
import { enumeration, optional, structure } from '../../base/schema.ts'
import type { OwnerKind } from '../../domain/identity/entities.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { arn, path, policyUsageFilter } from '../shapes/iam-members.ts'
import { iamPageOf, pageMembers } from '../shapes/iam-paging.ts'
import { checkPolicyArn, locatePolicy, policyNotAttachable, requirePolicy } from '../shapes/iam-policies.ts'

interface Holder {
  readonly kind: OwnerKind
  readonly id: string
  readonly name: string
  readonly path: string
}

async function holderOf(store: IdentityReader, kind: OwnerKind, id: string): Promise<Holder | undefined> {
  switch (kind) {
    case 'user': {
      const user = await store.findUserById(id)
      return user && { kind, id, name: user.userName, path: user.path }
    }
    case 'role': {
      const role = await store.findRoleById(id)
      return role && { kind, id, name: role.roleName, path: role.path }
    }
    case 'group': {
      const group = await store.findGroupById(id)
      return group && { kind, id, name: group.groupName, path: group.path }
    }
  }
}

type Usage = 'PermissionsPolicy' | 'PermissionsBoundary'

/** Each once, even if it has the policy both ways. */
async function holdersOf(store: IdentityReader, account: string, policyArn: string, usage: Usage | undefined) {
  const attachments = usage === 'PermissionsBoundary' ? [] : await store.listAttachmentsOfPolicy(account, policyArn)
  const boundaries = usage === 'PermissionsPolicy' ? [] : await store.listBoundaryUses(account, policyArn)
  const kinds = new Map([...attachments, ...boundaries].map(({ ownerId, ownerKind }) => [ownerId, ownerKind]))
  const holders: Holder[] = []
  for (const [id, kind] of kinds) {
    const holder = await holderOf(store, kind, id)
    // It went away between two look-ups.
    if (holder !== undefined) holders.push(holder)
  }
  return holders
}

/** Policies hold no policies: asked for those, the list is empty. */
const KIND_OF_FILTER: Readonly<Record<string, OwnerKind>> = { User: 'user', Role: 'role', Group: 'group' }

export const ListEntitiesForPolicy = defineOperation({
  service: 'iam',
  name: 'ListEntitiesForPolicy',
  input: structure({
    PolicyArn: arn,
    EntityFilter: optional(enumeration(['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'])),
    PathPrefix: optional(path),
    PolicyUsageFilter: policyUsageFilter,
    ...pageMembers,
  }),
  check: (input) => checkPolicyArn(input),
  uses: [{ on: 'entity', locate: locatePolicy, permission: 'iam:ListEntitiesForPolicy' }],
  audit: {
    readOnly: true,
    parameters: (input) => ({
      policyArn: input.PolicyArn,
      entityFilter: input.EntityFilter,
      pathPrefix: input.PathPrefix,
      policyUsageFilter: input.PolicyUsageFilter,
      marker: input.Marker,
      maxItems: input.MaxItems,
    }),
  },
  async handler(input, { call, store }) {
    const { PolicyArn, EntityFilter, PathPrefix = '/' } = input
    const { account } = call.principal
    await requirePolicy(store, account, PolicyArn, policyNotAttachable)
    const all = await holdersOf(store, account, PolicyArn, input.PolicyUsageFilter)
    const wanted = all.filter(
      ({ kind, path }) =>
        path.startsWith(PathPrefix) && (EntityFilter === undefined || KIND_OF_FILTER[EntityFilter] === kind),
    )
    const { items, end } = iamPageOf(input, 'ListEntitiesForPolicy', wanted, ({ kind, name }) => `${kind} ${name}`)
    const ofKind = (kind: OwnerKind) => items.filter((holder) => holder.kind === kind)
    return {
      PolicyGroups: ofKind('group').map(({ id, name }) => ({ GroupName: name, GroupId: id })),
      PolicyUsers: ofKind('user').map(({ id, name }) => ({ UserName: name, UserId: id })),
      PolicyRoles: ofKind('role').map(({ id, name }) => ({ RoleName: name, RoleId: id })),
      ...end,
    }
  },
})
