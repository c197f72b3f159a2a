/**
 * A second evaluator, written from authorization.md sections 1 to 3 alone: slow, plain, on policies as JSON, without any
 * preparation. Tests compare the product's with it.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net'
import type { Principal } from '../../../src/domain/principal.ts'

export type Json = string | number | boolean

export interface OracleStatement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal?: '*' | Readonly<Record<string, string | readonly string[]>>
  readonly NotPrincipal?: Readonly<Record<string, string | readonly string[]>>
  readonly Action?: string | readonly string[]
  readonly NotAction?: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly NotResource?: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, Json | readonly Json[]>>>>
}

export interface OraclePolicy {
  readonly Version?: string
  readonly Statement: OracleStatement | readonly OracleStatement[]
}

export type Context = Readonly<Record<string, string | readonly string[]>>

export interface Scenario {
  readonly principal: Principal
  readonly identityPolicies: readonly OraclePolicy[]
  readonly boundary: OraclePolicy | undefined
  readonly sessionPolicies: readonly OraclePolicy[] | undefined
  /** E-13: like service control policies, each must allow. */
  readonly extraGuards?: readonly OraclePolicy[] | undefined
  readonly action: string
  readonly kind: 'key' | 'alias' | 'account' | 'role'
  readonly arn: string
  readonly account: string
  readonly resourcePolicy: OraclePolicy | undefined
  readonly crossAccount: boolean
  readonly grants: readonly { readonly form: string; readonly issuingAccount: string }[]
  readonly region: string
  readonly context: Context
  readonly identityContext: Context
}

/** The cause in the words of 5.2, or `allow`; `invisible` is A-6. */
export type Verdict =
  | 'allow'
  | 'invisible'
  | `deny: ${'guard' | 'resource' | 'boundary' | 'session' | 'identity'}`
  | `missing: ${'guard' | 'resource' | 'boundary' | 'session' | 'identity'}`

/**
 * E-13 around the algorithm of 2.4: guards deny before all others, and what they do not allow is named before what others do
 * not; but of a foreign resource nothing is said that its owner keeps closed.
 */
export function oracle(s: Scenario): Verdict {
  const guards = s.extraGuards ?? []
  const everything = { ...s.context, ...s.identityContext }
  const speaks = (effect: string, policy: OraclePolicy) =>
    listOf(policy.Statement).some((st) => st.Effect === effect && applies(s, st, policy, everything))
  const others = withoutGuards(s)
  if (others === 'invisible') return others
  if (guards.some((policy) => speaks('Deny', policy))) return 'deny: guard'
  return guards.every((policy) => speaks('Allow', policy)) || others.startsWith('deny') ? others : 'missing: guard'
}

/**
 * The algorithm of 2.4, line by line; but of a foreign resource the key's side comes before the caller's own denies, or its
 * existence would show (5.3).
 */
function withoutGuards(s: Scenario): Verdict {
  const isKeyless = s.kind === 'alias' || s.kind === 'account'
  const isService = s.principal.type === 'AWSService'
  const own = isService || s.account === s.principal.account
  const unknownKeyOfOwnAccount = s.kind === 'key' && own && !isService && s.resourcePolicy === undefined
  const kp = isKeyless || unknownKeyOfOwnAccount ? undefined : (s.resourcePolicy ?? { Statement: [] })
  const everything = { ...s.context, ...s.identityContext }

  if (kp && listOf(kp.Statement).some((st) => st.Effect === 'Deny' && denies(s, st, kp))) {
    return own ? 'deny: resource' : 'invisible'
  }
  const P = new Set<string>()
  for (const st of listOf(kp?.Statement ?? [])) {
    if (st.Effect !== 'Allow' || !applies(s, st, kp!, s.context)) continue
    for (const form of formsOf(s.principal, st.Principal)) P.add(form)
  }
  const counts = (grant: Scenario['grants'][number]) => own || grant.issuingAccount === s.principal.account
  const G = new Set(s.grants.filter(counts).map(({ form }) => form))
  const GO = new Set(s.grants.filter((grant) => !counts(grant)).map(({ form }) => form))
  if (kp && !own && (!s.crossAccount || P.size + G.size + GO.size === 0)) return 'invisible'
  const speaks = (effect: string, policy: OraclePolicy) =>
    listOf(policy.Statement).some((st) => st.Effect === effect && applies(s, st, policy, everything))
  if (s.boundary && speaks('Deny', s.boundary)) return 'deny: boundary'
  if (s.sessionPolicies?.some((policy) => speaks('Deny', policy))) return 'deny: session'
  if (s.identityPolicies.some((policy) => speaks('Deny', policy))) return 'deny: identity'

  const isFederated = s.principal.type === 'FederatedUser'
  const isRoot = s.principal.entityId === s.principal.account
  const idAllow = isRoot || s.identityPolicies.some((p) => speaks('Allow', p))
  const bndAllow = s.boundary === undefined || speaks('Allow', s.boundary)
  const sesAllow =
    s.sessionPolicies === undefined ? !isFederated : s.sessionPolicies.some((policy) => speaks('Allow', policy))
  const full = idAllow && bndAllow && sesAllow
  const missing: Verdict = !idAllow ? 'missing: identity' : !bndAllow ? 'missing: boundary' : 'missing: session'

  if (kp === undefined) return own && full ? 'allow' : missing

  const filteredIn = (forms: ReadonlySet<string>) => forms.has('ROLE') || forms.has('FEDERATED_USER_OF_USER')
  const filtered = filteredIn(P) || filteredIn(G) || filteredIn(GO)
  const filter: Verdict | undefined = !bndAllow ? 'missing: boundary' : !sesAllow ? 'missing: session' : undefined
  const has = (forms: ReadonlySet<string>, ...some: string[]) => some.some((form) => forms.has(form))

  if (own) {
    if (has(P, 'SESSION', 'ANY', 'SERVICE', 'USER')) return 'allow'
    if (has(G, 'SESSION', 'USER')) return 'allow'
    if (filtered && bndAllow && sesAllow) return 'allow'
    if ((P.has('ACCOUNT') || G.has('ACCOUNT')) && full) return 'allow'
    if (filtered) return filter!
    if (P.has('ACCOUNT') || G.has('ACCOUNT')) return missing
    return 'missing: resource'
  }
  if (has(G, 'SESSION', 'USER')) return 'allow'
  if (filteredIn(G) && bndAllow && sesAllow) return 'allow'
  if (full) return 'allow'
  if (filtered && filter) return filter
  return missing
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T]
}

/** 1.2 */
function formsOf(caller: Principal, principal: OracleStatement['Principal']): readonly string[] {
  if (principal === undefined) return []
  if (principal === '*') return ['ANY']
  const services = listOf(principal.Service ?? []).filter(
    (entry) => caller.type === 'AWSService' && entry === caller.arn,
  )
  return [
    ...listOf(principal.AWS ?? []).flatMap((entry) => formOf(caller, entry) ?? []),
    ...services.map(() => 'SERVICE'),
  ]
}

function formOf(caller: Principal, entry: string): string | undefined {
  const { type, account, entityId, principalArn, arn } = caller
  if (entry === '*') return 'ANY'
  if (type === 'AWSService') return undefined
  if (entry === account || entry === `arn:aws:iam::${account}:root`) return 'ACCOUNT'
  if (type === 'IAMUser' && (entry === entityId || entry === arn)) return 'USER'
  if (type === 'AssumedRole' && (entry === entityId || entry === principalArn)) return 'ROLE'
  if (type === 'AssumedRole' && entry === arn) return 'SESSION'
  if (type === 'FederatedUser' && entry === arn) return 'SESSION'
  if (type === 'FederatedUser' && entry === entityId) return 'FEDERATED_USER_OF_USER'
  return undefined
}

function denies(s: Scenario, st: OracleStatement, kp: OraclePolicy): boolean {
  const isMeant = st.NotPrincipal ? !isExempt(s, st.NotPrincipal) : formsOf(s.principal, st.Principal).length > 0
  return isMeant && applies(s, st, kp, s.context)
}

/** P-10, P-13 */
function isExempt(s: Scenario, listed: NonNullable<OracleStatement['NotPrincipal']>): boolean {
  if (s.boundary !== undefined) return false
  const forms = new Set(listOf(listed.AWS ?? []).map((entry) => formOf(s.principal, entry)))
  if (forms.has('ANY')) return true
  if (s.principal.type === 'AWSService') return listOf(listed.Service ?? []).includes(s.principal.arn)
  if (!forms.has('ACCOUNT')) return false
  switch (s.principal.type) {
    case 'Root':
      return true
    case 'IAMUser':
      return forms.has('USER')
    case 'AssumedRole':
      return forms.has('ROLE')
    default:
      return s.principal.entityId === s.principal.account ? forms.has('SESSION') : forms.has('FEDERATED_USER_OF_USER')
  }
}

/** Everything of a statement but its principal. */
function applies(s: Scenario, st: OracleStatement, policy: OraclePolicy, context: Context): boolean {
  const asVariables = policy.Version === '2012-10-17' ? context : undefined
  return matchesAction(s, st) && matchesResource(s, st, asVariables) && conditionsHold(st, context, asVariables)
}

/** M-1, M-4 */
function matchesAction({ action }: Scenario, { Action, NotAction }: OracleStatement): boolean {
  const matches = (patterns: string | readonly string[]) =>
    listOf(patterns).some((pattern) => glob(wildcards(pattern.toLowerCase()), action.toLowerCase()))
  if (Action !== undefined) return matches(Action)
  return NotAction !== undefined && !matches(NotAction)
}

/** M-3 to M-6, R-1, G-10 */
function matchesResource(
  s: Scenario,
  { Resource, NotResource }: OracleStatement,
  variables: Context | undefined,
): boolean {
  if (Resource === undefined && NotResource === undefined) return s.kind === 'role'
  const service = s.action.split(':')[0]!
  const region = service === 'kms' ? s.region : ''
  const arn = s.arn === '*' ? `arn:aws:${service}:${region}:${s.account}:*` : s.arn
  const matches = (patterns: string | readonly string[]) =>
    listOf(patterns).some((pattern) => {
      if (pattern === '*') return true
      const parts = sixParts(pattern)
      const value = sixParts(arn)!
      return parts?.every((part, index) => {
        const units = index === 5 ? resolve(part, variables, true) : wildcards(part)
        return units !== undefined && glob(units, value[index]!)
      })
    })
  return Resource !== undefined ? matches(Resource) : !matches(NotResource!)
}

function sixParts(text: string): readonly string[] | undefined {
  const parts = text.split(':')
  return parts.length < 6 ? undefined : [...parts.slice(0, 5), parts.slice(5).join(':')]
}

/** A character, or a wildcard as a name of more than one. */
type Unit = string
const RUN = 'run'
const ONE = 'one'

function wildcards(text: string): Unit[] {
  return text.split('').map((char) => (char === '*' ? RUN : char === '?' ? ONE : char))
}

/** A table of which beginnings of the pattern match which beginnings of the text. */
function glob(pattern: readonly Unit[], text: string): boolean {
  let row = [true, ...new Array<boolean>(text.length).fill(false)]
  for (const unit of pattern) {
    const next = [unit === RUN && row[0]!]
    for (let end = 1; end <= text.length; end++) {
      next.push(unit === RUN ? row[end]! || next[end - 1]! : row[end - 1]! && (unit === ONE || unit === text[end - 1]))
    }
    row = next
  }
  return row[text.length]!
}

/** 1.4. @param variables `undefined` in versions without. Returns `undefined` if one does not resolve. */
function resolve(text: string, variables: Context | undefined, withWildcards: boolean): Unit[] | undefined {
  const plain = (part: string) => (withWildcards ? wildcards(part) : part.split(''))
  if (variables === undefined) return plain(text)
  const open = text.indexOf('${')
  const close = text.indexOf('}', open)
  if (open === -1 || close === -1) return plain(text)
  const before = plain(text.slice(0, open))
  const after = resolve(text.slice(close + 1), variables, withWildcards)
  const inside = text.slice(open + 2, close)
  if (after === undefined) return undefined
  if (inside === '*' || inside === '?' || inside === '$') return [...before, inside, ...after]
  const [key, fallback] = inside.split(',').map((part) => part.trim()) as [string, string | undefined]
  const found = lookUp(key, variables)
  if (found.length === 1 && typeof found[0] !== 'string') return undefined
  const value = found.length === 1 ? (found[0] as string) : fallback?.slice(1, -1)
  return value === undefined ? undefined : [...before, ...value.split(''), ...after]
}

/** All values under names that differ from this one in case only; empty lists do not count. */
function lookUp(key: string, context: Context): readonly (string | readonly string[])[] {
  const lower = key.toLowerCase()
  const names = Object.keys(context).filter((name) => name.toLowerCase() === lower)
  return names.map((name) => context[name]!).filter((value) => value.length > 0 || typeof value === 'string')
}

/** 1.5 */
function conditionsHold(st: OracleStatement, context: Context, variables: Context | undefined): boolean {
  return Object.entries(st.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => {
      const found = lookUp(key, context)
      const texts = listOf(values).map(String)
      if (operator === 'Null') return texts.some((text) => (text.toLowerCase() === 'true') === (found.length === 0))
      const one = (value: string | readonly string[]) => holdsFor(operator, value, texts, st.Effect, variables)
      if (found.length === 0) return holdsAbsent(operator)
      if (found.length === 1) return one(found[0]!)
      return st.Effect === 'Deny' && found.some(one)
    }),
  )
}

/** C-1 to C-4 */
function holdsAbsent(operator: string): boolean {
  if (operator.endsWith('IfExists') || operator.startsWith('ForAllValues:')) return true
  if (operator.startsWith('ForAnyValue:')) return false
  return operator.includes('Not')
}

function holdsFor(
  operator: string,
  value: string | readonly string[],
  texts: readonly string[],
  effect: 'Allow' | 'Deny',
  variables: Context | undefined,
): boolean {
  const base = operator.replace(/^For(AllValues|AnyValue):/, '').replace(/IfExists$/, '')
  const satisfies = (one: string) => {
    if (isIncomparable(base, one)) return false
    const matches = (text: string) => matchesValue(base.replace('Not', ''), one, text, variables)
    const malformed = base.startsWith('Arn') ? texts.findIndex((text) => isNoPattern(text, variables)) : -1
    const matched = (malformed === -1 ? texts : texts.slice(0, malformed)).some(matches)
    if (!matched && malformed !== -1) return effect === 'Deny'
    return base.includes('Not') ? !matched : matched
  }
  const values = listOf(value)
  if (operator.startsWith('ForAllValues:')) return values.every(satisfies)
  if (operator.startsWith('ForAnyValue:')) return values.some(satisfies)
  return typeof value !== 'string' && effect === 'Allow' ? false : values.some(satisfies)
}

/** Recorded: such a value meets neither an operator nor its negation. */
function isIncomparable(base: string, value: string): boolean {
  if (base.startsWith('Arn')) return !value.startsWith('arn:') || sixParts(value) === undefined
  return /IpAddress$/.test(base) && !isIPv4(value) && !isIPv6(value)
}

/** Recorded: it cannot grant, and denies whatever the operator. */
function isNoPattern(text: string, variables: Context | undefined): boolean {
  const units = resolve(text, variables, true)
  return units !== undefined && units.filter((unit) => unit === ':').length < 5
}

function matchesValue(base: string, value: string, text: string, variables: Context | undefined): boolean {
  const literal = () => resolve(text, variables, false)?.join('')
  switch (base) {
    case 'StringEquals':
      return literal() === value
    case 'Bool':
      return literal()?.toLowerCase() === String(value.toLowerCase() === 'true')
    case 'StringEqualsIgnoreCase':
      return literal()?.toLowerCase() === value.toLowerCase()
    case 'StringLike': {
      const units = resolve(text, variables, true)
      return units !== undefined && glob(units, value)
    }
    case 'ArnEquals':
    case 'ArnLike': {
      const units = resolve(text, variables, true)
      return units !== undefined && value.startsWith('arn:') && arnLike(units, value)
    }
    case 'BinaryEquals':
      return Buffer.from(value, 'base64').equals(Buffer.from(text, 'base64'))
    case 'IpAddress':
      return inRange(value, text)
    default:
      return base.startsWith('Numeric')
        ? compare(base.slice('Numeric'.length), number(value), number(text))
        : compare(base.slice('Date'.length), date(value), date(text))
  }
}

function arnLike(units: readonly Unit[], value: string): boolean {
  const parts: Unit[][] = [[]]
  for (const unit of units) {
    if (unit === ':' && parts.length < 6) parts.push([])
    else parts.at(-1)!.push(unit)
  }
  const values = sixParts(value)
  return parts.length === 6 && values !== undefined && parts.every((part, index) => glob(part, values[index]!))
}

function number(text: string): number {
  return /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
}

/** Seconds since the epoch. */
function date(text: string): number {
  if (/^\d{4}(-\d\d){0,2}(T|$)/.test(text)) return Date.parse(text) / 1000
  return number(text)
}

function compare(how: string, value: number, with_: number): boolean {
  switch (how) {
    case 'Equals':
      return value === with_
    case 'LessThan':
      return value < with_
    case 'LessThanEquals':
      return value <= with_
    case 'GreaterThan':
      return value > with_
    case 'GreaterThanEquals':
      return value >= with_
    default:
      throw new Error(how)
  }
}

function inRange(value: string, range: string): boolean {
  const [address, bits] = range.split('/') as [string, string?]
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  if (family === 'ipv4' ? !isIPv4(value) : !isIPv6(value)) return false
  const list = new BlockList()
  list.addSubnet(address, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family)
  return list.check(value, family)
}
