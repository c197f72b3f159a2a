/** Roles: authorization.md 6.1, 6.6, P-4, P-6; answers and texts as AWS was recorded to give them. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT, userOf } from '../../support/harness.ts'
import { assertFails, assertValidation, lastRecord } from '../support.ts'
import { asUser, callIam, iamArn, newUser, notAllowed, policyDocument, shownName, TRUST_POLICY } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const call = (name: string, body: object = {}) => callIam(harness, name, body)

let made = 0
async function newRole(more: object = {}) {
  made += 1
  const RoleName = `role-${made}`
  const { Role } = await call('CreateRole', { RoleName, AssumeRolePolicyDocument: TRUST_POLICY, ...more })
  return { RoleName, Role }
}

function trusting(...principals: readonly string[]): string {
  const Principal = { AWS: principals.length === 1 ? principals[0] : principals }
  return JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Principal } })
}

/** The principals of the trust policy that GetRole shows. */
async function trustedBy(RoleName: string) {
  const { Role } = await call('GetRole', { RoleName })
  return JSON.parse(decodeURIComponent(Role.AssumeRolePolicyDocument)).Statement.Principal.AWS
}

test('CreateRole answers the role without description and session duration, GetRole with both', async () => {
  const RoleName = 'worker'
  const Tags = [{ Key: 'team', Value: 'a b' }]
  const given = { RoleName, Path: '/app/x/', AssumeRolePolicyDocument: TRUST_POLICY, Tags }
  const { Role: created } = await call('CreateRole', { ...given, Description: 'works', MaxSessionDuration: 7200 })
  const { RoleId, ...rest } = created
  assert.match(RoleId, /^AROA[A-Z2-7]{17}$/)
  const common = {
    Path: '/app/x/',
    RoleName,
    Arn: `arn:aws:iam::${ACCOUNT}:role/app/x/worker`,
    CreateDate: '2026-03-01T12:00:00Z',
    AssumeRolePolicyDocument: encodeURIComponent(TRUST_POLICY),
    PermissionsBoundary: undefined,
    Tags,
  }
  assert.deepEqual(rest, common)
  const { Role } = await call('GetRole', { RoleName })
  assert.deepEqual(Role, { ...common, RoleId, Description: 'works', MaxSessionDuration: 7200, RoleLastUsed: {} })
})

test('a role lasts an hour and has no tags unless it is said otherwise', async () => {
  const { RoleName } = await newRole()
  const { Role } = await call('GetRole', { RoleName })
  assert.equal(Role.MaxSessionDuration, 3600)
  assert.equal(Role.Path, '/')
  assert.equal(Role.Tags, undefined)
  assert.equal(Role.Description, undefined)
})

test('documents in answers are percent-encoded as RFC 3986 has it, which keeps fewer characters than JavaScript', async () => {
  const document = TRUST_POLICY.replace('"Statement"', '"Id":"it\'s (so) *!","Statement"')
  const { Role } = await newRole({ AssumeRolePolicyDocument: document })
  assert.doesNotMatch(Role.AssumeRolePolicyDocument, /[^A-Za-z0-9._~%-]/)
  assert.equal(decodeURIComponent(Role.AssumeRolePolicyDocument), document)
})

test('names are taken whatever their case, and found whatever their case', async () => {
  const { RoleName } = await newRole()
  const again = { RoleName: RoleName.toUpperCase(), AssumeRolePolicyDocument: TRUST_POLICY }
  await assertFails(
    call('CreateRole', again),
    'EntityAlreadyExists',
    `Role with name ${RoleName.toUpperCase()} already exists.`,
  )
  assert.equal((await call('GetRole', { RoleName: RoleName.toUpperCase() })).Role.RoleName, RoleName)
})

test('a role that does not exist is not found', async () => {
  const RoleName = 'nobody'
  const text = 'The role with name nobody cannot be found.'
  const bodies = {
    GetRole: {},
    UpdateRole: {},
    UpdateRoleDescription: { Description: 'x' },
    UpdateAssumeRolePolicy: { PolicyDocument: TRUST_POLICY },
    DeleteRole: {},
  }
  for (const [name, body] of Object.entries(bodies)) {
    await assertFails(call(name, { RoleName, ...body }), 'NoSuchEntity', text)
  }
  assert.equal(lastRecord(harness).errorCode, 'NoSuchEntityException')
})

test('members that break the constraints of the model are named without their values', async () => {
  const at = (path: string, rule: string) =>
    `1 validation error detected: Value at '${path}' failed to satisfy constraint: Member must ${rule}`
  const role = { RoleName: 'r', AssumeRolePolicyDocument: TRUST_POLICY }
  const cases: readonly [object, string, string][] = [
    [{ RoleName: 'x'.repeat(65) }, 'roleName', 'have length less than or equal to 64'],
    [{ MaxSessionDuration: 3599 }, 'maxSessionDuration', 'have value greater than or equal to 3600'],
    [{ MaxSessionDuration: 43_201 }, 'maxSessionDuration', 'have value less than or equal to 43200'],
    [{ Path: 'app/' }, 'path', 'satisfy regular expression pattern: (\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)'],
    [{ Description: 'x'.repeat(1001) }, 'description', 'have length less than or equal to 1000'],
    [{ AssumeRolePolicyDocument: undefined }, 'assumeRolePolicyDocument', 'not be null'],
  ]
  for (const [change, path, rule] of cases)
    await assertValidation(call('CreateRole', { ...role, ...change }), at(path, rule))
  await assertValidation(
    call('CreateRole', { ...role, RoleName: 'a b' }),
    'The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-',
  )
})

test('the account has at most a thousand roles', async () => {
  const full = await createHarness()
  try {
    await full.store.change(async (change) => {
      for (let index = 0; index < 1000; index++) {
        await change.insertRole({
          account: ACCOUNT,
          roleName: `r${index}`,
          path: '/',
          roleId: `AROA${String(index).padStart(17, '0')}`,
          createdAt: 0,
          description: undefined,
          maxSessionSeconds: 3600,
          trustPolicy: TRUST_POLICY,
          tags: [],
          boundaryArn: undefined,
        })
      }
    })
    await assertFails(
      callIam(full, 'CreateRole', { RoleName: 'more', AssumeRolePolicyDocument: TRUST_POLICY }),
      'LimitExceeded',
      'Cannot exceed quota for RolesPerAccount: 1000',
    )
  } finally {
    await full.close()
  }
})

test('UpdateRole changes what it is given and leaves the rest, UpdateRoleDescription shows the role', async () => {
  const PermissionsBoundary = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
  const more = { PermissionsBoundary, Tags: [{ Key: 'team', Value: 'probe' }] }
  const { RoleName, Role } = await newRole({ Description: 'before', MaxSessionDuration: 7200, ...more })
  assert.deepEqual(await call('UpdateRole', { RoleName, Description: 'after' }), {})
  assert.deepEqual(await call('UpdateRole', { RoleName }), {})
  const { Role: updated } = await call('GetRole', { RoleName })
  assert.deepEqual([updated.Description, updated.MaxSessionDuration], ['after', 7200])
  const { Role: described } = await call('UpdateRoleDescription', { RoleName, Description: 'again' })
  assert.deepEqual([described.Description, described.RoleId], ['again', Role.RoleId])
  for (const member of ['MaxSessionDuration', 'PermissionsBoundary', 'Tags']) {
    assert.equal(member in described, false, member)
  }
})

test('DeleteRole refuses a role that has policies, and says which kind', async () => {
  const { RoleName } = await newRole()
  const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
  await call('AttachRolePolicy', { RoleName, PolicyArn })
  await assertFails(
    call('DeleteRole', { RoleName }),
    'DeleteConflict',
    'Cannot delete entity, must detach all policies first.',
  )
  await call('DetachRolePolicy', { RoleName, PolicyArn })
  const PolicyDocument = policyDocument({ Action: 'kms:*', Resource: '*' })
  await call('PutRolePolicy', { RoleName, PolicyName: 'p', PolicyDocument })
  await assertFails(
    call('DeleteRole', { RoleName }),
    'DeleteConflict',
    'Cannot delete entity, must delete policies first.',
  )
  await call('DeleteRolePolicy', { RoleName, PolicyName: 'p' })
  assert.equal(await call('DeleteRole', { RoleName }), undefined)
  await assert.rejects(call('GetRole', { RoleName }), { code: 'NoSuchEntity' })
})

test('a role made anew has another unique id', async () => {
  const { RoleName, Role } = await newRole()
  await call('DeleteRole', { RoleName })
  const { Role: again } = await call('CreateRole', { RoleName, AssumeRolePolicyDocument: TRUST_POLICY })
  assert.notEqual(again.RoleId, Role.RoleId)
})

test('ListRoles shows pages in order of name, of one path if asked for, without tags', async () => {
  for (const name of ['c', 'a', 'B'])
    await newRole({ RoleName: name, Path: '/listed/', Tags: [{ Key: 'k', Value: 'v' }] })
  const PathPrefix = '/listed/'
  const { Roles, IsTruncated, Marker } = await call('ListRoles', { PathPrefix, MaxItems: 2 })
  assert.deepEqual(
    Roles.map(({ RoleName }: { RoleName: string }) => RoleName),
    ['a', 'B'],
  )
  assert.equal(IsTruncated, true)
  assert.deepEqual(Object.keys(Roles[0]).sort(), [
    'Arn',
    'AssumeRolePolicyDocument',
    'CreateDate',
    'Description',
    'MaxSessionDuration',
    'Path',
    'RoleId',
    'RoleName',
  ])
  const next = await call('ListRoles', { PathPrefix, MaxItems: 2, Marker })
  assert.deepEqual([next.Roles.length, next.Roles[0].RoleName, next.IsTruncated], [1, 'c', false])
  assert.equal('Marker' in next, false)
  assert.deepEqual(await call('ListRoles', { PathPrefix: '/nowhere/' }), { Roles: [], IsTruncated: false })
  // A marker is taken back only by the list that gave it.
  await assertValidation(call('ListUsers', { Marker }), 'Invalid Marker.')
  await assertValidation(call('ListRoles', { Marker: 'bm9uc2Vuc2U' }), 'Invalid Marker.')
})

describe('trust policies', () => {
  test('that are malformed make no role', async () => {
    const statement = JSON.parse(TRUST_POLICY).Statement[0]
    const cases: readonly [unknown, string][] = [
      [{ ...statement, Resource: '*' }, 'Has prohibited field Resource'],
      [{ ...statement, Action: 'kms:Decrypt' }, 'AssumeRole policy may only specify STS AssumeRole actions.'],
      [
        { ...statement, Principal: { AWS: iamArn('user', 'nobody') } },
        `Invalid principal in policy: "AWS":"${iamArn('user', 'nobody')}"`,
      ],
      [{ ...statement, Principal: { AWS: '999999999999' } }, 'Invalid principal in policy: "AWS":"999999999999"'],
      [
        { ...statement, Principal: { AWS: iamArn('role', '*') } },
        `Invalid principal in policy: "AWS":"${iamArn('role', '*')}"`,
      ],
    ]
    for (const [Statement, text] of cases) {
      const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement })
      await assertFails(newRole({ AssumeRolePolicyDocument }), 'MalformedPolicyDocument', text)
    }
    await assertFails(
      newRole({ AssumeRolePolicyDocument: 'not json' }),
      'MalformedPolicyDocument',
      'This policy contains invalid Json',
    )
  })

  test('have at most 2,048 characters, white space not counted', async () => {
    const longest = (chars: number) => {
      const length = JSON.stringify({ ...JSON.parse(TRUST_POLICY), Id: '' }).length
      return JSON.stringify({ ...JSON.parse(TRUST_POLICY), Id: 'x'.repeat(chars - length) })
    }
    await newRole({ AssumeRolePolicyDocument: longest(2048).replace('{', `{${' \n'.repeat(500)}`) })
    await assertFails(
      newRole({ AssumeRolePolicyDocument: longest(2049) }),
      'LimitExceeded',
      'Cannot exceed quota for ACLSizePerRole: 2048',
    )
  })

  test('follow a user who is renamed, and show the unique id of one who is gone, whoever has his name (P-4)', async () => {
    await newUser(harness, 'bound')
    const { principalId } = await asUser(harness, 'bound')
    const { RoleName } = await newRole({ AssumeRolePolicyDocument: trusting(iamArn('user', 'bound'), ACCOUNT) })
    assert.deepEqual(await trustedBy(RoleName), [iamArn('user', 'bound'), ACCOUNT])

    await call('UpdateUser', { UserName: 'bound', NewUserName: 'renamed', NewPath: '/team/' })
    assert.deepEqual(await trustedBy(RoleName), [iamArn('user', 'team/renamed'), ACCOUNT])

    await call('DeleteUser', { UserName: 'renamed' })
    await newUser(harness, 'bound')
    assert.deepEqual(await trustedBy(RoleName), [principalId, ACCOUNT])
    // Who is gone cannot be named again.
    await assertFails(
      call('UpdateAssumeRolePolicy', { RoleName, PolicyDocument: trusting(principalId) }),
      'MalformedPolicyDocument',
      `Invalid principal in policy: "AWS":"${principalId}"`,
    )
  })

  test('may name accounts that are here, and roles with their paths', async () => {
    const { Role } = await newRole({ Path: '/team/' })
    const { RoleName } = await newRole({ AssumeRolePolicyDocument: trusting(Role.Arn, OTHER_ACCOUNT) })
    assert.deepEqual(await trustedBy(RoleName), [Role.Arn, OTHER_ACCOUNT])
    await assert.rejects(newRole({ AssumeRolePolicyDocument: trusting(Role.Arn.replace('/team/', '/')) }), {
      code: 'MalformedPolicyDocument',
    })
  })

  test('are replaced by UpdateAssumeRolePolicy', async () => {
    const { RoleName } = await newRole()
    const PolicyDocument = trusting(OTHER_ACCOUNT)
    assert.equal(await call('UpdateAssumeRolePolicy', { RoleName, PolicyDocument }), undefined)
    assert.deepEqual(await trustedBy(RoleName), OTHER_ACCOUNT)
    await assert.rejects(call('UpdateAssumeRolePolicy', { RoleName, PolicyDocument: '{}' }), {
      code: 'MalformedPolicyDocument',
    })
    assert.deepEqual(await trustedBy(RoleName), OTHER_ACCOUNT)
  })
})

describe('permissions', () => {
  test('operations on a role need the permission on its ARN with its path', async () => {
    const { RoleName, Role } = await newRole({ Path: '/app/' })
    const reader = await newUser(harness, 'role-reader', { Action: 'iam:GetRole', Resource: iamArn('role', 'app/*') })
    assert.equal((await callIam(harness, 'GetRole', { RoleName }, reader)).Role.Arn, Role.Arn)
    for (const [name, body] of Object.entries({
      DeleteRole: {},
      UpdateRole: {},
      UpdateRoleDescription: { Description: 'x' },
      UpdateAssumeRolePolicy: { PolicyDocument: TRUST_POLICY },
    })) {
      await assertFails(
        callIam(harness, name, { RoleName, ...body }, reader),
        'AccessDeniedException',
        notAllowed(reader, `iam:${name}`, shownName(Role.Arn)),
      )
    }
    await assertFails(
      callIam(harness, 'ListRoles', {}, reader),
      'AccessDeniedException',
      notAllowed(reader, 'iam:ListRoles', iamArn('role', '')),
    )
    // Who may not look does not learn what there is.
    await assertFails(
      callIam(harness, 'GetRole', { RoleName: 'nobody' }, reader),
      'AccessDeniedException',
      notAllowed(reader, 'iam:GetRole', 'role nobody'),
    )
  })

  test('CreateRole is judged by tags and boundary of the request, the others by the boundary in force', async () => {
    const boundary = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
    const limited = await newUser(
      harness,
      'role-maker',
      {
        Action: 'iam:CreateRole',
        Resource: iamArn('role', 'made/*'),
        Condition: { StringEquals: { 'iam:PermissionsBoundary': boundary, 'aws:RequestTag/team': 'a' } },
      },
      { Action: 'iam:TagRole', Resource: iamArn('role', 'made/*') },
      {
        Action: 'iam:UpdateRole',
        Resource: '*',
        Condition: { StringEquals: { 'iam:PermissionsBoundary': boundary, 'iam:ResourceTag/team': 'a' } },
      },
    )
    const role = { RoleName: 'limited', Path: '/made/', AssumeRolePolicyDocument: TRUST_POLICY }
    const Tags = [{ Key: 'team', Value: 'a' }]
    const create = (more: object) => callIam(harness, 'CreateRole', { ...role, ...more }, limited)
    for (const lacking of [
      { Tags },
      { PermissionsBoundary: boundary },
      { Tags, PermissionsBoundary: boundary, Path: '/' },
    ]) {
      await assert.rejects(create(lacking), { code: 'AccessDeniedException' })
    }
    const { Role } = await create({ Tags, PermissionsBoundary: boundary })
    assert.deepEqual(Role.PermissionsBoundary, {
      PermissionsBoundaryType: 'Policy',
      PermissionsBoundaryArn: boundary,
    })
    const update = () => callIam(harness, 'UpdateRole', { RoleName: 'limited', MaxSessionDuration: 7200 }, limited)
    await update()
    await call('DeleteRolePermissionsBoundary', { RoleName: 'limited' })
    await assert.rejects(update(), { code: 'AccessDeniedException' })
  })

  test('another account has roles of its own', async () => {
    const { RoleName } = await newRole()
    await assert.rejects(callIam(harness, 'GetRole', { RoleName }, userOf(OTHER_ACCOUNT)), { code: 'NoSuchEntity' })
    const role = { RoleName, AssumeRolePolicyDocument: trusting(OTHER_ACCOUNT) }
    const { Role } = await callIam(harness, 'CreateRole', role, userOf(OTHER_ACCOUNT))
    assert.equal(Role.Arn, iamArn('role', RoleName, OTHER_ACCOUNT))
  })
})

test('a boundary must be a managed policy that exists', async () => {
  const notAPolicy = `arn:aws:iam::${ACCOUNT}:not_a_policy/invalid`
  await assertFails(newRole({ PermissionsBoundary: notAPolicy }), 'InvalidInput', `ARN ${notAPolicy} is not valid.`)
  const missing = iamArn('policy', 'missing')
  await assertFails(
    newRole({ PermissionsBoundary: missing }),
    'NoSuchEntity',
    `Scope ARN: ${missing} does not exist or is not attachable.`,
  )
})

test('the audit record has what was asked for and which role was made', async () => {
  const { RoleName, Role } = await newRole({
    Description: 'd',
    MaxSessionDuration: 3600,
    Tags: [{ Key: 'k', Value: 'v' }],
  })
  const record = lastRecord(harness)
  assert.deepEqual([record.eventName, record.readOnly], ['CreateRole', false])
  assert.equal(harness.auditRecords().at(-1).eventSource, 'iam.amazonaws.com')
  assert.deepEqual(record.requestParameters, {
    roleName: RoleName,
    assumeRolePolicyDocument: TRUST_POLICY,
    description: 'd',
    maxSessionDuration: 3600,
    tags: [{ key: 'k', value: 'v' }],
  })
  assert.deepEqual(record.responseElements, { role: { arn: Role.Arn, roleId: Role.RoleId, roleName: RoleName } })
  await call('GetRole', { RoleName })
  assert.deepEqual(
    [lastRecord(harness).readOnly, lastRecord(harness).requestParameters],
    [true, { roleName: RoleName }],
  )
})
