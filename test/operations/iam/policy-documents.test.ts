/** Identity policies that IAM takes and refuses, with what AWS was recorded to say of each (authorization.md 1.6). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../../support/harness.ts'
import { assertFails } from '../support.ts'
import { callIam } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

let made = 0
function create(PolicyDocument: string) {
  made += 1
  return callIam(harness, 'CreatePolicy', { PolicyName: `p${made}`, PolicyDocument })
}

const VERSION = '2012-10-17'
const BUCKET = 'arn:aws:s3:::bucket'
const BASE = { Effect: 'Allow', Action: 's3:ListBucket', Resource: BUCKET }
const NO_RESOURCE = { Effect: 'Allow', Action: 's3:ListBucket' }

function policy(Statement: unknown, more: object = {}) {
  return JSON.stringify({ Version: VERSION, Statement, ...more })
}

const statement = (change: object) => policy({ ...BASE, ...change })

const SYNTAX = 'Syntax errors in policy.'
const TOO_OLD = 'Policy document must be version 2012-10-17 or greater.'
const NO_VENDOR = 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.'
const COLONS = 'Actions/Condition can contain only one colon.'
const NO_ACTIONS = 'Policy statement must contain actions.'
const NO_RESOURCES = 'Policy statement must contain resources.'
const LEGACY = 'The policy failed legacy parsing'

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['text that is no JSON', 'no policy', SYNTAX],
  ['no version', JSON.stringify({ Statement: BASE }), TOO_OLD],
  ['the old version', policy(BASE, { Version: '2008-10-17' }), TOO_OLD],
  ['a version that never was', policy(BASE, { Version: '2013-10-17' }), SYNTAX],
  ['no statement member', JSON.stringify({ Version: VERSION }), SYNTAX],
  ['no statement', policy([]), SYNTAX],
  ['a statement that is a text', policy(['x']), SYNTAX],
  ['an unknown member', policy(BASE, { Extra: 'x' }), SYNTAX],
  ['an unknown member of a statement', statement({ Extra: 'x' }), SYNTAX],
  ['an Id that is a list', policy(BASE, { Id: ['x'] }), SYNTAX],
  ['an unknown effect', statement({ Effect: 'Perhaps' }), SYNTAX],
  ['no effect', policy({ Action: 's3:*', Resource: '*' }), SYNTAX],
  ['an action without a vendor', statement({ Action: 'ListBucket' }), NO_VENDOR],
  ['an empty NotAction', policy({ Effect: 'Allow', NotAction: '', Resource: BUCKET }), NO_VENDOR],
  ['a vendor with a blank', statement({ Action: 'a a:ListBucket' }), 'Vendor a a is not valid'],
  ['an action with two colons', statement({ Action: 's3:List:Bucket' }), COLONS],
  [
    'a resource that is no ARN',
    statement({ Resource: 'my bucket' }),
    'Resource my bucket must be in ARN format or "*".',
  ],
  ['an empty resource', statement({ Resource: '' }), 'Resource  must be in ARN format or "*".'],
  [
    'a bad resource before a bad action',
    statement({ Action: 's:3:List', Resource: 'x' }),
    'Resource x must be in ARN format or "*".',
  ],
  ['a resource in a list', statement({ Resource: ['x'] }), 'Resource x must be in ARN format or "*".'],
  [
    'a bad date below an old version',
    JSON.stringify({ Statement: { ...BASE, Condition: { DateEquals: { a: 'x' } } } }),
    TOO_OLD,
  ],
  [
    'an effect in the wrong case, and one Sid twice',
    policy([
      { ...BASE, Sid: 's', Effect: 'aLLow' },
      { Sid: 's', Effect: 'Allow' },
    ]),
    LEGACY,
  ],
  [
    'a resource without its first part',
    statement({ Resource: 'aws:s3:::bucket' }),
    'Partition "s3" is not valid for resource "arn:s3:::bucket:*".',
  ],
  [
    'a resource of two strange parts',
    statement({ Resource: 'a:b' }),
    'Partition "b" is not valid for resource "arn:b:*:*:*:*".',
  ],
  [
    'a resource of many strange parts',
    statement({ Resource: 'a:b:c:d:e:f:g:h' }),
    'Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".',
  ],
  [
    'an unknown partition',
    statement({ Resource: 'arn:error:s3:::bucket' }),
    'Partition "error" is not valid for resource "arn:error:s3:::bucket".',
  ],
  ['no resource', policy(NO_RESOURCE), NO_RESOURCES],
  ['an empty list of resources', statement({ Resource: [] }), NO_RESOURCES],
  ['neither a vendor nor a resource', policy({ Effect: 'Allow', Action: 'x' }), NO_RESOURCES],
  ['no action', policy({ Effect: 'Allow', Resource: BUCKET }), NO_ACTIONS],
  ['an empty list of actions', statement({ Action: [] }), NO_ACTIONS],
  ['nothing but an effect', policy([{ Effect: 'Deny' }, BASE]), NO_ACTIONS],
  ['a resource of five parts', statement({ Resource: 'arn:aws:s3::bucket' }), LEGACY],
  [
    'a resource of two parts',
    statement({ Resource: 'arn:aws' }),
    'Resource vendor must be fully qualified and cannot contain regexes.',
  ],
  ['resources as an object', statement({ Resource: { a: BUCKET } }), SYNTAX],
  ['an object among the resources', statement({ Resource: ['x', {}] }), SYNTAX],
  ['Resource and NotResource', statement({ NotResource: '*' }), SYNTAX],
  ['Action and NotAction', statement({ NotAction: 's3:*' }), SYNTAX],
  ['a list among the actions', statement({ Action: [[]] }), SYNTAX],
  ['conditions as a list', statement({ Condition: [] }), SYNTAX],
  ['conditions as a text', statement({ Condition: 'a' }), SYNTAX],
  ['an operator that is a text', statement({ Condition: { StringEquals: 'b' } }), SYNTAX],
  ['an operator that is a list', statement({ Condition: { StringEquals: [] } }), SYNTAX],
  ['a condition value that is an object', statement({ Condition: { StringEquals: { a: {} } } }), SYNTAX],
  ['an unknown operator', statement({ Condition: { x: { a: '1' } } }), SYNTAX],
  ['a set operator with two colons', statement({ Condition: { 'ForAnyValue::StringEquals': { a: 'b' } } }), SYNTAX],
  ['a Sid that is an object', statement({ Sid: {} }), SYNTAX],
  [
    'one Sid twice',
    policy([
      { ...BASE, Sid: 's' },
      { Sid: 's', Effect: 'Allow' },
    ]),
    'Statement IDs (SID) in a single policy must be unique.',
  ],
  ['a date that is none', statement({ Condition: { DateGreaterThan: { a: 'x' } } }), LEGACY],
  [
    'a bad date where actions are missing',
    policy({ Effect: 'Allow', Condition: { DateGreaterThan: { a: 'x' } } }),
    LEGACY,
  ],
  ['an effect in small letters', statement({ Effect: 'denY' }), LEGACY],
  ['an old version before anything else', JSON.stringify({ Statement: { ...BASE, Effect: 'denY' } }), TOO_OLD],
]

for (const [what, document, text] of REFUSED) {
  test(`a policy with ${what} is malformed`, () => assertFails(create(document), 'MalformedPolicyDocument', text))
}

const TAKEN: readonly (readonly [string, string])[] = [
  ['one statement', policy(BASE)],
  ['a list of statements', policy([BASE])],
  ['an Id', policy(BASE, { Id: 'x' })],
  ['several resources, everything among them', statement({ Resource: [BUCKET, '*'] })],
  ['every action', statement({ Action: '*' })],
  [
    'services that there are not',
    statement({ Action: 'nonsense:*', Resource: 'arn:aws:no-such-service:eu-west-1::x' }),
  ],
  ['vendors with hyphens and dots', statement({ Action: ['s3-s:List', 's3.s:List'] })],
  ['NotAction and NotResource', policy({ Effect: 'Deny', NotAction: 's3:*', NotResource: [BUCKET] })],
  ['no conditions', statement({ Condition: {} })],
  ['dates', statement({ Condition: { DateGreaterThan: { 'aws:CurrentTime': '2017-07-01T00:00:00Z' } } })],
  ['set operators', statement({ Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'k' } } })],
  ['IfExists', statement({ Condition: { 'ForAnyValue:StringEqualsIfExists': { a: 'b' } } })],
  ['some statements with a Sid', policy([{ ...BASE, Sid: 'one' }, BASE])],
]

for (const [what, document] of TAKEN) {
  test(`a policy with ${what} is taken and given back as it is`, async () => {
    const { Policy } = await create(document)
    const { PolicyVersion } = await callIam(harness, 'GetPolicyVersion', { PolicyArn: Policy.Arn, VersionId: 'v1' })
    assert.equal(decodeURIComponent(PolicyVersion.Document), document)
  })
}
