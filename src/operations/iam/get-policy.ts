/** A managed policy, without its documents. */
import { structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { arn } from '../shapes/iam-members.ts'
import { checkPolicyArn, countUses, locatePolicy, policyAnswer, requirePolicy } from '../shapes/iam-policies.ts'

export const GetPolicy = defineOperation({
  service: 'iam',
  name: 'GetPolicy',
  input: structure({ PolicyArn: arn }),
  check: (input) => checkPolicyArn(input),
  uses: [{ on: 'entity', locate: locatePolicy, permission: 'iam:GetPolicy' }],
  audit: { readOnly: true, parameters: ({ PolicyArn }) => ({ policyArn: PolicyArn }) },
  async handler({ PolicyArn }, { call, store }) {
    const { account } = call.principal
    const policy = await requirePolicy(store, account, PolicyArn)
    return { Policy: policyAnswer(policy, await countUses(store, account, PolicyArn)) }
  },
})
