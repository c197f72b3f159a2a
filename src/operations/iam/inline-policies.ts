/** Put, Get and Delete{User,Role,Group}Policy and List{User,Role,Group}Policies: policies that live and die with their owner. */
import type { StoredInlinePolicy } from '../../domain/identity/entities.ts'
import { noSuchEntity } from '../../domain/identity/iam-errors.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import { findInlinePolicy } from '../../domain/identity/inline-policies.ts'
import { checkInlinePoliciesSize } from '../../domain/identity/policy-sizes.ts'
import { readIdentityPolicy } from '../../domain/policy/identity-policy.ts'
import { defineChange, defineOperation, type EntityLookup, type LocatedEntity } from '../../pipeline/operation.ts'
import { percentEncoded } from '../shapes/iam-answers.ts'
import { boundaryInForce, iamPolicyName, policyDocument } from '../shapes/iam-members.ts'
import {
  GROUP,
  locateOwner,
  type Owner,
  type OwnerType,
  ownerName,
  ownerStructure,
  ROLE,
  requireOwner,
  USER,
} from '../shapes/iam-owners.ts'
import { iamPageOf, pageMembers } from '../shapes/iam-paging.ts'

/** The owner is the resource; of users and roles a boundary can be asked for where the policy is changed. */
function ownerUse(type: OwnerType, permission: string, changes: boolean) {
  return {
    on: 'entity',
    locate: (input: unknown, lookup: EntityLookup): Promise<LocatedEntity> =>
      locateOwner(type, ownerName(type, input), lookup),
    permission,
    ...(changes && type.kind !== 'group' ? { conditionKeys: boundaryInForce } : {}),
  } as const
}

/** @throws {KmsError} `NoSuchEntity` */
async function requireInlinePolicy(
  store: IdentityReader,
  { kind, id }: Owner,
  policyName: string,
): Promise<StoredInlinePolicy> {
  const policy = await findInlinePolicy(store, id, policyName)
  if (policy === undefined) throw noSuchEntity(`The ${kind} policy with name ${policyName} cannot be found.`)
  return policy
}

function definePut(type: OwnerType) {
  const name = `Put${type.noun}Policy`
  return defineChange({
    service: 'iam',
    name,
    input: ownerStructure(type, { PolicyName: iamPolicyName, PolicyDocument: policyDocument }),
    check({ PolicyDocument }) {
      readIdentityPolicy(PolicyDocument)
    },
    uses: [ownerUse(type, `iam:${name}`, true)],
    audit: {
      readOnly: false,
      parameters: (input) => ({
        [type.auditMember]: ownerName(type, input),
        policyName: input.PolicyName,
        policyDocument: input.PolicyDocument,
      }),
    },
    async handler(input, { call, change }) {
      const { account } = call.principal
      const owner = await requireOwner(type, change, account, ownerName(type, input))
      const present = await findInlinePolicy(change, owner.id, input.PolicyName)
      const policy: StoredInlinePolicy = {
        account,
        ownerId: owner.id,
        policyName: present?.policyName ?? input.PolicyName,
        document: input.PolicyDocument,
      }
      await checkInlinePoliciesSize(change, owner, policy)
      await change.putInlinePolicy(policy)
    },
  })
}

function defineGet(type: OwnerType) {
  const name = `Get${type.noun}Policy`
  return defineOperation({
    service: 'iam',
    name,
    input: ownerStructure(type, { PolicyName: iamPolicyName }),
    uses: [ownerUse(type, `iam:${name}`, false)],
    audit: {
      readOnly: true,
      parameters: (input) => ({ [type.auditMember]: ownerName(type, input), policyName: input.PolicyName }),
    },
    async handler(input, { call, store }) {
      const owner = await requireOwner(type, store, call.principal.account, ownerName(type, input))
      const { document } = await requireInlinePolicy(store, owner, input.PolicyName)
      return { [type.nameMember]: owner.name, PolicyName: input.PolicyName, PolicyDocument: percentEncoded(document) }
    },
  })
}

function defineDelete(type: OwnerType) {
  const name = `Delete${type.noun}Policy`
  return defineChange({
    service: 'iam',
    name,
    input: ownerStructure(type, { PolicyName: iamPolicyName }),
    uses: [ownerUse(type, `iam:${name}`, true)],
    audit: {
      readOnly: false,
      parameters: (input) => ({ [type.auditMember]: ownerName(type, input), policyName: input.PolicyName }),
    },
    async handler(input, { call, change }) {
      const owner = await requireOwner(type, change, call.principal.account, ownerName(type, input))
      await change.deleteInlinePolicy(await requireInlinePolicy(change, owner, input.PolicyName))
    },
  })
}

function defineList(type: OwnerType) {
  const name = `List${type.noun}Policies`
  return defineOperation({
    service: 'iam',
    name,
    input: ownerStructure(type, pageMembers),
    uses: [ownerUse(type, `iam:${name}`, false)],
    audit: {
      readOnly: true,
      parameters: (input) => ({
        [type.auditMember]: ownerName(type, input),
        marker: input.Marker,
        maxItems: input.MaxItems,
      }),
    },
    async handler(input, { call, store }) {
      const owner = await requireOwner(type, store, call.principal.account, ownerName(type, input))
      const names = (await store.listInlinePolicies(owner.id)).map(({ policyName }) => policyName)
      const { items, end } = iamPageOf(input, name, names, (policyName) => policyName)
      return { PolicyNames: items, ...end }
    },
  })
}

export const PutUserPolicy = definePut(USER)
export const PutRolePolicy = definePut(ROLE)
export const PutGroupPolicy = definePut(GROUP)
export const GetUserPolicy = defineGet(USER)
export const GetRolePolicy = defineGet(ROLE)
export const GetGroupPolicy = defineGet(GROUP)
export const DeleteUserPolicy = defineDelete(USER)
export const DeleteRolePolicy = defineDelete(ROLE)
export const DeleteGroupPolicy = defineDelete(GROUP)
export const ListUserPolicies = defineList(USER)
export const ListRolePolicies = defineList(ROLE)
export const ListGroupPolicies = defineList(GROUP)
