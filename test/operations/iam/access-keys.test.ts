/** authorization.md 6.1, 6.6, 6.8; texts as AWS was recorded to answer. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT, userOf } from '../../support/harness.ts'
import { assertFails, assertValidation, constraint, lastRecord, memberNames } from '../support.ts'
import {
  asRole,
  asRoot,
  callIam,
  iamArn,
  newUser,
  notAllowed,
  policyDocument,
  shownName,
  TRUST_POLICY,
} from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const NON_USER = 'Must specify userName when calling with non-User credentials'

function noSuchKey(id: string) {
  return ['NoSuchEntity', `The Access Key with id ${id} cannot be found.`] as const
}

async function newKey(UserName: string) {
  return (await callIam(harness, 'CreateAccessKey', { UserName })).AccessKey
}

test('CreateAccessKey answers a key of AWS form and its secret, once', async () => {
  await newUser(harness, 'bob')
  const AccessKey = await newKey('bob')
  assert.deepEqual(memberNames(AccessKey), ['AccessKeyId', 'CreateDate', 'SecretAccessKey', 'Status', 'UserName'])
  assert.match(AccessKey.AccessKeyId, /^AKIA[A-Z2-7]{16}$/)
  assert.match(AccessKey.SecretAccessKey, /^[A-Za-z0-9+/]{40}$/)
  assert.equal(AccessKey.Status, 'Active')
  assert.equal(AccessKey.UserName, 'bob')
  const { AccessKeyMetadata, IsTruncated } = await callIam(harness, 'ListAccessKeys', { UserName: 'bob' })
  const { SecretAccessKey: _secret, ...metadata } = AccessKey
  assert.deepEqual(AccessKeyMetadata, [metadata])
  assert.equal(IsTruncated, false)
})

test('the secret is in no audit record, and the record names the key', async () => {
  await newUser(harness, 'carol')
  const AccessKey = await newKey('carol')
  const { responseElements, requestParameters, readOnly } = lastRecord(harness)
  assert.deepEqual(requestParameters, { userName: 'carol' })
  assert.equal(readOnly, false)
  assert.deepEqual(responseElements, {
    accessKey: {
      userName: 'carol',
      accessKeyId: AccessKey.AccessKeyId,
      status: 'Active',
      createDate: 'Mar 1, 2026, 12:00:00 PM',
    },
  })
  for (const line of harness.auditLines) assert.ok(!line.includes(AccessKey.SecretAccessKey))
})

test('a user has at most two access keys, inactive ones included', async () => {
  await newUser(harness, 'dora')
  const { AccessKeyId } = await newKey('dora')
  await newKey('dora')
  await callIam(harness, 'UpdateAccessKey', { UserName: 'dora', AccessKeyId, Status: 'Inactive' })
  await assertFails(newKey('dora'), 'LimitExceeded', 'Cannot exceed quota for AccessKeysPerUser: 2')
  await callIam(harness, 'DeleteAccessKey', { UserName: 'dora', AccessKeyId })
  await newKey('dora')
})

test('requests at the same time make no third access key', async () => {
  await newUser(harness, 'racer')
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => newKey('racer')))
  const refused = results.filter((result) => result.status === 'rejected')
  assert.deepEqual(
    refused.map(({ reason }) => reason.code),
    ['LimitExceeded', 'LimitExceeded', 'LimitExceeded'],
  )
  const { AccessKeyMetadata } = await callIam(harness, 'ListAccessKeys', { UserName: 'racer' })
  assert.equal(AccessKeyMetadata.length, 2)
})

test('access keys of nobody fail', async () => {
  const text = 'The user with name nobody cannot be found.'
  for (const operation of ['CreateAccessKey', 'ListAccessKeys']) {
    await assertFails(callIam(harness, operation, { UserName: 'nobody' }), 'NoSuchEntity', text)
  }
})

test('UpdateAccessKey switches a key off and on again, and knows no other status', async () => {
  await newUser(harness, 'erin')
  const { AccessKeyId } = await newKey('erin')
  const status = async () =>
    (await callIam(harness, 'ListAccessKeys', { UserName: 'erin' })).AccessKeyMetadata[0].Status
  for (const Status of ['Inactive', 'Active']) {
    await callIam(harness, 'UpdateAccessKey', { UserName: 'erin', AccessKeyId, Status })
    assert.deepEqual(lastRecord(harness).requestParameters, {
      userName: 'erin',
      accessKeyId: AccessKeyId,
      status: Status,
    })
    assert.equal(await status(), Status)
  }
  const update = (Status: string) => callIam(harness, 'UpdateAccessKey', { UserName: 'erin', AccessKeyId, Status })
  await assertFails(update('Expired'), 'InvalidInput', 'The status of an access key is Active or Inactive.')
  await assert.rejects(update('active'), { code: 'ValidationException' })
  assert.equal(await status(), 'Active')
})

test('the key of somebody else is as good as none', async () => {
  await newUser(harness, 'frank')
  await newUser(harness, 'grace')
  const { AccessKeyId } = await newKey('frank')
  for (const id of [AccessKeyId, 'AKIAIOSFODNN7EXAMPLE']) {
    const body = { UserName: 'grace', AccessKeyId: id }
    await assertFails(callIam(harness, 'DeleteAccessKey', body), ...noSuchKey(id))
    await assertFails(callIam(harness, 'UpdateAccessKey', { ...body, Status: 'Inactive' }), ...noSuchKey(id))
  }
  await callIam(harness, 'CreateUser', { UserName: 'frank' }, userOf(OTHER_ACCOUNT))
  const foreign = { UserName: 'frank', AccessKeyId }
  await assertFails(callIam(harness, 'DeleteAccessKey', foreign, userOf(OTHER_ACCOUNT)), ...noSuchKey(AccessKeyId))
  const { AccessKeyMetadata } = await callIam(harness, 'ListAccessKeys', { UserName: 'frank' })
  assert.equal(AccessKeyMetadata[0].Status, 'Active')
})

test('without a name the caller’s own keys are meant', async () => {
  const heidi = await newUser(harness, 'heidi', { Action: 'iam:*AccessKey*', Resource: iamArn('user', 'heidi') })
  const { AccessKey } = await callIam(harness, 'CreateAccessKey', {}, heidi)
  assert.equal(AccessKey.UserName, 'heidi')
  const { AccessKeyId } = AccessKey
  await callIam(harness, 'UpdateAccessKey', { AccessKeyId, Status: 'Inactive' }, heidi)
  const { AccessKeyMetadata } = await callIam(harness, 'ListAccessKeys', {}, heidi)
  assert.deepEqual(
    AccessKeyMetadata.map((key: { Status: string }) => key.Status),
    ['Inactive'],
  )
  await callIam(harness, 'DeleteAccessKey', { AccessKeyId }, heidi)
  // Whose keys are meant does not change what the policy says about others.
  const text = notAllowed(heidi, 'iam:CreateAccessKey', 'user bob')
  await assertFails(callIam(harness, 'CreateAccessKey', { UserName: 'bob' }, heidi), 'AccessDeniedException', text)
})

test('a group’s policy lets each of its users manage his own keys, and nobody else’s', async () => {
  const PolicyDocument = policyDocument({
    Action: ['iam:CreateAccessKey', 'iam:ListAccessKeys', 'iam:DeleteAccessKey'],
    Resource: `arn:aws:iam::${ACCOUNT}:user/\${aws:username}`,
  })
  await callIam(harness, 'CreateGroup', { GroupName: 'self-service' })
  await callIam(harness, 'PutGroupPolicy', { GroupName: 'self-service', PolicyName: 'own-keys', PolicyDocument })
  const [mia, noah] = [await newUser(harness, 'mia'), await newUser(harness, 'noah')]
  for (const UserName of ['mia', 'noah']) {
    await callIam(harness, 'AddUserToGroup', { GroupName: 'self-service', UserName })
  }
  for (const [own, other] of [
    [mia, noah],
    [noah, mia],
  ] as const) {
    await callIam(harness, 'CreateAccessKey', { UserName: own.userName }, own)
    await callIam(harness, 'CreateAccessKey', {}, own)
    const text = notAllowed(own, 'iam:ListAccessKeys', shownName(other.arn))
    const list = callIam(harness, 'ListAccessKeys', { UserName: other.userName }, own)
    await assertFails(list, 'AccessDeniedException', text)
  }
})

test('a session of a role has no keys of its own', async () => {
  await callIam(harness, 'CreateRole', { RoleName: 'admin', AssumeRolePolicyDocument: TRUST_POLICY })
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess'
  await callIam(harness, 'AttachRolePolicy', { RoleName: 'admin', PolicyArn })
  const session = await asRole(harness, 'admin')
  const AccessKeyId = 'AKIAIOSFODNN7EXAMPLE'
  await assertValidation(callIam(harness, 'CreateAccessKey', {}, session), NON_USER)
  await assertValidation(callIam(harness, 'ListAccessKeys', {}, session), NON_USER)
  await assertValidation(callIam(harness, 'DeleteAccessKey', { AccessKeyId }, session), NON_USER)
  await assertValidation(callIam(harness, 'UpdateAccessKey', { AccessKeyId, Status: 'Active' }, session), NON_USER)
  await callIam(harness, 'CreateAccessKey', { UserName: 'bob' }, session)
})

test('the root has access keys of its own', async () => {
  const root = asRoot(OTHER_ACCOUNT)
  const { AccessKey } = await callIam(harness, 'CreateAccessKey', {}, root)
  assert.equal(AccessKey.UserName, undefined)
  const { SummaryMap } = await callIam(harness, 'GetAccountSummary', {}, root)
  assert.equal(SummaryMap.get('AccountAccessKeysPresent'), 1)
  const { AccessKeyMetadata } = await callIam(harness, 'ListAccessKeys', {}, root)
  assert.equal(AccessKeyMetadata[0].AccessKeyId, AccessKey.AccessKeyId)
  await callIam(harness, 'DeleteAccessKey', { AccessKeyId: AccessKey.AccessKeyId }, root)
  assert.deepEqual((await callIam(harness, 'ListAccessKeys', {}, root)).AccessKeyMetadata, [])
})

test('ListAccessKeys pages, oldest first', async () => {
  await newUser(harness, 'ivan')
  const first = await newKey('ivan')
  harness.clock.advance(1000)
  const second = await newKey('ivan')
  const page = await callIam(harness, 'ListAccessKeys', { UserName: 'ivan', MaxItems: 1 })
  assert.equal(page.AccessKeyMetadata[0].AccessKeyId, first.AccessKeyId)
  assert.equal(page.IsTruncated, true)
  const rest = await callIam(harness, 'ListAccessKeys', { UserName: 'ivan', MaxItems: 1, Marker: page.Marker })
  assert.equal(rest.AccessKeyMetadata[0].AccessKeyId, second.AccessKeyId)
  assert.equal(rest.IsTruncated, false)
})

test('GetAccessKeyLastUsed of a key that was never used has no date', async () => {
  await newUser(harness, 'judy')
  const { AccessKeyId } = await newKey('judy')
  const answer = await callIam(harness, 'GetAccessKeyLastUsed', { AccessKeyId })
  assert.equal(answer.UserName, 'judy')
  assert.deepEqual(JSON.parse(JSON.stringify(answer.AccessKeyLastUsed)), { ServiceName: 'N/A', Region: 'N/A' })
})

test('GetAccessKeyLastUsed tells the service, the Region and the time of the last request, at once', async () => {
  const { AccessKeyId } = await newKey('judy')
  await harness.callAs({ ...userOf(ACCOUNT), accessKeyId: AccessKeyId }, 'ListKeys')
  const { AccessKeyLastUsed } = await callIam(harness, 'GetAccessKeyLastUsed', { AccessKeyId })
  const LastUsedDate = `${new Date(harness.clock.now()).toISOString().slice(0, 19)}Z`
  assert.deepEqual(AccessKeyLastUsed, { LastUsedDate, ServiceName: 'kms', Region: 'eu-central-1' })
})

test('GetAccessKeyLastUsed is about the user whose key it is, and tells nothing about keys of others', async () => {
  await newUser(harness, 'ken')
  const { AccessKeyId } = await newKey('ken')
  const Resource = iamArn('user', 'ken')
  const auditor = await newUser(harness, 'auditor', { Action: 'iam:GetAccessKeyLastUsed', Resource })
  await callIam(harness, 'GetAccessKeyLastUsed', { AccessKeyId }, auditor)
  const other = await newKey('auditor')
  await assertFails(
    callIam(harness, 'GetAccessKeyLastUsed', { AccessKeyId: other.AccessKeyId }, auditor),
    'AccessDeniedException',
    notAllowed(auditor, 'iam:GetAccessKeyLastUsed', iamArn('user', 'auditor')),
  )
  const foreign = userOf(OTHER_ACCOUNT)
  const cases = [
    [AccessKeyId, foreign],
    ['AKIAIOSFODNN7EXAMPLE', userOf(ACCOUNT)],
  ] as const
  for (const [id, caller] of cases) {
    const text = `User: ${caller.arn} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key ${id}`
    await assertFails(
      callIam(harness, 'GetAccessKeyLastUsed', { AccessKeyId: id }, caller),
      'AccessDeniedException',
      text,
    )
  }
})

test('access key ids are looked at before anything is looked up', async () => {
  const body = { AccessKeyId: 'AKIA-short' }
  const both = '2 validation errors detected: '
  const pattern = constraint('', 'accessKeyId', 'satisfy regular expression pattern: [\\w]+')
  const length = constraint('', 'accessKeyId', 'have length greater than or equal to 16')
  const sentence = (text: string) => text.slice('1 validation error detected: '.length)
  await assertValidation(
    callIam(harness, 'GetAccessKeyLastUsed', body),
    `${both}${sentence(pattern)}; ${sentence(length)}`,
  )
})

test('a deleted key lets nobody in any more', async () => {
  await newUser(harness, 'leo')
  const { AccessKeyId } = await newKey('leo')
  assert.notEqual(await harness.store.findCredential(AccessKeyId), undefined)
  await callIam(harness, 'DeleteAccessKey', { UserName: 'leo', AccessKeyId })
  assert.equal(await harness.store.findCredential(AccessKeyId), undefined)
})
