/** The forms of a statement: authorization.md 1.1, 1.2. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readKeyPolicy } from '../../../src/domain/policy/key-policy.ts'
import { summarisePolicy } from '../../../src/domain/policy/policy-summary.ts'

const ALICE = 'arn:aws:iam::111122223333:user/alice'

function summaryOf(statement: object | readonly object[]) {
  return summarisePolicy(readKeyPolicy(JSON.stringify({ Version: '2012-10-17', Statement: statement })))
}

const PLAIN = { exceptPrincipals: false, exceptActions: false, hasConditions: false, isOpen: false }

test('one statement or a list, one principal or several, of any type', () => {
  const Principal = { AWS: [ALICE, '444455556666'], Service: 'sqs.amazonaws.com' }
  assert.deepEqual(
    summaryOf([
      { Effect: 'Allow', Principal, Action: ['kms:Decrypt', 'kms:Encrypt'], Resource: '*' },
      { Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' },
    ]),
    [
      {
        ...PLAIN,
        effect: 'Allow',
        principals: [ALICE, '444455556666', 'sqs.amazonaws.com'],
        actions: ['kms:Decrypt', 'kms:Encrypt'],
      },
      { ...PLAIN, effect: 'Allow', principals: ['*'], actions: ['kms:*'], isOpen: true },
    ],
  )
  assert.equal(summaryOf({ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }).length, 1)
})

test('what a statement leaves out is told from what it names', () => {
  assert.deepEqual(summaryOf({ Effect: 'Deny', NotPrincipal: { AWS: ALICE }, NotAction: 'kms:List*', Resource: '*' }), [
    {
      effect: 'Deny',
      principals: [ALICE],
      exceptPrincipals: true,
      isOpen: false,
      actions: ['kms:List*'],
      exceptActions: true,
      hasConditions: false,
    },
  ])
})

test('conditions are mentioned, and a statement without actions has none', () => {
  const Condition = { StringEquals: { 'kms:CallerAccount': '111122223333' } }
  assert.deepEqual(summaryOf({ Effect: 'Allow', Principal: '*', Resource: '*', Condition }), [
    { ...PLAIN, effect: 'Allow', principals: ['*'], actions: [], hasConditions: true },
  ])
})
