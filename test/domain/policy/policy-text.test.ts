/** lifecycle.md POL-2. The print of AWS's default policy is tested in test/operations/get-key-policy.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { printPolicy } from '../../../src/domain/policy/policy-text.ts'

test('objects break lines, arrays do not, and empty ones keep a space inside', () => {
  assert.equal(printPolicy('{}'), '{ }')
  assert.equal(printPolicy('[]'), '[ ]')
  assert.equal(printPolicy('{"a":[],"b":{}}'), '{\n  "a" : [ ],\n  "b" : { }\n}')
  assert.equal(printPolicy('[1,"a",[true,null]]'), '[ 1, "a", [ true, null ] ]')
  assert.equal(
    printPolicy('{"s":[{"a":"1"},{"b":["x","y"]}]}'),
    '{\n  "s" : [ {\n    "a" : "1"\n  }, {\n    "b" : [ "x", "y" ]\n  } ]\n}',
  )
})

test('white space of the source does not matter, white space in strings is kept', () => {
  const source = ' {\r\n\t"a" :\n[ "b  c" ,\t"{,:[]}" ] } '
  assert.equal(printPolicy(source), '{\n  "a" : [ "b  c", "{,:[]}" ]\n}')
})

test('member order is kept, whatever the names are', () => {
  assert.equal(
    printPolicy('{"b":1,"2":1,"a":1,"1":1,"__proto__":1}').replaceAll(/\s/g, ''),
    '{"b":1,"2":1,"a":1,"1":1,"__proto__":1}',
  )
})

test('numbers keep every digit', () => {
  for (const number of ['12345678901234567890', '1.000', '-0', '1e400']) {
    assert.equal(printPolicy(`[${number}]`), `[ ${number} ]`)
  }
})

test('strings are printed in their shortest spelling within Latin-1', () => {
  assert.equal(printPolicy('["\\u0041\\/ä\\u00e4\\"\\\\\\n"]'), '[ "A/ää\\"\\\\\\n" ]')
  assert.equal(printPolicy('["\\u20ac\\ud83d\\ude00\\ud83d"]'), '[ "\\u20AC\\uD83D\\uDE00\\ud83d" ]')
})

test('a printed text means the same, prints the same, and has only characters that a policy may have', () => {
  const json = fc.json({ maxDepth: 5 })
  fc.assert(
    fc.property(json, (text) => {
      const printed = printPolicy(text)
      assert.deepEqual(JSON.parse(printed), JSON.parse(text))
      assert.equal(printPolicy(printed), printed)
      assert.match(printed, /^[\t\n\r -\u00FF]+$/)
    }),
    { numRuns: 500 },
  )
})
