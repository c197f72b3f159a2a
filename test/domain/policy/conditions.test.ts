/** The vectors of authorization.md 8.2, and the rules C-1 to C-13 and W-1 to W-6 that they leave out. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the policy language
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compilePolicy } from '../../../src/domain/policy/compile-policy.ts'
import type { ConditionValues } from '../../../src/domain/policy/condition-values.ts'
import { evaluate } from '../../../src/domain/policy/evaluate.ts'
import { readKeyPolicy } from '../../../src/domain/policy/key-policy.ts'
import { accessRequest } from './given-access.ts'

interface Given {
  readonly effect?: 'Allow' | 'Deny'
  readonly version?: string
}

/** Does a statement with this condition apply? */
function holds(
  condition: object,
  conditions: ConditionValues,
  { effect = 'Allow', version = '2012-10-17' }: Given = {},
) {
  const statement = { Principal: '*', Action: 'kms:*', Resource: '*' }
  const Statement = [{ ...statement, Effect: effect, Condition: condition }]
  if (effect === 'Deny') Statement.push({ ...statement, Effect: 'Allow' } as never)
  // Each condition is also one that a key policy may have.
  const keyPolicy = JSON.parse(readKeyPolicy(JSON.stringify({ Version: version, Statement })))
  const { allowed } = evaluate(accessRequest({ keyPolicy, conditions }))
  return effect === 'Allow' ? allowed : !allowed
}

type Row = readonly [
  vector: string,
  condition: object,
  cases: readonly (readonly [ConditionValues, boolean])[],
  given?: Given,
]

function check(rows: readonly Row[]): void {
  for (const [vector, condition, cases, given] of rows) {
    for (const [conditions, expected] of cases) {
      test(`${vector} ${JSON.stringify(condition)} with ${JSON.stringify(conditions)}: ${expected}`, () => {
        assert.equal(holds(condition, conditions, given), expected)
      })
    }
  }
}

const k = (value: string | readonly string[]) => ({ k: value })
const ABSENT = {}

describe('the vectors', () => {
  check([
    [
      '1',
      { StringEquals: { k: ['a', 'b'] } },
      [
        [k('b'), true],
        [k('c'), false],
      ],
    ],
    [
      '2',
      { StringNotEquals: { k: ['a', 'b'] } },
      [
        [k('b'), false],
        [k('c'), true],
        [ABSENT, true],
      ],
    ],
    [
      '3',
      { StringEqualsIfExists: { k: 'a' } },
      [
        [ABSENT, true],
        [k('b'), false],
        [k('a'), true],
      ],
    ],
    [
      '4',
      { StringLike: { k: 'a*' } },
      [
        [k('a'), true],
        [k('abc'), true],
        [k('a\nb'), true],
        [k('ba'), false],
      ],
    ],
    [
      '5',
      { StringEquals: { k: 'a*' } },
      [
        [k('abc'), false],
        [k('a*'), true],
      ],
    ],
    [
      '6',
      { Null: { k: 'true' } },
      [
        [ABSENT, true],
        [k('x'), false],
        [k([]), true],
      ],
    ],
    [
      '6',
      { Null: { k: false } },
      [
        [ABSENT, false],
        [k('x'), true],
        [k([]), false],
        [k(['x', 'y']), true],
      ],
    ],
    [
      '7',
      { Bool: { 'aws:MultiFactorAuthPresent': 'false' } },
      [
        [ABSENT, false],
        [{ 'aws:MultiFactorAuthPresent': 'false' }, true],
      ],
    ],
    [
      '8',
      { BoolIfExists: { 'aws:MultiFactorAuthPresent': false } },
      [
        [ABSENT, true],
        [{ 'aws:MultiFactorAuthPresent': 'true' }, false],
      ],
    ],
    [
      '9',
      { NumericLessThanEquals: { k: 30 } },
      [
        [k('7'), true],
        [k('30'), true],
        [k('30.5'), false],
      ],
    ],
    [
      '10',
      { DateLessThan: { k: '2026-01-01T00:00:00Z' } },
      [
        [k('1767225599'), true],
        [k('1767225600'), false],
      ],
    ],
    [
      '11',
      { IpAddress: { k: '10.0.0.0/8' } },
      [
        [k('10.1.2.3'), true],
        [k('11.1.2.3'), false],
      ],
    ],
    [
      '12',
      { IpAddress: { k: '0.0.0.0/0' } },
      [
        [k('192.0.2.1'), true],
        [k('2001:db8::1'), false],
      ],
    ],
    [
      '13',
      { IpAddress: { k: '2001:db8::/32' } },
      [
        [k('2001:0DB8:0:0::1'), true],
        [k('2001:db9::1'), false],
      ],
    ],
    [
      '14',
      { NotIpAddress: { k: '10.0.0.0/8' } },
      [
        [ABSENT, true],
        [k('10.0.0.1'), false],
        [k('::1'), true],
      ],
    ],
    ['15', { ArnLike: { k: 'arn:aws:iam::*:role/app/*' } }, [[k('arn:aws:iam::111122223333:role/app/x/y'), true]]],
    ['16', { ArnLike: { k: 'arn:aws:*:role/x' } }, [[k('arn:aws:iam::111122223333:role/x'), false]]],
    [
      '17',
      { 'ForAllValues:StringEquals': { k: ['a', 'b'] } },
      [
        [k(['a']), true],
        [k(['a', 'c']), false],
        [k([]), true],
        [ABSENT, true],
      ],
    ],
    [
      '18',
      { 'ForAnyValue:StringEquals': { k: ['a', 'b'] } },
      [
        [k(['c', 'a']), true],
        [k(['c']), false],
        [ABSENT, false],
      ],
    ],
    [
      '19',
      { 'ForAnyValue:StringNotEquals': { k: ['a'] } },
      [
        [k(['a', 'b']), true],
        [k(['a']), false],
        [ABSENT, false],
      ],
    ],
    [
      '20',
      { 'ForAllValues:StringNotEquals': { k: ['a'] } },
      [
        [k(['b', 'c']), true],
        [k(['a', 'b']), false],
        [ABSENT, true],
      ],
    ],
    [
      '21',
      { StringEquals: { k: '${aws:username}' } },
      [
        [k('x'), false],
        [{ k: 'x', 'aws:username': 'x' }, true],
      ],
    ],
    [
      '22',
      { StringNotEquals: { k: '${aws:username}' } },
      [
        [k('x'), true],
        [{ k: 'x', 'aws:username': 'x' }, false],
      ],
    ],
    [
      '23',
      { StringEquals: { k: "${aws:username, 'x'}" } },
      [
        [k('x'), true],
        [{ k: 'x', 'aws:username': 'y' }, false],
      ],
    ],
    [
      '24',
      { StringEquals: { k: '${aws:username}' } },
      [[{ k: '${aws:username}', 'aws:username': 'y' }, true]],
      { version: '2008-10-17' },
    ],
    [
      '25',
      { StringLike: { k: '${aws:PrincipalTag/t}' } },
      [
        [{ k: 'abc', 'aws:PrincipalTag/t': 'a*' }, false],
        [{ k: 'a*', 'aws:PrincipalTag/t': 'a*' }, true],
      ],
    ],
    [
      '26',
      { StringEquals: { 'kms:encryptioncontext:DEPT': 'IT' } },
      [
        [{ 'kms:EncryptionContext:Dept': 'IT' }, true],
        [{ 'kms:EncryptionContext:Dept': 'it' }, false],
      ],
    ],
    [
      '27',
      { StringEquals: { 'kms:EncryptionContext:dept': 'IT' } },
      [[{ 'kms:EncryptionContext:Dept': 'IT', 'kms:EncryptionContext:dept': 'HR' }, false]],
    ],
    [
      '27',
      { StringEquals: { 'kms:EncryptionContext:dept': 'IT' } },
      [
        [{ 'kms:EncryptionContext:Dept': 'IT', 'kms:EncryptionContext:dept': 'HR' }, true],
        [{ 'kms:EncryptionContext:Dept': 'x', 'kms:EncryptionContext:dept': 'HR' }, false],
      ],
      { effect: 'Deny' },
    ],
    [
      '28',
      {
        'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['a', 'b'] },
        Null: { 'kms:EncryptionContextKeys': 'false' },
      },
      [
        [ABSENT, false],
        [{ 'kms:EncryptionContextKeys': ['a'] }, true],
      ],
    ],
  ])
})

describe('texts', () => {
  check([
    [
      'ignoring case',
      { StringEqualsIgnoreCase: { k: 'Äb' } },
      [
        [k('äB'), true],
        [k('ab'), false],
      ],
    ],
    [
      'ignoring case, negated',
      { StringNotEqualsIgnoreCase: { k: ['Ab', 'c'] } },
      [
        [k('aB'), false],
        [k('d'), true],
      ],
    ],
    ['ignoring case, a variable', { StringEqualsIgnoreCase: { k: 'x-${v}' } }, [[{ k: 'X-ABC', v: 'Abc' }, true]]],
    [
      'patterns',
      { StringLike: { k: 'a?c*e' } },
      [
        [k('abcde'), true],
        [k('abce'), true],
        [k('ace'), false],
        [k('abcdef'), false],
      ],
    ],
    [
      'patterns, negated',
      { StringNotLike: { k: ['a*', 'b*'] } },
      [
        [k('bx'), false],
        [k('cx'), true],
      ],
    ],
    [
      'several',
      { StringLike: { k: ['a*', '*z'] } },
      [
        [k('xz'), true],
        [k('x'), false],
      ],
    ],
    [
      'unquoted values (G-6)',
      { StringEquals: { k: [5, true, 1.5] } },
      [
        [k('5'), true],
        [k('true'), true],
        [k('1.5'), true],
        [k('6'), false],
      ],
    ],
    [
      'names ignore case (C-8)',
      { StringEquals: { 'AWS:principaltag/Team': 'x' } },
      [[{ 'aws:PrincipalTag/tEAM': 'x' }, true]],
    ],
    [
      'all operators (AND)',
      { StringEquals: { k: 'a' }, StringLike: { l: 'b*' } },
      [
        [{ k: 'a', l: 'bb' }, true],
        [{ k: 'a', l: 'c' }, false],
        [{ k: 'x', l: 'b' }, false],
      ],
    ],
    [
      'all keys (AND)',
      { StringEquals: { k: 'a', l: 'b' } },
      [
        [{ k: 'a', l: 'b' }, true],
        [{ k: 'a' }, false],
      ],
    ],
  ])

  test('numbers are compared as they were written (G-6)', () => {
    const policy = (value: string) =>
      compilePolicy(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*",
        "Condition":{"StringEquals":{"k":${value}}}}}`)
    const request = (value: string) => {
      const given = accessRequest({ conditions: { k: value } })
      return evaluate({ ...given, resource: { ...given.resource, policy: policy(value) } }).allowed
    }
    for (const value of ['12345678901234567890', '1.00', '1e3', '-0']) assert.equal(request(value), true, value)
  })
})

describe('numbers', () => {
  check([
    [
      'equal',
      { NumericEquals: { k: '12' } },
      [
        [k('12'), true],
        [k('12.0'), true],
        [k('12abc'), false],
        [k(''), false],
        [k('0x0c'), false],
      ],
    ],
    [
      'negated',
      { NumericNotEquals: { k: ['12', '13'] } },
      [
        [k('12.0'), false],
        [k('14'), true],
        [ABSENT, true],
      ],
    ],
    [
      'less',
      { NumericLessThan: { k: 30 } },
      [
        [k('29.9'), true],
        [k('30'), false],
        [k('-5'), true],
      ],
    ],
    [
      'greater',
      { NumericGreaterThan: { k: 30 } },
      [
        [k('30.1'), true],
        [k('30'), false],
      ],
    ],
    [
      'greater or equal',
      { NumericGreaterThanEquals: { k: 30 } },
      [
        [k('30'), true],
        [k('29'), false],
        [ABSENT, false],
      ],
    ],
  ])
})

describe('dates', () => {
  const noon = '2026-03-01T12:00:00Z'
  check([
    [
      'equal in other forms',
      { DateEquals: { k: noon } },
      [
        [k('1772366400'), true],
        [k('2026-03-01T13:00:00+01:00'), true],
        [k('2026-03-01T12:00Z'), true],
        [k('2026-03-01'), false],
      ],
    ],
    [
      'seconds since the epoch',
      { DateGreaterThan: { k: 1772366400 } },
      [
        [k('2026-03-01T12:00:00.5Z'), true],
        [k(noon), false],
      ],
    ],
    [
      'a year, a month, a day',
      { DateGreaterThanEquals: { k: '2026' } },
      [
        [k('2026-01-01T00:00:00Z'), true],
        [k('2025-12-31T23:59:59Z'), false],
        [k('2026-02'), true],
        [k('2025-12-31'), false],
      ],
    ],
    [
      'negated',
      { DateNotEquals: { k: noon } },
      [
        [k('1772366400'), false],
        [k('1'), true],
      ],
    ],
    [
      'less or equal',
      { DateLessThanEquals: { k: noon } },
      [
        [k(noon), true],
        [k('2026-03-01T12:00:01Z'), false],
        [k('soon'), false],
      ],
    ],
  ])

  test('a number that is a date compares as both (kms:ValidTo)', () => {
    for (const operator of ['NumericLessThan', 'DateLessThan']) {
      assert.equal(holds({ [operator]: { k: '1772366400' } }, k('1772366399')), true)
      assert.equal(holds({ [operator]: { k: '1772366400' } }, k('1772366400')), false)
    }
  })
})

describe('addresses', () => {
  check([
    [
      'one',
      { IpAddress: { k: '192.0.2.1' } },
      [
        [k('192.0.2.1'), true],
        [k('192.0.2.2'), false],
        [k('192.0.2.1x'), false],
      ],
    ],
    [
      'a range that ends within a byte',
      { IpAddress: { k: '192.0.2.64/26' } },
      [
        [k('192.0.2.64'), true],
        [k('192.0.2.127'), true],
        [k('192.0.2.128'), false],
        [k('192.0.2.63'), false],
      ],
    ],
    ['bits beyond the length do not count', { IpAddress: { k: '10.9.9.9/8' } }, [[k('10.1.1.1'), true]]],
    [
      'of IPv6',
      { IpAddress: { k: '::/0' } },
      [
        [k('::1'), true],
        [k('127.0.0.1'), false],
      ],
    ],
    [
      'recorded: IPv4 in the form of IPv6, and with zeros in front',
      { IpAddress: { k: '192.000.002.0/024' } },
      [
        [k('::ffff:c000:0207'), true],
        [k('::ffff:192.0.3.1'), false],
        [k('192.000.2.1'), true],
      ],
    ],
    [
      'recorded: what is no address',
      { NotIpAddress: { k: '192.0.2.0/24' } },
      [
        [k('192.0.3.1'), true],
        [k('not-an-ip'), false],
        [k(''), false],
        [k('192.0.3.1/32'), false],
      ],
    ],
    [
      'recorded: what is no address, to deny',
      { NotIpAddress: { k: '192.0.2.0/24' } },
      [
        [k('192.0.3.1'), true],
        [k('not-an-ip'), false],
      ],
      { effect: 'Deny' },
    ],
    [
      'several',
      { NotIpAddress: { k: ['10.0.0.0/8', '2001:db8::/32'] } },
      [
        [k('10.0.0.1'), false],
        [k('2001:db8::9'), false],
        [k('192.0.2.1'), true],
      ],
    ],
  ])
})

describe('ARNs', () => {
  const role = 'arn:aws:iam::111122223333:role/x'
  check([
    [
      'equal is like',
      { ArnEquals: { k: 'arn:aws:iam::*:role/?' } },
      [
        [k(role), true],
        [k(`${role}y`), false],
      ],
    ],
    [
      'the last part has colons',
      { ArnLike: { k: 'arn:aws:logs:*:*:log-group:a:*' } },
      [[k('arn:aws:logs:eu-west-1:111122223333:log-group:a:b:c'), true]],
    ],
    ['case counts', { ArnLike: { k: role } }, [[k(role.replace('x', 'X')), false]]],
    ['a wildcard stays in its part', { ArnLike: { k: 'arn:aws:iam*111122223333:role/x' } }, [[k(role), false]]],
    [
      'negated',
      { ArnNotLike: { k: role } },
      [
        [k(role), false],
        [k(`${role}y`), true],
        [ABSENT, true],
      ],
    ],
    [
      'recorded: what is no ARN',
      { ArnNotLike: { k: 'arn:aws:iam::*:user/*' } },
      [
        [k(role), true],
        [k('not-an-arn'), false],
        [k(''), false],
      ],
    ],
    [
      'recorded: what is no ARN, to deny',
      { ArnNotLike: { k: 'arn:aws:iam::*:user/*' } },
      [
        [k(role), true],
        [k('not-an-arn'), false],
      ],
      { effect: 'Deny' },
    ],
    [
      'recorded: a pattern that is no ARN',
      { ArnNotLike: { k: 'arn:aws:*:role/x' } },
      [
        [k(role), false],
        [k('not-an-arn'), false],
      ],
    ],
    ...(['ArnLike', 'ArnNotLike'] as const).map(
      (operator): Row => [
        'recorded: a pattern that is no ARN, to deny',
        { [operator]: { k: 'arn:aws:*:role/x' } },
        [
          [k(role), true],
          [k('not-an-arn'), false],
        ],
        { effect: 'Deny' },
      ],
    ),
    [
      'recorded: a pattern that is no ARN behind one that matches',
      { ArnNotLike: { k: [role, 'arn:aws:*:role/x'] } },
      [[k(role), false]],
      { effect: 'Deny' },
    ],
    [
      'what is no ARN',
      { ArnLike: { k: '*:*:*:*:*:*' } },
      [
        [k('a:b:c:d:e:f'), false],
        [k(role), true],
      ],
    ],
    [
      'a variable within',
      { ArnLike: { k: 'arn:aws:iam::${aws:PrincipalAccount}:role/*' } },
      [
        [{ k: role, 'aws:PrincipalAccount': '111122223333' }, true],
        [{ k: role, 'aws:PrincipalAccount': '*' }, false],
        [k(role), false],
      ],
    ],
    [
      'a variable that is all of it',
      { ArnEquals: { k: '${aws:PrincipalArn}' } },
      [
        [{ k: role, 'aws:PrincipalArn': role }, true],
        [{ k: role, 'aws:PrincipalArn': '*' }, false],
      ],
    ],
  ])
})

describe('numbers as recorded', () => {
  const spellings = ['1', '01', '+1', '1.0', '1e0']
  const others = ['2', '', 'no-number', 'NaN', 'Infinity']
  check([
    ['equal', { NumericEquals: { k: '1' } }, [...spellings.map((one) => [k(one), true] as const), [k('2'), false]]],
    ['equal to none', { NumericEquals: { k: '1' } }, others.map((one) => [k(one), false] as const)],
    ['different', { NumericNotEquals: { k: '1' } }, others.map((one) => [k(one), true] as const)],
  ])
})

describe('booleans, bytes', () => {
  check([
    [
      'Bool ignores case',
      { Bool: { k: 'TRUE' } },
      [
        [k('true'), true],
        [k('false'), false],
        [k('yes'), false],
      ],
    ],
    [
      'recorded: Bool takes every other text for false',
      { Bool: { k: 'false' } },
      [
        [k('True'), false],
        [k('false'), true],
        [k('yes'), true],
        [k('1'), true],
        [k(''), true],
        [k(' true '), true],
      ],
    ],
    [
      'Bool with a variable (W-2)',
      { Bool: { k: '${v}' } },
      [
        [{ k: 'true', v: 'True' }, true],
        [{ k: 'true', v: 'false' }, false],
        [k('true'), false],
      ],
    ],
    [
      'BinaryEquals',
      { BinaryEquals: { k: 'AQID' } },
      [
        [k('AQID'), true],
        [k('AQIE'), false],
        [k('AQI'), false],
      ],
    ],
  ])
})

describe('keys with several values', () => {
  check([
    [
      'recorded: without set operator',
      { StringEquals: { k: 'a' } },
      [
        [k(['a', 'b']), false],
        [k(['a']), false],
        [k([]), false],
      ],
    ],
    ...(['StringNotEquals', 'StringEqualsIfExists', 'StringNotEqualsIfExists'] as const).map(
      (operator): Row => [
        'recorded: without set operator',
        { [operator]: { k: 'a' } },
        [
          [k(['a']), false],
          [k(['b']), false],
          [k(['a', 'b']), false],
          [k([]), true],
        ],
      ],
    ),
    [
      'C-6 to deny',
      { StringEquals: { k: 'a' } },
      [
        [k(['a', 'b']), true],
        [k(['b', 'c']), false],
      ],
      { effect: 'Deny' },
    ],
    [
      'C-7 one value',
      { 'ForAnyValue:StringEquals': { k: 'a' } },
      [
        [k('a'), true],
        [k('b'), false],
      ],
    ],
    [
      'C-7 one value',
      { 'ForAllValues:StringLike': { k: 'a*' } },
      [
        [k('ab'), true],
        [k('b'), false],
      ],
    ],
    [
      'C-2 IfExists',
      { 'ForAnyValue:StringEqualsIfExists': { k: 'a' } },
      [
        [ABSENT, true],
        [k(['b']), false],
      ],
    ],
    [
      'C-2 IfExists',
      { 'ForAllValues:StringNotLikeIfExists': { k: 'a*' } },
      [
        [ABSENT, true],
        [k(['ab']), false],
        [k(['b']), true],
      ],
    ],
    [
      'C-5',
      { 'ForAnyValue:StringNotEquals': { k: ['a', 'b'] } },
      [
        [k(['a', 'b']), false],
        [k(['a', 'c']), true],
      ],
    ],
    [
      'of numbers',
      { 'ForAllValues:NumericLessThan': { k: 5 } },
      [
        [k(['1', '2']), true],
        [k(['1', '9']), false],
      ],
    ],
    ['C-9 in a set', { 'ForAnyValue:StringEquals': { k: 'a' } }, [[{ k: ['a'], K: ['b'] }, false]]],
    [
      'C-9 in a set, to deny',
      { 'ForAnyValue:StringEquals': { k: 'a' } },
      [[{ k: ['b'], K: ['c', 'a'] }, true]],
      { effect: 'Deny' },
    ],
    ['C-9 whatever is meant, it is there', { Null: { k: 'false' } }, [[{ k: 'a', K: 'b' }, true]]],
  ])
})

describe('variables', () => {
  check([
    [
      'W-1 escapes',
      { StringLike: { k: 'a${*}b${?}c${$}{x}*' } },
      [
        [k('a*b?c${x}!'), true],
        [k('axbyc${x}'), false],
      ],
    ],
    [
      'W-1 escapes in plain texts',
      { StringEquals: { k: '${*}' } },
      [
        [k('*'), true],
        [k('${*}'), false],
      ],
    ],
    [
      'W-1 several, and text around',
      { StringEquals: { k: '<${a}|${b}>' } },
      [
        [{ k: '<1|2>', a: '1', b: '2' }, true],
        [{ k: '<1|2>', a: '1' }, false],
      ],
    ],
    ['W-1 a default with spaces', { StringEquals: { k: "${ a , 'x y' }" } }, [[k('x y'), true]]],
    ['W-1 an empty default', { StringEquals: { k: "[${a, ''}]" } }, [[k('[]'), true]]],
    ['W-3 several values do not resolve', { StringEquals: { k: '${a}' } }, [[{ k: 'x', a: ['x'] }, false]]],
    ['W-4 names ignore case', { StringEquals: { k: '${AWS:UserName}' } }, [[{ k: 'x', 'aws:username': 'x' }, true]]],
    ['W-5 another value may match', { StringEquals: { k: ['${a}', 'x'] } }, [[k('x'), true]]],
    [
      'what is no variable is text',
      { StringEquals: { k: ['${', '${}', '$a', '${a'] } },
      [
        [k('${'), true],
        [k('${}'), true],
        [k('${a'), true],
      ],
    ],
    ['W-2 no variables in numbers', { StringEquals: { k: '${a}' } }, [[{ k: '5', a: '5' }, true]]],
  ])

  test('in resources count in the last part only, and are literal (W-2, W-6, M-6)', () => {
    const allowed = (resource: string | string[], conditions: ConditionValues, negated = false) =>
      evaluate(
        accessRequest({
          resource: { kind: 'entity', arn: 'arn:aws:iam::111122223333:user/alice', account: '111122223333' },
          action: 'iam:GetUser',
          identity: { Effect: 'Allow', Action: 'iam:*', [negated ? 'NotResource' : 'Resource']: resource },
          conditions,
        }),
      ).allowed
    const own = 'arn:aws:iam::111122223333:user/${aws:username}'
    assert.equal(allowed(own, { 'aws:username': 'alice' }), true)
    assert.equal(allowed(own, { 'aws:username': 'al*' }), false)
    assert.equal(allowed(own, {}), false)
    assert.equal(allowed([own, 'arn:aws:iam::*:user/a*'], {}), true)
    assert.equal(allowed(own, {}, true), true)
    assert.equal(allowed(own, { 'aws:username': 'alice' }, true), false)
    assert.equal(allowed('arn:aws:iam::${account}:user/*', { account: '111122223333' }), false)
    assert.equal(
      allowed('arn:aws:iam::${aws:PrincipalAccount}:user/*', { 'aws:PrincipalAccount': '111122223333' }),
      false,
    )
  })
})

test('a default may have braces, and what looks like a variable and is none is text', () => {
  assert.equal(holds({ StringEquals: { k: "${a, '{}'}" } }, { k: '{}' }), true)
  for (const text of ["${a'}", "${'x'}", '${a, x}', '${a, }', "${a, 'x' y}", '${,}', `\${a${' '.repeat(20_000)}`]) {
    assert.equal(holds({ StringEquals: { k: text } }, { k: text, a: 'x' }), true, text)
  }
})

test('a policy names the condition keys that it needs, in lower case, those of variables included', () => {
  const { conditionKeys } = compilePolicy(
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: '*',
          Resource: 'arn:aws:iam::111122223333:user/${aws:UserName}',
          Condition: { StringLike: { 'kms:RequestAlias': '${aws:PrincipalTag/Team}', 'aws:X': 'x' } },
        },
        { Effect: 'Deny', Action: '*', Resource: '*', Condition: { Null: { 'KMS:ResourceAliases': 'true' } } },
      ],
    }),
  )
  assert.deepEqual([...conditionKeys].sort(), [
    'aws:principaltag/team',
    'aws:username',
    'aws:x',
    'kms:requestalias',
    'kms:resourcealiases',
  ])
})

test('one text is compiled once', () => {
  const text = '{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}'
  assert.equal(compilePolicy(text), compilePolicy(`${text.slice(0, 5)}${text.slice(5)}`))
  assert.notEqual(compilePolicy(text), compilePolicy(` ${text}`))
})

/** Of the largest key policy, and of the largest request. */
const POLICY_CHARS = 30_000
const VALUE_CHARS = 900_000

const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index))

/** Each would keep the process for seconds, if not for minutes. */
const EXCESSES: readonly (readonly [name: string, conditions: readonly object[], values: ConditionValues])[] = [
  ['a long pattern', [{ StringLike: { k: `*${'a'.repeat(POLICY_CHARS)}b` } }], { k: 'a'.repeat(VALUE_CHARS) }],
  ['many patterns', [{ StringNotLike: { k: many(2_000, (index) => `*${index}`) } }], { k: 'a'.repeat(VALUE_CHARS) }],
  [
    'variables',
    [{ StringNotEquals: { j: many(1_000, (index) => `\${k}${index}`) } }],
    { k: 'a'.repeat(VALUE_CHARS), j: 'a' },
  ],
  [
    'many spellings',
    many(100, (index) => ({ StringEqualsIgnoreCase: { k: String(index) } })),
    { k: 'A'.repeat(VALUE_CHARS) },
  ],
  ['ARNs', many(100, (index) => ({ ArnLike: { k: `arn:${index}:*:*:*:*` } })), { k: `arn${':'.repeat(VALUE_CHARS)}` }],
  [
    'many values',
    [{ 'ForAnyValue:StringEquals': { k: many(1_000, (index) => `x${index}`) } }],
    { k: many(70_000, String) },
  ],
]

for (const [name, conditions, values] of EXCESSES) {
  test(`too much to compare is refused: ${name} (authorization.md section 7, note 7)`, () => {
    const statement = { Principal: '*', Action: 'kms:*', Resource: '*' }
    const denies = conditions.map((Condition) => ({ ...statement, Effect: 'Deny', Condition }))
    const policy = { Version: '2012-10-17', Statement: [{ ...statement, Effect: 'Allow' }, ...denies] }
    const keyPolicy = JSON.parse(readKeyPolicy(JSON.stringify(policy)))
    const decision = evaluate(accessRequest({ keyPolicy, conditions: values }))
    assert.ok(!decision.allowed && decision.reason === 'missing allow')
    assert.match(String(decision.failure), /compare too much/)
  })
}

test('the largest policies with values as AWS has them are judged', () => {
  const statement = { Principal: '*', Action: 'kms:*', Resource: '*' }
  const arn = `arn:aws:s3:::${'bucket-'.repeat(50)}`
  const Condition = { StringLike: { k: many(80, (index) => `${arn}*/${index}/*-${index}`) } }
  const policy = { Version: '2012-10-17', Statement: { ...statement, Effect: 'Allow', Condition } }
  const keyPolicy = JSON.parse(readKeyPolicy(JSON.stringify(policy)))
  const values = { k: `${arn}${'/folder'.repeat(200)}/79/object-79` }
  assert.equal(evaluate(accessRequest({ keyPolicy, conditions: values })).allowed, true)
})
