/** authorization.md M-1, M-3, section 7.2. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Characters, globMatches, parseGlob, type Work } from '../../../src/domain/policy/glob.ts'

const FREE: Work = { spend() {} }

const CASES: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['*', 'anything\nat all', true],
  ['**', 'a', true],
  ['?', 'a', true],
  ['?', '', false],
  ['?*', '', false],
  ['*?', 'a', true],
  ['a*', 'a', true],
  ['a*b', 'ab', true],
  ['a*b', 'a--b', true],
  ['a*b', 'a--bc', false],
  ['*b*', 'abc', true],
  ['a*b*c', 'abbcbc', true],
  ['a*bc', 'abcbc', true],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['*a?b', 'xaayb', true],
  ['.*', 'x', false],
  ['[a]', '[a]', true],
  ['a', 'A', false],
]

test('a star is any run, a question mark one character', () => {
  for (const [pattern, text, matches] of CASES) {
    assert.equal(globMatches(parseGlob(pattern), text, FREE), matches, `${pattern} and ${text}`)
  }
})

test('answers like a table of all beginnings', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 9 })
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 })
  const expected = (pattern: string, value: string): boolean => {
    if (pattern === '') return value === ''
    const rest = pattern.slice(1)
    if (pattern[0] === '*') return expected(rest, value) || (value !== '' && expected(pattern, value.slice(1)))
    return value !== '' && (pattern[0] === '?' || pattern[0] === value[0]) && expected(rest, value.slice(1))
  }
  fc.assert(
    fc.property(word, text, (pattern, value) => {
      assert.equal(globMatches(parseGlob(pattern), value, FREE), expected(pattern, value))
    }),
    { numRuns: 3_000 },
  )
})

/** Counts what the matcher looks at. */
class CountedText implements Characters {
  readonly #text: string
  steps = 0

  constructor(text: string) {
    this.#text = text
  }

  get length(): number {
    return this.#text.length
  }

  charCodeAt(index: number): number {
    this.steps++
    return this.#text.charCodeAt(index)
  }
}

test('many stars on a long text take no more steps than pattern times text', () => {
  const length = 2_000
  for (const pattern of [
    `${'a*'.repeat(40)}b`,
    `${'*a'.repeat(40)}*b`,
    `${'*?a'.repeat(20)}b`,
    `*${'a'.repeat(50)}b`,
  ]) {
    const text = new CountedText('a'.repeat(length))
    let spent = 0
    const work: Work = {
      spend(comparisons) {
        spent += comparisons
      },
    }
    assert.equal(globMatches(parseGlob(pattern), text, work), false)
    assert.ok(text.steps > 0 && text.steps <= pattern.length * length, `${pattern}: ${text.steps} steps`)
    assert.ok(text.steps <= spent, `${pattern}: ${text.steps} steps, of which ${spent} were told`)
  }
})
