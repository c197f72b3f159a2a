/** authorization.md 6.1, 6.6; texts as AWS was recorded to answer. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT, userOf } from '../../support/harness.ts'
import { assertFails, assertValidation, constraint, lastRecord, memberNames } from '../support.ts'
import {
  asRole,
  asRoot,
  asUser,
  callIam,
  iamArn,
  newUser,
  notAllowed,
  policyDocument,
  TRUST_POLICY,
  wrongCharacters,
} from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

function noSuchUser(name: string) {
  return ['NoSuchEntity', `The user with name ${name} cannot be found.`] as const
}

test('CreateUser answers the user, with an id of AWS form and without members that have no value', async () => {
  const { User, ...others } = await callIam(harness, 'CreateUser', { UserName: 'bob' })
  assert.deepEqual(others, {})
  assert.match(User.UserId, /^AIDA[A-Z2-7]{17}$/)
  assert.deepEqual(JSON.parse(JSON.stringify(User)), {
    Path: '/',
    UserName: 'bob',
    UserId: User.UserId,
    Arn: iamArn('user', 'bob'),
    CreateDate: '2026-03-01T12:00:00Z',
  })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'CreateUser',
    readOnly: false,
    requestParameters: { userName: 'bob' },
    responseElements: {
      user: {
        path: '/',
        userName: 'bob',
        userId: User.UserId,
        arn: iamArn('user', 'bob'),
        createDate: 'Mar 1, 2026, 12:00:00 PM',
      },
    },
    resources: [],
  })
  assert.equal(harness.auditRecords().at(-1).eventSource, 'iam.amazonaws.com')
})

test('CreateUser keeps path, tags and boundary, and GetUser shows them', async () => {
  const PermissionsBoundary = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
  const Tags = [
    { Key: 'Team', Value: 'Platform' },
    { Key: 'Environment', Value: '' },
  ]
  const created = await callIam(harness, 'CreateUser', { UserName: 'carol', Path: '/team/', Tags, PermissionsBoundary })
  assert.equal(created.User.Arn, iamArn('user', 'team/carol'))
  const { User } = await callIam(harness, 'GetUser', { UserName: 'carol' })
  assert.deepEqual(User, created.User)
  assert.deepEqual(User.Tags, Tags)
  assert.deepEqual(User.PermissionsBoundary, {
    PermissionsBoundaryType: 'Policy',
    PermissionsBoundaryArn: PermissionsBoundary,
  })
})

test('names of users are unique ignoring case, and found ignoring case', async () => {
  await callIam(harness, 'CreateUser', { UserName: 'Dora' })
  const again = callIam(harness, 'CreateUser', { UserName: 'dORA', Path: '/other/' })
  await assertFails(again, 'EntityAlreadyExists', 'User with name dORA already exists.')
  assert.equal((await callIam(harness, 'GetUser', { UserName: 'DORA' })).User.UserName, 'Dora')
  const elsewhere = await callIam(harness, 'CreateUser', { UserName: 'Dora' }, userOf(OTHER_ACCOUNT))
  assert.equal(elsewhere.User.Arn, iamArn('user', 'Dora', OTHER_ACCOUNT))
})

test('of requests for one name at the same time one gets it', async () => {
  const names = ['Racer', 'racer', 'RACER']
  const results = await Promise.allSettled(names.map((UserName) => callIam(harness, 'CreateUser', { UserName })))
  const codes = results.map((result) => (result.status === 'rejected' ? result.reason.code : 'made'))
  assert.deepEqual(codes.sort(), ['EntityAlreadyExists', 'EntityAlreadyExists', 'made'])
})

test('CreateUser refuses names, paths and tags that the model does not admit', async () => {
  const cases = [
    [{ UserName: 'a/b' }, wrongCharacters('userName')],
    [{ UserName: 'ä' }, wrongCharacters('userName')],
    [{ UserName: 'a\n' }, wrongCharacters('userName')],
    [{ UserName: '' }, constraint('', 'userName', 'have length greater than or equal to 1')],
    [{ UserName: 'x'.repeat(65) }, constraint('', 'userName', 'have length less than or equal to 64')],
    [{}, constraint('', 'userName', 'not be null')],
    [
      { UserName: 'ok', Path: 'team/' },
      constraint('', 'path', 'satisfy regular expression pattern: (\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)'),
    ],
    [
      { UserName: 'ok', Tags: [{ Key: 'k!', Value: 'v' }] },
      constraint('', 'tags.1.member.key', 'satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+'),
    ],
  ] as const
  for (const [body, text] of cases) await assertValidation(callIam(harness, 'CreateUser', body), text)
  const twice = [
    { Key: 'a', Value: '1' },
    { Key: 'A', Value: '2' },
  ]
  await assertFails(
    callIam(harness, 'CreateUser', { UserName: 'ok', Tags: twice }),
    'InvalidInput',
    'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
  )
  await assertFails(callIam(harness, 'GetUser', { UserName: 'ok' }), ...noSuchUser('ok'))
})

test('a boundary must be a policy that exists and belongs to the account or to AWS', async () => {
  const foreign = await callIam(
    harness,
    'CreatePolicy',
    { PolicyName: 'limit', PolicyDocument: policyDocument({ Action: '*', Resource: '*' }) },
    userOf(OTHER_ACCOUNT),
  )
  for (const PermissionsBoundary of [
    foreign.Policy.Arn,
    iamArn('policy', 'missing'),
    'arn:aws:iam::aws:policy/Missing',
  ]) {
    const text = `Scope ARN: ${PermissionsBoundary} does not exist or is not attachable.`
    await assertFails(callIam(harness, 'CreateUser', { UserName: 'erin', PermissionsBoundary }), 'NoSuchEntity', text)
  }
  const noArn = { UserName: 'erin', PermissionsBoundary: 'longpolicynamebutnoarn' }
  const invalid = 'ARN longpolicynamebutnoarn is not valid.'
  await assertFails(callIam(harness, 'CreateUser', noArn), 'InvalidInput', invalid)
})

test('GetUser without a name describes the caller, whatever he is called now', async () => {
  const frank = await newUser(harness, 'frank', { Action: 'iam:GetUser', Resource: '*' })
  assert.equal((await callIam(harness, 'GetUser', {}, frank)).User.UserName, 'frank')
  await callIam(harness, 'UpdateUser', { UserName: 'frank', NewUserName: 'francis' })
  assert.equal((await callIam(harness, 'GetUser', {}, frank)).User.UserName, 'francis')
})

test('GetUser of the root is its account; a session of a role must name somebody', async () => {
  const { User } = await callIam(harness, 'GetUser', {}, asRoot())
  assert.deepEqual(User, {
    UserId: ACCOUNT,
    Arn: `arn:aws:iam::${ACCOUNT}:root`,
    CreateDate: '2026-03-01T12:00:00Z',
  })
  await callIam(harness, 'CreateRole', { RoleName: 'reader', AssumeRolePolicyDocument: TRUST_POLICY })
  const session = await asRole(harness, 'reader')
  const text = 'Must specify userName when calling with non-User credentials'
  await assertValidation(callIam(harness, 'GetUser', {}, session), text)
})

test('GetUser of nobody fails for those who may look, and tells others nothing', async () => {
  await assertFails(callIam(harness, 'GetUser', { UserName: 'nobody' }), ...noSuchUser('nobody'))
  const mallory = await newUser(harness, 'mallory')
  // A path in the refusal would tell that there is such a user.
  await callIam(harness, 'CreateUser', { UserName: 'walter', Path: '/secret/' })
  for (const UserName of ['nobody', 'bob', 'walter']) {
    const text = notAllowed(mallory, 'iam:GetUser', `user ${UserName}`)
    await assertFails(callIam(harness, 'GetUser', { UserName }, mallory), 'AccessDeniedException', text)
  }
})

test('accounts do not see one another', async () => {
  await callIam(harness, 'CreateUser', { UserName: 'here' })
  await assertFails(callIam(harness, 'GetUser', { UserName: 'here' }, userOf(OTHER_ACCOUNT)), ...noSuchUser('here'))
  const { Users } = await callIam(harness, 'ListUsers', {}, userOf(OTHER_ACCOUNT))
  assert.ok(Users.every(({ Arn }: { Arn: string }) => Arn.includes(OTHER_ACCOUNT)))
})

test('UpdateUser renames and moves; id, policies and access keys stay', async () => {
  const before = (await callIam(harness, 'CreateUser', { UserName: 'grace' })).User
  const PolicyDocument = policyDocument({ Action: 'iam:ListUsers', Resource: '*' })
  await callIam(harness, 'PutUserPolicy', { UserName: 'grace', PolicyName: 'p', PolicyDocument })
  const { AccessKey } = await callIam(harness, 'CreateAccessKey', { UserName: 'grace' })
  await callIam(harness, 'UpdateUser', { UserName: 'grace', NewUserName: 'Gracia', NewPath: '/new/' })
  assert.deepEqual(lastRecord(harness).requestParameters, {
    userName: 'grace',
    newPath: '/new/',
    newUserName: 'Gracia',
  })
  await assertFails(callIam(harness, 'GetUser', { UserName: 'grace' }), ...noSuchUser('grace'))
  const { User } = await callIam(harness, 'GetUser', { UserName: 'gracia' })
  assert.equal(User.UserId, before.UserId)
  assert.equal(User.Arn, iamArn('user', 'new/Gracia'))
  assert.equal(User.CreateDate, before.CreateDate)
  const keys = await callIam(harness, 'ListAccessKeys', { UserName: 'Gracia' })
  assert.equal(keys.AccessKeyMetadata[0].AccessKeyId, AccessKey.AccessKeyId)
  assert.equal(keys.AccessKeyMetadata[0].UserName, 'Gracia')
  await callIam(harness, 'ListUsers', {}, await asUser(harness, 'Gracia'))
})

test('UpdateUser changes the case of a name, but takes nobody else’s', async () => {
  await callIam(harness, 'CreateUser', { UserName: 'heidi' })
  await callIam(harness, 'UpdateUser', { UserName: 'heidi', NewUserName: 'HEIDI' })
  assert.equal((await callIam(harness, 'GetUser', { UserName: 'heidi' })).User.UserName, 'HEIDI')
  const taken = callIam(harness, 'UpdateUser', { UserName: 'heidi', NewUserName: 'BOB' })
  await assertFails(taken, 'EntityAlreadyExists', 'User with name BOB already exists.')
  await assertFails(callIam(harness, 'UpdateUser', { UserName: 'nobody', NewUserName: 'x' }), ...noSuchUser('nobody'))
})

test('UpdateUser needs the permission on what the user is and on what he becomes', async () => {
  await callIam(harness, 'CreateUser', { UserName: 'ivan' })
  const half = await newUser(harness, 'half', { Action: 'iam:UpdateUser', Resource: iamArn('user', 'ivan') })
  const text = notAllowed(half, 'iam:UpdateUser', iamArn('user', 'admin/ivan'))
  const move = { UserName: 'ivan', NewPath: '/admin/' }
  await assertFails(callIam(harness, 'UpdateUser', move, half), 'AccessDeniedException', text)
  const both = [iamArn('user', 'ivan'), iamArn('user', 'admin/*')]
  const whole = await newUser(harness, 'whole', { Action: 'iam:UpdateUser', Resource: both })
  await callIam(harness, 'UpdateUser', move, whole)
  assert.equal((await callIam(harness, 'GetUser', { UserName: 'ivan' })).User.Path, '/admin/')
})

test('DeleteUser refuses a user who still has a key, a policy or a group, and then deletes him', async () => {
  const UserName = 'judy'
  await callIam(harness, 'CreateUser', { UserName })
  const { AccessKeyId } = (await callIam(harness, 'CreateAccessKey', { UserName })).AccessKey
  const refuse = async (text: string) =>
    assertFails(
      callIam(harness, 'DeleteUser', { UserName }),
      'DeleteConflict',
      `Cannot delete entity, must ${text} first.`,
    )

  await refuse('remove referenced objects')
  await callIam(harness, 'DeleteAccessKey', { UserName, AccessKeyId })
  await callIam(harness, 'CreateGroup', { GroupName: 'judges' })
  await callIam(harness, 'AddUserToGroup', { GroupName: 'judges', UserName })
  await refuse('remove referenced objects')
  await callIam(harness, 'RemoveUserFromGroup', { GroupName: 'judges', UserName })
  const PolicyDocument = policyDocument({ Action: 'iam:GetUser', Resource: '*' })
  await callIam(harness, 'PutUserPolicy', { UserName, PolicyName: 'p', PolicyDocument })
  await refuse('delete policies')
  await callIam(harness, 'DeleteUserPolicy', { UserName, PolicyName: 'p' })
  const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
  await callIam(harness, 'AttachUserPolicy', { UserName, PolicyArn })
  await refuse('detach all policies')
  await callIam(harness, 'DetachUserPolicy', { UserName, PolicyArn })

  assert.equal(await callIam(harness, 'DeleteUser', { UserName }), undefined)
  await assertFails(callIam(harness, 'GetUser', { UserName }), ...noSuchUser(UserName))
  await assertFails(callIam(harness, 'DeleteUser', { UserName }), ...noSuchUser(UserName))
})

test('a user made anew under an old name has another id and nothing of what the old one had', async () => {
  const first = await newUser(harness, 'ken', { Action: 'iam:ListUsers', Resource: '*' })
  await callIam(harness, 'ListUsers', {}, first)
  await callIam(harness, 'DeleteUserPolicy', { UserName: 'ken', PolicyName: 'rights' })
  await callIam(harness, 'DeleteUser', { UserName: 'ken' })
  const second = await newUser(harness, 'ken')
  assert.notEqual(second.entityId, first.entityId)
  await assert.rejects(callIam(harness, 'ListUsers', {}, first))
  const text = notAllowed(second, 'iam:ListUsers', iamArn('user', ''))
  await assertFails(callIam(harness, 'ListUsers', {}, second), 'AccessDeniedException', text)
})

test('ListUsers pages in order of name ignoring case, by path, and shows neither tags nor boundaries', async () => {
  const paged = await createHarness()
  try {
    for (const UserName of ['zed', 'Bea', 'adam', 'Carl']) {
      const Path = UserName === 'zed' ? '/' : '/staff/'
      await callIam(paged, 'CreateUser', { UserName, Path, Tags: [{ Key: 'k', Value: 'v' }] })
    }
    const names: string[] = []
    let Marker: string | undefined
    do {
      const page = await callIam(paged, 'ListUsers', { PathPrefix: '/staff', MaxItems: 2, ...(Marker && { Marker }) })
      names.push(...page.Users.map(({ UserName }: { UserName: string }) => UserName))
      assert.equal(page.IsTruncated, page.Marker !== undefined)
      Marker = page.Marker
    } while (Marker !== undefined)
    assert.deepEqual(names, ['adam', 'Bea', 'Carl'])
    const { Users } = await callIam(paged, 'ListUsers', {})
    assert.equal(Users.length, 5)
    for (const user of Users) assert.deepEqual(memberNames(user), ['Arn', 'CreateDate', 'Path', 'UserId', 'UserName'])
  } finally {
    await paged.close()
  }
})

test('ListUsers refuses a marker that it did not give', async () => {
  const page = await callIam(harness, 'ListUsers', { MaxItems: 1 })
  await callIam(harness, 'ListUsers', { Marker: page.Marker })
  for (const Marker of ['x', `${page.Marker}A`, Buffer.from('["ListGroups","a"]').toString('base64url')]) {
    await assertValidation(callIam(harness, 'ListUsers', { Marker }), 'Invalid Marker.')
  }
})
