/** Which policies IAM and STS accept, and what they say of others (authorization.md 1.1, 1.6 second list, 8.3). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KmsError } from '../../../src/base/errors.ts'
import { readIdentityPolicy, readSessionPolicy } from '../../../src/domain/policy/identity-policy.ts'
import { readTrustPolicy } from '../../../src/domain/policy/trust-policy.ts'

type Read = (text: string) => string

function textOf(policy: object | string): string {
  return typeof policy === 'string' ? policy : JSON.stringify(policy)
}

function accepts(read: Read, policy: object | string): void {
  const text = textOf(policy)
  assert.equal(read(text), text)
}

function refuses(read: Read, policy: object | string, message: string): void {
  assert.throws(
    () => read(textOf(policy)),
    (error) => {
      assert.ok(error instanceof KmsError, String(error))
      assert.deepEqual(
        { code: error.code, text: error.text },
        { code: 'MalformedPolicyDocument', text: message },
        textOf(policy),
      )
      return true
    },
  )
}

const STATEMENT = { Effect: 'Allow', Action: 'kms:*', Resource: '*' }
const TRUST = { Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: 'sts:AssumeRole' }

function identity(changes: object): object {
  return { Version: '2012-10-17', Statement: [{ ...STATEMENT, ...changes }] }
}

function trust(changes: object): object {
  return { Version: '2012-10-17', Statement: [{ ...TRUST, ...changes }] }
}

const NO_JSON = 'This policy contains invalid Json'
const SYNTAX = 'Syntax errors in policy.'
const LEGACY = 'The policy failed legacy parsing'
const ALL: readonly Read[] = [readIdentityPolicy, readSessionPolicy, readTrustPolicy]

describe('every kind', () => {
  test('is JSON, with each member once', () => {
    for (const read of ALL) {
      const message = read === readIdentityPolicy ? SYNTAX : NO_JSON
      for (const text of ['', '{', '{"Statement":[],}', '\ufeff{}', 'x']) refuses(read, text, message)
      refuses(read, '{"Version":"2012-10-17","Version":"2012-10-17","Statement":{}}', SYNTAX)
      refuses(read, '[]', SYNTAX)
    }
  })

  test('has statements with known members', () => {
    for (const read of ALL) {
      const sound = read === readTrustPolicy ? TRUST : STATEMENT
      const withStatement = (Statement: unknown) => ({ Version: '2012-10-17', Statement })
      accepts(read, withStatement(sound))
      accepts(read, withStatement([sound, sound]))
      for (const Statement of [undefined, [], 'x', [1], { ...sound, effect: 'Allow' }, { ...sound, Effect: 'x' }]) {
        refuses(read, withStatement(Statement), SYNTAX)
      }
      refuses(read, withStatement({ ...sound, Effect: 'allow' }), LEGACY)
      refuses(read, { Version: '2012-10-18', Statement: sound }, SYNTAX)
      refuses(read, withStatement({ ...sound, NotAction: 'sts:*' }), SYNTAX)
      refuses(read, withStatement({ ...sound, Condition: { StringIs: { k: 'x' } } }), SYNTAX)
      refuses(read, withStatement({ ...sound, Condition: { NullIfExists: { k: 'true' } } }), SYNTAX)
      refuses(read, withStatement({ ...sound, Condition: { Bool: { k: 'maybe' } } }), SYNTAX)
      refuses(read, withStatement({ ...sound, Condition: { DateLessThan: { k: 'soon' } } }), LEGACY)
      accepts(read, withStatement({ ...sound, Condition: { NumericLessThan: { 'custom:key': 5 } } }))
    }
  })

  test('has Sids of letters and digits, each once (G-7)', () => {
    for (const read of ALL) {
      const sound = read === readTrustPolicy ? TRUST : STATEMENT
      const withSids = (...sids: string[]) => ({
        Version: '2012-10-17',
        Statement: sids.map((Sid) => ({ ...sound, Sid })),
      })
      accepts(read, withSids('A1', 'b', '', ''))
      refuses(read, withSids('A', 'A'), 'Statement IDs (SID) in a single policy must be unique.')
      const text =
        'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*'
      refuses(read, withSids('with space'), text)
    }
  })
})

describe('an identity policy', () => {
  test('is of the version of 2012', () => {
    const text = 'Policy document must be version 2012-10-17 or greater.'
    refuses(readIdentityPolicy, { Statement: STATEMENT }, text)
    refuses(readIdentityPolicy, { Version: '2008-10-17', Statement: STATEMENT }, text)
    accepts(readSessionPolicy, { Statement: STATEMENT })
    accepts(readTrustPolicy, { Version: '2008-10-17', Statement: TRUST })
  })

  test('names no principal (G-5)', () => {
    for (const read of [readIdentityPolicy, readSessionPolicy]) {
      for (const Principal of ['*', { AWS: [] }]) {
        refuses(read, identity({ Principal }), 'Policy document should not specify a principal.')
      }
      refuses(
        read,
        identity({ Effect: 'Deny', NotPrincipal: { AWS: '*' } }),
        'Policy document should not specify a principal.',
      )
    }
    refuses(readSessionPolicy, { ...identity({}), Id: 'x' }, SYNTAX)
    accepts(readTrustPolicy, { ...trust({}), Id: 'x' })
  })

  test('has actions of a service', () => {
    for (const Action of ['*', 'KMS:decrypt', ['kms:Get*', 's3:?etObject'], 'execute-api:Invoke']) {
      accepts(readIdentityPolicy, identity({ Action }))
    }
    accepts(readIdentityPolicy, identity({ Action: undefined, NotAction: 'kms:*' }))
    const missing = 'Policy statement must contain actions.'
    refuses(readIdentityPolicy, identity({ Action: undefined }), missing)
    refuses(readIdentityPolicy, identity({ Action: [] }), missing)
    const vendor = 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.'
    refuses(readIdentityPolicy, identity({ Action: 'Decrypt' }), vendor)
    refuses(readIdentityPolicy, identity({ Action: '' }), vendor)
    refuses(readIdentityPolicy, identity({ Action: 'kms:a:b' }), 'Actions/Condition can contain only one colon.')
    refuses(readIdentityPolicy, identity({ Action: 'k*:x' }), 'Vendor k* is not valid')
    refuses(readIdentityPolicy, identity({ Action: 'kms:De crypt' }), SYNTAX)
    refuses(readIdentityPolicy, identity({ Action: 1 }), SYNTAX)
  })

  test('has resources that are ARNs', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the policy language
    const variable = 'arn:aws:iam::111122223333:user/${aws:username}'
    const plain = ['*', 'arn:aws:kms:*:*:key/*', ['arn:aws-cn:iam::111122223333:user/x'], variable]
    const anyPartition = ['arn:*:kms:*:*:key/*', 'arn:aws*:iam::*:role/x', 'arn:aws-??:kms:*:*:*']
    for (const Resource of [...plain, ...anyPartition]) accepts(readIdentityPolicy, identity({ Resource }))
    accepts(readIdentityPolicy, identity({ Resource: undefined, NotResource: '*' }))
    const missing = 'Policy statement must contain resources.'
    refuses(readIdentityPolicy, identity({ Resource: undefined }), missing)
    refuses(readIdentityPolicy, identity({ Resource: [] }), missing)
    refuses(readIdentityPolicy, identity({ Resource: 'key/x' }), 'Resource key/x must be in ARN format or "*".')
    const partition = 'Partition "x" is not valid for resource "arn:x:kms:*:*:*".'
    refuses(readIdentityPolicy, identity({ Resource: 'arn:x:kms' }), partition)
    const none = 'Partition "x*" is not valid for resource "arn:x*:kms:*:*:*".'
    refuses(readIdentityPolicy, identity({ Resource: 'arn:x*:kms' }), none)
    const vendor = 'Resource vendor must be fully qualified and cannot contain regexes.'
    refuses(readIdentityPolicy, identity({ Resource: 'arn:aws:k*:eu-west-1:111122223333:key/x' }), vendor)
    refuses(readIdentityPolicy, identity({ Resource: 'arn:aws' }), vendor)
    refuses(readIdentityPolicy, identity({ Resource: 'arn:aws:kms:eu-west-1' }), LEGACY)
  })
})

describe('a trust policy', () => {
  test('names whom it trusts', () => {
    const provider = 'arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com'
    const trusted = [
      '*',
      { AWS: ['arn:aws:iam::111122223333:user/alice', 'AROAEXAMPLEEXAMPLE001'] },
      { Service: 'ec2.amazonaws.com' },
      { Federated: provider },
      { Federated: ['accounts.google.com', 'issuer.example:8443/realms/x'] },
      { Federated: 'arn:aws:iam::111122223333:saml-provider/corp' },
    ]
    for (const Principal of trusted) accepts(readTrustPolicy, trust({ Principal }))
    refuses(readTrustPolicy, trust({ Principal: undefined }), 'Missing required field Principal')
    // What Terraform makes of a list variable that is empty is `{"AWS": []}`, and IAM was seen to answer it so.
    for (const Principal of [{}, { AWS: [] }, { AWS: [], Federated: [] }]) {
      refuses(readTrustPolicy, trust({ Principal }), 'The passed in policy has a statement with no principals!')
    }
    refuses(readTrustPolicy, trust({ Principal: { AWS: [], Service: 'ec2.amazonaws.com' } }), SYNTAX)
    const group = 'arn:aws:iam::111122223333:group/admins'
    refuses(readTrustPolicy, trust({ Principal: { AWS: group } }), `Invalid principal in policy: "AWS":"${group}"`)
    refuses(readTrustPolicy, trust({ Principal: { AWS: 'x' } }), 'Invalid principal in policy: "AWS":"x"')
    refuses(readTrustPolicy, trust({ Principal: { Federated: '*' } }), 'Invalid principal in policy: "Federated":"*"')
    refuses(readTrustPolicy, trust({ Principal: ['111122223333'] }), SYNTAX)
  })

  test('has no NotPrincipal (P-11) and no Resource (G-5)', () => {
    refuses(readTrustPolicy, trust({ Principal: undefined, NotPrincipal: { AWS: '*' }, Effect: 'Deny' }), SYNTAX)
    refuses(readTrustPolicy, trust({ Resource: '*' }), 'Has prohibited field Resource')
    refuses(readTrustPolicy, trust({ NotResource: '*' }), 'Has prohibited field Resource')
  })

  test('is about assuming the role alone', () => {
    for (const Action of ['sts:AssumeRole', ['STS:TagSession', 'sts:SetSourceIdentity'], 'sts:*']) {
      accepts(readTrustPolicy, trust({ Action }))
    }
    const text = 'AssumeRole policy may only specify STS AssumeRole actions.'
    for (const Action of ['*', 'kms:Decrypt', ['sts:AssumeRole', 's3:*']])
      refuses(readTrustPolicy, trust({ Action }), text)
    refuses(readTrustPolicy, trust({ Action: undefined, NotAction: 'sts:AssumeRole' }), text)
    refuses(readTrustPolicy, trust({ Action: undefined }), 'Policy statement must contain actions.')
  })
})
