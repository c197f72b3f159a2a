/** Parameters of the query protocol, whatever they are, become a value or a refusal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KmsError } from '../../src/base/errors.ts'
import { parseParameters, QueryError, queryTree } from '../../src/base/query-tree.ts'
import { boolean, integer, list, optional, string, structure } from '../../src/base/schema.ts'

const BOUNDS = { parametersMax: 100, depthMax: 10 }

const tag = structure({ Key: string(), Value: optional(string()) })
const shape = structure({
  Name: optional(string()),
  Count: optional(integer(0, 10)),
  Flag: optional(boolean()),
  Tags: optional(list(tag)),
  Inner: optional(structure({ Names: optional(list(string())) })),
})

function read(form: string): unknown {
  return shape.parse(shape.fromQuery(queryTree(parseParameters(form, true, BOUNDS.parametersMax), BOUNDS)))
}

/** As every client of AWS writes a value. */
function serialized(value: unknown, name: string): string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [`${name}=`]
    return value.flatMap((item, index) => serialized(item, `${name}.member.${index + 1}`))
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, item]) => serialized(item, name === '' ? key : `${name}.${key}`))
  }
  return [`${name}=${encodeURIComponent(String(value))}`]
}

const text = fc.string({ unit: 'binary', maxLength: 8 }).map((value) => value.toWellFormed())
const optionally = { noNullPrototype: true, requiredKeys: [] }

test('what a client writes is what is read', () => {
  const key = fc.record({ Key: text, Value: text }, { noNullPrototype: true, requiredKeys: ['Key'] })
  const input = fc.record(
    {
      Name: text,
      Count: fc.integer({ min: 0, max: 10 }),
      Flag: fc.boolean(),
      Tags: fc.array(key, { maxLength: 12 }),
      Inner: fc.record({ Names: fc.array(text, { minLength: 1, maxLength: 12 }) }, { noNullPrototype: true }),
    },
    optionally,
  )
  fc.assert(
    fc.property(input, (value) => {
      assert.deepEqual(read(serialized(value, '').join('&')), value)
    }),
  )
})

test('whatever is sent is read or refused, and nothing else happens', () => {
  const part = fc.oneof(
    fc.constantFrom(
      'Name',
      'Count',
      'Flag',
      'Tags',
      'Inner',
      'Names',
      'member',
      '1',
      '2',
      '3',
      'Key',
      'Value',
      '__proto__',
      '',
    ),
    fc.string({ maxLength: 4 }),
  )
  const name = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('.'))
  const value = fc.constantFrom('', '1', 'true', 'x', '%', '%41', '%ff', '+', '\u{1f511}')
  const form = fc
    .array(fc.tuple(name, value), { maxLength: 12 })
    .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'))
  fc.assert(
    fc.property(form, (sent) => {
      try {
        read(sent)
      } catch (error) {
        assert.ok(error instanceof QueryError || error instanceof KmsError, String(error))
      }
    }),
    { numRuns: 2_000 },
  )
})

test('counts and depths have bounds', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `A${index}=`).join('&')
  read(many(100))
  assert.throws(() => read(many(101)), QueryError)
  read(`${'a.'.repeat(9)}b=`)
  assert.throws(() => read(`${'a.'.repeat(10)}b=`), QueryError)
})
