/** What the policies of a user, group or role say to actions on resources, with those that the request brings along. */
import { KmsError } from '../../base/errors.ts'
import { optional, structure } from '../../base/schema.ts'
import { AWS_ACCOUNT } from '../../domain/identity/aws-managed-policies.ts'
import type { OwnerKind } from '../../domain/identity/entities.ts'
import { type EntityName, parseEntityArn } from '../../domain/identity/entity-name.ts'
import { managedPolicyDocument } from '../../domain/identity/entity-policies.ts'
import { noSuchOwner } from '../../domain/identity/iam-errors.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import type { SimulatedPolicy } from '../../domain/policy/simulation.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { arn } from '../shapes/iam-members.ts'
import { GROUP, locateOwner, type Owner, type OwnerType, ROLE, USER } from '../shapes/iam-owners.ts'
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

const TYPES: Readonly<Record<string, OwnerType>> = { user: USER, group: GROUP, role: ROLE }

interface Source {
  readonly type: OwnerType
  readonly entity: EntityName
}

function sourceOf(arn: string): Source {
  const entity = parseEntityArn(arn)
  const type = entity && TYPES[entity.kind]
  if (type === undefined) throw new KmsError('InvalidInput', `Invalid Entity Arn: ${arn}`)
  return { type, entity: entity! }
}

/** With its path: another one is another identity, which the permission may not be for. @throws {KmsError} `NoSuchEntity` */
async function requireSource(store: IdentityReader, account: string, arn: string): Promise<Owner> {
  const { type, entity } = sourceOf(arn)
  const owner = await type.find(store, account, entity.name)
  if (owner?.arn !== arn) throw noSuchOwner(type.kind, entity.name)
  return owner
}

/** Inline and attached ones of a user, role or group alone. */
async function policiesOf(store: IdentityReader, kind: OwnerKind, ownerId: string): Promise<SimulatedPolicy[]> {
  const inline = await store.listInlinePolicies(ownerId)
  const policies = inline.map(({ policyName, document }): SimulatedPolicy => {
    return { id: policyName, source: kind, text: document }
  })
  for (const { policyArn } of await store.listAttachments(ownerId)) {
    const policy = await managedPolicy(store, policyArn)
    if (policy !== undefined) policies.push(policy)
  }
  return policies
}

async function managedPolicy(store: IdentityReader, arn: string): Promise<SimulatedPolicy | undefined> {
  const text = await managedPolicyDocument(store, arn)
  const { name, account } = parseEntityArn(arn)!
  return text === undefined
    ? undefined
    : { id: name, source: account === AWS_ACCOUNT ? 'aws-managed' : 'user-managed', text }
}

async function allPoliciesOf(store: IdentityReader, { kind, id }: Owner): Promise<readonly SimulatedPolicy[]> {
  const policies = await policiesOf(store, kind, id)
  const groups = kind === 'user' ? await store.listGroupsOfUser(id) : []
  for (const { groupId } of groups) policies.push(...(await policiesOf(store, 'group', groupId)))
  return policies
}

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
  uses: [
    {
      on: 'entity',
      async locate({ PolicySourceArn }, lookup) {
        const { type, entity } = sourceOf(PolicySourceArn)
        const { shownAs: _, ...found } = await locateOwner(type, entity.name, lookup)
        return found.arn === PolicySourceArn ? found : { arn: PolicySourceArn }
      },
      permission: 'iam:SimulatePrincipalPolicy',
    },
  ],
  audit: {
    readOnly: true,
    parameters: (input) => ({ policySourceArn: input.PolicySourceArn, ...auditedSimulation(input) }),
  },
  async handler(input, { call, store, identity }) {
    const { account } = call.principal
    const owner = await requireSource(store, account, input.PolicySourceArn)
    const { boundaryArn } = owner
    return simulationAnswer('SimulatePrincipalPolicy', {
      input,
      account,
      caller: input.CallerArn === undefined ? callerFrom(owner) : await callerOf(store, account, input.CallerArn),
      identityPolicies: [
        ...(await allPoliciesOf(store, owner)),
        ...policyInputs(input.PolicyInputList, 'PolicyInputList'),
      ],
      boundary: boundaryArn === undefined ? undefined : await managedPolicy(store, boundaryArn),
      extraGuards: identity.extraGuards,
      time: call.time,
      region: call.region,
    })
  },
})
