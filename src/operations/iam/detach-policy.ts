/** Takes managed policies away from users, roles and groups. */
import { validationError } from '../../base/errors.ts'
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
import { isPolicyArn, policyNotFound } from '../shapes/iam-policies.ts'

function detachPolicy(type: OwnerType): Operation {
  return defineChange({
    service: 'iam',
    name: `Detach${type.noun}Policy`,
    input: ownerStructure(type, { PolicyArn: arn }, true),
    check({ PolicyArn }) {
      if (!isPolicyArn(PolicyArn)) throw validationError(`ARN ${PolicyArn} is not valid.`)
    },
    uses: [
      {
        on: 'entity',
        locate: (input, lookup) => locateOwner(type, ownerName(type, input), lookup),
        permission: `iam:Detach${type.noun}Policy`,
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
      const owner = await requireOwner(type, change, call.principal.account, ownerName(type, input))
      const attachments = await change.listAttachments(owner.id)
      const attachment = attachments.find(({ policyArn }) => policyArn === input.PolicyArn)
      if (attachment === undefined) throw policyNotFound(input.PolicyArn)
      await change.detachPolicy(attachment)
    },
  })
}

export const DetachGroupPolicy = detachPolicy(GROUP)
export const DetachRolePolicy = detachPolicy(ROLE)
export const DetachUserPolicy = detachPolicy(USER)
