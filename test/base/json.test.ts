import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonError, parseJson } from '../../src/base/json.ts'

const REFUSED = [
  '',
  ' ',
  '{',
  '{"a":1,}',
  "{'a':1}",
  '{"a":1}{"b":2}',
  '{"a":1,"a":1}',
  '{"a":{"b":1,"c":2,"b":3}}',
  '[{"a":1},{"a":1,"a":2}]',
  String.raw`{"a":1,"\u0061":2}`,
  '{"a":"x',
  String.raw`{"a":"\"}`,
  'NaN',
  '\ufeff{}',
]

for (const text of REFUSED) {
  test(`${JSON.stringify(text)} is refused`, () => assert.throws(() => parseJson(text, 32), JsonError))
}

test('bytes that are not UTF-8 are refused, a byte order mark too', () => {
  for (const bytes of ['7b2261223a22ff227d', '7b2261223a22c0af227d', '7b2261223a22eda080227d', 'efbbbf7b7d']) {
    assert.throws(() => parseJson(Buffer.from(bytes, 'hex'), 32), JsonError, bytes)
  }
})

test('nesting is bounded before the parser runs', () => {
  assert.throws(() => parseJson('['.repeat(1_000_000), 32), JsonError)
  assert.throws(() => parseJson(`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, 32), JsonError)
  assert.deepEqual(parseJson('[[[1]]]', 3), [[[1]]])
  assert.throws(() => parseJson('[[[1]]]', 2), JsonError)
})

test('colons, braces and quotes inside strings are content', () => {
  const value = { 'a:b{': ':"\\"{}[]', c: '\\', d: '\\\\"' }
  assert.deepEqual(parseJson(JSON.stringify(value), 1), value)
})

test('everything that JSON.stringify writes is read back', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value)
      assert.deepEqual(parseJson(Buffer.from(text), 64), JSON.parse(text))
    }),
  )
})
