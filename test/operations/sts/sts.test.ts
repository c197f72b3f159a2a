/** The rules of STS (authorization.md 6.3, 6.4) below the wire. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { KmsError } from '../../../src/base/errors.ts'
import type { Principal } from '../../../src/domain/principal.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT, userOf } from '../../support/harness.ts'

let harness: Harness

const TRUST = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']

before(async () => {
  harness = await createHarness()
  for (const RoleName of ['ci', 'next']) await makeRole(RoleName, TRUST)
})

after(() => harness.close())

function arnOf(roleName: string, account = ACCOUNT): string {
  return `arn:aws:iam::${account}:role/${roleName}`
}

async function makeRole(
  RoleName: string,
  Action: readonly string[],
  { principal = { AWS: ACCOUNT } as object, condition = {}, seconds = 7200 } = {},
): Promise<void> {
  const Statement = [{ Effect: 'Allow', Principal: principal, Action, Condition: condition }]
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement })
  await harness.call('CreateRole', { RoleName, AssumeRolePolicyDocument, MaxSessionDuration: seconds })
  await harness.call('AttachRolePolicy', { RoleName, PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' })
}

function assume(members: object = {}, caller: Principal = userOf(ACCOUNT)): Promise<Answer> {
  const body = { RoleArn: arnOf('ci'), RoleSessionName: 'build-42', ...members }
  return harness.callAs(caller, 'AssumeRole', body)
}

/** Whom the credentials let in. */
async function principalOf(answer: Answer): Promise<Principal> {
  const { AccessKeyId, SessionToken } = answer.Credentials
  const { createSessions } = await import('../../../src/domain/identity/sessions.ts')
  const { store, service } = harness
  const sessions = createSessions({ store, domainKeys: service.domainKeys, random: service.random })
  return (await sessions.find(AccessKeyId, SessionToken))!.principal!
}

async function failure(answer: Promise<Answer>): Promise<readonly [code: string, text: string | undefined]> {
  try {
    await answer
  } catch (error) {
    assert.ok(error instanceof KmsError, String(error))
    return [error.code, error.text]
  }
  assert.fail('it succeeded')
}

async function codeOf(answer: Promise<Answer>): Promise<string> {
  return (await failure(answer))[0]
}

function denial(action: string, roleName: string, reason: string) {
  const text = `User: ${userOf(ACCOUNT).arn} is not authorized to perform: ${action} on resource: ${arnOf(roleName)}${reason}`
  return ['AccessDeniedException', text]
}

test('a plain AssumeRole answers credentials for an hour, and no packed size', async () => {
  const { Credentials, AssumedRoleUser, ...others } = await assume()
  assert.deepEqual(Object.keys(Credentials), ['AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'])
  assert.equal(Credentials.Expiration, '2026-03-01T13:00:00Z')
  assert.equal(AssumedRoleUser.Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/ci/build-42`)
  assert.deepEqual(others, {})
})

test('the audit record has the access key id of the session, never its secret or token (audit.md 4.5)', async () => {
  const { Credentials } = await assume({ DurationSeconds: 900, ExternalId: 'partner' })
  const { requestParameters, responseElements, resources, readOnly } = harness.auditRecords().at(-1)
  const line = harness.auditLines.at(-1)!
  assert.deepEqual(requestParameters, {
    roleArn: arnOf('ci'),
    roleSessionName: 'build-42',
    durationSeconds: 900,
    externalId: 'partner',
  })
  assert.deepEqual(responseElements.credentials, {
    accessKeyId: Credentials.AccessKeyId,
    expiration: 'Mar 1, 2026, 12:15:00 PM',
  })
  assert.ok(!line.includes(Credentials.SecretAccessKey) && !line.includes(Credentials.SessionToken))
  assert.deepEqual(resources, [{ accountId: ACCOUNT, type: 'AWS::IAM::Role', ARN: arnOf('ci') }])
  assert.equal(readOnly, true)
})

test('a role that does not exist, or trusts somebody else, is denied alike (6.4, 1)', async () => {
  const [code, text] = await failure(assume({ RoleArn: arnOf('none') }))
  assert.equal(code, 'AccessDeniedException')
  assert.ok(
    text!.startsWith(
      `User: ${userOf(ACCOUNT).arn} is not authorized to perform: sts:AssumeRole on resource: ${arnOf('none')}`,
    ),
  )
  await makeRole('others', TRUST, { principal: { AWS: OTHER_ACCOUNT } })
  const expected = denial('sts:AssumeRole', 'others', ' because no role trust policy allows the sts:AssumeRole action')
  assert.deepEqual(await failure(assume({ RoleArn: arnOf('others') })), expected)
})

test('a role has one ARN: no other spelling gets past a deny that names it (M-3)', async () => {
  const { User } = await harness.call('CreateUser', { UserName: 'kept-out' })
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' },
      { Effect: 'Deny', Action: 'sts:AssumeRole', Resource: arnOf('ci') },
    ],
  })
  await harness.call('PutUserPolicy', { UserName: 'kept-out', PolicyName: 'not-ci', PolicyDocument })
  const ids = { principalId: User.UserId, entityId: User.UserId, arn: User.Arn, principalArn: User.Arn }
  const caller: Principal = {
    type: 'IAMUser',
    account: ACCOUNT,
    ...ids,
    userName: 'kept-out',
    accessKeyId: 'AKIAKEPTOUT',
  }
  await assume({ RoleArn: arnOf('next') }, caller)
  for (const RoleArn of [
    arnOf('ci'),
    arnOf('ci').replace('arn:aws:', 'arn:aws-cn:'),
    arnOf('ci').replace('arn:aws:', 'arn:x:'),
    arnOf('ci').replace(':iam::', ':iam:us-east-1:'),
    arnOf('ci').replace(':iam::', ':sts::'),
    arnOf('CI'),
  ]) {
    assert.equal(await codeOf(assume({ RoleArn }, caller)), 'AccessDeniedException', RoleArn)
  }
})

test('a role of another account needs both sides, and a stranger learns nothing of it', async () => {
  await makeRole('shared', TRUST, { principal: { AWS: OTHER_ACCOUNT } })
  const there = userOf(OTHER_ACCOUNT)
  const { AssumedRoleUser } = await assume({ RoleArn: arnOf('shared') }, there)
  assert.equal(AssumedRoleUser.Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/shared/build-42`)
  const [known, unknown] = [await failure(assume({}, there)), await failure(assume({ RoleArn: arnOf('none') }, there))]
  assert.equal(known[1]!.replace('role/ci', 'role/none'), unknown[1])
})

test('an external id must be the one that the trust policy asks for', async () => {
  const condition = { StringEquals: { 'sts:ExternalId': 'partner-7' } }
  await makeRole('partner', TRUST, { condition })
  const RoleArn = arnOf('partner')
  await assume({ RoleArn, ExternalId: 'partner-7' })
  assert.equal(await codeOf(assume({ RoleArn, ExternalId: 'partner-8' })), 'AccessDeniedException')
  assert.equal(await codeOf(assume({ RoleArn })), 'AccessDeniedException')
})

test('tags and source identity need their own permissions (6.4, 4)', async () => {
  await makeRole('bare', ['sts:AssumeRole'])
  const RoleArn = arnOf('bare')
  await assume({ RoleArn })
  const reason = (action: string) => ` because no role trust policy allows the ${action} action`
  const tagged = await failure(assume({ RoleArn, Tags: [{ Key: 'a', Value: 'b' }] }))
  assert.deepEqual(tagged, denial('sts:TagSession', 'bare', reason('sts:TagSession')))
  const sourced = await failure(assume({ RoleArn, SourceIdentity: 'alice' }))
  assert.deepEqual(sourced, denial('sts:SetSourceIdentity', 'bare', reason('sts:SetSourceIdentity')))
})

const INVALID: readonly (readonly [members: object, code: string, text: string])[] = [
  [{ RoleArn: 'this text is no ARN at all' }, 'ValidationException', 'this text is no ARN at all is invalid'],
  // Recorded: without partition, service or resource.
  [{ RoleArn: 'arn::b:::something/test-role' }, 'ValidationException', 'arn::b:::something/test-role is invalid'],
  [{ RoleArn: 'arn:a::::something/test-role' }, 'ValidationException', 'arn:a::::something/test-role is invalid'],
  [{ RoleArn: 'arn:a:::something/test-role' }, 'ValidationException', 'arn:a:::something/test-role is invalid'],
  [{ RoleArn: 'arn:a:a::aaaaaaaaaa:' }, 'ValidationException', 'arn:a:a::aaaaaaaaaa: is invalid'],
  [
    { RoleSessionName: 'Session1:2' },
    'ValidationException',
    "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
  ],
  [
    { DurationSeconds: 899 },
    'ValidationException',
    "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
  ],
  [
    { DurationSeconds: 7201 },
    'ValidationException',
    'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  ],
  [
    { Tags: [{ Key: 'a', Value: '1' }], TransitiveTagKeys: ['b'] },
    'InvalidParameterValue',
    'The specified transitive tag key must be included in the requested tags.',
  ],
  [
    {
      Tags: [
        { Key: 'Name', Value: '1' },
        { Key: 'nAME', Value: '2' },
      ],
    },
    'InvalidParameterValue',
    'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
  ],
  [{ Policy: '{' }, 'MalformedPolicyDocument', 'This policy contains invalid Json'],
  [
    { PolicyArns: [{ arn: `arn:aws:iam::${ACCOUNT}:policy/none` }] },
    'MalformedPolicyDocument',
    `Policy arn:aws:iam::${ACCOUNT}:policy/none does not exist or is not attachable.`,
  ],
  [
    { SerialNumber: `arn:aws:iam::${ACCOUNT}:mfa/alice`, TokenCode: '123456' },
    'AccessDeniedException',
    'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
  ],
  [
    { TokenCode: '123456' },
    'AccessDeniedException',
    'MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.',
  ],
]

for (const [members, code, text] of INVALID) {
  test(`AssumeRole with ${JSON.stringify(members).slice(0, 60)} fails with ${code}`, async () => {
    assert.deepEqual(await failure(assume(members)), [code, text])
  })
}

test('policies and tags that are too long together are PackedPolicyTooLarge', async () => {
  const Tags = Array.from({ length: 50 }, (_, index) => ({
    Key: `${index}${randomBytes(60).toString('hex')}`.slice(0, 120),
    Value: randomBytes(128).toString('hex'),
  }))
  const [code, text] = await failure(assume({ Tags }))
  assert.equal(code, 'PackedPolicyTooLarge')
  assert.match(text!, /^Packed policy consumes \d{3}% of allotted space, please use smaller policy\.$/)
})

test('roles may not be assumed by the root', async () => {
  const arn = `arn:aws:iam::${ACCOUNT}:root`
  const ids = { principalId: ACCOUNT, entityId: ACCOUNT }
  const root: Principal = { type: 'Root', account: ACCOUNT, arn, principalArn: arn, ...ids, accessKeyId: 'AKIAROOT' }
  assert.deepEqual(await failure(assume({}, root)), [
    'AccessDeniedException',
    'Roles may not be assumed by root accounts.',
  ])
  const long = await harness.callAs(root, 'GetSessionToken', { DurationSeconds: 43_200 })
  assert.equal(long.Credentials.Expiration, '2026-03-01T13:00:00Z')
})

test('a role assumed by a role: an hour at most, transitive tags and source identity are handed on (6.4, 5)', async () => {
  const Tags = [
    { Key: 'Team', Value: 'shop' },
    { Key: 'Stage', Value: 'test' },
  ]
  const first = await principalOf(await assume({ Tags, TransitiveTagKeys: ['Team'], SourceIdentity: 'alice' }))
  assert.equal(first.session!.chainDepth, 0)
  const RoleArn = arnOf('next')
  assert.deepEqual(await failure(assume({ RoleArn, DurationSeconds: 3601 }, first)), [
    'ValidationException',
    'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
  ])
  const answer = await assume({ RoleArn, Tags: [{ Key: 'Stage', Value: 'live' }] }, first)
  assert.equal(answer.SourceIdentity, 'alice')
  const second = await principalOf(answer)
  assert.deepEqual(second.session!.tags, [
    { key: 'Team', value: 'shop' },
    { key: 'Stage', value: 'live' },
  ])
  assert.deepEqual(second.session!.transitiveTagKeys, ['Team'])
  assert.equal(second.session!.chainDepth, 1)
  assert.equal(second.session!.sourceIdentity, 'alice')

  const conflict =
    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."
  for (const caller of [first, second]) {
    const given = { RoleArn, Tags: [{ Key: 'TEAM', Value: 'other' }] }
    assert.deepEqual(await failure(assume(given, caller)), ['InvalidParameterValue', conflict])
  }
  assert.equal(await codeOf(assume({ RoleArn, SourceIdentity: 'mallory' }, first)), 'AccessDeniedException')
  await assume({ RoleArn, SourceIdentity: 'alice' }, first)
})

test('what is handed on must be welcome: the next role has to allow it', async () => {
  await makeRole('plain', ['sts:AssumeRole'])
  const RoleArn = arnOf('plain')
  const tagged = await principalOf(await assume({ Tags: [{ Key: 'a', Value: 'b' }], TransitiveTagKeys: ['a'] }))
  assert.match((await failure(assume({ RoleArn }, tagged)))[1]!, /is not authorized to perform: sts:TagSession/)
  const sourced = await principalOf(await assume({ SourceIdentity: 'alice' }))
  assert.match((await failure(assume({ RoleArn }, sourced)))[1]!, /is not authorized to perform: sts:SetSourceIdentity/)
  await assume({ RoleArn }, await principalOf(await assume({ Tags: [{ Key: 'a', Value: 'b' }] })))
})

test('GetSessionToken: half a day, for long-term credentials only', async () => {
  const { Credentials } = await harness.call('GetSessionToken')
  assert.equal(Credentials.Expiration, '2026-03-02T00:00:00Z')
  const own = await principalOf({ Credentials })
  const refused = ['AccessDeniedException', 'Cannot call GetSessionToken with session credentials']
  assert.deepEqual(await failure(harness.callAs(own, 'GetSessionToken')), refused)
  assert.deepEqual(await failure(harness.callAs(await principalOf(await assume()), 'GetSessionToken')), refused)
})

test("a user's own session calls no IAM without MFA, and of STS what it may", async () => {
  const own = await principalOf(await harness.call('GetSessionToken'))
  assert.equal(await codeOf(harness.callAs(own, 'ListUsers')), 'UnrecognizedClientException')
  assert.equal(await codeOf(harness.callAs(own, 'GetFederationToken', { Name: 'bob' })), 'AccessDeniedException')
  const info = { AccessKeyId: 'AKIARZPUZDIKGB2VALC4' }
  assert.equal(await codeOf(harness.callAs(own, 'GetAccessKeyInfo', info)), 'AccessDeniedException')
  await harness.callAs(own, 'GetCallerIdentity')
  await harness.callAs(own, 'ListKeys')
  await assume({}, own)
  const withMfa = { ...own, session: { ...own.session!, mfaAuthenticatedAt: harness.clock.now() } }
  await harness.callAs(withMfa, 'ListUsers')
})

test('a role session calls IAM by its policies', async () => {
  await harness.callAs(await principalOf(await assume()), 'ListUsers')
})

test('a federated user calls neither IAM nor STS, but may ask who he is', async () => {
  const Policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
  const answer = await harness.call('GetFederationToken', { Name: 'bob', Policy })
  assert.equal(answer.FederatedUser.Arn, `arn:aws:sts::${ACCOUNT}:federated-user/bob`)
  assert.ok(answer.PackedPolicySize > 0)
  const bob = await principalOf(answer)
  assert.deepEqual(await harness.callAs(bob, 'GetCallerIdentity'), {
    UserId: `${ACCOUNT}:bob`,
    Account: ACCOUNT,
    Arn: `arn:aws:sts::${ACCOUNT}:federated-user/bob`,
  })
  await harness.callAs(bob, 'ListKeys')
  assert.equal(await codeOf(harness.callAs(bob, 'ListUsers')), 'UnrecognizedClientException')
  assert.deepEqual(await failure(assume({}, bob)), [
    'AccessDeniedException',
    'Cannot call AssumeRole with session credentials',
  ])
})

test('GetFederationToken needs permission; GetCallerIdentity and GetSessionToken do not, even where all is denied', async () => {
  const UserName = 'nobody'
  await harness.call('CreateUser', { UserName })
  const PolicyDocument = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'
  await harness.call('PutUserPolicy', { UserName, PolicyName: 'deny', PolicyDocument })
  const { User } = await harness.call('GetUser', { UserName })
  const { UserId, Arn } = User
  const ids = { principalId: UserId, entityId: UserId, arn: Arn, principalArn: Arn }
  const nobody: Principal = { type: 'IAMUser', account: ACCOUNT, ...ids, userName: UserName, accessKeyId: 'AKIANOBODY' }
  assert.deepEqual(await harness.callAs(nobody, 'GetCallerIdentity'), { UserId, Account: ACCOUNT, Arn })
  await harness.callAs(nobody, 'GetSessionToken')
  assert.deepEqual(await failure(harness.callAs(nobody, 'GetFederationToken', { Name: 'bob' })), [
    'AccessDeniedException',
    `User: ${Arn} is not authorized to perform: sts:GetFederationToken on resource: arn:aws:sts::${ACCOUNT}:federated-user/bob with an explicit deny in an identity-based policy`,
  ])
})

test('GetAccessKeyInfo reads the account from the id', async () => {
  assert.deepEqual(await harness.call('GetAccessKeyInfo', { AccessKeyId: 'AKIARZPUZDIKGB2VALC4' }), {
    Account: '123456789012',
  })
  assert.equal(
    await codeOf(harness.call('GetAccessKeyInfo', { AccessKeyId: 'AKIA0000000000000000' })),
    'ValidationException',
  )
})
