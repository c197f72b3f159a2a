/** Account summary, aliases, authorization details, and lists of what is not offered: authorization.md 6.6. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT, userOf } from '../../support/harness.ts'
import { assertFails, assertValidation } from '../support.ts'
import { asRole, callIam, iamArn, newUser, notAllowed, policyDocument, TRUST_POLICY } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

async function summaryOf(account: string): Promise<Readonly<Record<string, number>>> {
  const { SummaryMap } = await callIam(harness, 'GetAccountSummary', {}, userOf(account))
  return Object.fromEntries(SummaryMap)
}

test('GetAccountSummary has the members that AWS was recorded to answer', async () => {
  const recorded = `AccessKeysPerUserQuota AccountAccessKeysPresent AccountMFAEnabled AccountPasswordPresent
    AccountSigningCertificatesPresent AssumeRolePolicySizeQuota AttachedPoliciesPerGroupQuota
    AttachedPoliciesPerRoleQuota AttachedPoliciesPerUserQuota GlobalEndpointTokenVersion GroupPolicySizeQuota Groups
    GroupsPerUserQuota GroupsQuota InstanceProfiles InstanceProfilesQuota MFADevices MFADevicesInUse Policies
    PoliciesQuota PolicySizeQuota PolicyVersionsInUse PolicyVersionsInUseQuota Providers RolePolicySizeQuota Roles
    RolesQuota ServerCertificates ServerCertificatesQuota SigningCertificatesPerUserQuota UserPolicySizeQuota Users
    UsersQuota VersionsPerPolicyQuota`
  const summary = await summaryOf(OTHER_ACCOUNT)
  assert.deepEqual(Object.keys(summary), recorded.split(/\s+/))
  const quotas = {
    AccessKeysPerUserQuota: 2,
    AssumeRolePolicySizeQuota: 2048,
    AttachedPoliciesPerUserQuota: 10,
    GroupPolicySizeQuota: 5120,
    GroupsPerUserQuota: 10,
    GroupsQuota: 300,
    PoliciesQuota: 1500,
    PolicySizeQuota: 6144,
    RolePolicySizeQuota: 10240,
    RolesQuota: 1000,
    UserPolicySizeQuota: 2048,
    UsersQuota: 5000,
    VersionsPerPolicyQuota: 5,
  }
  for (const [name, value] of Object.entries(quotas)) assert.equal(summary[name], value, name)
})

test('GetAccountSummary counts what the account has, and nothing of others', async () => {
  const before = await summaryOf(ACCOUNT)
  const foreign = await summaryOf(OTHER_ACCOUNT)
  await newUser(harness, 'counted')
  await callIam(harness, 'CreateGroup', { GroupName: 'counted' })
  await callIam(harness, 'CreateRole', { RoleName: 'counted', AssumeRolePolicyDocument: TRUST_POLICY })
  const PolicyDocument = policyDocument({ Action: 'iam:GetUser', Resource: '*' })
  const { Policy } = await callIam(harness, 'CreatePolicy', { PolicyName: 'counted', PolicyDocument })
  await callIam(harness, 'CreatePolicyVersion', { PolicyArn: Policy.Arn, PolicyDocument })
  const now = await summaryOf(ACCOUNT)
  const grown = Object.keys(now).filter((name) => now[name] !== before[name])
  assert.deepEqual(Object.fromEntries(grown.map((name) => [name, now[name]! - before[name]!])), {
    Groups: 1,
    Policies: 1,
    PolicyVersionsInUse: 2,
    Roles: 1,
    Users: 1,
  })
  assert.deepEqual(await summaryOf(OTHER_ACCOUNT), foreign)
})

test('an account has one alias, unique in the whole store', async () => {
  const aliases = async (account: string) =>
    (await callIam(harness, 'ListAccountAliases', {}, userOf(account))).AccountAliases
  const create = (AccountAlias: string, account = ACCOUNT) =>
    callIam(harness, 'CreateAccountAlias', { AccountAlias }, userOf(account))
  assert.deepEqual(await aliases(ACCOUNT), [])
  await create('first')
  await create('second')
  assert.deepEqual(await aliases(ACCOUNT), ['second'])
  await create('first', OTHER_ACCOUNT)
  const text = 'The account alias second already exists.'
  await assertFails(create('second', OTHER_ACCOUNT), 'EntityAlreadyExists', text)
  for (const AccountAlias of ['ab', '-ab', 'ab-', 'a--b', 'Abc', 'x'.repeat(64)]) {
    await assert.rejects(create(AccountAlias), { code: 'ValidationException' })
  }
  const missing = callIam(harness, 'DeleteAccountAlias', { AccountAlias: 'first' })
  await assertFails(missing, 'NoSuchEntity', 'The account alias with name first cannot be found.')
  await callIam(harness, 'DeleteAccountAlias', { AccountAlias: 'second' })
  assert.deepEqual(await aliases(ACCOUNT), [])
  assert.deepEqual(await aliases(OTHER_ACCOUNT), ['first'])
})

test('GetAccountAuthorizationDetails shows every identity with its policies', async () => {
  const PolicyDocument = policyDocument({ Action: 'iam:GetUser', Resource: '*' })
  const attached = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
  const Tags = [{ Key: 'k', Value: 'v' }]
  await callIam(harness, 'CreateUser', { UserName: 'dave', Tags, PermissionsBoundary: attached })
  await callIam(harness, 'CreateGroup', { GroupName: 'developers', Path: '/dev/' })
  await callIam(harness, 'AddUserToGroup', { GroupName: 'developers', UserName: 'dave' })
  await callIam(harness, 'PutUserPolicy', { UserName: 'dave', PolicyName: 'own', PolicyDocument })
  await callIam(harness, 'PutGroupPolicy', { GroupName: 'developers', PolicyName: 'own', PolicyDocument })
  await callIam(harness, 'AttachGroupPolicy', { GroupName: 'developers', PolicyArn: attached })
  await callIam(harness, 'CreateRole', { RoleName: 'deploy', AssumeRolePolicyDocument: TRUST_POLICY, Tags })
  await callIam(harness, 'PutRolePolicy', { RoleName: 'deploy', PolicyName: 'own', PolicyDocument })
  const { Policy } = await callIam(harness, 'CreatePolicy', { PolicyName: 'details', PolicyDocument })

  const details = await callIam(harness, 'GetAccountAuthorizationDetails')
  assert.equal(details.IsTruncated, false)
  const find = (list: readonly Answer[], arn: string) => plain(list.find(({ Arn }) => Arn === arn))
  const user = find(details.UserDetailList, iamArn('user', 'dave'))
  assert.match(user.UserId, /^AIDA/)
  assert.deepEqual(user.GroupList, ['developers'])
  assert.deepEqual(user.Tags, Tags)
  assert.deepEqual(user.PermissionsBoundary.PermissionsBoundaryArn, attached)
  assert.deepEqual(user.AttachedManagedPolicies, [])
  assert.equal(decodeURIComponent(user.UserPolicyList[0].PolicyDocument), PolicyDocument)
  const administrator = find(details.UserDetailList, iamArn('user', 'alice'))
  assert.deepEqual(administrator.AttachedManagedPolicies, [
    { PolicyName: 'AdministratorAccess', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' },
  ])
  // As recorded: of users alone an empty list is left out.
  assert.ok(!('UserPolicyList' in administrator))
  const group = find(details.GroupDetailList, iamArn('group', 'dev/developers'))
  assert.equal(group.GroupPolicyList[0].PolicyName, 'own')
  assert.equal(group.AttachedManagedPolicies[0].PolicyArn, attached)
  const role = find(details.RoleDetailList, iamArn('role', 'deploy'))
  assert.deepEqual([role.InstanceProfileList, role.AttachedManagedPolicies, role.RoleLastUsed], [[], [], {}])
  assert.equal(role.RolePolicyList[0].PolicyName, 'own')
  assert.deepEqual(role.Tags, Tags)
  assert.match(decodeURIComponent(role.AssumeRolePolicyDocument), /sts:AssumeRole/)
  const policy = find(details.Policies, Policy.Arn)
  assert.equal(policy.PolicyVersionList.length, 1)
  assert.equal(decodeURIComponent(policy.PolicyVersionList[0].Document), PolicyDocument)
  assert.ok(details.Policies.some(({ Arn }: Answer) => Arn === attached))
})

function plain(answer: Answer): Answer {
  return JSON.parse(JSON.stringify(answer))
}

const LISTS = ['UserDetailList', 'GroupDetailList', 'RoleDetailList', 'Policies'] as const

function arnsOf(details: Answer): string[] {
  return LISTS.flatMap((list) => details[list].map(({ Arn }: Answer) => Arn))
}

test('pages of GetAccountAuthorizationDetails are of any size, across its lists, and miss nothing', async () => {
  const whole = arnsOf(await callIam(harness, 'GetAccountAuthorizationDetails'))
  assert.ok(whole.length > 8)
  for (const MaxItems of [1, 2, 3, 7, whole.length]) {
    const found: string[] = []
    let Marker: string | undefined
    do {
      const page = await callIam(harness, 'GetAccountAuthorizationDetails', { MaxItems, ...(Marker && { Marker }) })
      const arns = arnsOf(page)
      assert.ok(arns.length <= MaxItems)
      found.push(...arns)
      Marker = page.Marker
    } while (Marker !== undefined)
    assert.deepEqual(found, whole)
  }
})

test('GetAccountAuthorizationDetails shows what the filter names', async () => {
  const kinds = {
    User: 'UserDetailList',
    Group: 'GroupDetailList',
    Role: 'RoleDetailList',
    LocalManagedPolicy: 'Policies',
    AWSManagedPolicy: 'Policies',
  } as const
  for (const [kind, list] of Object.entries(kinds)) {
    const details = await callIam(harness, 'GetAccountAuthorizationDetails', { Filter: [kind] })
    for (const other of LISTS) assert.equal(details[other].length > 0, other === list, `${kind}: ${other}`)
    const isOfAws = kind === 'AWSManagedPolicy'
    for (const { Arn } of details[list]) assert.equal(Arn.startsWith('arn:aws:iam::aws:'), isOfAws)
  }
  const wrong = callIam(harness, 'GetAccountAuthorizationDetails', { Filter: ['Users'] })
  await assert.rejects(wrong, { code: 'ValidationException' })
})

/** What Terraform and others ask for before they delete a user or role. */
const EMPTY_LISTS = {
  ListMFADevices: 'MFADevices',
  ListSigningCertificates: 'Certificates',
  ListSSHPublicKeys: 'SSHPublicKeys',
  ListServiceSpecificCredentials: 'ServiceSpecificCredentials',
} as const

test('lists of what is not offered are empty, for users that are there', async () => {
  const bob = await newUser(harness, 'bob', { Action: 'iam:*', Resource: iamArn('user', 'bob') })
  await callIam(harness, 'CreateRole', { RoleName: 'empty', AssumeRolePolicyDocument: TRUST_POLICY })
  const PolicyArn = 'arn:aws:iam::aws:policy/IAMFullAccess'
  await callIam(harness, 'AttachRolePolicy', { RoleName: 'empty', PolicyArn })
  const session = await asRole(harness, 'empty')
  for (const [operation, member] of Object.entries(EMPTY_LISTS)) {
    const empty = { [member]: [], IsTruncated: false }
    assert.deepEqual(await callIam(harness, operation, { UserName: 'bob' }, session), empty)
    assert.deepEqual(await callIam(harness, operation, {}, bob), empty)
    const text = 'The user with name nobody cannot be found.'
    await assertFails(callIam(harness, operation, { UserName: 'nobody' }), 'NoSuchEntity', text)
    const nameless = 'Must specify userName when calling with non-User credentials'
    await assertValidation(callIam(harness, operation, {}, session), nameless)
  }
  const all = { AllUsers: true, ServiceName: 'codecommit.amazonaws.com' }
  const none = { ServiceSpecificCredentials: [], IsTruncated: false }
  assert.deepEqual(await callIam(harness, 'ListServiceSpecificCredentials', all, session), none)
  const both = callIam(harness, 'ListServiceSpecificCredentials', { ...all, UserName: 'bob' })
  await assertValidation(both, 'Specify either userName or allUsers.')
  const text = notAllowed(bob, 'iam:ListServiceSpecificCredentials', iamArn('user', '*'))
  await assertFails(callIam(harness, 'ListServiceSpecificCredentials', all, bob), 'AccessDeniedException', text)
  assert.deepEqual(await callIam(harness, 'ListVirtualMFADevices', { AssignmentStatus: 'Assigned' }), {
    VirtualMFADevices: [],
    IsTruncated: false,
  })
  assert.deepEqual(await callIam(harness, 'ListInstanceProfilesForRole', { RoleName: 'empty' }), {
    InstanceProfiles: [],
    IsTruncated: false,
  })
  for (const [operation, member] of [
    ['ListInstanceProfiles', 'InstanceProfiles'],
    ['ListServerCertificates', 'ServerCertificateMetadataList'],
  ] as const) {
    const answer = await callIam(harness, operation, { PathPrefix: '/' })
    assert.deepEqual(answer, { [member]: [], IsTruncated: false })
    await assertValidation(callIam(harness, operation, { Marker: 'none' }), 'Invalid Marker.')
  }
  assert.deepEqual(await callIam(harness, 'ListSAMLProviders'), { SAMLProviderList: [] })
  const missing = callIam(harness, 'ListInstanceProfilesForRole', { RoleName: 'nobody' })
  await assertFails(missing, 'NoSuchEntity', 'The role with name nobody cannot be found.')
})

test('the account has no policy for passwords', async () => {
  const text = `The Password Policy with domain name ${ACCOUNT} cannot be found.`
  await assertFails(callIam(harness, 'GetAccountPasswordPolicy'), 'NoSuchEntity', text)
})

test('nobody has a login profile', async () => {
  await newUser(harness, 'carol')
  for (const operation of ['GetLoginProfile', 'DeleteLoginProfile']) {
    const text = 'Login Profile for User carol cannot be found.'
    await assertFails(callIam(harness, operation, { UserName: 'carol' }), 'NoSuchEntity', text)
    const nobody = 'The user with name nobody cannot be found.'
    await assertFails(callIam(harness, operation, { UserName: 'nobody' }), 'NoSuchEntity', nobody)
  }
})
