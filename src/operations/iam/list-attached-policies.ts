/** The managed policies that users, roles and groups have. */
import { optional } from '../../base/schema.ts'
import { AWS_ACCOUNT } from '../../domain/identity/aws-managed-policies.ts'
import { type EntityName, parseEntityArn } from '../../domain/identity/entity-name.ts'
import { defineOperation, type Operation } from '../../pipeline/operation.ts'
import { policyPath } from '../shapes/iam-members.ts'
import {
  GROUP,
  locateOwner,
  type OwnerType,
  ownerName,
  ownerStructure,
  ROLE,
  requireOwner,
  USER,
} from '../shapes/iam-owners.ts'
import { iamPageOf, pageMembers } from '../shapes/iam-paging.ts'

interface Attached {
  readonly policyArn: string
  readonly policy: EntityName
}

/** The same name may stand for a policy of the account and for one of AWS. */
function place({ policy: { name, account } }: Attached): string {
  return `${name} ${account === AWS_ACCOUNT ? 1 : 0}`
}

function listAttachedPolicies(type: OwnerType): Operation {
  const name = `ListAttached${type.noun}Policies`
  return defineOperation({
    service: 'iam',
    name,
    input: ownerStructure(type, { PathPrefix: optional(policyPath), ...pageMembers }, true),
    uses: [
      {
        on: 'entity',
        locate: (input, lookup) => locateOwner(type, ownerName(type, input), lookup),
        permission: `iam:${name}`,
      },
    ],
    audit: {
      readOnly: true,
      parameters: (input) => ({
        [`${type.kind}Name`]: ownerName(type, input),
        pathPrefix: input.PathPrefix,
        marker: input.Marker,
        maxItems: input.MaxItems,
      }),
    },
    async handler(input, { call, store }) {
      const { PathPrefix = '/' } = input
      const owner = await requireOwner(type, store, call.principal.account, ownerName(type, input))
      const attachments = await store.listAttachments(owner.id)
      const attached = attachments
        .map(({ policyArn }) => ({ policyArn, policy: parseEntityArn(policyArn)! }))
        .filter(({ policy }) => policy.path.startsWith(PathPrefix))
      const { items, end } = iamPageOf(input, name, attached, place)
      const AttachedPolicies = items.map(({ policyArn, policy }) => ({ PolicyName: policy.name, PolicyArn: policyArn }))
      return { AttachedPolicies, ...end }
    },
  })
}

export const ListAttachedGroupPolicies = listAttachedPolicies(GROUP)
export const ListAttachedRolePolicies = listAttachedPolicies(ROLE)
export const ListAttachedUserPolicies = listAttachedPolicies(USER)
