/** Quotas, names and what must be gone before a deletion (authorization.md 6.1, 6.6), against a real store. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  checkGroupIsUnused,
  checkManagedPolicyIsUnused,
  checkNewAccessKey,
  checkNewAttachment,
  checkNewGroup,
  checkNewManagedPolicy,
  checkNewMembership,
  checkNewOidcProvider,
  checkNewRole,
  checkNewUser,
  checkRoleIsUnused,
  checkUserIsUnused,
  checkUserNameIsFree,
} from '../../../src/domain/identity/entity-rules.ts'
import {
  checkInlinePoliciesSize,
  checkManagedPolicySize,
  checkTrustPolicySize,
  policyChars,
} from '../../../src/domain/identity/policy-sizes.ts'
import type { Store } from '../../../src/domain/store.ts'
import { openSqliteStore } from '../../../src/store/sqlite-store.ts'
import { exampleGroup, exampleRole, exampleUser, newAccount } from '../../contract/store/entities.ts'
import { examplePolicy, exampleProvider } from '../../contract/store/identity-policies.ts'

const conflict = (first: string) => ({ code: 'DeleteConflict', text: `Cannot delete entity, must ${first} first.` })
const REFERENCES = conflict('remove referenced objects')
const limit = (text: string) => ({ code: 'LimitExceeded', text })
const exists = (text: string) => ({ code: 'EntityAlreadyExists', text })

describe('identities', () => {
  let store: Store
  before(async () => {
    store = await openSqliteStore({ path: ':memory:', node: 'test', clock: { now: () => 1 } })
  })
  after(() => store.close())

  test('do not take the name of another, in any case; a rename that changes only the case is one', async () => {
    const account = await newAccount(store)
    const user = exampleUser(account, 'Alice')
    await store.change(async (change) => {
      await change.insertUser(user)
      await change.insertRole(exampleRole(account, 'Deploy'))
      await change.insertGroup(exampleGroup(account, 'Staff'))
      await change.insertManagedPolicy(examplePolicy(account, 'Use'), '{}')
      await change.insertOidcProvider(exampleProvider(account, 'host/path'))
    })
    await assert.rejects(checkNewUser(store, account, 'alice'), exists('User with name alice already exists.'))
    await assert.rejects(checkNewRole(store, account, 'DEPLOY'), exists('Role with name DEPLOY already exists.'))
    await assert.rejects(checkNewGroup(store, account, 'staff'), exists('Group with name staff already exists.'))
    await assert.rejects(
      checkNewManagedPolicy(store, account, 'use'),
      exists('A policy called use already exists. Duplicate names are not allowed.'),
    )
    await assert.rejects(
      checkNewOidcProvider(store, exampleProvider(account, 'host/path')),
      exists('Provider with url https://host/path already exists.'),
    )
    await checkUserNameIsFree(store, account, 'ALICE', user)
    await checkNewUser(store, account, 'bob')
  })

  test('of a user are two access keys, those of the root apart', async () => {
    const account = await newAccount(store)
    const key = (accessKeyId: string) => ({
      ...{ accessKeyId, account, userName: 'alice', active: false, token: Buffer.alloc(1), createdAt: 0 },
    })
    await store.change(async (change) => {
      await change.insertUser(exampleUser(account, 'alice'))
      await change.insertAccessKey(key('AKIAFIRST'))
    })
    await checkNewAccessKey(store, account, 'alice')
    await store.change((change) => change.insertAccessKey(key('AKIASECOND')))
    await assert.rejects(
      checkNewAccessKey(store, account, 'alice'),
      limit('Cannot exceed quota for AccessKeysPerUser: 2'),
    )
    await checkNewAccessKey(store, account, undefined)
  })

  test('have ten managed policies and ten groups at most; what they have already is no new one', async () => {
    const account = await newAccount(store)
    const user = exampleUser(account, 'alice')
    const groups = Array.from({ length: 11 }, (_, index) => exampleGroup(account, `g${index}`))
    const attachment = (index: number) => ({
      ...{ account, ownerKind: 'user' as const, ownerId: user.userId, policyArn: `arn:aws:iam::aws:policy/P${index}` },
    })
    await store.change(async (change) => {
      await change.insertUser(user)
      for (const [index, group] of groups.entries()) {
        await change.insertGroup(group)
        if (index === 10) continue
        await change.addUserToGroup(user, group)
        await change.attachPolicy(attachment(index))
      }
    })
    await checkNewAttachment(store, attachment(9))
    await assert.rejects(
      checkNewAttachment(store, attachment(10)),
      limit('Cannot exceed quota for PoliciesPerUser: 10'),
    )
    await checkNewMembership(store, user, groups[9]!)
    await assert.rejects(
      checkNewMembership(store, user, groups[10]!),
      limit('Cannot exceed quota for GroupsPerUser: 10'),
    )
  })

  test('are 300 groups in an account at most', async () => {
    const account = await newAccount(store)
    await store.change(async (change) => {
      for (let index = 0; index < 299; index++) await change.insertGroup(exampleGroup(account, `g${index}`))
    })
    await checkNewGroup(store, account, 'new')
    await store.change((change) => change.insertGroup(exampleGroup(account, 'last')))
    await assert.rejects(checkNewGroup(store, account, 'new'), limit('Cannot exceed quota for GroupsPerAccount: 300'))
  })

  test('are not deleted while anything refers to them', async () => {
    const account = await newAccount(store)
    const user = exampleUser(account, 'alice')
    const role = exampleRole(account, 'deploy')
    const group = exampleGroup(account, 'staff')
    await store.change(async (change) => {
      await change.insertUser(user)
      await change.insertRole(role)
      await change.insertGroup(group)
    })
    const checks = [
      { id: user.userId, kind: 'user' as const, check: () => checkUserIsUnused(store, user) },
      { id: role.roleId, kind: 'role' as const, check: () => checkRoleIsUnused(store, role) },
      { id: group.groupId, kind: 'group' as const, check: () => checkGroupIsUnused(store, group) },
    ]
    for (const { id, kind, check } of checks) {
      await check()
      const inline = { account, ownerId: id, policyName: 'p', document: '{}' }
      await store.change((change) => change.putInlinePolicy(inline))
      await assert.rejects(check(), conflict('delete policies'))
      await store.change((change) => change.deleteInlinePolicy(inline))
      const attachment = { account, ownerKind: kind, ownerId: id, policyArn: 'arn:aws:iam::aws:policy/P' }
      await store.change((change) => change.attachPolicy(attachment))
      await assert.rejects(check(), conflict('detach all policies'))
      await store.change((change) => change.detachPolicy(attachment))
      await check()
    }
    await store.change((change) => change.addUserToGroup(user, group))
    await assert.rejects(checkUserIsUnused(store, user), REFERENCES)
    await assert.rejects(checkGroupIsUnused(store, group), REFERENCES)
    await store.change((change) => change.removeUserFromGroup(user, group))
    const key = { accessKeyId: 'AKIALAST', account, userName: 'alice', active: false }
    await store.change((change) => change.insertAccessKey({ ...key, token: Buffer.alloc(1), createdAt: 0 }))
    await assert.rejects(checkUserIsUnused(store, user), REFERENCES)
  })

  test('keep a managed policy that is attached, bounds somebody or has further versions', async () => {
    const account = await newAccount(store)
    const policy = examplePolicy(account, 'used')
    const attachment = { account, ownerKind: 'role' as const, ownerId: 'AROAX', policyArn: policy.arn }
    const user = exampleUser(account, 'alice', { boundaryArn: policy.arn })
    await store.change((change) => change.insertManagedPolicy(policy, '{}'))
    await checkManagedPolicyIsUnused(store, policy)
    const attached = { code: 'DeleteConflict', text: 'Cannot delete a policy attached to entities.' }
    await store.change((change) => change.attachPolicy(attachment))
    await assert.rejects(checkManagedPolicyIsUnused(store, policy), attached)
    await store.change(async (change) => {
      await change.detachPolicy(attachment)
      await change.insertUser(user)
    })
    await assert.rejects(checkManagedPolicyIsUnused(store, policy), attached)
    const version = { policyArn: policy.arn, version: 2, document: '{}', createdAt: 0 }
    await store.change(async (change) => {
      await change.updateUser({ ...user, boundaryArn: undefined })
      await change.insertPolicyVersion(account, version)
    })
    await assert.rejects(checkManagedPolicyIsUnused(store, policy), {
      code: 'DeleteConflict',
      text: /^This policy has more than one version\./,
    })
  })

  test('have policies of limited size, white space not counted, inline ones together', async () => {
    assert.equal(policyChars('{ "a" :\n\t\r"b c" }'), 10)
    const text = (chars: number) => `{${' '.repeat(10_000)}"a":"${'x'.repeat(chars - 8)}"}`
    checkManagedPolicySize(text(6_144))
    assert.throws(() => checkManagedPolicySize(text(6_145)), limit('Cannot exceed quota for PolicySize: 6144'))
    checkTrustPolicySize(text(2_048))
    assert.throws(() => checkTrustPolicySize(text(2_049)), limit('Cannot exceed quota for ACLSizePerRole: 2048'))
    const account = await newAccount(store)
    const policy = (policyName: string, chars: number) => ({
      ...{ account, ownerId: 'AIDASIZES', policyName, document: text(chars) },
    })
    const owner = { kind: 'user' as const, name: 'alice' }
    await store.change((change) => change.putInlinePolicy(policy('first', 1_024)))
    await checkInlinePoliciesSize(store, owner, policy('second', 1_024))
    await checkInlinePoliciesSize(store, owner, policy('first', 2_048))
    await assert.rejects(
      checkInlinePoliciesSize(store, owner, policy('second', 1_025)),
      limit('Maximum policy size of 2048 bytes exceeded for user alice'),
    )
    await checkInlinePoliciesSize(store, { kind: 'role', name: 'r' }, policy('second', 9_216))
    await checkInlinePoliciesSize(store, { kind: 'group', name: 'g' }, policy('second', 4_096))
    await assert.rejects(checkInlinePoliciesSize(store, { kind: 'group', name: 'g' }, policy('second', 4_097)))
  })
})
