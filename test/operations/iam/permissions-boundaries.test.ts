/** Permissions boundaries of users and roles: authorization.md 2.3, 6.6. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness, OTHER_ACCOUNT, userOf } from '../../support/harness.ts'
import { assertFails, lastRecord } from '../support.ts'
import { callIam, iamArn, newUser, notAllowed, policyDocument, shownName, TRUST_POLICY } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const READ_ONLY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'

let made = 0
async function newOwner(kind: 'User' | 'Role'): Promise<Record<string, string>> {
  made += 1
  const named = { [`${kind}Name`]: `bounded-${made}` }
  const trust = kind === 'Role' ? { AssumeRolePolicyDocument: TRUST_POLICY } : {}
  await callIam(harness, `Create${kind}`, { ...named, ...trust })
  return named
}

async function boundaryOf(kind: 'User' | 'Role', named: object) {
  return (await callIam(harness, `Get${kind}`, named))[kind].PermissionsBoundary
}

for (const kind of ['User', 'Role'] as const) {
  test(`a boundary of a ${kind} is put, shown, replaced and deleted`, async () => {
    const named = await newOwner(kind)
    assert.equal(await boundaryOf(kind, named), undefined)
    const body = { ...named, PermissionsBoundary: READ_ONLY }
    assert.equal(await callIam(harness, `Put${kind}PermissionsBoundary`, body), undefined)
    assert.equal(lastRecord(harness).requestParameters.permissionsBoundary, READ_ONLY)
    assert.deepEqual(await boundaryOf(kind, named), {
      PermissionsBoundaryType: 'Policy',
      PermissionsBoundaryArn: READ_ONLY,
    })
    const PolicyDocument = policyDocument({ Action: 'iam:Get*', Resource: '*' })
    const { Policy } = await callIam(harness, 'CreatePolicy', { PolicyName: `limit-${kind}`, PolicyDocument })
    await callIam(harness, `Put${kind}PermissionsBoundary`, { ...named, PermissionsBoundary: Policy.Arn })
    assert.equal((await boundaryOf(kind, named)).PermissionsBoundaryArn, Policy.Arn)
    await assert.rejects(callIam(harness, 'DeletePolicy', { PolicyArn: Policy.Arn }), { code: 'DeleteConflict' })
    await callIam(harness, `Delete${kind}PermissionsBoundary`, named)
    assert.equal(await boundaryOf(kind, named), undefined)
    await callIam(harness, 'DeletePolicy', { PolicyArn: Policy.Arn })
    await assert.rejects(callIam(harness, `Delete${kind}PermissionsBoundary`, named), { code: 'NoSuchEntity' })
  })

  test(`a boundary of a ${kind} must be a policy that is there`, async () => {
    const named = await newOwner(kind)
    const PolicyDocument = policyDocument({ Action: '*', Resource: '*' })
    const foreign = await callIam(
      harness,
      'CreatePolicy',
      { PolicyName: `foreign-${kind}`, PolicyDocument },
      userOf(OTHER_ACCOUNT),
    )
    for (const PermissionsBoundary of [iamArn('policy', 'missing'), foreign.Policy.Arn]) {
      const text = `Scope ARN: ${PermissionsBoundary} does not exist or is not attachable.`
      const put = callIam(harness, `Put${kind}PermissionsBoundary`, { ...named, PermissionsBoundary })
      await assertFails(put, 'NoSuchEntity', text)
    }
    const noPolicy = { ...named, PermissionsBoundary: iamArn('user', 'somebody') }
    const invalid = `ARN ${noPolicy.PermissionsBoundary} is not valid.`
    await assertFails(callIam(harness, `Put${kind}PermissionsBoundary`, noPolicy), 'InvalidInput', invalid)
    const nobody = { [`${kind}Name`]: 'nobody' }
    const text = `The ${kind.toLowerCase()} with name nobody cannot be found.`
    const put = callIam(harness, `Put${kind}PermissionsBoundary`, { ...nobody, PermissionsBoundary: READ_ONLY })
    await assertFails(put, 'NoSuchEntity', text)
    await assertFails(callIam(harness, `Delete${kind}PermissionsBoundary`, nobody), 'NoSuchEntity', text)
  })

  test(`which boundary may be given to a ${kind}, and taken from it, is for policies to say`, async () => {
    const Condition = { StringEquals: { 'iam:PermissionsBoundary': READ_ONLY } }
    const Action = [`iam:Put${kind}PermissionsBoundary`, `iam:Delete${kind}PermissionsBoundary`]
    const warden = await newUser(harness, `warden-${kind}`, { Action, Resource: '*', Condition })
    const named = await newOwner(kind)
    const put = (PermissionsBoundary: string) =>
      callIam(harness, `Put${kind}PermissionsBoundary`, { ...named, PermissionsBoundary }, warden)
    const remove = () => callIam(harness, `Delete${kind}PermissionsBoundary`, named, warden)
    const arn = iamArn(kind === 'User' ? 'user' : 'role', Object.values(named)[0]!)
    const full = 'arn:aws:iam::aws:policy/AdministratorAccess'
    await assertFails(put(full), 'AccessDeniedException', notAllowed(warden, Action[0]!, shownName(arn)))
    await put(READ_ONLY)
    await remove()
    await callIam(harness, `Put${kind}PermissionsBoundary`, { ...named, PermissionsBoundary: full })
    await assertFails(remove(), 'AccessDeniedException', notAllowed(warden, Action[1]!, shownName(arn)))
  })
}

test('a boundary takes away at once what it does not allow, and gives nothing', async () => {
  const bob = await newUser(harness, 'bob', { Action: ['iam:CreateGroup', 'iam:ListUsers'], Resource: '*' })
  await callIam(harness, 'CreateGroup', { GroupName: 'before' }, bob)
  await callIam(harness, 'PutUserPermissionsBoundary', { UserName: 'bob', PermissionsBoundary: READ_ONLY })
  await callIam(harness, 'ListUsers', {}, bob)
  await assertFails(
    callIam(harness, 'CreateGroup', { GroupName: 'during' }, bob),
    'AccessDeniedException',
    `User: ${bob.arn} is not authorized to perform: iam:CreateGroup on resource: ${iamArn('group', 'during')} because no permissions boundary allows the iam:CreateGroup action`,
  )
  const groups = callIam(harness, 'ListGroups', {}, bob)
  await assertFails(groups, 'AccessDeniedException', notAllowed(bob, 'iam:ListGroups', iamArn('group', '')))
  await callIam(harness, 'DeleteUserPermissionsBoundary', { UserName: 'bob' })
  await callIam(harness, 'CreateGroup', { GroupName: 'after' }, bob)
})

test('users can be made only with the boundary that a policy asks for', async () => {
  const Condition = { StringEquals: { 'iam:PermissionsBoundary': READ_ONLY } }
  const maker = await newUser(harness, 'maker', { Action: 'iam:CreateUser', Resource: '*', Condition })
  await callIam(harness, 'CreateUser', { UserName: 'limited', PermissionsBoundary: READ_ONLY }, maker)
  const text = notAllowed(maker, 'iam:CreateUser', iamArn('user', 'free'))
  await assertFails(callIam(harness, 'CreateUser', { UserName: 'free' }, maker), 'AccessDeniedException', text)
})
