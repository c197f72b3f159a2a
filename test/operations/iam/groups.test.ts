/** authorization.md 6.1, 6.6; texts as AWS was recorded to answer. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness, OTHER_ACCOUNT, userOf } from '../../support/harness.ts'
import { assertFails, lastRecord, memberNames } from '../support.ts'
import { callIam, iamArn, newUser, notAllowed, policyDocument } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
  await newUser(harness, 'bob')
})
after(() => harness.close())

function noSuchGroup(name: string) {
  return ['NoSuchEntity', `The group with name ${name} cannot be found.`] as const
}

const NO_SUCH_USER = ['NoSuchEntity', 'The user with name nobody cannot be found.'] as const

function names(list: readonly { readonly GroupName?: string; readonly UserName?: string }[]) {
  return list.map(({ GroupName, UserName }) => GroupName ?? UserName)
}

test('CreateGroup answers the group, GetGroup the same with its users', async () => {
  const { Group } = await callIam(harness, 'CreateGroup', { GroupName: 'staff', Path: '/some/location/' })
  assert.match(Group.GroupId, /^AGPA[A-Z2-7]{17}$/)
  assert.deepEqual(Group, {
    Path: '/some/location/',
    GroupName: 'staff',
    GroupId: Group.GroupId,
    Arn: iamArn('group', 'some/location/staff'),
    CreateDate: '2026-03-01T12:00:00Z',
  })
  assert.deepEqual(lastRecord(harness).responseElements.group.arn, Group.Arn)
  assert.deepEqual(await callIam(harness, 'GetGroup', { GroupName: 'STAFF' }), {
    Group,
    Users: [],
    IsTruncated: false,
  })
})

test('names of groups are unique ignoring case', async () => {
  await callIam(harness, 'CreateGroup', { GroupName: 'Twice' })
  const text = 'Group with name tWICE already exists.'
  await assertFails(callIam(harness, 'CreateGroup', { GroupName: 'tWICE' }), 'EntityAlreadyExists', text)
  // A user of that name is somebody else.
  await callIam(harness, 'CreateUser', { UserName: 'Twice' })
})

test('operations on a group that does not exist fail', async () => {
  const GroupName = 'missing'
  const PolicyDocument = policyDocument({ Action: '*', Resource: '*' })
  const bodies: Readonly<Record<string, object>> = {
    GetGroup: {},
    UpdateGroup: { NewGroupName: 'other' },
    DeleteGroup: {},
    AddUserToGroup: { UserName: 'bob' },
    RemoveUserFromGroup: { UserName: 'bob' },
    PutGroupPolicy: { PolicyName: 'p', PolicyDocument },
    GetGroupPolicy: { PolicyName: 'p' },
    DeleteGroupPolicy: { PolicyName: 'p' },
    ListGroupPolicies: {},
  }
  for (const [operation, body] of Object.entries(bodies)) {
    await assertFails(callIam(harness, operation, { GroupName, ...body }), ...noSuchGroup(GroupName))
  }
})

test('a group of another account is as good as none', async () => {
  await callIam(harness, 'CreateGroup', { GroupName: 'ours' })
  const foreign = callIam(harness, 'GetGroup', { GroupName: 'ours' }, userOf(OTHER_ACCOUNT))
  await assertFails(foreign, ...noSuchGroup('ours'))
  assert.deepEqual((await callIam(harness, 'ListGroups', {}, userOf(OTHER_ACCOUNT))).Groups, [])
})

test('UpdateGroup renames and moves, and takes no name that another group has', async () => {
  const { Group } = await callIam(harness, 'CreateGroup', { GroupName: 'old' })
  await callIam(harness, 'CreateGroup', { GroupName: 'taken' })
  await callIam(harness, 'UpdateGroup', { GroupName: 'old', NewGroupName: 'new', NewPath: '/new/' })
  const updated = (await callIam(harness, 'GetGroup', { GroupName: 'new' })).Group
  assert.equal(updated.GroupId, Group.GroupId)
  assert.equal(updated.Arn, iamArn('group', 'new/new'))
  await assertFails(callIam(harness, 'GetGroup', { GroupName: 'old' }), ...noSuchGroup('old'))
  const text = 'Group with name Taken already exists.'
  const rename = callIam(harness, 'UpdateGroup', { GroupName: 'new', NewGroupName: 'Taken' })
  await assertFails(rename, 'EntityAlreadyExists', text)
})

test('UpdateGroup needs the permission on what the group is and on what it becomes', async () => {
  await callIam(harness, 'CreateGroup', { GroupName: 'crew' })
  const half = await newUser(harness, 'half', { Action: 'iam:UpdateGroup', Resource: iamArn('group', 'crew') })
  const text = notAllowed(half, 'iam:UpdateGroup', iamArn('group', 'admins'))
  const rename = callIam(harness, 'UpdateGroup', { GroupName: 'crew', NewGroupName: 'admins' }, half)
  await assertFails(rename, 'AccessDeniedException', text)
})

test('AddUserToGroup and RemoveUserFromGroup may be repeated', async () => {
  const member = { GroupName: 'members', UserName: 'bob' }
  await callIam(harness, 'CreateGroup', { GroupName: 'members' })
  await callIam(harness, 'AddUserToGroup', member)
  await callIam(harness, 'AddUserToGroup', { ...member, UserName: 'BOB' })
  const { Users } = await callIam(harness, 'GetGroup', { GroupName: 'members' })
  assert.deepEqual(names(Users), ['bob'])
  assert.deepEqual(memberNames(Users[0]), ['Arn', 'CreateDate', 'Path', 'UserId', 'UserName'])
  await callIam(harness, 'RemoveUserFromGroup', member)
  await callIam(harness, 'RemoveUserFromGroup', member)
  assert.deepEqual((await callIam(harness, 'GetGroup', { GroupName: 'members' })).Users, [])
})

test('membership of nobody fails, and names the user first', async () => {
  await callIam(harness, 'CreateGroup', { GroupName: 'empty' })
  for (const operation of ['AddUserToGroup', 'RemoveUserFromGroup']) {
    for (const GroupName of ['empty', 'missing']) {
      await assertFails(callIam(harness, operation, { GroupName, UserName: 'nobody' }), ...NO_SUCH_USER)
    }
  }
})

test('policies of a group count for its users, from the moment they join until they leave', async () => {
  const carol = await newUser(harness, 'carol')
  const list = () => callIam(harness, 'ListUsers', {}, carol)
  const denied = notAllowed(carol, 'iam:ListUsers', iamArn('user', ''))
  const PolicyDocument = policyDocument({ Action: 'iam:ListUsers', Resource: '*' })
  await callIam(harness, 'CreateGroup', { GroupName: 'readers' })
  await callIam(harness, 'PutGroupPolicy', { GroupName: 'readers', PolicyName: 'read', PolicyDocument })
  await assertFails(list(), 'AccessDeniedException', denied)
  await callIam(harness, 'AddUserToGroup', { GroupName: 'readers', UserName: 'carol' })
  await list()
  await callIam(harness, 'RemoveUserFromGroup', { GroupName: 'readers', UserName: 'carol' })
  await assertFails(list(), 'AccessDeniedException', denied)
})

test('a user is in at most ten groups', async () => {
  await newUser(harness, 'joiner')
  for (let index = 0; index < 11; index++) await callIam(harness, 'CreateGroup', { GroupName: `club-${index}` })
  const join = (index: number) => callIam(harness, 'AddUserToGroup', { GroupName: `club-${index}`, UserName: 'joiner' })
  for (let index = 0; index < 10; index++) await join(index)
  await join(9)
  await assertFails(join(10), 'LimitExceeded', 'Cannot exceed quota for GroupsPerUser: 10')
})

test('DeleteGroup refuses a group that still has users or policies', async () => {
  const GroupName = 'doomed'
  const PolicyDocument = policyDocument({ Action: '*', Resource: '*' })
  const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
  await callIam(harness, 'CreateGroup', { GroupName })
  const refuse = (what: string) =>
    assertFails(
      callIam(harness, 'DeleteGroup', { GroupName }),
      'DeleteConflict',
      `Cannot delete entity, must ${what} first.`,
    )

  await callIam(harness, 'AddUserToGroup', { GroupName, UserName: 'bob' })
  await refuse('remove referenced objects')
  await callIam(harness, 'RemoveUserFromGroup', { GroupName, UserName: 'bob' })
  await callIam(harness, 'AttachGroupPolicy', { GroupName, PolicyArn })
  await refuse('detach all policies')
  await callIam(harness, 'DetachGroupPolicy', { GroupName, PolicyArn })
  await callIam(harness, 'PutGroupPolicy', { GroupName, PolicyName: 'p', PolicyDocument })
  await refuse('delete policies')
  await callIam(harness, 'DeleteGroupPolicy', { GroupName, PolicyName: 'p' })
  await callIam(harness, 'DeleteGroup', { GroupName })
  await assertFails(callIam(harness, 'GetGroup', { GroupName }), ...noSuchGroup(GroupName))
})

/** All pages of a list, `MaxItems` at a time. */
async function pagesOf(operation: string, member: 'Groups' | 'Users', body: object): Promise<(string | undefined)[][]> {
  const pages: (string | undefined)[][] = []
  let Marker: string | undefined
  do {
    const page = await callIam(harness, operation, { ...body, ...(Marker && { Marker }) })
    pages.push(names(page[member]))
    assert.equal(page.IsTruncated, page.Marker !== undefined)
    Marker = page.Marker
  } while (Marker !== undefined)
  return pages
}

test('ListGroups, ListGroupsForUser and GetGroup page in order of name ignoring case', async () => {
  for (const GroupName of ['zoo', 'Ant', 'bee']) {
    await callIam(harness, 'CreateGroup', { GroupName, Path: '/animals/' })
    await callIam(harness, 'AddUserToGroup', { GroupName, UserName: 'bob' })
  }
  const ordered = [['Ant', 'bee'], ['zoo']]
  assert.deepEqual(await pagesOf('ListGroups', 'Groups', { PathPrefix: '/animals/', MaxItems: 2 }), ordered)
  assert.deepEqual(await pagesOf('ListGroupsForUser', 'Groups', { UserName: 'bob', MaxItems: 2 }), ordered)
  for (const UserName of ['Xaver', 'anna']) {
    await newUser(harness, UserName)
    await callIam(harness, 'AddUserToGroup', { GroupName: 'zoo', UserName })
  }
  assert.deepEqual(await pagesOf('GetGroup', 'Users', { GroupName: 'zoo', MaxItems: 2 }), [['anna', 'bob'], ['Xaver']])
  await assertFails(callIam(harness, 'ListGroupsForUser', { UserName: 'nobody' }), ...NO_SUCH_USER)
})
