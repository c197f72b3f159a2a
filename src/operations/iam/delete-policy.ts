/** Deletes a customer managed policy that nobody has and that has no version but the default. */
import { structure } from '../../base/schema.ts'
import { checkManagedPolicyIsUnused } from '../../domain/identity/entity-rules.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { arn } from '../shapes/iam-members.ts'
import { checkPolicyArn, locatePolicy, requireOwnPolicy } from '../shapes/iam-policies.ts'

const permission = 'iam:DeletePolicy'

export const DeletePolicy = defineChange({
  service: 'iam',
  name: 'DeletePolicy',
  input: structure({ PolicyArn: arn }),
  check: (input) => checkPolicyArn(input),
  uses: [{ on: 'entity', locate: locatePolicy, permission }],
  audit: { readOnly: false, parameters: ({ PolicyArn }) => ({ policyArn: PolicyArn }) },
  async handler({ PolicyArn }, { call, change }) {
    const policy = await requireOwnPolicy(change, call.principal, PolicyArn, permission)
    await checkManagedPolicyIsUnused(change, policy)
    await change.deleteManagedPolicy(policy)
  },
})
