/** Random policies and requests from few words, so that they often meet. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the policy language
import fc from 'fast-check'
import { servicePrincipal } from '../../../src/domain/identity/services.ts'
import type { AccessRequest } from '../../../src/domain/policy/access-request.ts'
import { compilePolicy } from '../../../src/domain/policy/compile-policy.ts'
import type { Decision, PolicyType } from '../../../src/domain/policy/decision.ts'
import {
  A,
  ALIAS,
  ALICE_ID,
  alice,
  B,
  bob,
  carol,
  federatedUser,
  foreignSession,
  KEY,
  REGION,
  ROLE,
  ROLE_ID,
  root,
  session1,
  session2,
} from './given-access.ts'
import type { Context, OraclePolicy, OracleStatement, Scenario, Verdict } from './oracle.ts'

const ACTIONS = ['kms:Decrypt', 'kms:Encrypt', 'kms:DescribeKey', 'sts:AssumeRole', 'kms:ListKeys', 'iam:ListUsers']
const ACTION_PATTERNS = [
  ...ACTIONS,
  '*',
  'kms:*',
  'KMS:decrypt',
  'kms:De*',
  'kms:*crypt',
  'kms:??crypt',
  'kms:*e*r*t*',
  'sts:*',
  'iam:List*',
]
const RESOURCES = [KEY, ALIAS, ROLE, `${KEY}0`, `arn:aws:kms:${REGION}:${B}:key/x`]
const RESOURCE_PATTERNS = [
  ...RESOURCES,
  '*',
  '*',
  `arn:aws:kms:${REGION}:${A}:*`,
  `arn:aws:kms:${REGION}:${A}:key/*`,
  'arn:aws:kms:*:*:*/?*',
  'arn:aws:*:*',
  'arn:*:*:*:*:*',
  `arn:aws:iam::${A}:*`,
  `arn:aws:kms:${REGION}:${A}:\${k:a}/*`,
  "arn:aws:kms:*:*:${k:none, 'key'}/*",
  `arn:aws:kms:*:\${k:a}:*`,
]
const PRINCIPALS = [
  '*',
  A,
  B,
  `arn:aws:iam::${A}:root`,
  ALICE_ID,
  alice.arn,
  bob.entityId,
  ROLE_ID,
  ROLE,
  session1.arn,
  carol.entityId,
  carol.arn,
  foreignSession.arn,
  foreignSession.entityId,
  `arn:aws:sts::${A}:federated-user/eve`,
]
const SERVICES = ['s3.amazonaws.com', 'billing.example.com']
export const CALLERS = [
  alice,
  bob,
  root(A),
  session1,
  session2,
  carol,
  root(B),
  foreignSession,
  federatedUser('eve', ALICE_ID),
  federatedUser('max', A),
  servicePrincipal('s3.amazonaws.com', 'AKIAEXAMPLEEXAMPLE77'),
]

/** Values of all types under keys that tell which operators suit them; lists are keys with several values. */
const CONTEXT_VALUES: Readonly<Record<string, readonly string[]>> = {
  'k:a': ['key', 'alias', 'a*', 'Ab', 'aXb', '', 'x'],
  'K:A': ['key', 'x'],
  'k:n': ['5', '7.5', '-1', '07', '5x', '1767225600'],
  'k:d': ['2026-01-01T00:00:00Z', '1767225600', '2026-01-01', '2025-12-31T23:00:00-01:00', 'soon'],
  'k:ip': ['10.1.2.3', '192.0.2.1', '2001:db8::1', '2001:0DB8:0::1', 'nowhere'],
  'k:arn': [KEY, ROLE, 'arn:aws:iam::111122223333:role/app/x/y', 'no:arn'],
  'k:b': ['true', 'false', 'TRUE'],
  'k:bin': ['AQID', 'AQIE'],
}
const COMPARANDS: Readonly<Record<string, readonly (string | number | boolean)[]>> = {
  String: ['key', 'x', 'a*', '?b', '*', 'a?b', '${k:a}', '${k:n}x', "${k:none, 'key'}", '${*}', 'Ab', 'ab', 5, true],
  Numeric: [5, '5', '7.5', -1, '1767225600', '+5', '0005'],
  Date: ['2026-01-01T00:00:00Z', '2026', '2025-12', '2026-01-01', 1767225600, '2026-01-01T01:00+01:00'],
  Ip: ['10.0.0.0/8', '10.1.2.3', '0.0.0.0/0', '::/0', '2001:db8::/32', '10.1.2.0/31', '10.1.2.2/31', '2001:db0::/28'],
  Arn: [
    ROLE,
    KEY,
    'arn:aws:iam::*:role/app/*',
    'arn:aws:*:role/x',
    'arn:*:*:*:*:*',
    '${k:arn}',
    'arn:aws:iam::${k:n}:*',
  ],
  Bool: ['true', 'false', true, false, 'False', '${k:b}'],
  Binary: ['AQID', 'AQIE'],
}
const COMPARISONS = ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals']
const OPERATORS: readonly (readonly [name: string, comparands: string])[] = [
  ...['Equals', 'NotEquals', 'EqualsIgnoreCase', 'NotEqualsIgnoreCase', 'Like', 'NotLike'].map(
    (name) => [`String${name}`, 'String'] as const,
  ),
  ...COMPARISONS.flatMap((name) => [[`Numeric${name}`, 'Numeric'] as const, [`Date${name}`, 'Date'] as const]),
  ...['Equals', 'Like', 'NotEquals', 'NotLike'].map((name) => [`Arn${name}`, 'Arn'] as const),
  ['IpAddress', 'Ip'],
  ['NotIpAddress', 'Ip'],
  ['Bool', 'Bool'],
  ['BinaryEquals', 'Binary'],
]
/** Keys whose values suit an operator; any other is tried now and then. */
const KEYS_OF: Readonly<Record<string, string>> = {
  String: 'k:a',
  Numeric: 'k:n',
  Date: 'k:d',
  Ip: 'k:ip',
  Arn: 'k:arn',
  Bool: 'k:b',
  Binary: 'k:bin',
}
const KEYS = [...Object.keys(CONTEXT_VALUES), 'k:none', 'k:multi', 'k:identity']

const oneOrMore = <T>(items: readonly T[]) =>
  fc.oneof(fc.constantFrom(...items), fc.array(fc.constantFrom(...items), { minLength: 1, maxLength: 3 }))

const operatorCondition = fc
  .tuple(fc.constantFrom(...OPERATORS), fc.constantFrom('', '', '', 'ForAllValues:', 'ForAnyValue:'))
  .chain(([[name, comparands], prefix]) =>
    fc
      .record({
        suffix: fc.constantFrom('', '', 'IfExists'),
        key: fc.oneof(
          { weight: 3, arbitrary: fc.constant(KEYS_OF[comparands]!) },
          { weight: prefix === '' ? 0 : 3, arbitrary: fc.constant('k:multi') },
          { weight: 1, arbitrary: fc.constantFrom(...KEYS) },
        ),
        values: oneOrMore(COMPARANDS[comparands]!),
      })
      .map(({ suffix, key, values }) => ({ [prefix + name + suffix]: { [key]: values } })),
  )
const nullCondition = fc
  .record({ key: fc.constantFrom(...KEYS), value: fc.constantFrom('true', 'false', true) })
  .map(({ key, value }) => ({ Null: { [key]: value } }))

const condition = fc
  .array(fc.oneof({ weight: 8, arbitrary: operatorCondition }, { weight: 1, arbitrary: nullCondition }), {
    minLength: 1,
    maxLength: 2,
  })
  .map((conditions) => Object.assign({}, ...conditions) as NonNullable<OracleStatement['Condition']>)

/** The element in one of ten times as its negation. */
const element = (name: string, values: fc.Arbitrary<unknown>) =>
  fc
    .record({ isNegated: fc.integer({ max: 9, min: 0 }).map((n) => n === 0), values })
    .map(({ isNegated, values }) => ({ [isNegated ? `Not${name}` : name]: values }))

const effect = fc.constantFrom('Allow', 'Allow', 'Allow', 'Deny')
const action = element('Action', oneOrMore(ACTION_PATTERNS))
const resource = element('Resource', oneOrMore(RESOURCE_PATTERNS))
const maybeCondition = fc.option(condition, { nil: undefined, freq: 1 })

type Parts = readonly [string, object, object, object | undefined, object | undefined]

function statement([Effect, action, resource, Condition, principal]: Parts): OracleStatement {
  const isNegated = principal !== undefined && 'NotPrincipal' in principal
  const conditions = Condition === undefined ? {} : { Condition }
  return { ...action, ...resource, ...conditions, ...principal, Effect: isNegated ? 'Deny' : Effect } as OracleStatement
}

const identityStatement = fc
  .tuple(effect, action, resource, maybeCondition, fc.constant(undefined))
  .map((parts) => statement(parts))

const principal = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ Principal: '*' as const }) },
  { weight: 7, arbitrary: oneOrMore(PRINCIPALS).map((AWS) => ({ Principal: { AWS } })) },
  { weight: 1, arbitrary: oneOrMore(SERVICES).map((Service) => ({ Principal: { Service } })) },
  { weight: 1, arbitrary: oneOrMore(SERVICES).map((Service) => ({ Principal: { Service, AWS: ROLE } })) },
  {
    weight: 1,
    arbitrary: fc
      .uniqueArray(fc.constantFrom(...PRINCIPALS), { minLength: 2, maxLength: 6 })
      .chain((AWS) => fc.constantFrom({ NotPrincipal: { AWS } }, { NotPrincipal: { AWS, Service: SERVICES[0]! } })),
  },
)
const resourceStatement = fc
  .tuple(
    effect,
    action,
    fc.oneof({ weight: 5, arbitrary: resource }, { weight: 1, arbitrary: fc.constant({}) }),
    maybeCondition,
    principal,
  )
  .map((parts) => statement(parts))

const policyOf = (statement: fc.Arbitrary<OracleStatement>, maxLength: number): fc.Arbitrary<OraclePolicy> =>
  fc.record({
    Version: fc.constantFrom('2012-10-17', '2012-10-17', '2012-10-17', '2008-10-17'),
    Statement: fc.oneof(
      { weight: 1, arbitrary: statement },
      { weight: 6, arbitrary: fc.array(statement, { minLength: 1, maxLength }) },
    ),
  })

export const identityPolicy = policyOf(identityStatement, 4)
export const resourcePolicy = policyOf(resourceStatement, 5)

const context: fc.Arbitrary<Context> = fc
  .record(
    Object.fromEntries([
      ...Object.entries(CONTEXT_VALUES).map(([key, values]) => [key, fc.constantFrom(...values)] as const),
      ['k:multi', fc.array(fc.constantFrom('key', 'x', 'a*', '5', 'Ab'), { maxLength: 3 })] as const,
    ]),
    { requiredKeys: [] },
  )
  .map((values) => values as Context)

const place = fc.constantFrom(
  { kind: 'key', arn: KEY, account: A, action: undefined },
  { kind: 'key', arn: KEY, account: A, action: undefined },
  { kind: 'key', arn: KEY, account: A, action: undefined },
  { kind: 'alias', arn: ALIAS, account: A, action: undefined },
  { kind: 'account', arn: '*', account: A, action: 'kms:ListKeys' },
  { kind: 'account', arn: '*', account: A, action: 'iam:ListUsers' },
  { kind: 'role', arn: ROLE, account: A, action: 'sts:AssumeRole' },
)

/** Services have no policies of their own (E-11), and grants name them in a form of their own. */
const NOTHING = { identityPolicies: [], grants: [] }
const WITHOUT_RIGHTS = { ...NOTHING, boundary: undefined, sessionPolicies: undefined, extraGuards: undefined }

const FORMS = ['USER', 'ROLE', 'SESSION', 'ACCOUNT', 'FEDERATED_USER_OF_USER'] as const

/** As operators write them: most allow everything but something. */
const guard: fc.Arbitrary<OraclePolicy> = fc.oneof(
  identityPolicy,
  identityPolicy.map(({ Statement, ...policy }) => {
    return {
      ...policy,
      Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }, Statement].flat() as OracleStatement[],
    }
  }),
)

export const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    principal: fc.constantFrom(...CALLERS),
    identityPolicies: fc.array(identityPolicy, { maxLength: 2 }),
    boundary: fc.option(identityPolicy, { nil: undefined, freq: 2 }),
    sessionPolicies: fc.option(fc.array(identityPolicy, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 2 }),
    extraGuards: fc.option(fc.array(guard, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 2 }),
    place,
    action: fc.constantFrom(...ACTIONS.slice(0, 3)),
    resourcePolicy: fc.oneof(
      { weight: 9, arbitrary: resourcePolicy },
      { weight: 1, arbitrary: fc.constant(undefined) },
    ),
    crossAccount: fc.constantFrom(true, true, false),
    grants: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.array(fc.record({ form: fc.constantFrom(...FORMS), issuingAccount: fc.constantFrom(A, B) }), {
          minLength: 1,
          maxLength: 2,
        }),
      },
    ),
    region: fc.constant(REGION),
    context,
    identityContext: fc.record({ 'k:identity': fc.constantFrom('key', 'x') }, { requiredKeys: [] }),
  })
  .map(({ place, action, ...drawn }) => {
    const rest = drawn.principal.type === 'AWSService' ? { ...drawn, ...WITHOUT_RIGHTS } : drawn
    // Alias operations and lists belong to the caller's own account.
    const account = place.kind === 'alias' || place.kind === 'account' ? rest.principal.account : place.account
    return { ...rest, ...place, account, action: place.action ?? action } as Scenario
  })

/** Nothing but one statement decides: what its parts mean shows in every answer. */
export const oneStatement: fc.Arbitrary<Scenario> = fc
  .record({
    effect: fc.constantFrom('Allow', 'Deny'),
    version: fc.constantFrom('2012-10-17', '2012-10-17', '2012-10-17', '2008-10-17'),
    elements: fc.oneof(
      condition.map((Condition) => ({ Action: '*', Resource: '*', Condition })),
      resource.map((resource) => ({ Action: '*', ...resource })),
      action.map((action) => ({ ...action, Resource: '*' })),
    ),
    place,
    action: fc.constantFrom(...ACTIONS.slice(0, 3)),
    context,
  })
  .map(({ effect, version, elements, place, action, context }) => {
    const statement = { Effect: effect, ...elements } as OracleStatement
    const everything: OracleStatement = { Effect: 'Allow', Action: '*', Resource: '*' }
    return {
      principal: alice,
      identityPolicies: [{ Version: version, Statement: effect === 'Deny' ? [statement, everything] : statement }],
      boundary: undefined,
      sessionPolicies: undefined,
      ...place,
      action: place.action ?? action,
      resourcePolicy: { Statement: { ...everything, Principal: { AWS: A } } },
      crossAccount: false,
      grants: [],
      region: REGION,
      context,
      identityContext: {},
    }
  })

export function requestOf(s: Scenario): AccessRequest {
  const named = (policy: OraclePolicy, index: number) => ({
    name: `p${index}`,
    policy: compilePolicy(JSON.stringify(policy)),
  })
  const { kind, arn, account, resourcePolicy } = s
  const policy = resourcePolicy === undefined ? undefined : compilePolicy(JSON.stringify(resourcePolicy))
  return {
    principal: s.principal,
    rights: {
      identityPolicies: s.identityPolicies.map(named),
      boundary: s.boundary && named(s.boundary, 0),
      sessionPolicies: s.sessionPolicies?.map(named),
      extraGuards: s.extraGuards?.map(named),
      tags: [],
    },
    action: s.action,
    resource: { kind, arn, account, policy },
    crossAccount: s.crossAccount,
    grants: s.grants.map((grant, index) => ({ grantId: `g${index}`, ...grant })) as AccessRequest['grants'],
    region: s.region,
    conditions: () => s.context,
    identityConditions: () => s.identityContext,
  }
}

const SHORT: Readonly<Record<PolicyType, 'guard' | 'resource' | 'boundary' | 'session' | 'identity'>> = {
  'service control policy': 'guard',
  'identity-based policy': 'identity',
  'resource-based policy': 'resource',
  'permissions boundary': 'boundary',
  'session policy': 'session',
}

/** The decision in the oracle's words. */
export function verdictOf(decision: Decision): Verdict {
  if (decision.allowed) return 'allow'
  if (!decision.isVisible) return 'invisible'
  if (decision.reason === 'explicit deny') return `deny: ${SHORT[decision.by.policyType]}`
  if (decision.failure !== undefined) throw decision.failure
  return `missing: ${SHORT[decision.missing]}`
}
