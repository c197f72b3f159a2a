/** What would become of a call that nobody made: the request that policies would be asked, from names (`keyhold simulate`). */
import { parseArn } from '../base/arn.ts'
import { applicableGrants, granteeRefs } from './grants/applicable-grants.ts'
import { createCallerRights } from './identity/caller-rights.ts'
import { parsePrincipalArn } from './identity/principal-arn.ts'
import type { NamedPolicy } from './identity/rights.ts'
import { isKnownService, servicePrincipal, viaService } from './identity/services.ts'
import { type LocatedKey, locateKey } from './keys/locate-key.ts'
import type { AccessRequest, AccessResource } from './policy/access-request.ts'
import { compilePolicy } from './policy/compile-policy.ts'
import type { ConditionValues } from './policy/condition-values.ts'
import type { Decision } from './policy/decision.ts'
import { encryptionContextConditions } from './policy/encryption-context-conditions.ts'
import { evaluate } from './policy/evaluate.ts'
import { type Explanation, explain } from './policy/explain.ts'
import { globalConditions } from './policy/global-conditions.ts'
import { keyConditions, tagConditions } from './policy/key-conditions.ts'
import type { Principal, Session } from './principal.ts'
import type { Reader } from './store.ts'

export interface SimulatedCall {
  /** ARN of a root, a user, a role (any session of it) or a session; name of a service. */
  readonly principal: string
  /** The service that forwards the call; `undefined`: none does. */
  readonly via?: string | undefined
  /** `kms:Decrypt` */
  readonly action: string
  /** Key id, key ARN, alias name or alias ARN; `undefined`: the action is not on a key. */
  readonly key: string | undefined
  /** ARN of the alias that the action is on, where it is on the alias itself: whether the caller may make, move or delete it. */
  readonly alias?: string | undefined
  readonly encryptionContext: Readonly<Record<string, string>> | undefined
  /** Any further condition keys; they win. */
  readonly conditions: ConditionValues
  readonly region: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly sourceIp: string
  /** The operator's, which bind every caller (E-13). */
  readonly extraGuards: readonly NamedPolicy[] | undefined
  /** Facts of the action (authorization.md 2.5, 4.2). */
  readonly crossAccount: boolean
  readonly grantable: boolean
}

export interface SimulatedOutcome extends Explanation {
  readonly request: AccessRequest
  readonly decision: Decision
}

/** Something in the names does not exist. */
export class NothingToSimulate extends Error {}

export async function simulateCall(reader: Reader, call: SimulatedCall): Promise<SimulatedOutcome> {
  const principal = await callerOf(reader, call)
  const rights = await createCallerRights(reader, call.extraGuards).rightsOf(principal)
  if (rights === undefined) throw new NothingToSimulate(`there is no ${call.principal}`)
  const located = call.key === undefined ? undefined : await locate(reader, call, principal, call.key)
  const aliasNames = located?.key && (await reader.aliasNamesOf(located.key))
  const request: AccessRequest = {
    principal,
    rights,
    action: call.action,
    resource: call.alias === undefined ? resourceOf(located, principal) : aliasResource(call.alias, principal),
    crossAccount: call.crossAccount,
    grants: [],
    region: call.region,
    conditions: () => ({
      ...globalConditions({
        principal,
        rights,
        time: call.time,
        sourceIp: call.sourceIp,
        secureTransport: true,
        userAgent: '',
        region: call.region,
        resourceAccount: located?.account ?? principal.account,
      }),
      'kms:CallerAccount': principal.account || undefined,
      'kms:ViaService': call.via && viaService(call.via, call.region),
      ...(located?.key && keyConditions(located.key)),
      'kms:RequestAlias': located?.requestAlias,
      ...encryptionContextConditions(call.encryptionContext),
      ...call.conditions,
    }),
    identityConditions: () => ({
      ...(located?.key && tagConditions('aws:ResourceTag/', located.key.tags)),
      'kms:ResourceAliases': aliasNames,
    }),
  }
  const judged = await withGrants(reader, request, located, call)
  const decision = evaluate(judged)
  return { request: judged, decision, ...explain(judged, decision) }
}

async function withGrants(
  reader: Reader,
  request: AccessRequest,
  located: LocatedKey | undefined,
  { grantable, encryptionContext, conditions }: SimulatedCall,
): Promise<AccessRequest> {
  if (!grantable || located?.key === undefined) return request
  const { principal, action } = request
  const found = await reader.findGrants(located.key, granteeRefs(principal))
  const sourceArn = conditions['aws:SourceArn']
  const facts = { encryptionContext, sourceArn: typeof sourceArn === 'string' ? sourceArn : undefined }
  return { ...request, grants: applicableGrants(found, principal, action, facts) }
}

function resourceOf(located: LocatedKey | undefined, { account }: Principal): AccessResource {
  if (located === undefined) return { kind: 'account', arn: '*', account }
  const { arn, key } = located
  return { kind: 'key', arn, account: located.account, policy: key && compilePolicy(key.policy) }
}

/** M-5: only identity policies are asked. An alias is its owner's to change. */
function aliasResource(arn: string, { account }: Principal): AccessResource {
  return { kind: 'alias', arn, account }
}

/** Names without an account mean the caller's. */
async function locate(reader: Reader, call: SimulatedCall, { account }: Principal, key: string): Promise<LocatedKey> {
  const region = parseArn(key)?.region ?? call.region
  return locateKey(reader, { account, region, time: call.time }, key, 'key or alias')
}

const ANY_SESSION = 'any-session'

async function callerOf(reader: Reader, { principal, via, time }: SimulatedCall): Promise<Principal> {
  const caller = await principalOf(reader, principal, time)
  if (via === undefined) return caller
  if (await isKnownService(via, reader)) return { ...caller, invokedBy: via }
  throw new NothingToSimulate(`${via} is no service here`)
}

async function principalOf(reader: Reader, text: string, now: number): Promise<Principal> {
  if (await isKnownService(text, reader)) return servicePrincipal(text, '')
  const named = parsePrincipalArn(text)
  const unknown = new NothingToSimulate(`${text} is no user, role, session or root of an account here`)
  if (named === undefined) throw unknown
  const { account } = named
  const accessKeyId = ''
  switch (named.kind) {
    case 'root':
      if (!(await reader.hasAccount(account))) throw unknown
      return {
        type: 'Root',
        account,
        arn: text,
        principalArn: text,
        principalId: account,
        entityId: account,
        accessKeyId,
      }
    case 'user': {
      const user = await reader.findUser(account, named.name)
      if (user?.path !== named.path) throw unknown
      const { userId, userName } = user
      const arns = { arn: text, principalArn: text }
      return { type: 'IAMUser', account, ...arns, principalId: userId, entityId: userId, userName, accessKeyId }
    }
    case 'role':
    case 'role session': {
      const role = await reader.findRole(account, named.name)
      if (role === undefined || (named.kind === 'role' && role.path !== named.path)) throw unknown
      const { roleId, roleName, path } = role
      const name = named.kind === 'role session' ? named.session : ANY_SESSION
      return {
        type: 'AssumedRole',
        account,
        arn: `arn:aws:sts::${account}:assumed-role/${roleName}/${name}`,
        principalArn: `arn:aws:iam::${account}:role${path}${roleName}`,
        principalId: `${roleId}:${name}`,
        entityId: roleId,
        accessKeyId,
        session: sessionOf(name, roleName, now),
      }
    }
    case 'federated user':
      throw new NothingToSimulate(
        'what a federated user may do is in his session; simulate the user who vouches for him',
      )
  }
}

/** Without session policies and tags, which only the session itself knows. */
function sessionOf(name: string, roleName: string, now: number): Session {
  const nothing = { tags: [], transitiveTagKeys: [], policyArns: [], chainDepth: 1 }
  return { issuedAt: now, expiresAt: now, name, roleName, ...nothing }
}
