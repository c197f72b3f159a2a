/**
 * The evaluator against an independent policy simulator, within the domain where that agrees with AWS's documents
 * (authorization.md section 9 lists where it does not). The simulator is a tool of development and no part of the product.
 */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'
import { evaluate } from '../../../src/domain/policy/evaluate.ts'
import { A, alice, B, bob, carol, foreignSession, KEY, REGION, ROLE, session1, session2 } from './given-access.ts'
import type { Context, OraclePolicy, OracleStatement, Scenario } from './oracle.ts'
import { requestOf } from './random-access.ts'

interface Simulator {
  authorize(request: object): { readonly result: 'Allowed' | 'ExplicitlyDenied' | 'ImplicitlyDenied' }
  readonly AwsRequestImpl: new (principal: string, resource: object, action: string, context: object) => object
  readonly RequestContextImpl: new (values: Context) => object
  readonly DiscoveryContextKeyConstraints: new () => object
  loadPolicy(policy: OraclePolicy, metadata: object): object
}

/** Its public entry takes 0.5 ms a request and refuses resource policies; its core is not exported. */
async function loadSimulator(): Promise<Simulator> {
  const entry = import.meta.resolve('@cloud-copilot/iam-simulate')
  const parts = [
    'core_engine/CoreSimulatorEngine.js',
    'request/request.js',
    'requestContext.js',
    'context_keys/discoveryContextKeyConstraints.js',
  ]
  const modules = await Promise.all(parts.map((part) => import(new URL(part, entry).href)))
  const { loadPolicy } = createRequire(entry)('@cloud-copilot/iam-policy') as Pick<Simulator, 'loadPolicy'>
  return Object.assign({ loadPolicy }, ...modules)
}

const ACTIONS = ['kms:Decrypt', 'kms:Encrypt', 'kms:DescribeKey']
const ACTION_PATTERNS = [...ACTIONS, '*', 'kms:*', 'KMS:decrypt', 'kms:De*', 'kms:*crypt', 'kms:??crypt', 's3:*']
const RESOURCE_PATTERNS = [
  '*',
  '*',
  KEY,
  `arn:aws:kms:${REGION}:${A}:*`,
  `arn:aws:kms:*:${A}:key/*`,
  'arn:aws:kms:*:*:key/?*',
  `${KEY}0`,
  `arn:aws:kms:${REGION}:${B}:key/*`,
]
const NAMED = [A, B, `arn:aws:iam::${A}:root`, alice.arn, bob.arn, ROLE, carol.arn]
/** Session policies filter these in the simulator and not in 2.3, so they do not meet. */
const UNFILTERED = ['*', session1.arn, foreignSession.arn]

const oneOrMore = <T>(items: readonly T[]) =>
  fc.oneof(fc.constantFrom(...items), fc.array(fc.constantFrom(...items), { minLength: 1, maxLength: 3 }))

/** Operators with the values that both sides read alike. */
const CONDITIONS: readonly (readonly [key: string, operators: readonly string[], values: readonly string[]])[] = [
  [
    'aws:PrincipalTag/t',
    ['StringEquals', 'StringNotEquals', 'StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase'],
    ['x', 'X', 'xyz', 'y'],
  ],
  ['aws:PrincipalTag/t', ['StringLike', 'StringNotLike'], ['x*', '?', '*z', 'x?z', 'y']],
  [
    'aws:MultiFactorAuthAge',
    ['NumericEquals', 'NumericNotEquals', 'NumericLessThan', 'NumericGreaterThanEquals'],
    ['5', '30', '100'],
  ],
  [
    'aws:CurrentTime',
    ['DateLessThan', 'DateGreaterThan', 'DateEquals', 'DateNotEquals'],
    ['2026-01-01T00:00:00Z', '2025-06-01T00:00:00Z'],
  ],
  ['aws:SourceIp', ['IpAddress', 'NotIpAddress'], ['10.0.0.0/8', '192.0.2.1/32', '10.1.0.0/16']],
  [
    'aws:SourceArn',
    ['ArnLike', 'ArnEquals', 'ArnNotLike', 'ArnNotEquals'],
    [ROLE, 'arn:aws:iam::*:role/app/*', 'arn:aws:s3:::b'],
  ],
  ['aws:SecureTransport', ['Bool'], ['true', 'false']],
]
const SETS = [
  'ForAllValues:StringEquals',
  'ForAnyValue:StringEquals',
  'ForAllValues:StringLike',
  'ForAnyValue:StringNotEquals',
  'ForAllValues:StringNotEquals',
]

const condition = fc
  .oneof(
    {
      weight: 6,
      arbitrary: fc
        .constantFrom(...CONDITIONS)
        .chain(([key, operators, values]) =>
          fc.tuple(fc.constant(key), fc.constantFrom(...operators), fc.constantFrom('', 'IfExists'), oneOrMore(values)),
        ),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(
        fc.constant('kms:EncryptionContextKeys'),
        fc.constantFrom(...SETS),
        fc.constant(''),
        oneOrMore(['a', 'b', 'c']),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constantFrom('aws:PrincipalTag/t', 'aws:SourceArn'),
        fc.constant('Null'),
        fc.constant(''),
        fc.constantFrom('true', 'false'),
      ),
    },
  )
  .map(([key, operator, suffix, values]) => ({ [operator + suffix]: { [key]: values } }))

const context = fc.record(
  {
    'aws:PrincipalTag/t': fc.constantFrom('x', 'X', 'xyz', 'y', 'zz'),
    'aws:MultiFactorAuthAge': fc.constantFrom('5', '29', '30', '100', '7.5'),
    'aws:CurrentTime': fc.constantFrom('2026-01-01T00:00:00Z', '2025-01-01T00:00:00Z', '2025-09-01T00:00:00Z'),
    'aws:SourceIp': fc.constantFrom('10.1.2.3', '10.9.9.9', '192.0.2.1', '198.51.100.7'),
    'aws:SourceArn': fc.constantFrom(ROLE, 'arn:aws:s3:::b', 'arn:aws:iam::111122223333:role/x'),
    'aws:SecureTransport': fc.constantFrom('true', 'false'),
    'kms:EncryptionContextKeys': fc.array(fc.constantFrom('a', 'b', 'd'), { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: [] },
)

function statement(principals: readonly string[] | undefined): fc.Arbitrary<OracleStatement> {
  return fc
    .record({
      Effect: fc.constantFrom('Allow', 'Allow', 'Allow', 'Deny'),
      action: fc.tuple(fc.constantFrom('Action', 'Action', 'Action', 'NotAction'), oneOrMore(ACTION_PATTERNS)),
      resource: fc.tuple(
        fc.constantFrom('Resource', 'Resource', 'Resource', 'NotResource'),
        oneOrMore(RESOURCE_PATTERNS),
      ),
      Condition: fc.option(condition, { nil: undefined, freq: 1 }),
      AWS: oneOrMore(principals ?? ['-']),
    })
    .map(
      ({ Effect, action, resource, Condition, AWS }) =>
        ({
          Effect,
          [action[0]]: action[1],
          [resource[0]]: resource[1],
          ...(Condition && { Condition }),
          ...(principals && { Principal: { AWS } }),
        }) as OracleStatement,
    )
}

function policy(principals?: readonly string[]): fc.Arbitrary<OraclePolicy> {
  return fc.record({
    Version: fc.constant('2012-10-17'),
    Statement: fc.array(statement(principals), { minLength: 1, maxLength: 4 }),
  })
}

/** Root users, federated users, unique ids, grants, variables and NotPrincipal are beyond the common domain. */
const scenario = fc.boolean().chain((hasSessionPolicy) =>
  fc
    .record({
      principal: fc.constantFrom(alice, bob, session1, session2, carol, foreignSession),
      identityPolicies: fc.array(policy(), { maxLength: 2 }),
      boundary: fc.option(policy(), { nil: undefined, freq: 1 }),
      sessionPolicies: hasSessionPolicy ? fc.tuple(policy()) : fc.constant(undefined),
      action: fc.constantFrom(...ACTIONS),
      resourcePolicy: policy(hasSessionPolicy ? NAMED : [...NAMED, ...UNFILTERED]),
      context,
    })
    .filter(({ principal, sessionPolicies }) => sessionPolicies === undefined || principal.type === 'AssumedRole')
    .map(
      (random): Scenario => ({
        ...random,
        kind: 'key',
        arn: KEY,
        account: A,
        crossAccount: true,
        grants: [],
        region: REGION,
        identityContext: {},
      }),
    ),
)

const RUNS = Number(process.env.PROPERTY_RUNS ?? 1_500)

test('an independent simulator answers random requests alike', async (t) => {
  const simulator = await loadSimulator()
  const named = (policy: OraclePolicy) => simulator.loadPolicy(policy, { name: 'p' })
  const simulate = (s: Scenario) =>
    simulator.authorize({
      request: new simulator.AwsRequestImpl(
        s.principal.arn,
        { resource: s.arn, accountId: s.account },
        s.action,
        new simulator.RequestContextImpl(s.context),
      ),
      sessionPolicy: s.sessionPolicies && named(s.sessionPolicies[0]!),
      identityPolicies: s.identityPolicies.map(named),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: named(s.resourcePolicy!),
      permissionBoundaries: s.boundary && [named(s.boundary)],
      vpcEndpointPolicies: undefined,
      simulationParameters: {
        simulationMode: 'Strict',
        discoveryContextKeyConstraints: new simulator.DiscoveryContextKeyConstraints(),
      },
    }).result
  const seen = new Map<string, number>()
  const seed = Date.now() & 0x7fffffff
  t.diagnostic(`seed ${seed}`)
  fc.assert(
    fc.property(scenario, (s) => {
      const expected = simulate(s)
      seen.set(expected, (seen.get(expected) ?? 0) + 1)
      const decision = evaluate(requestOf(s))
      // A deny in the policy of a foreign key is not called one.
      if (!decision.allowed && !decision.isVisible) assert.notEqual(expected, 'Allowed')
      else if (decision.allowed) assert.equal(expected, 'Allowed')
      else assert.equal(expected, decision.reason === 'explicit deny' ? 'ExplicitlyDenied' : 'ImplicitlyDenied')
    }),
    { numRuns: RUNS, seed },
  )
  t.diagnostic(JSON.stringify(Object.fromEntries(seen)))
  for (const result of ['Allowed', 'ExplicitlyDenied', 'ImplicitlyDenied']) {
    assert.ok((seen.get(result) ?? 0) > RUNS / 50, `${result} was hardly ever the answer`)
  }
})
