/** The evaluator against a second one that was written from the specification alone (authorization.md section 9). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { evaluate } from '../../../src/domain/policy/evaluate.ts'
import { oracle, type Verdict } from './oracle.ts'
import { requestOf, scenario, verdictOf } from './random-access.ts'

/** The more, the rarer the disagreements that are found; `PROPERTY_RUNS` asks for more. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 5_000)

test('both evaluators answer random requests alike', (t) => {
  const seen = new Map<Verdict, number>()
  const seed = Date.now() & 0x7fffffff
  t.diagnostic(`seed ${seed}`)
  fc.assert(
    fc.property(scenario, (s) => {
      const expected = oracle(s)
      seen.set(expected, (seen.get(expected) ?? 0) + 1)
      assert.equal(verdictOf(evaluate(requestOf(s))), expected)
    }),
    { numRuns: RUNS, seed },
  )
  t.diagnostic(JSON.stringify(Object.fromEntries(seen)))
  const verdicts = ['resource', 'boundary', 'session', 'identity'].flatMap((type) => [
    `deny: ${type}`,
    `missing: ${type}`,
  ])
  for (const verdict of ['allow', 'invisible', ...verdicts] as Verdict[]) {
    assert.ok((seen.get(verdict) ?? 0) > RUNS / 400, `${verdict} was hardly ever asked for`)
  }
})
