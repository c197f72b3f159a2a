/** Attaches managed policies to users, roles and groups, and takes them away. */
import { validationError } from '../../base/errors.ts'
import { checkNewAttachment } from '../../domain/identity/entity-rules.ts'
import type { Change } from '../../domain/store.ts'
import { defineChange, type Operation } from '../../pipeline/operation.ts'
import { arn, boundaryInForce } from '../shapes/iam-members.ts'
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
import { isPolicyArn, policyNotAttachable, policyNotFound, requirePolicy } from '../shapes/iam-policies.ts'

type Apply = (change: Change, owner: Owner, policyArn: string) => Promise<void>

function attachmentChange(verb: 'Attach' | 'Detach', type: OwnerType, apply: Apply): Operation {
  const name = `${verb}${type.noun}Policy`
  return defineChange({
    service: 'iam',
    name,
    input: ownerStructure(type, { PolicyArn: arn }, true),
    check({ PolicyArn }) {
      if (!isPolicyArn(PolicyArn)) throw validationError(`ARN ${PolicyArn} is not valid.`)
    },
    uses: [
      {
        on: 'entity',
        locate: (input, lookup) => locateOwner(type, ownerName(type, input), lookup),
        permission: `iam:${name}`,
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
      await apply(change, owner, input.PolicyArn)
    },
  })
}

async function attach(change: Change, { account, kind, id }: Owner, named: string): Promise<void> {
  const { arn: policyArn } = await requirePolicy(change, account, named, policyNotAttachable)
  const attachment = { account, ownerKind: kind, ownerId: id, policyArn }
  await checkNewAttachment(change, attachment)
  await change.attachPolicy(attachment)
}

async function detach(change: Change, { id }: Owner, named: string): Promise<void> {
  const attachments = await change.listAttachments(id)
  const attachment = attachments.find(({ policyArn }) => policyArn === named)
  if (attachment === undefined) throw policyNotFound(named)
  await change.detachPolicy(attachment)
}

export const AttachGroupPolicy = attachmentChange('Attach', GROUP, attach)
export const AttachRolePolicy = attachmentChange('Attach', ROLE, attach)
export const AttachUserPolicy = attachmentChange('Attach', USER, attach)

export const DetachGroupPolicy = attachmentChange('Detach', GROUP, detach)
export const DetachRolePolicy = attachmentChange('Detach', ROLE, detach)
export const DetachUserPolicy = attachmentChange('Detach', USER, detach)
