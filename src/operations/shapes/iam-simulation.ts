/** What the two operations that simulate policies have in common. */
import { isAccount, parseArn } from '../../base/arn.ts'
import { KmsError } from '../../base/errors.ts'
import { SIMULATED_POLICIES_MAX } from '../../base/limits.ts'
import { enumeration, list, optional, string, structure } from '../../base/schema.ts'
import { userArn } from '../../domain/identity/entity-arns.ts'
import { parseEntityArn } from '../../domain/identity/entity-name.ts'
import { noSuchOwner } from '../../domain/identity/iam-errors.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import type { NamedPolicy } from '../../domain/identity/rights.ts'
import type { Tag } from '../../domain/keys/key.ts'
import type { ConditionValues } from '../../domain/policy/condition-values.ts'
import { readListedPolicy } from '../../domain/policy/context-keys.ts'
import { globalConditions } from '../../domain/policy/global-conditions.ts'
import { readIdentityPolicy } from '../../domain/policy/identity-policy.ts'
import { readKeyPolicy } from '../../domain/policy/key-policy.ts'
import {
  createSimulation,
  type MatchedStatement,
  type SimulatedPolicy,
  type SimulationResult,
} from '../../domain/policy/simulation.ts'
import type { Position } from '../../domain/policy/statement-spans.ts'
import { readTrustPolicy } from '../../domain/policy/trust-policy.ts'
import type { Principal } from '../../domain/principal.ts'
import { policyDocument } from './iam-members.ts'
import { type IamPageRequest, iamPageOfPositions, pageMembers } from './iam-paging.ts'

const resourceName = string({ min: 1, max: 2048 })

const CONTEXT_KEY_TYPES = [
  'string',
  'stringList',
  'numeric',
  'numericList',
  'boolean',
  'booleanList',
  'ip',
  'ipList',
  'binary',
  'binaryList',
  'date',
  'dateList',
] as const

const contextEntry = structure({
  ContextKeyName: optional(string({ min: 5, max: 256 })),
  ContextKeyValues: optional(list(string())),
  ContextKeyType: optional(enumeration(CONTEXT_KEY_TYPES)),
})

/** With fewer control characters than the model has for documents: as recorded. */
const policyInput = string({
  min: 1,
  max: 131_072,
  pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]+',
})
export const policyInputList = list(policyInput, { max: SIMULATED_POLICIES_MAX })

export const simulationMembers = {
  PermissionsBoundaryPolicyInputList: optional(policyInputList),
  ActionNames: list(string({ min: 3, max: 128 })),
  ResourceArns: optional(list(resourceName)),
  ResourcePolicy: optional(policyDocument),
  ResourceOwner: optional(resourceName),
  CallerArn: optional(resourceName),
  ContextEntries: optional(list(contextEntry)),
  ResourceHandlingOption: optional(string({ min: 1, max: 64 })),
  ...pageMembers,
} as const

interface ContextEntry {
  readonly ContextKeyName?: string
  readonly ContextKeyValues?: readonly string[]
  readonly ContextKeyType?: (typeof CONTEXT_KEY_TYPES)[number]
}

export interface SimulationRequest extends IamPageRequest {
  readonly PolicyInputList?: readonly string[]
  readonly PermissionsBoundaryPolicyInputList?: readonly string[]
  readonly ActionNames: readonly string[]
  readonly ResourceArns?: readonly string[]
  readonly ResourcePolicy?: string
  readonly ResourceOwner?: string
  readonly CallerArn?: string
  readonly ContextEntries?: readonly ContextEntry[]
}

function invalidInput(text: string): KmsError {
  return new KmsError('InvalidInput', text)
}

/** Whether key policy or trust policy, a text that is none is an input like any other here. */
function readInput(text: string, read: (text: string) => string): string {
  try {
    return read(text)
  } catch (error) {
    if (!(error instanceof KmsError)) throw error
    throw invalidInput(error.text ?? 'Syntax errors in policy.')
  }
}

const ACTION = /^[a-z0-9-]+:[a-z0-9]+$/i

/** Keys and roles are what has a policy of its own here; which of them is meant, the actions say. */
function readResourcePolicy(text: string, actions: readonly string[]): SimulatedPolicy {
  const areOf = (service: RegExp) => actions.every((action) => service.test(action))
  const read = areOf(/^kms:/i) ? readKeyPolicy : areOf(/^sts:/i) ? readTrustPolicy : undefined
  if (read === undefined) throw invalidInput('A resource policy needs actions that are all of kms or all of sts.')
  return { id: 'ResourcePolicy', source: 'resource', text: readInput(text, read) }
}

/** @throws {KmsError} `InvalidInput` */
function checkPolicyInputs(texts: readonly string[]): void {
  for (const text of texts) readInput(text, readIdentityPolicy)
}

/** For `check`. @throws {KmsError} `InvalidInput` */
export function checkListedPolicies(texts: readonly string[]): void {
  for (const text of texts) readInput(text, readListedPolicy)
}

/** For `check`. @throws {KmsError} `InvalidInput` */
export function checkSimulation(input: SimulationRequest): void {
  const { ActionNames, ResourceArns = [], ResourcePolicy, CallerArn, ResourceOwner } = input
  const badAction = ActionNames.find((action) => !ACTION.test(action))
  if (badAction !== undefined) throw invalidInput(`Invalid action name: ${badAction}`)
  const badArn = ResourceArns.find((arn) => arn !== '*' && parseArn(arn) === undefined)
  if (badArn !== undefined) throw invalidInput(`Invalid resource ARN: ${badArn}`)
  checkPolicyInputs([...(input.PolicyInputList ?? []), ...boundaryInputs(input)])
  if (boundaryInputs(input).length > 1) throw invalidInput('Only one permissions boundary can be simulated.')
  if (ResourceOwner !== undefined) accountIn(ResourceOwner)
  if (CallerArn !== undefined && parseEntityArn(CallerArn)?.kind !== 'user') {
    throw invalidInput('CallerArn must be the ARN of a user.')
  }
  if (ResourcePolicy === undefined) return
  if (CallerArn === undefined) throw invalidInput('CallerArn is required with a resource policy.')
  readResourcePolicy(ResourcePolicy, ActionNames)
}

function boundaryInputs({ PermissionsBoundaryPolicyInputList }: SimulationRequest): readonly string[] {
  return PermissionsBoundaryPolicyInputList ?? []
}

/** @param owner an account, or the ARN of its root. */
function accountIn(owner: string): string {
  const account = isAccount(owner) ? owner : parseArn(owner)?.account
  if (account === undefined || !isAccount(account)) throw invalidInput(`Invalid resource owner: ${owner}`)
  return account
}

/** Who makes the calls that nobody makes, and what is known of him. */
export interface SimulatedCaller {
  readonly principal: Principal
  readonly tags: readonly Tag[]
}

/** The user that `CallerArn` names. @throws {KmsError} `NoSuchEntity` */
export async function callerOf(store: IdentityReader, account: string, callerArn: string): Promise<SimulatedCaller> {
  const { account: ofCaller, name } = parseEntityArn(callerArn)!
  const user = ofCaller === account ? await store.findUser(account, name) : undefined
  if (user === undefined || userArn(user) !== callerArn) throw noSuchOwner('user', name)
  return { principal: principalOf('IAMUser', account, callerArn, user.userId, user.userName), tags: user.tags }
}

export function principalOf(
  type: 'IAMUser' | 'AssumedRole',
  account: string,
  arn: string,
  id: string,
  userName?: string,
): Principal {
  const names = { arn, principalArn: arn, principalId: id, entityId: id, accessKeyId: '' }
  return { type, account, ...names, ...(userName === undefined ? {} : { userName }) }
}

/** Facts of a call that a simulation cannot know: what is asked of them must be given. */
const UNKNOWN = ['aws:SourceIp', 'aws:SecureTransport', 'aws:ResourceAccount', 'aws:RequestedRegion']

function conditionsOf(
  caller: SimulatedCaller | undefined,
  entries: readonly ContextEntry[],
  time: number,
  region: string,
): ConditionValues {
  const given = new Map<string, string | readonly string[]>()
  for (const { ContextKeyName, ContextKeyValues = [], ContextKeyType = 'string' } of entries) {
    if (ContextKeyName === undefined) continue
    const isList = ContextKeyType.endsWith('List') || ContextKeyValues.length !== 1
    given.set(ContextKeyName.toLowerCase(), isList ? ContextKeyValues : ContextKeyValues[0]!)
  }
  if (caller === undefined) return Object.fromEntries(given)
  const { principal, tags } = caller
  const { account } = principal
  const facts = { principal, rights: { tags }, time, sourceIp: '', secureTransport: false, region }
  const known = Object.entries(globalConditions({ ...facts, resourceAccount: account })).filter(
    ([name]) => !UNKNOWN.includes(name) && !given.has(name.toLowerCase()),
  )
  return { ...Object.fromEntries(known), ...Object.fromEntries(given) }
}

/** Policies that a request brings along. */
export function policyInputs(texts: readonly string[] | undefined, name: string): SimulatedPolicy[] {
  return (texts ?? []).map((text, index) => ({ id: `${name}.${index + 1}`, source: 'none', text }))
}

export interface SimulationSetting {
  readonly input: SimulationRequest
  readonly account: string
  /** `undefined`: nobody in particular. */
  readonly caller: SimulatedCaller | undefined
  readonly identityPolicies: readonly SimulatedPolicy[]
  /** Where the request brings none. */
  readonly boundary: SimulatedPolicy | undefined
  /** The operator's, where the identity is one of an account here. */
  readonly extraGuards?: readonly NamedPolicy[] | undefined
  readonly time: number
  readonly region: string
}

/** One page of results: an action on each resource, then the next action. Others have their turn after each. */
export async function simulationAnswer(operation: string, setting: SimulationSetting) {
  const { input, account, caller, time, region } = setting
  const { ActionNames, ResourceArns, ResourcePolicy, ResourceOwner } = input
  const [boundary] = policyInputs(boundaryInputs(input), 'PermissionsBoundaryPolicyInputList')
  const nobody = principalOf('IAMUser', account, `arn:aws:iam::${account}:user/*`, '')
  const simulate = createSimulation({
    principal: caller?.principal ?? nobody,
    identityPolicies: setting.identityPolicies,
    boundary: boundary ?? setting.boundary,
    extraGuards: setting.extraGuards,
    resourcePolicy: ResourcePolicy === undefined ? undefined : readResourcePolicy(ResourcePolicy, ActionNames),
    resourceOwner: ResourceOwner === undefined ? undefined : accountIn(ResourceOwner),
    conditions: conditionsOf(caller, input.ContextEntries ?? [], time, region),
    region,
  })
  const resources = ResourceArns === undefined || ResourceArns.length === 0 ? ['*'] : ResourceArns
  const { items, end } = iamPageOfPositions(input, operation, ActionNames.length * resources.length)
  const EvaluationResults: ReturnType<typeof evaluationResult>[] = []
  for (const position of items) {
    const action = ActionNames[Math.floor(position / resources.length)]!
    const resource = resources[position % resources.length]!
    EvaluationResults.push(evaluationResult(action, resource, simulate(action, resource), ResourceArns !== undefined))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { EvaluationResults, ...end }
}

function evaluationResult(action: string, resource: string, result: SimulationResult, isOnResources: boolean) {
  const details = {
    MatchedStatements: result.matched.map(matchedStatement),
    MissingContextValues: result.missingKeys,
    PermissionsBoundaryDecisionDetail:
      result.allowedByBoundary === undefined ? undefined : { AllowedByPermissionsBoundary: result.allowedByBoundary },
  }
  const onResource = { EvalResourceName: resource, EvalResourceDecision: result.decision, ...details }
  return {
    EvalActionName: action,
    EvalResourceName: resource,
    EvalDecision: result.decision,
    ...details,
    OrganizationsDecisionDetail:
      result.allowedByGuards === undefined ? undefined : { AllowedByOrganizations: result.allowedByGuards },
    ResourceSpecificResults: isOnResources ? [onResource] : undefined,
  }
}

function matchedStatement({ policy, span }: MatchedStatement) {
  return {
    SourcePolicyId: policy.id,
    SourcePolicyType: policy.source,
    StartPosition: positionAnswer(span.start),
    EndPosition: positionAnswer(span.end),
  }
}

function positionAnswer({ line, column }: Position) {
  return { Line: line, Column: column }
}

/** Not the policies themselves: they may be long, and they are nobody's yet. */
export function auditedSimulation({ ActionNames, ResourceArns, CallerArn }: SimulationRequest) {
  return { actionNames: ActionNames, resourceArns: ResourceArns, callerArn: CallerArn }
}
