/** Operators hear of key policies that allow everybody; nobody is refused for them (authorization.md S-6). */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { openStatements } from '../../src/domain/policy/open-statements.ts'
import { newKey } from '../operations/support.ts'
import { ACCOUNT, createHarness, type Harness, REGION } from '../support/harness.ts'
import { policyOf } from '../support/identities.ts'

const warnings: { readonly fields: Record<string, unknown>; readonly message: string }[] = []
const log = {
  info() {},
  error() {},
  warn: (fields: object, message: string) => void warnings.push({ fields: fields as Record<string, unknown>, message }),
}

let harness: Harness
before(async () => {
  harness = await createHarness({ log })
})
beforeEach(() => {
  warnings.length = 0
})
after(() => harness.close())

const DELEGATION = { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'kms:*', Resource: '*' }
const OPEN = { Effect: 'Allow', Principal: '*', Action: 'kms:Decrypt', Resource: '*' }
const OF_ACCOUNT = { StringEquals: { 'aws:PrincipalAccount': ACCOUNT } }
const Policy = policyOf([DELEGATION, OPEN])

function assertWarnedOf(arn: string): void {
  assert.equal(warnings.length, 1)
  const [{ fields, message }] = warnings as [(typeof warnings)[number]]
  assert.match(message, /allows everybody/)
  assert.deepEqual(
    { key: fields.key, statements: fields.statements, by: fields.by },
    { key: arn, statements: [2], by: `arn:aws:iam::${ACCOUNT}:user/alice` },
  )
}

test('CreateKey with such a policy succeeds and warns', async () => {
  const { Arn } = await newKey(harness, { Policy })
  assertWarnedOf(Arn)
})

test('PutKeyPolicy warns each time, with and without the lockout check', async () => {
  const { KeyId, Arn } = await newKey(harness)
  for (const BypassPolicyLockoutSafetyCheck of [false, true]) {
    warnings.length = 0
    await harness.call('PutKeyPolicy', { KeyId, Policy, BypassPolicyLockoutSafetyCheck })
    assertWarnedOf(Arn)
  }
})

test('ReplicateKey warns of the replica', async () => {
  const { KeyId } = await newKey(harness, { MultiRegion: true })
  await harness.call('ReplicateKey', { KeyId, ReplicaRegion: 'us-east-1', Policy })
  assertWarnedOf(`arn:aws:kms:us-east-1:${ACCOUNT}:key/${KeyId}`)
})

test('what was not stored is not warned of, nor is a policy that names principals or asks conditions', async () => {
  const { KeyId } = await newKey(harness)
  await assert.rejects(harness.call('PutKeyPolicy', { KeyId, Policy: policyOf(OPEN) }), { code: /Malformed/ })
  await assert.rejects(harness.call('CreateKey', { Policy: policyOf([DELEGATION, { ...OPEN, Effect: 'allow' }]) }))
  await harness.call('PutKeyPolicy', { KeyId, Policy: policyOf([DELEGATION, { ...OPEN, Condition: OF_ACCOUNT }]) })
  await harness.call('CreateKey', {}, { region: REGION })
  assert.deepEqual(warnings, [])
})

test('which statements are open', () => {
  const openIn = (statement: object) => openStatements(policyOf(statement)).length === 1
  assert.ok(openIn(OPEN))
  assert.ok(openIn({ ...OPEN, Principal: { AWS: '*' } }))
  assert.ok(openIn({ ...OPEN, Principal: { AWS: ['444455556666', '*'] } }))
  assert.ok(openIn({ ...OPEN, Condition: {} }))
  assert.ok(openIn({ Effect: 'Allow', Principal: '*', NotAction: 'kms:PutKeyPolicy', Resource: '*' }))
  assert.ok(!openIn({ ...OPEN, Effect: 'Deny' }))
  assert.ok(!openIn({ ...OPEN, Condition: OF_ACCOUNT }))
  assert.ok(!openIn({ ...OPEN, Principal: { AWS: '444455556666' } }))
  assert.ok(!openIn({ ...OPEN, Principal: { Service: 'sqs.amazonaws.com' } }))
  assert.ok(!openIn({ Effect: 'Deny', NotPrincipal: { AWS: '*' }, Action: 'kms:*', Resource: '*' }))
  // Without action or resource it has no effect (G-10).
  assert.ok(!openIn({ Effect: 'Allow', Principal: '*', Action: 'kms:*' }))
  assert.ok(!openIn({ Effect: 'Allow', Principal: '*', Resource: '*' }))
})
