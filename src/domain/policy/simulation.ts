/** What policies would say to requests that nobody makes: the engine itself, asked action by action. */
import { parseArn } from '../../base/arn.ts'
import type { NamedPolicy, Rights } from '../identity/rights.ts'
import type { Principal } from '../principal.ts'
import type { AccessRequest, AccessResource } from './access-request.ts'
import { compilePolicy } from './compile-policy.ts'
import type { ConditionValues } from './condition-values.ts'
import { contextKeysIn } from './context-keys.ts'
import type { Decision, DecisiveStatement, PolicyType } from './decision.ts'
import { evaluate } from './evaluate.ts'
import { GUARD } from './extra-guards.ts'
import type { Policy } from './policy.ts'
import { type Span, statementSpans } from './statement-spans.ts'

export type PolicySource = 'user' | 'group' | 'role' | 'aws-managed' | 'user-managed' | 'resource' | 'none'

export interface SimulatedPolicy {
  /** How results name it. */
  readonly id: string
  readonly source: PolicySource
  /** Of a policy that was read. */
  readonly text: string
}

export interface Simulation {
  readonly principal: Principal
  readonly identityPolicies: readonly SimulatedPolicy[]
  readonly boundary: SimulatedPolicy | undefined
  /** The operator's, which bind every principal (E-13). */
  readonly extraGuards: readonly NamedPolicy[] | undefined
  /** Of the resource, whichever it is; keys and roles have one. */
  readonly resourcePolicy: SimulatedPolicy | undefined
  /** Owner of the resource where its ARN does not say it; the principal's account if `undefined`. */
  readonly resourceOwner: string | undefined
  readonly conditions: ConditionValues
  readonly region: string
}

export interface MatchedStatement {
  readonly policy: SimulatedPolicy
  readonly span: Span
}

export interface SimulationResult {
  readonly decision: 'allowed' | 'explicitDeny' | 'implicitDeny'
  /** What decided. */
  readonly matched: readonly MatchedStatement[]
  /** Condition keys, as policies spell them, that they name and the simulation gives no value for. */
  readonly missingKeys: readonly string[]
  /** `undefined`: there is no boundary. */
  readonly allowedByBoundary: boolean | undefined
  /** `undefined`: there are none. */
  readonly allowedByGuards: boolean | undefined
}

/** @param resourceArn `*` for no resource in particular. */
export type Simulate = (action: string, resourceArn: string) => SimulationResult

/** Everything that is the same for all actions is made ready once. */
export function createSimulation(simulation: Simulation): Simulate {
  const { principal, conditions, region } = simulation
  const shared = {
    principal,
    rights: rightsOf(simulation),
    crossAccount: true,
    grants: [],
    region,
    conditions: () => conditions,
    identityConditions: () => ({}),
  }
  const resourcePolicy = simulation.resourcePolicy && compilePolicy(simulation.resourcePolicy.text)
  const missing = missingKeys(shared.rights, resourcePolicy, conditions)
  return (action, arn) => {
    const request = { ...shared, action, resource: resourceOf(simulation, resourcePolicy, action, arn) }
    const decision = evaluate(request)
    return {
      decision: wordFor(decision),
      matched: decisiveOf(decision).map((statement) => matchedStatement(simulation, statement)),
      missingKeys: missing,
      allowedByBoundary: boundaryAllows(request),
      allowedByGuards: guardsAllow(request),
    }
  }
}

const BOUNDARY = 'boundary'

/** Policies go by their place here, so that two of one name are told apart. */
function rightsOf({ identityPolicies, boundary, extraGuards }: Simulation): Rights {
  return {
    identityPolicies: identityPolicies.map(({ text }, place) => ({ name: String(place), policy: compilePolicy(text) })),
    boundary: boundary && { name: BOUNDARY, policy: compilePolicy(boundary.text) },
    sessionPolicies: undefined,
    extraGuards,
    tags: [],
  }
}

/** Without a policy of its own a resource is judged by the caller's policies alone, as if it were the caller's. */
function resourceOf(
  { principal, resourceOwner }: Simulation,
  policy: Policy | undefined,
  action: string,
  arn: string,
): AccessResource {
  if (policy === undefined) {
    return { kind: arn === '*' ? 'account' : 'entity', arn, account: principal.account }
  }
  const account = resourceOwner ?? (parseArn(arn)?.account || principal.account)
  const kind = /^kms:/i.test(action) ? 'key' : 'role'
  return { kind, arn, account, policy }
}

function wordFor(decision: Decision): SimulationResult['decision'] {
  if (decision.allowed) return 'allowed'
  return decision.reason === 'explicit deny' ? 'explicitDeny' : 'implicitDeny'
}

function decisiveOf(decision: Decision): readonly DecisiveStatement[] {
  if (decision.allowed) return decision.by
  return decision.reason === 'explicit deny' ? [decision.by] : []
}

function matchedStatement(simulation: Simulation, { policyType, policyName, index }: DecisiveStatement) {
  const policy = policyNamed(simulation, policyType, policyName)
  return { policy, span: statementSpans(policy.text)[index]! }
}

function policyNamed(simulation: Simulation, type: PolicyType, name: string | undefined): SimulatedPolicy {
  if (type === 'resource-based policy') return simulation.resourcePolicy!
  if (type === 'permissions boundary') return simulation.boundary!
  if (type !== GUARD) return simulation.identityPolicies[Number(name)]!
  const guard = simulation.extraGuards!.find((guard) => guard.name === name)!
  return { id: guard.name, source: 'none', text: guard.policy.text }
}

function missingKeys(
  { identityPolicies, boundary, extraGuards = [] }: Rights,
  resourcePolicy: Policy | undefined,
  conditions: ConditionValues,
): readonly string[] {
  const policies = [...identityPolicies, ...(boundary === undefined ? [] : [boundary]), ...extraGuards]
  const texts = policies.map(({ policy }) => policy.text)
  const missing = new Map(contextKeysIn(resourcePolicy === undefined ? texts : [...texts, resourcePolicy.text]))
  for (const [name, value] of Object.entries(conditions)) if (value !== undefined) missing.delete(name.toLowerCase())
  return [...missing.values()].sort()
}

function boundaryAllows(request: AccessRequest): boolean | undefined {
  const { boundary } = request.rights
  return boundary && allowsAlone(request, boundary)
}

function guardsAllow(request: AccessRequest): boolean | undefined {
  return request.rights.extraGuards?.every((guard) => allowsAlone(request, guard))
}

/** As if it were the only policy of an identity: whether it would let the request through. */
function allowsAlone(request: AccessRequest, policy: NamedPolicy): boolean {
  const { arn } = request.resource
  const alone: AccessRequest = {
    ...request,
    rights: { ...request.rights, identityPolicies: [policy], boundary: undefined, extraGuards: undefined },
    resource: { kind: arn === '*' ? 'account' : 'entity', arn, account: request.principal.account },
  }
  return evaluate(alone).allowed
}
