/** What policies that the request brings along would say to actions on resources. */
import { structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import {
  auditedSimulation,
  callerOf,
  checkSimulation,
  policyInputList,
  policyInputs,
  simulationAnswer,
  simulationMembers,
} from '../shapes/iam-simulation.ts'

export const SimulateCustomPolicy = defineOperation({
  service: 'iam',
  name: 'SimulateCustomPolicy',
  input: structure({ PolicyInputList: policyInputList, ...simulationMembers }),
  check: (input) => checkSimulation(input),
  uses: [{ on: 'account', permission: 'iam:SimulateCustomPolicy' }],
  audit: { readOnly: true, parameters: auditedSimulation },
  async handler(input, { call, store }) {
    const { account } = call.principal
    const { CallerArn } = input
    return simulationAnswer('SimulateCustomPolicy', {
      input,
      account,
      caller: CallerArn === undefined ? undefined : await callerOf(store, account, CallerArn),
      identityPolicies: policyInputs(input.PolicyInputList, 'PolicyInputList'),
      boundary: undefined,
      time: call.time,
      region: call.region,
    })
  },
})
