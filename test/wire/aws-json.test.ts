import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isJsonType, parseBody } from '../../src/wire/aws-json.ts'

/** That AWS takes 1.0 is known from ex_aws_kms: its tests against AWS send it with every operation. */
test('the JSON types are known, with parameters and in any case', () => {
  for (const type of [
    'application/x-amz-json-1.1',
    'application/x-amz-json-1.0',
    'application/json',
    'application/x-amz-json-1.1; charset=utf-8',
    'application/json;charset=UTF-8',
    'Application/X-AMZ-JSON-1.1',
  ]) {
    assert.equal(isJsonType(type), true, type)
  }
  for (const type of ['', 'text/plain', 'application/x-amz-json-2.0', 'application/jsonx', 'x; application/json']) {
    assert.equal(isJsonType(type), false, type)
  }
})

test('a body is one JSON object', () => {
  assert.deepEqual(parseBody(Buffer.from(' {"a":{"b":[null]}} ')), { a: { b: [null] } })
  for (const text of ['', ' ', 'null', '[]', '"a"', '1', 'true', '{', '{}{}', '{"a":1,"a":1}']) {
    assert.throws(
      () => parseBody(Buffer.from(text)),
      { name: 'KmsError', code: 'SerializationException', text: undefined },
      text,
    )
  }
})
