/** The evaluator against a second one that was written from the specification alone (authorization.md section 9). */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { evaluate } from '../../../src/domain/policy/evaluate.ts'
import { oracle, type Scenario, type Verdict } from './oracle.ts'
import { oneStatement, requestOf, scenario, verdictOf } from './random-access.ts'

/** The more, the rarer the disagreements that are found; `PROPERTY_RUNS` asks for more. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 3_000)

/** @returns how often each verdict was given. */
function compare(scenarios: fc.Arbitrary<Scenario>, t: TestContext): ReadonlyMap<Verdict, number> {
  const seen = new Map<Verdict, number>()
  const seed = Date.now() & 0x7fffffff
  t.diagnostic(`seed ${seed}`)
  fc.assert(
    fc.property(scenarios, (s) => {
      const expected = oracle(s)
      seen.set(expected, (seen.get(expected) ?? 0) + 1)
      assert.equal(verdictOf(evaluate(requestOf(s))), expected)
    }),
    { numRuns: RUNS, seed },
  )
  t.diagnostic(JSON.stringify(Object.fromEntries(seen)))
  return seen
}

function assertOften(seen: ReadonlyMap<Verdict, number>, verdicts: readonly Verdict[]): void {
  for (const verdict of verdicts) {
    assert.ok((seen.get(verdict) ?? 0) > RUNS / 400, `${verdict} was hardly ever the answer`)
  }
}

test('both evaluators answer random requests alike', (t) => {
  const seen = compare(scenario, t)
  const types = ['guard', 'resource', 'boundary', 'session', 'identity'] as const
  assertOften(seen, ['allow', 'invisible', ...types.flatMap((type) => [`deny: ${type}`, `missing: ${type}`] as const)])
})

test('both evaluators read single statements alike', (t) => {
  assertOften(compare(oneStatement, t), ['allow', 'deny: identity', 'missing: identity'])
})
