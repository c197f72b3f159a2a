/** operations.md 3.27; lifecycle.md POL-1, POL-2; audit.md 4.2. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT, createHarness, type Harness } from '../support/harness.ts'
import { givenUser, policyOf } from '../support/identities.ts'
import { assertFails, lastRecord, memberNames, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const DEFAULT_POLICY = `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::${ACCOUNT}:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`

test('GetKeyPolicy answers the default policy as AWS prints it', async () => {
  const { KeyId, Arn } = await newKey(harness)
  for (const body of [{ KeyId }, { KeyId: Arn, PolicyName: 'default' }]) {
    const answer = await harness.call('GetKeyPolicy', body)
    assert.deepEqual(memberNames(answer), ['Policy', 'PolicyName'])
    assert.equal(answer.Policy, DEFAULT_POLICY)
    assert.equal(answer.PolicyName, 'default')
  }
})

test('in a Region of China the account is named in its partition', async () => {
  const caller = { region: 'cn-north-1' }
  const { KeyId } = await newKey(harness, {}, caller)
  const { Policy } = await harness.call('GetKeyPolicy', { KeyId }, caller)
  assert.equal(JSON.parse(Policy).Statement[0].Principal.AWS, `arn:aws-cn:iam::${ACCOUNT}:root`)
})

// Terraform waits until it reads the policy that it put.
test('users and roles come back in the partition of the Region', async () => {
  const bob = await givenUser(harness.store, ACCOUNT, 'bob')
  for (const [region, partition] of [
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['eu-west-1', 'aws'],
  ] as const) {
    const { KeyId } = await newKey(harness, {}, { region })
    const named = (arn: string) => arn.replace('arn:aws:', `arn:${partition}:`)
    const AWS = [named(`arn:aws:iam::${ACCOUNT}:root`), named(bob.arn)]
    const Policy = policyOf({ Effect: 'Allow', Principal: { AWS }, Action: 'kms:*', Resource: '*' })
    await harness.call('PutKeyPolicy', { KeyId, Policy }, { region })
    const answer = await harness.call('GetKeyPolicy', { KeyId }, { region })
    assert.deepEqual(JSON.parse(answer.Policy), JSON.parse(Policy))
  }
})

test('there is no policy of another name', async () => {
  const { KeyId } = await newKey(harness)
  await assertFails(
    harness.call('GetKeyPolicy', { KeyId, PolicyName: 'Default' }),
    'NotFoundException',
    'No such policy exists',
  )
})

test('the audit record holds key and policy name', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('GetKeyPolicy', { KeyId, PolicyName: 'default' })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'GetKeyPolicy',
    readOnly: true,
    requestParameters: { keyId: KeyId, policyName: 'default' },
    responseElements: null,
    resources: [resource(Arn)],
  })
})
