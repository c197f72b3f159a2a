/** Which condition keys policies ask for: what a simulation of them needs values of. */
import { optional, structure } from '../../base/schema.ts'
import { listedContextKeys } from '../../domain/policy/context-keys.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { arn } from '../shapes/iam-members.ts'
import { allPoliciesOf, boundaryOf, locateSource, requireSource, sourceOf } from '../shapes/iam-policy-sources.ts'
import { checkListedPolicies, policyInputList } from '../shapes/iam-simulation.ts'

/** Policies that name the same key list it each, as recorded. */
function listedByEach(texts: readonly string[]): string[] {
  return texts.flatMap(listedContextKeys)
}

export const GetContextKeysForCustomPolicy = defineOperation({
  service: 'iam',
  name: 'GetContextKeysForCustomPolicy',
  input: structure({ PolicyInputList: policyInputList }),
  check: ({ PolicyInputList }) => checkListedPolicies(PolicyInputList),
  uses: [{ on: 'account', permission: 'iam:GetContextKeysForCustomPolicy' }],
  audit: { readOnly: true },
  handler: ({ PolicyInputList }) => ({ ContextKeyNames: listedByEach(PolicyInputList) }),
})

export const GetContextKeysForPrincipalPolicy = defineOperation({
  service: 'iam',
  name: 'GetContextKeysForPrincipalPolicy',
  input: structure({ PolicySourceArn: arn, PolicyInputList: optional(policyInputList) }),
  check({ PolicySourceArn, PolicyInputList = [] }) {
    sourceOf(PolicySourceArn)
    checkListedPolicies(PolicyInputList)
  },
  uses: [{ on: 'entity', locate: locateSource, permission: 'iam:GetContextKeysForPrincipalPolicy' }],
  audit: { readOnly: true, parameters: ({ PolicySourceArn }) => ({ policySourceArn: PolicySourceArn }) },
  async handler({ PolicySourceArn, PolicyInputList = [] }, { call, store }) {
    const owner = await requireSource(store, call.principal.account, PolicySourceArn)
    const policies = [...(await allPoliciesOf(store, owner)), await boundaryOf(store, owner)]
    const names = policies.flatMap((policy) => listedContextKeys(policy?.text ?? '{}'))
    return { ContextKeyNames: [...new Set(names), ...listedByEach(PolicyInputList)] }
  },
})
