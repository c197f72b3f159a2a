/** What the audit log says of services (audit.md sections 1 and 2, AU-5). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { throughService } from '../../src/auth/service-calls.ts'
import { servicePrincipal } from '../../src/domain/identity/services.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT, REGION, userOf } from '../support/harness.ts'

const SERVICE = 's3.amazonaws.com'
const service = servicePrincipal(SERVICE, 'AKIAEXAMPLEEXAMPLE77')

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const Plaintext = Buffer.from('x').toString('base64')

/** A key of the account that the service may use for it. */
async function keyOf(account: string): Promise<string> {
  const Statement = [
    { Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:*', Resource: '*' },
    { Effect: 'Allow', Principal: { Service: SERVICE }, Action: ['kms:Encrypt', 'kms:ReEncrypt*'], Resource: '*' },
  ]
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
  return (await harness.call('CreateKey', { Policy }, { account })).KeyMetadata.Arn
}

/** Records that came since. */
function recordsSince(count: number): Answer[] {
  return harness.auditRecords().slice(count)
}

test('a service that calls for itself: its name for caller, address and program, and the key’s account for recipient', async () => {
  const KeyId = await keyOf(ACCOUNT)
  const count = harness.auditLines.length
  await harness.callAs(service, 'Encrypt', { KeyId, Plaintext })
  const [record, ...others] = recordsSince(count)
  assert.deepEqual(others, [])
  assert.deepEqual(record.userIdentity, { type: 'AWSService', invokedBy: SERVICE })
  assert.deepEqual([record.sourceIPAddress, record.userAgent], [SERVICE, SERVICE])
  assert.equal(record.recipientAccountId, ACCOUNT)
  assert.deepEqual(record.resources, [{ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN: KeyId }])
  assert.equal(record.sharedEventID, undefined)
  // An operator can still find out where it really came from.
  assert.deepEqual(record.additionalEventData.service, { sourceIPAddress: '127.0.0.1', userAgent: 'harness' })
})

test('keys of two accounts: each has its own copy, and sees its own key alone', async () => {
  const [SourceKeyId, DestinationKeyId] = [await keyOf(ACCOUNT), await keyOf(OTHER_ACCOUNT)]
  const { CiphertextBlob } = await harness.callAs(service, 'Encrypt', { KeyId: SourceKeyId, Plaintext })
  const count = harness.auditLines.length
  await harness.callAs(service, 'ReEncrypt', { CiphertextBlob, SourceKeyId, DestinationKeyId })
  const records = recordsSince(count)
  const seen = records.map(({ recipientAccountId, resources }) => [
    recipientAccountId,
    resources.map(({ ARN }: { ARN: string }) => ARN),
  ])
  assert.deepEqual(seen, [
    [ACCOUNT, [SourceKeyId]],
    [OTHER_ACCOUNT, [DestinationKeyId]],
  ])
  assert.equal(new Set(records.map(({ sharedEventID }) => sharedEventID)).size, 1)
  assert.ok(records[0].sharedEventID)
})

test('a service that is refused: no account is told, no key is named', async () => {
  const { KeyMetadata } = await harness.call('CreateKey')
  const count = harness.auditLines.length
  await assert.rejects(harness.callAs(service, 'Encrypt', { KeyId: KeyMetadata.Arn, Plaintext }), {
    code: 'AccessDeniedException',
  })
  const [record, ...others] = recordsSince(count)
  assert.deepEqual(others, [])
  assert.deepEqual([record.errorCode, record.recipientAccountId, record.resources], ['AccessDenied', undefined, []])
  assert.equal(record.additionalEventData.authorization.missing, 'resource-based policy')
})

test('a user through a service: the user’s identity with invokedBy, from the service’s address', async () => {
  const { KeyMetadata } = await harness.call('CreateKey')
  const alice = userOf(ACCOUNT)
  const count = harness.auditLines.length
  await harness.callAs(throughService(alice, SERVICE), 'Encrypt', { KeyId: KeyMetadata.Arn, Plaintext })
  const [record] = recordsSince(count)
  assert.deepEqual(record.userIdentity, {
    type: 'IAMUser',
    principalId: alice.principalId,
    arn: alice.arn,
    accountId: ACCOUNT,
    accessKeyId: alice.accessKeyId,
    userName: 'alice',
    invokedBy: SERVICE,
  })
  assert.deepEqual([record.sourceIPAddress, record.recipientAccountId], [SERVICE, ACCOUNT])
})

test('the first use of an AWS managed key through its service makes the key and its event, and then the call', async () => {
  const through = throughService(userOf(ACCOUNT), SERVICE)
  const count = harness.auditLines.length
  const answer = await harness.callAs(through, 'GenerateDataKey', { KeyId: 'alias/aws/s3', KeySpec: 'AES_256' })
  const [made, used] = recordsSince(count)
  assert.deepEqual([made.eventType, made.eventName], ['AwsServiceEvent', 'CreateKey'])
  assert.deepEqual([used.eventName, used.resources[0].ARN], ['GenerateDataKey', answer.KeyId])
  const { Aliases } = await harness.call('ListAliases', { KeyId: answer.KeyId })
  assert.equal(Aliases[0].AliasName, 'alias/aws/s3')
  const { KeyMetadata } = await harness.call('DescribeKey', { KeyId: answer.KeyId })
  assert.deepEqual([KeyMetadata.KeyManager, KeyMetadata.Arn.split(':')[3]], ['AWS', REGION])
})
