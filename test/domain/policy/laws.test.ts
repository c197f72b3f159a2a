/** What must hold whatever the policies say (authorization.md section 7.8). */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { evaluate } from '../../../src/domain/policy/evaluate.ts'
import type { OraclePolicy, OracleStatement, Scenario } from './oracle.ts'
import { identityPolicy, requestOf, resourcePolicy, scenario } from './random-access.ts'

const RUNS = Number(process.env.PROPERTY_RUNS ?? 300)

const isAllowed = (s: Scenario) => evaluate(requestOf(s)).allowed

function statementsOf({ Statement }: OraclePolicy): readonly OracleStatement[] {
  return Array.isArray(Statement) ? Statement : [Statement as OracleStatement]
}

function holds<T extends readonly unknown[]>(t: TestContext, property: fc.IPropertyWithHooks<T>): void {
  const seed = Date.now() & 0x7fffffff
  t.diagnostic(`seed ${seed}`)
  fc.assert(property, { numRuns: RUNS, seed })
}

/** One change to every policy of a request. */
function inAllPolicies(s: Scenario, change: (policy: OraclePolicy) => OraclePolicy): Scenario {
  return {
    ...s,
    identityPolicies: s.identityPolicies.map(change),
    boundary: s.boundary && change(s.boundary),
    sessionPolicies: s.sessionPolicies?.map(change),
    extraGuards: s.extraGuards?.map(change),
    resourcePolicy: s.resourcePolicy && change(s.resourcePolicy),
  }
}

test('another Deny never turns a denial into an allow', (t) => {
  const added = resourcePolicy.map((policy) => statementsOf(policy).map((st) => ({ ...st, Effect: 'Deny' as const })))
  holds(
    t,
    fc.property(scenario, added, identityPolicy, (s, denies, more) => {
      if (s.resourcePolicy === undefined) return
      const Statement = [...denies, ...statementsOf(s.resourcePolicy)]
      const withKeyDeny = { ...s, resourcePolicy: { ...s.resourcePolicy, Statement } }
      const identityDeny = { ...more, Statement: statementsOf(more).map((st) => ({ ...st, Effect: 'Deny' as const })) }
      const withIdentityDeny = { ...s, identityPolicies: [...s.identityPolicies, identityDeny] }
      if (isAllowed(s)) return
      assert.equal(isAllowed(withKeyDeny), false)
      assert.equal(isAllowed(withIdentityDeny), false)
    }),
  )
})

test('an Allow taken away never turns a denial into an allow', (t) => {
  holds(
    t,
    fc.property(scenario, fc.nat(), (s, seed) => {
      if (isAllowed(s)) return
      const without = inAllPolicies(s, (policy) => {
        const statements = statementsOf(policy)
        const at = seed % statements.length
        return { ...policy, Statement: statements.filter((st, index) => index !== at || st.Effect === 'Deny') }
      })
      assert.equal(isAllowed(without), false)
    }),
  )
})

test('the order of statements does not matter', (t) => {
  holds(
    t,
    fc.property(scenario, (s) => {
      const reversed = inAllPolicies(s, (policy) => ({ ...policy, Statement: statementsOf(policy).toReversed() }))
      assert.equal(isAllowed(reversed), isAllowed(s))
    }),
  )
})

test('one value and a list of one are the same, everywhere', (t) => {
  const asList = (value: unknown): unknown => (Array.isArray(value) ? value : [value])
  const lists = (statement: OracleStatement) =>
    JSON.parse(JSON.stringify(statement), (name, value) => {
      const isScalar = typeof value !== 'object'
      if (name === 'Effect' || !isScalar) return value
      return name === 'Principal' ? { AWS: [value] } : asList(value)
    }) as OracleStatement
  // Elements of lists become lists of one as well, so they are flattened again.
  const flat = (statement: OracleStatement) =>
    JSON.parse(JSON.stringify(lists(statement)), (_name, value) =>
      Array.isArray(value) ? value.flat() : value,
    ) as OracleStatement
  holds(
    t,
    fc.property(scenario, (s) => {
      const listed = inAllPolicies(s, (policy) => ({ ...policy, Statement: statementsOf(policy).map(flat) }))
      assert.equal(isAllowed(listed), isAllowed(s))
    }),
  )
})

test('one statement for each action is the same as one for all of them', (t) => {
  const split = (statement: OracleStatement) =>
    Array.isArray(statement.Action) ? statement.Action.map((Action) => ({ ...statement, Action })) : [statement]
  holds(
    t,
    fc.property(scenario, (s) => {
      const many = inAllPolicies(s, (policy) => ({ ...policy, Statement: statementsOf(policy).flatMap(split) }))
      assert.equal(isAllowed(many), isAllowed(s))
    }),
  )
})

test('more than 32 statements are judged like few', (t) => {
  const noise: OracleStatement = { Effect: 'Allow', Action: 's3:*', Resource: '*' }
  holds(
    t,
    fc.property(scenario, fc.integer({ min: 0, max: 70 }), (s, before) => {
      const padded = inAllPolicies(s, (policy) => {
        const isResourcePolicy = policy === s.resourcePolicy
        const filler = { ...noise, ...(isResourcePolicy && { Principal: '*' as const }) }
        return { ...policy, Statement: [...new Array(before).fill(filler), ...statementsOf(policy)] }
      })
      assert.equal(isAllowed(padded), isAllowed(s))
    }),
  )
})
