/** authorization.md 1.1, 1.2, 1.5, 1.6 and the list of section 8.3. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KmsError } from '../../../src/base/errors.ts'
import { defaultKeyPolicy, readKeyPolicy } from '../../../src/domain/policy/key-policy.ts'

const STATEMENT = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' }

function policyWith(changes: object): object {
  return { Version: '2012-10-17', Statement: [{ ...STATEMENT, ...changes }] }
}

function accepts(policy: object | string): void {
  const text = typeof policy === 'string' ? policy : JSON.stringify(policy)
  assert.deepEqual(JSON.parse(readKeyPolicy(text)), JSON.parse(text))
}

function refuses(policy: object | string, text: string, code = 'MalformedPolicyDocumentException'): void {
  const source = typeof policy === 'string' ? policy : JSON.stringify(policy)
  assert.throws(
    () => readKeyPolicy(source),
    (error) => {
      assert.ok(error instanceof KmsError, String(error))
      assert.deepEqual({ code: error.code, text: error.text }, { code, text }, source)
      return true
    },
  )
}

const SYNTAX = 'Syntax errors in policy.'
const NO_PRINCIPAL = 'Policy contains a statement with no principal.'
const INVALID_PRINCIPAL = 'Policy contains a statement with one or more invalid principals.'
const NO_JSON = 'The policy is not valid JSON.'

test('the default policy is one that may be put', () => {
  accepts(defaultKeyPolicy('111122223333', 'us-gov-west-1'))
  const { Statement } = JSON.parse(defaultKeyPolicy('111122223333', 'us-gov-west-1'))
  assert.equal(Statement[0].Principal.AWS, 'arn:aws-us-gov:iam::111122223333:root')
})

test('what is no JSON at all is told so (V-1)', () => {
  for (const text of ['', '{', '{"Statement":[],}', "{'a':1}", 'Statement', '\ufeff{}', '{"a":1}x']) {
    refuses(text, NO_JSON)
  }
})

test('a member given twice, at any depth, is a syntax error (G-1)', () => {
  refuses('{"Version":"2012-10-17","Version":"2012-10-17","Statement":{}}', SYNTAX)
  refuses('{"Statement":{"Effect":"Deny","Effect":"Allow","Principal":"*"}}', SYNTAX)
  refuses('{"Statement":{"Effect":"Deny","\\u0045ffect":"Allow","Principal":"*"}}', SYNTAX)
})

test('nesting is bounded', () => {
  refuses(`${'['.repeat(40)}${']'.repeat(40)}`, SYNTAX)
})

describe('the document', () => {
  test('has a Statement, and may have Version and Id', () => {
    accepts({ Statement: STATEMENT })
    accepts({ Id: 'key-policy', Version: '2008-10-17', Statement: [STATEMENT, { ...STATEMENT, Effect: 'Deny' }] })
    for (const policy of ['[]', 'null', '"x"', '1']) refuses(policy, SYNTAX)
    for (const policy of [{}, { Statement: [] }, { Statement: null }, { Statement: 'x' }, { Statement: [1] }]) {
      refuses(policy, SYNTAX)
    }
    refuses({ Version: '2012-10-18', Statement: STATEMENT }, SYNTAX)
    refuses({ Version: 2012, Statement: STATEMENT }, SYNTAX)
    refuses({ Id: 1, Statement: STATEMENT }, SYNTAX)
    refuses({ statement: STATEMENT }, SYNTAX)
    refuses({ Statement: STATEMENT, Comment: 'x' }, SYNTAX)
  })
})

describe('a statement', () => {
  test('may have a Sid with spaces, and no unknown member', () => {
    accepts(policyWith({ Sid: 'Enable IAM User Permissions' }))
    refuses(policyWith({ Sid: 1 }), SYNTAX)
    refuses(policyWith({ sid: 'x' }), SYNTAX)
    refuses(policyWith({ effect: 'Allow' }), SYNTAX)
    refuses('{"Statement":{"__proto__":{},"Effect":"Allow","Principal":"*"}}', SYNTAX)
  })

  test('has the effect Allow or Deny, in these letters', () => {
    for (const Effect of ['allow', 'DENY', '', null, ['Allow'], undefined]) refuses(policyWith({ Effect }), SYNTAX)
  })

  test('has at most one of an element and its negation', () => {
    refuses(policyWith({ NotAction: 'kms:Decrypt' }), SYNTAX)
    refuses(policyWith({ NotResource: '*' }), SYNTAX)
    refuses(policyWith({ NotPrincipal: '*' }), SYNTAX)
    accepts(policyWith({ Action: undefined, NotAction: ['kms:Decrypt'] }))
    accepts(policyWith({ Resource: undefined, NotResource: '*' }))
  })

  test('without action or resource is accepted (G-10)', () => {
    accepts(policyWith({ Action: undefined }))
    accepts(policyWith({ Resource: undefined }))
  })

  test('names actions in any case, with wildcards, never without a service', () => {
    accepts(policyWith({ Action: ['KMS:encrypt', 'kms:Get*', 'kms:?escribeKey', '*', 's3:*'] }))
    for (const Action of ['Encrypt', 'kms', 'kms:', 'kms:a:b', 'k*:x', '', 1, null, [], [1], {}]) {
      refuses(policyWith({ Action }), SYNTAX)
    }
  })

  test('names resources; a text that begins like an ARN must be one (V-9)', () => {
    accepts(policyWith({ Resource: ['*', 'arn:aws:kms:*:111122223333:key/*'] }))
    for (const Resource of [1, null, [], {}]) refuses(policyWith({ Resource }), SYNTAX)
    refuses(
      policyWith({ Resource: 'arn:aws:kms' }),
      'An ARN in the specified key policy is invalid.',
      'InvalidArnException',
    )
  })
})

describe('a principal', () => {
  test('is everyone, an account, a user, a role, a session, a unique id or a service', () => {
    const forms = [
      { AWS: '*' },
      { AWS: '111122223333' },
      { AWS: 'arn:aws:iam::111122223333:root' },
      { AWS: ['arn:aws:iam::111122223333:user/alice', 'arn:aws-cn:iam::111122223333:role/team/x/build'] },
      { AWS: 'arn:aws:sts::111122223333:assumed-role/build/session-1' },
      { AWS: 'arn:aws:sts::111122223333:federated-user/bob' },
      { AWS: ['AIDAEXAMPLEEXAMPLE001', 'AROAEXAMPLEEXAMPLE001'] },
      { Service: 'logs.eu-central-1.amazonaws.com', AWS: '111122223333' },
      { Service: ['s3.amazonaws.com', 'ec2.amazonaws.com.cn'] },
      '*',
    ]
    for (const Principal of forms) accepts(policyWith({ Principal }))
  })

  // What Terraform makes of a list variable that is empty is `{"AWS": []}`, and AWS was seen to answer it so.
  test('is required (V-2)', () => {
    for (const Principal of [undefined, {}, { AWS: [] }, { AWS: [], Service: [] }]) {
      refuses(policyWith({ Principal }), NO_PRINCIPAL)
    }
    refuses(policyWith({ Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS: [] } }), NO_PRINCIPAL)
  })

  test('is refused in any other form (V-3, P-1, P-2)', () => {
    const entries = [
      'alice',
      '',
      '11112222333',
      'arn:aws:iam::111122223333:user/*',
      'arn:aws:iam::111122223333:role/x*',
      'arn:aws:iam::111122223333:role/te?m/x',
      'arn:aws:iam::*:root',
      'arn:aws:iam::111122223333:*',
      'arn:aws:iam::111122223333:group/admins',
      'arn:aws:iam::111122223333:instance-profile/x',
      'arn:aws:iam::111122223333:user/',
      'arn:aws:iam:eu-west-1:111122223333:user/alice',
      'arn:aws:sts::111122223333:assumed-role/build',
      'arn:aws:sts::111122223333:assumed-role/path/build/session',
      'arn:aws:sts::111122223333:assumed-role/build/*',
      'arn:other:iam::111122223333:root',
      'arn:aws:s3:::bucket',
      'AGPAEXAMPLEEXAMPLE001',
    ]
    for (const AWS of entries) refuses(policyWith({ Principal: { AWS } }), INVALID_PRINCIPAL)
    // Whether there is a service of a well-formed name is looked at when principals are bound.
    for (const Service of ['s3', '*', 'S3.amazonaws.com', '*.amazonaws.com', 's3..com', 's3.amazonaws.com/x']) {
      refuses(policyWith({ Principal: { Service } }), INVALID_PRINCIPAL)
    }
    refuses(policyWith({ Principal: { CanonicalUser: 'x' } }), INVALID_PRINCIPAL)
    refuses(policyWith({ Principal: { Federated: 'cognito-identity.amazonaws.com' } }), INVALID_PRINCIPAL)
    refuses(policyWith({ Principal: '111122223333' }), INVALID_PRINCIPAL)
    refuses(policyWith({ Principal: { AWS: ['*', 'nobody'] } }), INVALID_PRINCIPAL)
  })

  test('of a wrong type is a syntax error', () => {
    for (const Principal of [['*'], 1, null, { AWS: 1 }, { AWS: [[]] }, { AWS: {} }, { aws: '*' }, { Group: [] }]) {
      refuses(policyWith({ Principal }), SYNTAX)
    }
    refuses(policyWith({ Principal: { AWS: [], Service: 's3.amazonaws.com' } }), SYNTAX)
  })

  test('that begins like an ARN and is none is an invalid ARN (V-9)', () => {
    refuses(
      policyWith({ Principal: { AWS: 'arn:aws:iam' } }),
      'An ARN in the specified key policy is invalid.',
      'InvalidArnException',
    )
  })

  test('may be negated to deny, never to allow (P-11)', () => {
    const NotPrincipal = { AWS: ['111122223333', 'arn:aws:iam::111122223333:user/alice'] }
    accepts(policyWith({ Effect: 'Deny', Principal: undefined, NotPrincipal }))
    refuses(policyWith({ Principal: undefined, NotPrincipal }), SYNTAX)
  })
})

describe('a condition', () => {
  const condition = (operator: string, value: unknown, key = 'aws:x') =>
    policyWith({ Condition: { [operator]: { [key]: value } } })

  test('may use every operator of the language, with its suffix and its set forms', () => {
    const operators = {
      String: ['Equals', 'NotEquals', 'EqualsIgnoreCase', 'NotEqualsIgnoreCase', 'Like', 'NotLike'],
      Arn: ['Equals', 'Like', 'NotEquals', 'NotLike'],
      Numeric: ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'],
      Date: ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'],
    }
    const names = Object.entries(operators).flatMap(([type, forms]) => forms.map((form) => type + form))
    for (const name of names) {
      for (const form of [name, `${name}IfExists`, `ForAnyValue:${name}`, `ForAllValues:${name}IfExists`]) {
        accepts(condition(form, name.startsWith('Arn') ? 'arn:aws:iam::*:role/x' : '2026'))
      }
    }
    accepts(condition('Bool', 'true'))
    accepts(condition('BoolIfExists', false))
    accepts(condition('BinaryEquals', 'AAEC'))
    accepts(condition('IpAddress', '192.0.2.0/24'))
    accepts(condition('NotIpAddressIfExists', '2001:db8::/32'))
    accepts(condition('Null', 'true'))
  })

  test('with an unknown operator is a syntax error', () => {
    const names = ['StringEqual', 'stringEquals', 'NullIfExists', 'ForAnyValue:Null', 'ForSomeValues:StringEquals', '']
    for (const name of [...names, 'toString', 'StringEqualsIfExistsIfExists', 'ForAllValues:']) {
      refuses(condition(name, 'true'), SYNTAX)
    }
  })

  test('has texts, numbers and booleans as values, one or more (G-6)', () => {
    accepts(condition('StringEquals', ['a', 'b']))
    accepts(condition('NumericEquals', 5))
    accepts(condition('Bool', true))
    accepts(condition('StringEquals', 5))
    for (const value of [null, {}, [], [[]], [null]]) refuses(condition('StringEquals', value), SYNTAX)
    for (const Condition of [null, [], 'x', { StringEquals: 'x' }, { StringEquals: ['x'] }]) {
      refuses(policyWith({ Condition }), SYNTAX)
    }
  })

  test('has values that its operator can compare (C-13)', () => {
    for (const value of ['5', '-5', '5.25', '05', '+5', '1e3']) accepts(condition('NumericLessThan', value))
    for (const value of ['', '12abc', '0x10', '1.', 'NaN', true]) refuses(condition('NumericLessThan', value), SYNTAX)
    for (const value of ['TRUE', 'False']) accepts(condition('Bool', value))
    for (const value of ['maybe', '1', '', 1]) refuses(condition('Bool', value), SYNTAX)
    refuses(condition('Null', 'perhaps'), SYNTAX)
    const dates = ['2026', '2026-03', '2026-03-01', '2026-03-01T12:30Z', '2026-03-01T12:30:05.5+01:00', '1772366400']
    for (const value of dates) accepts(condition('DateLessThan', value))
    for (const value of ['', 'tomorrow', '2026-13', '2026-03-32', '2026-03-01T25:00Z', '2026-03-01T12:30']) {
      refuses(condition('DateLessThan', value), SYNTAX)
    }
    for (const value of ['192.0.2.1', '0.0.0.0/0', '::1', '2001:db8::4/127', '192.000.002.5/024', '192.0.2.0/+24'])
      accepts(condition('IpAddress', value))
    for (const value of ['', '192.0.2', '192.0.2.256', '192.0.2.0/33', '2001:db8::/129', '1:2', 'localhost', '::1/']) {
      refuses(condition('IpAddress', value), SYNTAX)
    }
    // As IAM refuses them (recorded): bits behind the prefix of IPv6, and IPv6 that is not in hexadecimal.
    for (const value of ['2001:db8::5/64', '::ffff:192.0.2.1/128']) refuses(condition('IpAddress', value), SYNTAX)
    for (const value of ['arn:aws:iam::111122223333:role/x', '*']) accepts(condition('ArnLike', value))
    refuses(condition('ArnLike', 'not-an-arn'), SYNTAX)
    for (const value of ['A', '====', 'AB==C']) refuses(condition('BinaryEquals', value), SYNTAX)
  })

  test('may have a variable for a value of Bool, in the version that knows variables (G-3, W-2)', () => {
    const value = (operator: string) => ({ ...STATEMENT, Condition: { [operator]: { 'aws:x': `\${aws:y}` } } })
    accepts({ Version: '2012-10-17', Statement: value('Bool') })
    refuses({ Version: '2008-10-17', Statement: value('Bool') }, SYNTAX)
    refuses({ Statement: value('Bool') }, SYNTAX)
  })

  test('has no variables for numbers, dates, addresses and bytes (W-2)', () => {
    for (const operator of ['NumericLessThan', 'DateLessThan', 'IpAddress', 'BinaryEquals', 'Null']) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the policy language
      refuses(condition(operator, '${aws:y}'), SYNTAX)
    }
  })

  test('may name keys that nobody knows (C-11)', () => {
    accepts(condition('StringEquals', 'x', 'custom:key'))
  })

  test('with ForAllValues on a single-valued key is overly permissive (V-6)', () => {
    const text = (noun: string) =>
      'OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests ' +
      `without the specified ${noun} or with an unspecified ${noun}. To fix, remove ForAllValues.`
    const names = ['kms:EncryptionContext:tenant', 'KMS:encryptioncontext:Tenant']
    for (const name of names) refuses(condition('ForAllValues:StringEquals', 'x', name), text('encryption context'))
    refuses(condition('ForAllValues:StringLikeIfExists', 'x', 'aws:RequestTag/team'), text('tag'))
    accepts(condition('ForAnyValue:StringEquals', 'x', 'kms:EncryptionContext:tenant'))
    accepts(condition('ForAllValues:StringEquals', 'x', 'kms:EncryptionContextKeys'))
    accepts(condition('ForAllValues:StringEquals', 'x', 'aws:TagKeys'))
  })
})
