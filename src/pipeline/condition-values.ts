/** The values of condition keys that a request carries (authorization.md section 3), from the facts of the call and its uses. */

import { constraintConditions } from '../domain/grants/grant-constraints.ts'
import type { LocatedGrant } from '../domain/grants/locate-grant.ts'
import type { Rights } from '../domain/identity/rights.ts'
import { viaService } from '../domain/identity/services.ts'
import type { LocatedKey } from '../domain/keys/locate-key.ts'
import type { ConditionValues } from '../domain/policy/condition-values.ts'
import { encryptionContextConditions } from '../domain/policy/encryption-context-conditions.ts'
import { globalConditions } from '../domain/policy/global-conditions.ts'
import { keyConditions, tagConditions } from '../domain/policy/key-conditions.ts'
import { callingService } from '../domain/principal.ts'
import type { Call } from './call.ts'
import type { Located } from './locate.ts'
import type { KeyUse, LocatedEntity, Use, UsedRole } from './operation.ts'
import { keysOf, type UsesOfCall } from './uses.ts'

/** What was looked up because a policy asks for it. */
export interface LookedUp {
  readonly aliasNames?: readonly string[]
  /** Days, whole. */
  readonly trailingDays?: number | undefined
  /** ARNs of principals that the request names by their unique ids. */
  readonly principals?: ConditionValues
}

/** For every policy. */
export function conditionsOf(
  of: UsesOfCall,
  use: Use<unknown>,
  found: Located,
  located: readonly Located[],
  rights: Rights,
  { trailingDays, principals }: LookedUp,
): ConditionValues {
  const { call, input, recipient } = of
  return {
    ...globalConditions({
      principal: call.principal,
      rights,
      time: call.time,
      sourceIp: call.sourceIp,
      secureTransport: call.isForwardedSecurely ?? call.tls !== undefined,
      userAgent: call.userAgent,
      referer: call.referer,
      region: regionOf(use, of),
      source: call.source,
      resourceAccount: ownerOf(use, found, call.principal.account),
    }),
    ...(isAboutKeys(use) ? callerConditions(call) : undefined),
    ...(use.on === 'key' ? usedKeyConditions(use, found as LocatedKey, input) : undefined),
    ...(use.on === 'grant' ? usedGrantConditions(found as LocatedGrant) : undefined),
    ...(use.on === 'key' && use.managesGrants === true ? grantConditions(call) : undefined),
    ...(trailingDays === undefined ? undefined : { 'kms:TrailingDaysWithoutKeyUsage': String(trailingDays) }),
    ...declaredConditions(use, input, found, located),
    ...principals,
    ...recipient?.conditions,
    ...of.callerConditions,
  }
}

/** A service has no account (authorization.md 3.1); kms:ViaService is for those who come through one (S-2). */
function callerConditions({ principal: { account, invokedBy }, region }: Call): ConditionValues {
  return {
    'kms:CallerAccount': account || undefined,
    'kms:ViaService': invokedBy === undefined ? undefined : viaService(invokedBy, region),
  }
}

/** S-4: does a service manage the grant? */
function grantConditions({ principal }: Call): ConditionValues {
  return { 'kms:GrantIsForAWSResource': String(callingService(principal) !== undefined) }
}

/** Where a use takes place: of a change of another Region's keys, there. */
export function regionOf(use: Use<unknown>, { input, call }: UsesOfCall): string {
  return (use.on === 'account' ? use.region?.(input) : undefined) ?? call.region
}

function ownerOf(use: Use<unknown>, found: Located, callersAccount: string): string {
  if (use.on === 'key' || use.on === 'role' || use.on === 'grant') return (found as LocatedKey | UsedRole).account
  return callersAccount
}

function isAboutKeys(use: Use<unknown>): boolean {
  return (
    use.on === 'key' || use.on === 'grant' || use.on === 'alias' || (use.on === 'account' && use.isAboutKeys === true)
  )
}

function declaredConditions(
  use: Use<unknown>,
  input: unknown,
  found: Located,
  located: readonly Located[],
): ConditionValues | undefined {
  if (use.on === 'alias' || use.on === 'grant') return undefined
  if (use.on === 'entity') return use.conditionKeys?.(input, found as LocatedEntity)
  if (use.on === 'role') return use.conditionKeys?.(input)
  return use.conditionKeys?.(input, keysOf(located))
}

/** authorization.md 3.2: the pairs of the grant's constraint. */
function usedGrantConditions({ key, grant }: LocatedGrant): ConditionValues {
  return { ...(key && keyConditions(key)), ...constraintConditions(grant?.constraints) }
}

function usedKeyConditions(use: KeyUse<unknown>, found: LocatedKey, input: unknown): ConditionValues {
  return {
    ...(found.key && keyConditions(found.key)),
    'kms:RequestAlias': found.requestAlias,
    ...encryptionContextConditions(use.encryptionContext?.(input)),
  }
}

/** For identity policies alone: key policies do not see aliases and tags (authorization.md 3.1). */
export function identityConditionsOf(use: Use<unknown>, found: Located, { aliasNames }: LookedUp): ConditionValues {
  if (use.on === 'entity') return entityTagConditions(found as LocatedEntity)
  if (use.on === 'role') return entityTagConditions({ arn: found!.arn, tags: (found as UsedRole).role?.tags ?? [] })
  if (use.on !== 'key' && use.on !== 'grant') return NONE
  const { key } = found as LocatedKey
  return { ...(key && tagConditions('aws:ResourceTag/', key.tags)), 'kms:ResourceAliases': aliasNames }
}

const NONE: ConditionValues = {}

/** `iam:ResourceTag` is for users and roles alone; policies and providers have `aws:ResourceTag` only. */
function entityTagConditions({ arn, tags = [] }: LocatedEntity): ConditionValues {
  const ofEvery = tagConditions('aws:ResourceTag/', tags)
  return /:(?:user|role)\//.test(arn) ? { ...ofEvery, ...tagConditions('iam:ResourceTag/', tags) } : ofEvery
}
