/** Which condition keys policies ask for: what a simulation of them needs values of. */
import { optional, structure } from '../../base/schema.ts'
import { contextKeysIn } from '../../domain/policy/context-keys.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { arn } from '../shapes/iam-members.ts'
import { allPoliciesOf, locateSource, requireSource, sourceOf } from '../shapes/iam-policy-sources.ts'
import { checkPolicyInputs, policyInputList } from '../shapes/iam-simulation.ts'

function contextKeysOf(texts: readonly string[]) {
  return { ContextKeyNames: [...contextKeysIn(texts).values()] }
}

export const GetContextKeysForCustomPolicy = defineOperation({
  service: 'iam',
  name: 'GetContextKeysForCustomPolicy',
  input: structure({ PolicyInputList: policyInputList }),
  check: ({ PolicyInputList }) => checkPolicyInputs(PolicyInputList),
  uses: [{ on: 'account', permission: 'iam:GetContextKeysForCustomPolicy' }],
  audit: { readOnly: true },
  handler: ({ PolicyInputList }) => contextKeysOf(PolicyInputList),
})

export const GetContextKeysForPrincipalPolicy = defineOperation({
  service: 'iam',
  name: 'GetContextKeysForPrincipalPolicy',
  input: structure({ PolicySourceArn: arn, PolicyInputList: optional(policyInputList) }),
  check({ PolicySourceArn, PolicyInputList = [] }) {
    sourceOf(PolicySourceArn)
    checkPolicyInputs(PolicyInputList)
  },
  uses: [{ on: 'entity', locate: locateSource, permission: 'iam:GetContextKeysForPrincipalPolicy' }],
  audit: { readOnly: true, parameters: ({ PolicySourceArn }) => ({ policySourceArn: PolicySourceArn }) },
  async handler({ PolicySourceArn, PolicyInputList = [] }, { call, store }) {
    const owner = await requireSource(store, call.principal.account, PolicySourceArn)
    const own = await allPoliciesOf(store, owner)
    return contextKeysOf([...own.map(({ text }) => text), ...PolicyInputList])
  },
})
