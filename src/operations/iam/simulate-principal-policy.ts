/** What the policies of a user, group or role say to actions on resources, with those that the request brings along. */
import { optional, structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { arn } from '../shapes/iam-members.ts'
import type { Owner } from '../shapes/iam-owners.ts'
import { allPoliciesOf, boundaryOf, locateSource, requireSource, sourceOf } from '../shapes/iam-policy-sources.ts'
import {
  auditedSimulation,
  callerOf,
  checkSimulation,
  policyInputList,
  policyInputs,
  principalOf,
  type SimulatedCaller,
  simulationAnswer,
  simulationMembers,
} from '../shapes/iam-simulation.ts'

function callerFrom({ kind, account, arn, id, name, tags }: Owner): SimulatedCaller | undefined {
  if (kind === 'group') return undefined
  const principal =
    kind === 'user' ? principalOf('IAMUser', account, arn, id, name) : principalOf('AssumedRole', account, arn, id)
  return { principal, tags }
}

export const SimulatePrincipalPolicy = defineOperation({
  service: 'iam',
  name: 'SimulatePrincipalPolicy',
  input: structure({ PolicySourceArn: arn, PolicyInputList: optional(policyInputList), ...simulationMembers }),
  check(input) {
    sourceOf(input.PolicySourceArn)
    checkSimulation(input)
  },
  uses: [{ on: 'entity', locate: locateSource, permission: 'iam:SimulatePrincipalPolicy' }],
  audit: {
    readOnly: true,
    parameters: (input) => ({ policySourceArn: input.PolicySourceArn, ...auditedSimulation(input) }),
  },
  async handler(input, { call, store, identity }) {
    const { account } = call.principal
    const owner = await requireSource(store, account, input.PolicySourceArn)
    return simulationAnswer('SimulatePrincipalPolicy', {
      input,
      account,
      caller: input.CallerArn === undefined ? callerFrom(owner) : await callerOf(store, account, input.CallerArn),
      identityPolicies: [
        ...(await allPoliciesOf(store, owner)),
        ...policyInputs(input.PolicyInputList, 'PolicyInputList'),
      ],
      boundary: await boundaryOf(store, owner),
      extraGuards: identity.extraGuards,
      time: call.time,
      region: call.region,
    })
  },
})
