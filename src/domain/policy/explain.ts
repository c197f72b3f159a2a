/**
 * Says in words why a request is allowed or refused and what would have to change, for administrators (authorization.md X-3:
 * callers learn less). Slow and thorough: it is asked by people.
 */
import type { NamedPolicy, Rights } from '../identity/rights.ts'
import type { Principal } from '../principal.ts'
import type { AccessRequest, AccessResource } from './access-request.ts'
import { compilePolicy } from './compile-policy.ts'
import type { Decision, DecisiveStatement, PolicyType } from './decision.ts'
import { evaluate } from './evaluate.ts'
import { GUARD } from './extra-guards.ts'
import { openStatements } from './open-statements.ts'

export interface Explanation {
  readonly allowed: boolean
  /** One sentence. */
  readonly verdict: string
  /** Statements that would allow it, were it not for one of their conditions. */
  readonly nearMisses: readonly string[]
  /** Each would do, unless they say otherwise. */
  readonly remedies: readonly string[]
  /** What is dangerous whatever becomes of this request. */
  readonly warnings: readonly string[]
}

export function explain(request: AccessRequest, decision: Decision): Explanation {
  return { ...explainDecision(request, decision), warnings: warningsOf(request, decision) }
}

/** S-6; and a key that is not there, perhaps a name that was mistyped, which is judged as if it were. */
function warningsOf({ resource: { kind, arn, policy } }: AccessRequest, decision: Decision): string[] {
  if (kind !== 'key') return []
  if (policy === undefined)
    return missingOf(decision) === 'resource-based policy' ? [] : [`There is no such key: ${arn}.`]
  return openStatements(policy.text).map(
    (index) =>
      `Statement ${index + 1} of the key policy allows everybody, of every account: name principals instead of "*".`,
  )
}

function missingOf(decision: Decision): PolicyType | undefined {
  return decision.allowed || decision.reason === 'explicit deny' ? undefined : decision.missing
}

function explainDecision(request: AccessRequest, decision: Decision): Omit<Explanation, 'warnings'> {
  if (decision.allowed) {
    return { allowed: true, verdict: allowedBy(request, decision), nearMisses: [], remedies: [] }
  }
  if (decision.reason === 'explicit deny') {
    const statement = nameOf(decision.by)
    return {
      allowed: false,
      verdict: `${capital(statement)} denies it. An explicit deny wins over everything.`,
      nearMisses: [],
      remedies: [`Change ${statement} so that it does not match this request.`],
    }
  }
  return {
    allowed: false,
    verdict: missingAllow(request, decision.missing),
    nearMisses: nearMisses(request, decision.missing),
    remedies: remediesFor(request, decision.missing),
  }
}

function allowedBy({ principal }: AccessRequest, decision: Extract<Decision, { allowed: true }>): string {
  const reasons = decision.by.map(nameOf)
  if (decision.grantId !== undefined) reasons.unshift(`grant ${decision.grantId}`)
  if (reasons.length === 0) return `Allowed: ${principal.arn} is the root user of the account.`
  return `Allowed by ${reasons.join(' and ')}.`
}

function nameOf({ policyType, policyName, index, sid }: DecisiveStatement): string {
  const statement = sid === undefined ? `statement ${index + 1}` : `statement ${index + 1} (Sid "${sid}")`
  const policy =
    policyType === 'resource-based policy'
      ? 'the key policy'
      : policyType === GUARD
        ? "the operator's guard policy"
        : `the ${policyType} "${policyName}"`
  return `${statement} of ${policy}`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function missingAllow({ resource, principal, crossAccount }: AccessRequest, missing: PolicyType) {
  if (missing === GUARD) return `The operator's guard policy, which binds all accounts, does not allow it.`
  if (missing !== 'resource-based policy') return `No ${missing} of ${principal.arn} allows it.`
  if (resource.policy === undefined) return `There is no such ${resource.kind}: ${resource.arn}.`
  const isForeign = isForeignTo(principal, resource)
  if (isForeign && !crossAccount) return 'This action cannot be used from another account, whatever policies say.'
  if (resource.kind === 'role') return `The trust policy of ${resource.arn} does not let ${principal.arn} assume it.`
  if (principal.type === 'AWSService')
    return `The key policy of ${resource.arn} does not allow ${principal.arn}, and no grant does.`
  const whom = isForeign
    ? `${principal.arn} nor its account`
    : `${principal.arn} nor, for this, leaves it to the account`
  return `The key policy of ${resource.arn} allows neither ${whom}, and no grant does.`
}

/** Services have no account, and nothing in one could let them in. */
function isForeignTo({ type, account }: Principal, resource: AccessResource): boolean {
  return type !== 'AWSService' && resource.account !== account
}

function remediesFor({ action, resource, principal, crossAccount }: AccessRequest, missing: PolicyType): string[] {
  const what = `"Action": "${action}", "Resource": "${resource.arn}"`
  const isForeign = isForeignTo(principal, resource)
  const named = `"Principal": {"${principal.type === 'AWSService' ? 'Service' : 'AWS'}": "${principal.principalArn}"}`
  const groups = principal.type === 'IAMUser' ? ' (or of one of its groups)' : ''
  switch (missing) {
    case 'identity-based policy':
      return [
        `Add to an identity policy of ${principal.principalArn}${groups}: {"Effect": "Allow", ${what}}.`,
        ...(isForeign || resource.kind !== 'key' || resource.policy === undefined
          ? []
          : [`Or name ${principal.principalArn} in an Allow statement of the key policy, or give it a grant.`]),
      ]
    case 'permissions boundary':
      return [`Allow ${action} on ${resource.arn} in the permissions boundary, or remove the boundary.`]
    case 'session policy':
      return [`Assume the role with a session policy that allows ${action} on ${resource.arn}, or with none.`]
    case 'service control policy':
      return [`Allow ${action} on ${resource.arn} in the guard policy (--guard-policy) and start the server again.`]
    case 'resource-based policy':
      if (resource.policy === undefined || (isForeign && !crossAccount)) return []
      if (resource.kind === 'role') {
        return [`Add to the trust policy: {"Effect": "Allow", ${named}, "Action": "${action}"}.`]
      }
      return [
        `Add to the key policy: {"Effect": "Allow", ${named}, "Action": "${action}", "Resource": "*"}.`,
        `Or create a grant for ${principal.principalArn}, where grants can allow ${action}.`,
        ...(isForeign ? [`In both cases an identity policy in account ${principal.account} must allow it too.`] : []),
      ]
  }
}

interface Statement {
  readonly Sid?: string
  readonly Effect: string
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Leaves out one condition at a time and asks again. */
function nearMisses(request: AccessRequest, missing: PolicyType): string[] {
  const found: string[] = []
  for (const { policyType, name, text, withText } of policiesOf(request)) {
    if (policyType !== missing) continue
    const policy = JSON.parse(text) as { Statement: Statement | Statement[] }
    const statements = [policy.Statement].flat()
    statements.forEach((statement, index) => {
      if (statement.Effect !== 'Allow' || statement.Condition === undefined) return
      const without = (Condition: Statement['Condition']) => {
        const changed = statements.map((other, at) => (at === index ? { ...other, Condition } : other))
        return evaluate(withText(JSON.stringify({ ...policy, Statement: changed })))
      }
      const decision = without(undefined)
      if (!decision.allowed && decision.reason === 'missing allow' && decision.missing === missing) return
      const unmet = Object.entries(statement.Condition).flatMap(([operator, keys]) =>
        Object.entries(keys).map(([key, values]) => `${operator} ${key} ${JSON.stringify(values)}`),
      )
      const where = nameOf({
        policyType,
        ...(name === undefined ? {} : { policyName: name }),
        index,
        ...(statement.Sid === undefined ? {} : { sid: statement.Sid }),
      })
      found.push(`${capital(where)} would allow it if its conditions held: ${unmet.join('; ')}.`)
    })
  }
  return found
}

interface JudgingPolicy {
  readonly policyType: PolicyType
  readonly name: string | undefined
  readonly text: string
  /** The request as it would be judged with another text in place of this one. */
  withText(text: string): AccessRequest
}

function policiesOf(request: AccessRequest): JudgingPolicy[] {
  const { rights, resource } = request
  const withRights = (changed: Partial<Rights>): AccessRequest => ({ ...request, rights: { ...rights, ...changed } })
  const named = (policyType: PolicyType, of: NamedPolicy, change: (changed: NamedPolicy) => AccessRequest) => ({
    policyType,
    name: of.name,
    text: of.policy.text,
    withText: (text: string) => change({ name: of.name, policy: compilePolicy(text) }),
  })
  const policies: JudgingPolicy[] = rights.identityPolicies.map((policy, at) =>
    named('identity-based policy', policy, (changed) =>
      withRights({ identityPolicies: rights.identityPolicies.with(at, changed) }),
    ),
  )
  rights.extraGuards?.forEach((policy, at) => {
    const change = (changed: NamedPolicy) => withRights({ extraGuards: rights.extraGuards!.with(at, changed) })
    policies.push(named(GUARD, policy, change))
  })
  if (rights.boundary !== undefined) {
    policies.push(named('permissions boundary', rights.boundary, (boundary) => withRights({ boundary })))
  }
  rights.sessionPolicies?.forEach((policy, at) => {
    const change = (changed: NamedPolicy) => withRights({ sessionPolicies: rights.sessionPolicies!.with(at, changed) })
    policies.push(named('session policy', policy, change))
  })
  if (resource.policy !== undefined) {
    policies.push({
      policyType: 'resource-based policy',
      name: undefined,
      text: resource.policy.text,
      withText: (text) => ({ ...request, resource: { ...resource, policy: compilePolicy(text) } }),
    })
  }
  return policies
}
