/** Where statements stand in the text of a policy: what stands there is the statement. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type Position, statementSpans } from '../../../src/domain/policy/statement-spans.ts'

function offset(text: string, { line, column }: Position): number {
  const before = text.split('\n').slice(0, line - 1)
  return before.reduce((sum, each) => sum + each.length + 1, 0) + column - 1
}

function slices(text: string): unknown[] {
  return statementSpans(text).map(({ start, end }) => JSON.parse(text.slice(offset(text, start), offset(text, end))))
}

/** Objects inside, member names and texts that look like structure. */
const statement = fc.record({
  Sid: fc.string(),
  Effect: fc.constantFrom('Allow', 'Deny'),
  Condition: fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.array(fc.string()))),
  Principal: fc.constantFrom('*', { AWS: ['a', '{"Statement":[{}]}'] }),
})

test('the spans are the statements, however the text is laid out', () => {
  const anything = fc.record({
    statements: fc.array(statement, { minLength: 1, maxLength: 4 }),
    id: fc.string(),
    indent: fc.constantFrom(0, 2, '\t'),
  })
  fc.assert(
    fc.property(anything, ({ statements, id, indent }) => {
      const text = JSON.stringify({ Version: '2012-10-17', Statement: statements, Id: id }, undefined, indent)
      assert.deepEqual(slices(text), JSON.parse(text).Statement)
      const alone = JSON.stringify({ Id: id, Statement: statements[0] }, undefined, indent)
      assert.deepEqual(slices(alone), [JSON.parse(alone).Statement])
    }),
  )
})

test('members called Statement elsewhere are none', () => {
  const text = '{"Id":"Statement","Statement":[{"Sid":"a","Condition":{"Statement":{"b":"c"}}}]}'
  assert.deepEqual(slices(text), JSON.parse(text).Statement)
})

test('lines and columns count from 1', () => {
  const text = '{\n  "Statement": {\n    "Effect": "Allow"\n  }\n}'
  assert.deepEqual(statementSpans(text), [{ start: { line: 2, column: 16 }, end: { line: 4, column: 4 } }])
})
