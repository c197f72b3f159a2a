/** operations.md 3.39; authorization.md 1.6; audit.md 4.3. The grammar is tested in test/domain/policy. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../support/harness.ts'
import { assertFails, assertValidation, constraint, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const POLICY = '{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:*"],"Resource":"*"}]}'

const policyOf = async (KeyId: string) => (await harness.call('GetKeyPolicy', { KeyId })).Policy

test('PutKeyPolicy replaces the policy, answers nothing, and GetKeyPolicy prints it', async () => {
  const { KeyId } = await newKey(harness)
  for (const body of [{}, { PolicyName: 'default', BypassPolicyLockoutSafetyCheck: true }]) {
    assert.equal(await harness.call('PutKeyPolicy', { KeyId, Policy: POLICY, ...body }), undefined)
    assert.equal(
      await policyOf(KeyId),
      `{
  "Statement" : [ {
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:*" ],
    "Resource" : "*"
  } ]
}`,
    )
  }
})

test('what GetKeyPolicy prints can be put again and prints the same', async () => {
  const { KeyId } = await newKey(harness)
  const escaped = POLICY.replace('"Effect"', '"Sid":"\\u20ac \\n \\u00e4 \\"","Effect"')
  await harness.call('PutKeyPolicy', { KeyId, Policy: escaped })
  const printed = await policyOf(KeyId)
  assert.deepEqual(JSON.parse(printed), JSON.parse(escaped))
  await harness.call('PutKeyPolicy', { KeyId, Policy: printed })
  assert.equal(await policyOf(KeyId), printed)
})

test('a refused policy leaves the old one in force', async () => {
  const { KeyId } = await newKey(harness)
  const put = (Policy: string) => harness.call('PutKeyPolicy', { KeyId, Policy })
  const before = await policyOf(KeyId)
  const malformed = 'MalformedPolicyDocumentException'
  await assertFails(put('no JSON'), malformed, 'The policy is not valid JSON.')
  await assertFails(put('{"Statement":[]}'), malformed, 'Syntax errors in policy.')
  await assertFails(
    put('{"Statement":{"Effect":"Allow"}}'),
    malformed,
    'Policy contains a statement with no principal.',
  )
  await assertFails(
    put(POLICY.replace('"AWS":"*"', '"AWS":"nobody"')),
    malformed,
    'Policy contains a statement with one or more invalid principals.',
  )
  await assertFails(
    put(POLICY.replace('"AWS":"*"', '"AWS":"arn:aws:iam"')),
    'InvalidArnException',
    'An ARN in the specified key policy is invalid.',
  )
  assert.equal(await policyOf(KeyId), before)
})

test('32,768 bytes are accepted, one more is over the quota', async () => {
  const { KeyId } = await newKey(harness)
  const fill = (bytes: number) => POLICY.replace('"Effect"', `"Sid":"${'s'.repeat(bytes)}","Effect"`)
  const overhead = fill(0).length
  assert.equal(await harness.call('PutKeyPolicy', { KeyId, Policy: fill(32_768 - overhead) }), undefined)
  await assertFails(
    harness.call('PutKeyPolicy', { KeyId, Policy: fill(32_769 - overhead) }),
    'LimitExceededException',
    'Key policy size quota for this account in this region is 32768, current usage is 32769.',
  )
  // Bytes count, not characters.
  const umlauts = POLICY.replace('"Effect"', `"Sid":"${'ä'.repeat(16_384)}","Effect"`)
  await assert.rejects(harness.call('PutKeyPolicy', { KeyId, Policy: umlauts }), { code: 'LimitExceededException' })
})

test('the policy is required, and has another name than default never', async () => {
  const { KeyId } = await newKey(harness)
  await assertValidation(harness.call('PutKeyPolicy', { KeyId }), constraint('null', 'policy', 'not be null'))
  await assertFails(
    harness.call('PutKeyPolicy', { KeyId, Policy: POLICY, PolicyName: 'mine' }),
    'UnsupportedOperationException',
    'Only default policy is supported',
  )
  await assertValidation(
    harness.call('PutKeyPolicy', { KeyId, Policy: POLICY, PolicyName: 'a-b' }),
    constraint("'a-b'", 'policyName', 'satisfy regular expression pattern: [\\w]+'),
  )
})

test('the audit record holds the full text and effective defaults', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('PutKeyPolicy', { KeyId, Policy: POLICY })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'PutKeyPolicy',
    readOnly: false,
    requestParameters: {
      keyId: KeyId,
      policyName: 'default',
      policy: POLICY,
      bypassPolicyLockoutSafetyCheck: false,
    },
    responseElements: null,
    resources: [resource(Arn)],
  })
})
