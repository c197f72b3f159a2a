/**
 * Asks for permission to use what a request names (authorization.md section 0, step 5). Policies are asked first; grants
 * are looked up only if those do not allow, so a key's grants cost nothing to callers whom its policy lets in.
 */
import { ALIASES_PER_KEY_MAX } from '../base/limits.ts'
import type { LocatedGrant } from '../domain/grants/locate-grant.ts'
import { decideRetirement } from '../domain/grants/retire-grant.ts'
import { shownPrincipal } from '../domain/identity/resolve-principal.ts'
import type { Rights } from '../domain/identity/rights.ts'
import { trailingDaysWithoutUsage } from '../domain/key-usage.ts'
import type { Key } from '../domain/keys/key.ts'
import type { LocatedKey } from '../domain/keys/locate-key.ts'
import type { AccessRequest, AccessResource, ApplicableGrant } from '../domain/policy/access-request.ts'
import { compilePolicy } from '../domain/policy/compile-policy.ts'
import type { ConditionValues } from '../domain/policy/condition-values.ts'
import type { Decision } from '../domain/policy/decision.ts'
import { denial } from '../domain/policy/denial.ts'
import { evaluate } from '../domain/policy/evaluate.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { isUniqueId } from '../domain/policy/policy-principals.ts'
import type { MaybePromise, Reader } from '../domain/store.ts'
import type { Asked, Denied, Refusal } from './asked.ts'
import { conditionsOf, identityConditionsOf, type LookedUp, regionOf } from './condition-values.ts'
import type { Located, LocatedRole } from './locate.ts'
import type { LocatedEntity, Use } from './operation.ts'
import { grantsFor } from './use-grants.ts'

/**
 * @returns `undefined` if all was decided at once, as most is: a wait would cost each call a turn of the queue.
 * @throws {KmsError} `AccessDeniedException` for the first use that is not allowed.
 */
export function authorizeUses(authorization: Authorization): Promise<void> | undefined {
  return authorizeFrom(authorization, 0)
}

export interface Authorization extends Asked {
  /** Told before the denial is thrown. */
  readonly onRefusal: (refusal: Refusal) => void
}

function authorizeFrom(authorization: Authorization, start: number): Promise<void> | undefined {
  for (let index = start; index < authorization.of.uses.length; index++) {
    const decision = authorizeUse(authorization, index)
    if (decision instanceof Promise) return decision.then(() => authorizeFrom(authorization, index + 1))
  }
  return undefined
}

function authorizeUse(authorization: Authorization, index: number): MaybePromise<Decision | undefined> {
  const use = authorization.of.uses[index]!
  const found = authorization.located[index]
  const resource = resourceOf(use, found, authorization)
  if (resource === undefined) return undefined
  // Of a foreign key that no policy can open for this nothing is looked up: the time would tell that there is one (5.3).
  const isClosed = use.on === 'key' && use.crossAccount !== true && isForeign(resource, authorization)
  const missing = isClosed ? undefined : missingConditions(use, resource.policy, authorization)
  if (missing === undefined) return decide(authorization, use, found, resource, {})
  return lookUp(missing, found as LocatedKey, authorization).then((looked) =>
    decide(authorization, use, found, resource, looked),
  )
}

function isForeign({ account }: AccessResource, { of: { call } }: Authorization): boolean {
  const { principal } = call
  return principal.type !== 'AWSService' && principal.account !== account
}

function decide(
  authorization: Authorization,
  use: Use<unknown>,
  found: Located,
  resource: AccessResource,
  looked: LookedUp,
): MaybePromise<Decision> {
  const request = accessRequest(authorization, use, found, resource, looked)
  // A foreign key that only another use is for, and a role that does not exist, are refused whatever policies say.
  const decision = decisionOn(use, found, request)
  if (decision.allowed) return decision
  if (decision.reason === 'explicit deny') return refuse(authorization, request, decision)
  const grants = grantsFor(authorization, use, found, request.action)
  return grants instanceof Promise
    ? grants.then((grants) => decideByGrants(authorization, request, decision, grants))
    : decideByGrants(authorization, request, decision, grants)
}

function accessRequest(
  { of, located, rights }: Authorization,
  use: Use<unknown>,
  found: Located,
  resource: AccessResource,
  looked: LookedUp,
): AccessRequest {
  const { principal } = of.call
  return {
    principal,
    rights,
    action: permissionOf(use),
    resource,
    crossAccount: use.on === 'role' || (use.on === 'key' && use.crossAccount === true),
    grants: NO_GRANTS,
    region: regionOf(use, of),
    conditions: () => conditionsOf(of, use, found, located, rights, looked),
    identityConditions: () => identityConditionsOf(use, found, looked),
  }
}

/** What policies would be asked if the caller wanted this use too. */
export async function requestToUse(asked: Asked, use: Use<unknown>, found: LocatedKey): Promise<AccessRequest> {
  const whole = { ...asked, onRefusal() {} }
  const resource = resourceOf(use, found, whole)!
  const missing = missingConditions(use, resource.policy, asked)
  const looked = missing === undefined ? {} : await lookUp(missing, found, whole)
  return accessRequest(whole, use, found, resource, looked)
}

function decideByGrants(
  authorization: Authorization,
  request: AccessRequest,
  withoutGrants: Denied,
  grants: readonly ApplicableGrant[],
): Decision {
  if (grants.length === 0) return refuse(authorization, request, withoutGrants)
  const withGrants = { ...request, grants }
  const decision = evaluate(withGrants)
  return decision.allowed ? decision : refuse(authorization, withGrants, decision)
}

const NO_GRANTS: readonly ApplicableGrant[] = []

/** What does not exist denies like a resource policy that does not allow. */
const UNSEEN: Denied = Object.freeze({
  allowed: false,
  reason: 'missing allow',
  missing: 'resource-based policy',
  isVisible: false,
})

function refuse({ onRefusal, denials }: Authorization, request: AccessRequest, decision: Denied): never {
  onRefusal({ action: request.action, resourceArn: request.resource.arn, decision })
  throw denial(request, decision, denials)
}

function permissionOf(use: Use<unknown>): string {
  return use.permission ?? 'kms:ListAliases'
}

/** Of the policies alone, but for a grant that is to be retired, which speaks for itself. */
function decisionOn(use: Use<unknown>, found: Located, request: AccessRequest): Decision {
  if (mustRefuse(use, found, request)) return UNSEEN
  const grant = use.on === 'grant' ? (found as LocatedGrant).grant : undefined
  return grant === undefined ? evaluate(request) : decideRetirement(request, grant, RETIREMENT)
}

const RETIREMENT = { evaluate, silentPolicy: compilePolicy('{"Statement":[]}') }

function mustRefuse(use: Use<unknown>, found: Located, { principal, resource }: AccessRequest): boolean {
  if (use.on === 'role') return (found as LocatedRole).role === undefined
  return use.on === 'key' && use.permission === undefined && resource.account !== principal.account
}

/** `undefined`: nothing is asked. */
function resourceOf(
  use: Use<unknown>,
  found: Located,
  { of: { input, call } }: Authorization,
): AccessResource | undefined {
  const { account } = call.principal
  if (use.on === 'account') {
    if (use.applies?.(input, call) === false) return undefined
    const shownAs = use.shownAs?.(input, account)
    return { kind: 'account', arn: '*', shownAs, account }
  }
  if (found === undefined) return undefined
  switch (use.on) {
    case 'alias':
      return { kind: 'alias', arn: found.arn, account }
    case 'entity': {
      const { arn, shownAs } = found as LocatedEntity
      return { kind: arn === '*' ? 'account' : 'entity', arn, shownAs, account }
    }
    case 'role': {
      const { arn, account, role } = found as LocatedRole
      return { kind: 'role', arn, account, policy: role && compilePolicy(role.trustPolicy) }
    }
    case 'grant': {
      const { arn, account, key, grant } = found as LocatedGrant
      // Nobody may retire what is not there, and ids of grants cannot be guessed: its former parties are told the truth.
      if (grant === undefined && account === call.principal.account) return undefined
      return { kind: 'key', arn, account, policy: key && compilePolicy(key.policy) }
    }
    case 'key': {
      const { arn, account, key, requestAlias, foundByCiphertext = false } = found as LocatedKey
      const isOwn = account === call.principal.account
      if (use.permission === undefined && isOwn) return undefined
      // There is no key whose use could be asked for, and whoever may not use keys is told the same as whoever may (5.3).
      if (key === undefined && requestAlias !== undefined && isOwn) return undefined
      return { kind: 'key', arn, account, policy: key && compilePolicy(key.policy), foundByCiphertext }
    }
  }
}

interface Missing {
  readonly aliasNames: boolean
  readonly trailingDays: boolean
  /** Condition keys whose principals are unique ids. */
  readonly unnamed: readonly (readonly [key: string, id: string])[]
}

/** Values that are looked up only if a policy names their keys, or the request names principals by their ids; `undefined`: none. */
function missingConditions(
  use: Use<unknown>,
  keyPolicy: Policy | undefined,
  { rights, of }: Pick<Asked, 'rights' | 'of'>,
): Missing | undefined {
  if (use.on !== 'key') return undefined
  const aliasNames = names(rights, 'kms:resourcealiases')
  const trailingDays =
    use.showsTrailingDays === true &&
    (keyPolicy?.conditionKeys.has(TRAILING_DAYS) === true || names(rights, TRAILING_DAYS))
  const unnamed = use.principalKeys === undefined ? NOBODY : idsIn(use.principalKeys(of.input))
  return aliasNames || trailingDays || unnamed.length > 0 ? { aliasNames, trailingDays, unnamed } : undefined
}

const NOBODY: Missing['unnamed'] = []

function idsIn(principals: Readonly<Record<string, string | undefined>>): Missing['unnamed'] {
  return Object.entries(principals).filter((entry): entry is [string, string] => isUniqueId(entry[1] ?? ''))
}

const TRAILING_DAYS = 'kms:trailingdayswithoutkeyusage'

function names(rights: Rights, conditionKey: string): boolean {
  const { identityPolicies, boundary, sessionPolicies, extraGuards } = rights
  return (
    identityPolicies.some(({ policy }) => policy.conditionKeys.has(conditionKey)) ||
    boundary?.policy.conditionKeys.has(conditionKey) === true ||
    sessionPolicies?.some(({ policy }) => policy.conditionKeys.has(conditionKey)) === true ||
    extraGuards?.some(({ policy }) => policy.conditionKeys.has(conditionKey)) === true
  )
}

async function lookUp(
  missing: Missing,
  { key }: LocatedKey,
  { lookups, reader, keyUsage, of }: Authorization,
): Promise<LookedUp> {
  const principals = await namesOf(missing.unnamed, reader)
  if (key === undefined) return { principals }
  const aliasNames = missing.aliasNames ? await lookups.aliasNamesOf(key) : undefined
  return {
    // Callers who are allowed only through this condition are refused on a key with too many aliases (3.1).
    ...(aliasNames !== undefined && aliasNames.length <= ALIASES_PER_KEY_MAX ? { aliasNames } : {}),
    ...(missing.trailingDays ? { trailingDays: await trailingDaysOf(key, keyUsage, reader, of.call.time) } : {}),
    principals,
  }
}

/** An id that is nobody's stays: the request will be refused for it. */
async function namesOf(unnamed: Missing['unnamed'], reader: Reader): Promise<ConditionValues> {
  const named = unnamed.map(async ([key, id]) => [key, await shownPrincipal(id, reader)] as const)
  return Object.fromEntries(await Promise.all(named))
}

async function trailingDaysOf(key: Key, keyUsage: Asked['keyUsage'], reader: Reader, now: number): Promise<number> {
  const [lastUse, trackedSince] = await Promise.all([keyUsage.lastUse(key, reader), reader.lastUsageTrackedSince()])
  return trailingDaysWithoutUsage(key, lastUse, trackedSince, now)
}
