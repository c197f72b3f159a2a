/** Managed policies attached to users, roles and groups: authorization.md 6.1, 6.6; texts as AWS was recorded to give them. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createHarness, type Harness, OTHER_ACCOUNT, userOf } from '../../support/harness.ts'
import { assertFails, assertValidation, lastRecord } from '../support.ts'
import { asRole, callIam, iamArn, newUser, notAllowed, policyDocument, shownName, TRUST_POLICY } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const call = (name: string, body: object = {}) => callIam(harness, name, body)
const OF_AWS = 'arn:aws:iam::aws:policy/ReadOnlyAccess'

let made = 0
async function newPolicy(more: object = {}) {
  made += 1
  const PolicyDocument = policyDocument({ Action: 'iam:ListRoles', Resource: '*' })
  const { Policy } = await call('CreatePolicy', { PolicyName: `attached-${made}`, PolicyDocument, ...more })
  return Policy
}

const KINDS = ['User', 'Role', 'Group'] as const
type Kind = (typeof KINDS)[number]

async function newOwner(kind: Kind, more: object = {}) {
  made += 1
  const name = `owner-${made}`
  const named: Record<string, string> = { [`${kind}Name`]: name }
  const trust = kind === 'Role' ? { AssumeRolePolicyDocument: TRUST_POLICY } : {}
  const answer = await call(`Create${kind}`, { ...named, ...trust, ...more })
  return { name, named, id: answer[kind][`${kind}Id`] }
}

for (const kind of KINDS) {
  describe(`policies of a ${kind.toLowerCase()}`, () => {
    test('are attached once, listed by name and detached', async () => {
      const { named } = await newOwner(kind)
      const list = async (more: object = {}) => call(`ListAttached${kind}Policies`, { ...named, ...more })
      assert.deepEqual(await list(), { AttachedPolicies: [], IsTruncated: false })
      const { Arn } = await newPolicy({ PolicyName: `z-${kind}`, Path: '/app/' })
      for (const PolicyArn of [Arn, OF_AWS, Arn]) {
        assert.equal(await call(`Attach${kind}Policy`, { ...named, PolicyArn }), undefined)
      }
      const first = { PolicyName: 'ReadOnlyAccess', PolicyArn: OF_AWS }
      const second = { PolicyName: `z-${kind}`, PolicyArn: Arn }
      assert.deepEqual((await list()).AttachedPolicies, [first, second])
      assert.deepEqual((await list({ PathPrefix: '/app/' })).AttachedPolicies, [second])
      const page = await list({ MaxItems: 1 })
      assert.deepEqual([page.AttachedPolicies, page.IsTruncated], [[first], true])
      const next = await list({ MaxItems: 1, Marker: page.Marker })
      assert.deepEqual([next.AttachedPolicies, next.IsTruncated], [[second], false])
      assert.equal((await call('GetPolicy', { PolicyArn: Arn })).Policy.AttachmentCount, 1)

      const detach = () => call(`Detach${kind}Policy`, { ...named, PolicyArn: Arn })
      assert.equal(await detach(), undefined)
      assert.deepEqual((await list()).AttachedPolicies, [first])
      await assertFails(detach(), 'NoSuchEntity', `Policy ${Arn} was not found.`)
    })

    test('must exist, and so must the owner', async () => {
      const { named } = await newOwner(kind)
      const attach = (PolicyArn: string, to: object = named) => call(`Attach${kind}Policy`, { ...to, PolicyArn })
      await assertValidation(attach('longpolicynamebutnoarn'), 'ARN longpolicynamebutnoarn is not valid.')
      const missing = iamArn('policy', 'nonexistent-policy')
      await assertFails(attach(missing), 'NoSuchEntity', `Policy ${missing} does not exist or is not attachable.`)
      const foreign = await callIam(
        harness,
        'CreatePolicy',
        { PolicyName: `foreign-${kind}`, PolicyDocument: policyDocument({ Action: '*', Resource: '*' }) },
        userOf(OTHER_ACCOUNT),
      )
      await assert.rejects(attach(foreign.Policy.Arn), { code: 'NoSuchEntity' })
      const nobody = { [`${kind}Name`]: 'nobody' }
      const text = `The ${kind.toLowerCase()} with name nobody cannot be found.`
      await assertFails(attach(OF_AWS, nobody), 'NoSuchEntity', text)
      await assertFails(call(`Detach${kind}Policy`, { ...nobody, PolicyArn: OF_AWS }), 'NoSuchEntity', text)
      await assertFails(call(`ListAttached${kind}Policies`, nobody), 'NoSuchEntity', text)
    })

    test('are at most ten', async () => {
      const { named } = await newOwner(kind)
      for (let count = 0; count < 10; count++) {
        const { Arn: PolicyArn } = await newPolicy()
        await call(`Attach${kind}Policy`, { ...named, PolicyArn })
      }
      await assertFails(
        call(`Attach${kind}Policy`, { ...named, PolicyArn: OF_AWS }),
        'LimitExceeded',
        `Cannot exceed quota for PoliciesPer${kind}: 10`,
      )
    })

    test('need the permission on the ARN of the owner, which may be for some policies only', async () => {
      const { named, name } = await newOwner(kind, { Path: '/judged/' })
      const resource = iamArn(kind.toLowerCase() as 'user', `judged/${name}`)
      const user = await newUser(harness, `attacher-${kind}`, {
        Action: [`iam:Attach${kind}Policy`, `iam:Detach${kind}Policy`],
        Resource: resource,
        Condition: { ArnEquals: { 'iam:PolicyARN': OF_AWS } },
      })
      const as = (operation: string, body: object) => callIam(harness, operation, { ...named, ...body }, user)
      for (const verb of ['Attach', 'Detach']) {
        await as(`${verb}${kind}Policy`, { PolicyArn: OF_AWS })
        await assertFails(
          as(`${verb}${kind}Policy`, { PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }),
          'AccessDeniedException',
          notAllowed(user, `iam:${verb}${kind}Policy`, shownName(resource)),
        )
      }
      const list = `ListAttached${kind}Policies`
      await assertFails(as(list, {}), 'AccessDeniedException', notAllowed(user, `iam:${list}`, shownName(resource)))
    })

    test('are in the audit record with the owner', async () => {
      const { named, name } = await newOwner(kind)
      await call(`Attach${kind}Policy`, { ...named, PolicyArn: OF_AWS })
      const { eventName, readOnly, requestParameters } = lastRecord(harness)
      const parameters = { [`${kind.toLowerCase()}Name`]: name, policyArn: OF_AWS }
      assert.deepEqual([eventName, readOnly, requestParameters], [`Attach${kind}Policy`, false, parameters])
    })
  })
}

test('an attached policy counts at once: for the user, for sessions of the role, and through groups', async () => {
  const { Arn: PolicyArn } = await newPolicy()
  const user = await newUser(harness, 'counting')
  await call('CreateGroup', { GroupName: 'counting' })
  await call('AddUserToGroup', { UserName: 'counting', GroupName: 'counting' })
  await call('CreateRole', { RoleName: 'counting', AssumeRolePolicyDocument: TRUST_POLICY })
  const session = await asRole(harness, 'counting')
  for (const [kind, caller] of [
    ['User', user],
    ['Group', user],
    ['Role', session],
  ] as const) {
    const named = { [`${kind}Name`]: 'counting' }
    const list = () => callIam(harness, 'ListRoles', {}, caller)
    await assert.rejects(list(), { code: 'AccessDeniedException' })
    await call(`Attach${kind}Policy`, { ...named, PolicyArn })
    await list()
    await call(`Detach${kind}Policy`, { ...named, PolicyArn })
    await assert.rejects(list(), { code: 'AccessDeniedException' })
  }
})

test('ListEntitiesForPolicy shows users, roles and groups, of one kind, one path or one usage, in pages', async () => {
  const { Arn: PolicyArn } = await newPolicy()
  const list = (more: object = {}) => call('ListEntitiesForPolicy', { PolicyArn, ...more })
  const nothing = { PolicyGroups: [], PolicyUsers: [], PolicyRoles: [], IsTruncated: false }
  assert.deepEqual(await list(), nothing)
  const user = await newOwner('User', { PermissionsBoundary: PolicyArn })
  const role = await newOwner('Role', { Path: '/app/' })
  const group = await newOwner('Group')
  await call('AttachUserPolicy', { ...user.named, PolicyArn })
  await call('AttachRolePolicy', { ...role.named, PolicyArn })
  await call('AttachGroupPolicy', { ...group.named, PolicyArn })
  const PolicyUsers = [{ UserName: user.name, UserId: user.id }]
  const PolicyRoles = [{ RoleName: role.name, RoleId: role.id }]
  const PolicyGroups = [{ GroupName: group.name, GroupId: group.id }]
  assert.deepEqual(await list(), { PolicyGroups, PolicyUsers, PolicyRoles, IsTruncated: false })
  assert.deepEqual(await list({ EntityFilter: 'User' }), { ...nothing, PolicyUsers })
  assert.deepEqual(await list({ EntityFilter: 'Role' }), { ...nothing, PolicyRoles })
  assert.deepEqual(await list({ EntityFilter: 'Group' }), { ...nothing, PolicyGroups })
  assert.deepEqual(await list({ EntityFilter: 'LocalManagedPolicy' }), nothing)
  assert.deepEqual(await list({ PathPrefix: '/app/' }), { ...nothing, PolicyRoles })
  assert.deepEqual(await list({ PolicyUsageFilter: 'PermissionsBoundary' }), { ...nothing, PolicyUsers })
  const { Marker, ...page } = await list({ MaxItems: 2 })
  assert.deepEqual(page, { ...nothing, PolicyGroups, PolicyRoles, IsTruncated: true })
  assert.deepEqual(await list({ MaxItems: 2, Marker }), { ...nothing, PolicyUsers })
  const missing = iamArn('policy', 'NonExistentPolicy')
  await assertFails(
    call('ListEntitiesForPolicy', { PolicyArn: missing }),
    'NoSuchEntity',
    `Policy ${missing} does not exist or is not attachable.`,
  )
})
