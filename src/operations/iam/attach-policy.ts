/** Attaches managed policies to users, roles and groups. */
import { validationError } from '../../base/errors.ts'
import { checkNewAttachment } from '../../domain/identity/entity-rules.ts'
import { defineChange, type Operation } from '../../pipeline/operation.ts'
import { arn, boundaryInForce } from '../shapes/iam-members.ts'
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
import { isPolicyArn, policyNotAttachable, requirePolicy } from '../shapes/iam-policies.ts'

function attachPolicy(type: OwnerType): Operation {
  return defineChange({
    service: 'iam',
    name: `Attach${type.noun}Policy`,
    input: ownerStructure(type, { PolicyArn: arn }, true),
    check({ PolicyArn }) {
      if (!isPolicyArn(PolicyArn)) throw validationError(`ARN ${PolicyArn} is not valid.`)
    },
    uses: [
      {
        on: 'entity',
        locate: (input, lookup) => locateOwner(type, ownerName(type, input), lookup),
        permission: `iam:Attach${type.noun}Policy`,
        conditionKeys: (input, found) => ({
          'iam:PolicyARN': input.PolicyArn,
          ...boundaryInForce(input, found),
        }),
      },
    ],
    audit: {
      readOnly: false,
      parameters: (input) => ({ [`${type.kind}Name`]: ownerName(type, input), policyArn: input.PolicyArn }),
    },
    async handler(input, { call, change }) {
      const { account } = call.principal
      const owner = await requireOwner(type, change, account, ownerName(type, input))
      const { arn: policyArn } = await requirePolicy(change, account, input.PolicyArn, policyNotAttachable)
      const attachment = { account, ownerKind: type.kind, ownerId: owner.id, policyArn }
      await checkNewAttachment(change, attachment)
      await change.attachPolicy(attachment)
    },
  })
}

export const AttachGroupPolicy = attachPolicy(GROUP)
export const AttachRolePolicy = attachPolicy(ROLE)
export const AttachUserPolicy = attachPolicy(USER)
