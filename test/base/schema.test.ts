/** Type errors of operations.md 1.5, constraint sentences of 1.7, enum order of 1.8. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KmsError } from '../../src/base/errors.ts'
import {
  blob,
  boolean,
  enumeration,
  integer,
  list,
  optional,
  type Shape,
  string,
  stringMap,
  structure,
  timestamp,
} from '../../src/base/schema.ts'

function failureOf(shape: Shape<unknown>, value: unknown): { code: string; text: string | undefined } {
  try {
    structure({ Member: optional(shape) }).parse({ Member: value })
  } catch (error) {
    assert.ok(error instanceof KmsError, String(error))
    return { code: error.code, text: error.text }
  }
  return assert.fail('nothing was thrown')
}

const NUMBER = 'class com.amazon.coral.value.json.numbers.TruncatingBigNumber'
const OBJECT = 'Start of structure or map found where not expected.'
const LIST = 'Start of list found where not expected'

const TYPE_ERRORS: readonly [string, Shape<unknown>, unknown, string][] = [
  ['number for string', string(), 1, `${NUMBER} can not be converted to an String`],
  ['boolean for string', string(), true, 'class java.lang.Boolean can not be converted to an String'],
  ['object for string', string(), {}, OBJECT],
  ['list for string', string(), [], LIST],
  ['string for integer', integer(1, 2), '1', 'class java.lang.String can not be converted to an Integer'],
  ['boolean for integer', integer(1, 2), false, 'class java.lang.Boolean can not be converted to an Integer'],
  ['number for boolean', boolean(), 1, `${NUMBER} can not be converted to an Boolean`],
  ['text for boolean', boolean(), 'maybe', "'MAYBE' can not be converted to an Boolean"],
  ['string for timestamp', timestamp(), 'x', 'class java.lang.String can not be converted to milliseconds since epoch'],
  [
    'boolean for timestamp',
    timestamp(),
    true,
    'class java.lang.Boolean can not be converted to milliseconds since epoch',
  ],
  ['number for blob', blob(1, 9), 1, `${NUMBER} can not be converted to a Blob`],
  ['boolean for blob', blob(1, 9), true, 'class java.lang.Boolean can not be converted to a Blob'],
  [
    'blob of odd length',
    blob(1, 9),
    'abcde',
    'can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 5',
  ],
  ['blob with a bad character', blob(1, 9), 'ab-d', "can not be converted to a Blob: Invalid Base64 character: '-'"],
  [
    'blob with stray bits',
    blob(1, 9),
    'QUJ=',
    'can not be converted to a Blob: Invalid last non-pad Base64 character dectected',
  ],
  ['padding inside a blob', blob(1, 9), 'Q=JD', "can not be converted to a Blob: Invalid Base64 character: '='"],
  ['scalar for list', list(string()), 'x', 'Expected list or null'],
  ['object for list', list(string()), {}, OBJECT],
  ['scalar for map', stringMap(), 'x', 'Expected map or null'],
  ['list for map', stringMap(), [], LIST],
  ['scalar for structure', structure({}), 'x', 'Expected null'],
  ['list for structure', structure({}), [], LIST],
  ['number in a map', stringMap(), { a: 1 }, `${NUMBER} can not be converted to an String`],
]

for (const [name, shape, value, text] of TYPE_ERRORS) {
  test(`${name} is a SerializationException`, () => {
    assert.deepEqual(failureOf(shape, value), { code: 'SerializationException', text })
  })
}

const head = (shown: string) =>
  `1 validation error detected: Value ${shown}at 'member' failed to satisfy constraint: Member must `

const CONSTRAINTS: readonly [string, Shape<unknown>, unknown, string][] = [
  ['a string too long', string({ max: 2 }), 'abc', `${head("'abc' ")}have length less than or equal to 2`],
  ['an empty string', string({ min: 1 }), '', `${head("'' ")}have length greater than or equal to 1`],
  ['a pattern', string({ pattern: '[a-z]+' }), 'a1', `${head("'a1' ")}satisfy regular expression pattern: [a-z]+`],
  ['an integer too small', integer(1, 1024), 0, `${head("'0' ")}have value greater than or equal to 1`],
  ['an integer too large', integer(1, 1024), 1025, `${head("'1025' ")}have value less than or equal to 1024`],
  [
    'a sensitive blob too long',
    blob(1, 2, { sensitive: true }),
    'AAAA',
    `${head('')}have length less than or equal to 2`,
  ],
  ['another blob too long', blob(1, 2), 'AAAA', `${head('')}have length less than or equal to 2`],
  [
    'a bad element of a list of scalars',
    list(enumeration(['A', 'B'])),
    ['Foo'],
    `${head("'[Foo]' ")}satisfy constraint: [Member must satisfy enum value set: [A, B]]`,
  ],
  [
    'no element in a list of scalars',
    list(enumeration(['A', 'B'])),
    ['A', null],
    `${head("'[A, null]' ")}satisfy constraint: [Member must satisfy enum value set: [A, B]]`,
  ],
  [
    'a list too long, shown as [a, b]',
    list(string({ max: 5 }), { max: 1 }),
    ['a', 'b'],
    `${head("'[a, b]' ")}have length less than or equal to 1`,
  ],
]

for (const [name, shape, value, text] of CONSTRAINTS) {
  test(`${name} is a ValidationException`, () => {
    assert.deepEqual(failureOf(shape, value), { code: 'ValidationException', text })
  })
}

test('several violations are reported together, missing members among them, in declaration order', () => {
  const shape = structure({
    KeyId: string({ min: 1 }),
    NumberOfBytes: optional(integer(1, 5)),
    Tags: optional(list(structure({ TagKey: string({ max: 2 }) }))),
  })
  assert.throws(
    () => shape.parse({ NumberOfBytes: 9, Tags: [{ TagKey: 'ok' }, { TagKey: 'long' }] }),
    (error: KmsError) =>
      error.text ===
      "3 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; " +
        "Value '9' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 5; " +
        "Value 'long' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 2",
  )
})

test('at most ten violations are reported', () => {
  const shape = structure({ Tags: list(structure({ TagKey: string() })) })
  assert.throws(
    () => shape.parse({ Tags: Array.from({ length: 30 }, () => ({})) }),
    (error: KmsError) =>
      error.text!.startsWith('10 validation errors detected: ') && error.text!.split('; ').length === 10,
  )
})

test('a pattern failure comes before a length failure of the same member', () => {
  const { text } = failureOf(string({ max: 2, pattern: '[a-z]+' }), 'A12')
  assert.match(text!, /^2 validation errors detected: .*regular expression pattern.*; .*have length less/)
})

test('enum values are printed in hash-set order: three lists recorded from AWS', () => {
  const printed = (values: readonly string[]) => failureOf(enumeration(values), 'INVALID').text!.match(/\[(.*)\]$/)![1]
  assert.equal(
    printed(['HMAC_SHA_224', 'HMAC_SHA_256', 'HMAC_SHA_384', 'HMAC_SHA_512']),
    'HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512',
  )
  const specs2023 =
    'RSA_2048 RSA_3072 RSA_4096 ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 ECC_SECG_P256K1 SYMMETRIC_DEFAULT HMAC_224 HMAC_256 HMAC_384 HMAC_512'
  assert.equal(
    printed(specs2023.split(' ')),
    'RSA_2048, ECC_NIST_P384, ECC_NIST_P256, ECC_NIST_P521, HMAC_384, RSA_3072, ECC_SECG_P256K1, RSA_4096, SYMMETRIC_DEFAULT, HMAC_256, HMAC_224, HMAC_512',
  )
  assert.equal(printed(['ECDH']), 'ECDH')
})

test('null equals absence, unknown members are ignored, wrong case is unknown', () => {
  const shape = structure({ KeyId: optional(string()), DryRun: optional(boolean()) })
  assert.deepEqual(shape.parse({ KeyId: null, Unknown: {}, dryRun: true }), {})
})

test('integers with a fraction are truncated; texts of booleans are converted', () => {
  const shape = structure({ Number: integer(1, 5), Flag: boolean() })
  assert.deepEqual(shape.parse({ Number: 3.9, Flag: 'Yes' }), { Number: 3, Flag: true })
})

test('names of Object.prototype are ordinary pairs of a map', () => {
  const shape = structure({ Context: stringMap() })
  const { Context } = shape.parse(JSON.parse('{"Context":{"__proto__":"a","constructor":"b"}}'))
  assert.deepEqual(Object.entries(Context), [
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ])
})

test('a lone surrogate is a ValidationException, in names and values of a map too', () => {
  for (const value of [{ a: '\ud800' }, { '\udc00': 'a' }])
    assert.equal(failureOf(stringMap(), value).code, 'ValidationException')
  assert.equal(failureOf(string(), 'a\ud800').code, 'ValidationException')
})

test('a wrong type wins over violations of other members', () => {
  const shape = structure({ KeyId: string({ min: 1 }), DryRun: optional(boolean()) })
  assert.throws(
    () => shape.parse({ DryRun: 5 }),
    (error: KmsError) => error.code === 'SerializationException',
  )
})
