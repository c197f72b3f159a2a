/** What a caller's own policies say: current ones, with what a session froze (authorization.md 2.4, 6.7, E-12). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createCallerRights } from '../../../src/domain/identity/caller-rights.ts'
import type { Rights } from '../../../src/domain/identity/rights.ts'
import { compilePolicy } from '../../../src/domain/policy/compile-policy.ts'
import type { Principal, Session } from '../../../src/domain/principal.ts'
import type { Change, Store } from '../../../src/domain/store.ts'
import { openSqliteStore } from '../../../src/store/sqlite-store.ts'
import { exampleGroup, exampleRole, exampleUser, newAccount } from '../../contract/store/entities.ts'
import { examplePolicy } from '../../contract/store/identity-policies.ts'

const ADMINISTRATOR_ACCESS = 'arn:aws:iam::aws:policy/AdministratorAccess'

/** A policy that differs from all others. */
function documentOf(sid: string): string {
  const statement = { Sid: sid, Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*' }
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
}

function userPrincipal(account: string, entityId: string, session?: Session): Principal {
  const arn = `arn:aws:iam::${account}:user/alice`
  const principal = { type: 'IAMUser' as const, account, arn, principalArn: arn, principalId: entityId, entityId }
  return { ...principal, userName: 'alice', accessKeyId: 'AKIAALICE', ...(session && { session }) }
}

function rolePrincipal(account: string, entityId: string, session: Session, accessKeyId = 'ASIAROLE'): Principal {
  const arn = `arn:aws:sts::${account}:assumed-role/deploy/${session.name}`
  const principalArn = `arn:aws:iam::${account}:role/deploy`
  const principal = { type: 'AssumedRole' as const, account, arn, principalArn, entityId, accessKeyId, session }
  return { ...principal, principalId: `${entityId}:${session.name}` }
}

function federatedPrincipal(account: string, entityId: string, session: Session): Principal {
  const arn = `arn:aws:sts::${account}:federated-user/guest`
  const principal = { type: 'FederatedUser' as const, account, arn, principalArn: arn, entityId, session }
  return { ...principal, principalId: `${account}:guest`, accessKeyId: 'ASIAGUEST' }
}

function exampleSession(facts: Partial<Session> = {}): Session {
  const times = { issuedAt: 0, expiresAt: 3_600_000, name: 'session', chainDepth: 1 }
  return { ...times, tags: [], transitiveTagKeys: [], policyArns: [], ...facts }
}

const namesIn = (rights: Rights | undefined) => rights?.identityPolicies.map(({ name }) => name)

describe('the rights of a caller', () => {
  let store: Store
  before(async () => {
    store = await openSqliteStore({ path: ':memory:', node: 'test', clock: { now: () => 1 } })
  })
  after(() => store.close())

  function setUp() {
    const rights = createCallerRights(store)
    store.onCommit(rights.drop)
    return rights
  }

  test('are own inline and managed policies, then those of groups, the boundary and the tags', async () => {
    const account = await newAccount(store)
    const policy = examplePolicy(account, 'managed')
    const bound = examplePolicy(account, 'bound')
    const tags = [{ key: 'team', value: 'blue' }]
    const user = exampleUser(account, 'alice', { tags, boundaryArn: bound.arn })
    const group = exampleGroup(account, 'staff')
    await store.change(async (change) => {
      await change.insertManagedPolicy(policy, documentOf('managed'))
      await change.insertManagedPolicy(bound, documentOf('bound'))
      await change.insertUser(user)
      await change.insertGroup(group)
      await change.addUserToGroup(user, group)
      await change.putInlinePolicy({
        ...{ account, ownerId: user.userId, policyName: 'own', document: documentOf('own') },
      })
      await change.putInlinePolicy({
        ...{ account, ownerId: group.groupId, policyName: 'of-group', document: documentOf('of-group') },
      })
      await change.attachPolicy({ account, ownerKind: 'user', ownerId: user.userId, policyArn: policy.arn })
      const ofGroup = { account, ownerKind: 'group' as const, ownerId: group.groupId }
      await change.attachPolicy({ ...ofGroup, policyArn: ADMINISTRATOR_ACCESS })
    })
    const found = await setUp().rightsOf(userPrincipal(account, user.userId))
    assert.deepEqual(namesIn(found), ['own', policy.arn, 'of-group', ADMINISTRATOR_ACCESS])
    assert.equal(found!.identityPolicies[1]!.policy, compilePolicy(documentOf('managed')))
    assert.deepEqual(found!.boundary, { name: bound.arn, policy: compilePolicy(documentOf('bound')) })
    assert.deepEqual(found!.tags, tags)
    assert.equal(found!.sessionPolicies, undefined)
  })

  test('are at hand after the first look, until something in the account changes', async () => {
    const account = await newAccount(store)
    const [user, role] = [exampleUser(account, 'alice'), exampleRole(account, 'deploy')]
    await store.change(async (change) => {
      await change.insertUser(user)
      await change.insertRole(role)
    })
    const rights = setUp()
    const alice = userPrincipal(account, user.userId)
    const deploy = rolePrincipal(account, role.roleId, exampleSession())
    const found = await rights.rightsOf(alice)
    assert.equal(rights.rightsOf(alice), found, 'not at once')
    const ofRole = await rights.rightsOf(deploy)
    assert.equal(rights.rightsOf(rolePrincipal(account, role.roleId, exampleSession(), 'ASIAOTHER')), ofRole)
    await store.change((change) => change.insertUser(exampleUser(account, 'bob')))
    const again = await rights.rightsOf(alice)
    assert.notEqual(again, found)
    assert.deepEqual(namesIn(again), [])
    await newAccount(store)
    assert.equal(rights.rightsOf(alice), again, 'another account is no reason')
    rights.clear()
    const afresh = rights.rightsOf(alice)
    assert.ok(afresh instanceof Promise)
    await afresh
  })

  test('change with every change of a policy, and a new default version counts', async () => {
    const account = await newAccount(store)
    const user = exampleUser(account, 'alice')
    const policy = examplePolicy(account, 'versioned')
    const attachment = { account, ownerKind: 'user' as const, ownerId: user.userId, policyArn: policy.arn }
    await store.change(async (change) => {
      await change.insertUser(user)
      await change.insertManagedPolicy(policy, documentOf('v1'))
      await change.attachPolicy(attachment)
    })
    const rights = setUp()
    const policyAfter = async (work: (change: Change) => Promise<void>) => {
      await store.change(work)
      return (await rights.rightsOf(userPrincipal(account, user.userId)))?.identityPolicies[0]?.policy
    }
    const createdAt = 0
    const version = { policyArn: policy.arn, version: 2, document: documentOf('v2'), createdAt }
    assert.equal(
      await policyAfter((change) => change.insertPolicyVersion(account, version)),
      compilePolicy(documentOf('v1')),
    )
    assert.equal(
      await policyAfter((change) => change.updateManagedPolicy({ ...policy, defaultVersion: 2, newestVersion: 2 })),
      compilePolicy(documentOf('v2')),
    )
    assert.equal(await policyAfter((change) => change.detachPolicy(attachment)), undefined)
  })

  test('are none at all once the user is gone, also for his sessions', async () => {
    const account = await newAccount(store)
    const user = exampleUser(account, 'alice')
    await store.change((change) => change.insertUser(user))
    const rights = setUp()
    const alice = userPrincipal(account, user.userId)
    assert.notEqual(await rights.rightsOf(alice), undefined)
    await store.change((change) => change.deleteUser(user))
    assert.equal(await rights.rightsOf(alice), undefined)
    assert.equal(await rights.rightsOf({ ...alice, session: exampleSession() }), undefined)
    assert.equal(await rights.rightsOf(federatedPrincipal(account, user.userId, exampleSession())), undefined)
    assert.equal(await rights.rightsOf(rolePrincipal(account, 'AROAGONE', exampleSession())), undefined)
  })

  test('belong to the account of the entity: a credential of another account that names it gets none', async () => {
    const [account, other] = [await newAccount(store), await newAccount(store)]
    const user = exampleUser(account, 'alice')
    await store.change((change) => change.insertUser(user))
    assert.equal(await setUp().rightsOf(userPrincipal(other, user.userId)), undefined)
  })

  test('of the root need no look-up, and there are no policies among them', async () => {
    const account = '999999999999'
    const arn = `arn:aws:iam::${account}:root`
    const principal = { account, arn, principalArn: arn, principalId: account, entityId: account, accessKeyId: 'AKIA' }
    const found = setUp().rightsOf({ type: 'Root', ...principal })
    assert.deepEqual(found, { identityPolicies: [], boundary: undefined, sessionPolicies: undefined, tags: [] })
  })

  test('of a GetSessionToken session are those of the user', async () => {
    const account = await newAccount(store)
    const user = exampleUser(account, 'alice')
    await store.change((change) => change.insertUser(user))
    const rights = setUp()
    const found = await rights.rightsOf(userPrincipal(account, user.userId))
    assert.equal(rights.rightsOf(userPrincipal(account, user.userId, exampleSession({ name: '' }))), found)
  })

  test('of a role session have its session policies, inline and managed, and its tags before those of the role', async () => {
    const account = await newAccount(store)
    const policy = examplePolicy(account, 'session')
    const tags = [
      { key: 'Team', value: 'blue' },
      { key: 'stage', value: 'test' },
    ]
    const role = exampleRole(account, 'deploy', { tags })
    await store.change(async (change) => {
      await change.insertManagedPolicy(policy, documentOf('managed'))
      await change.insertRole(role)
    })
    const session = exampleSession({
      policyText: documentOf('inline'),
      policyArns: [policy.arn, ADMINISTRATOR_ACCESS],
      tags: [{ key: 'team', value: 'red' }],
    })
    const rights = setUp()
    const found = await rights.rightsOf(rolePrincipal(account, role.roleId, session))
    assert.deepEqual(
      found!.sessionPolicies!.map(({ name }) => name),
      ['Policy', policy.arn, ADMINISTRATOR_ACCESS],
    )
    assert.equal(found!.sessionPolicies![0]!.policy, compilePolicy(documentOf('inline')))
    assert.deepEqual(found!.tags, [
      { key: 'stage', value: 'test' },
      { key: 'team', value: 'red' },
    ])
    const plain = await rights.rightsOf(rolePrincipal(account, role.roleId, exampleSession(), 'ASIAPLAIN'))
    assert.equal(plain!.sessionPolicies, undefined)
    assert.deepEqual(plain!.tags, tags)
    assert.equal(rights.rightsOf(rolePrincipal(account, role.roleId, session)), found)
  })

  test('of a session whose managed session policy is gone allow nothing any more', async () => {
    const account = await newAccount(store)
    const role = exampleRole(account, 'deploy')
    await store.change((change) => change.insertRole(role))
    const session = exampleSession({ policyText: documentOf('a'), policyArns: [`arn:aws:iam::${account}:policy/gone`] })
    const found = await setUp().rightsOf(rolePrincipal(account, role.roleId, session))
    assert.deepEqual(found!.sessionPolicies, [])
  })

  test('of a federated user without session policies allow nothing; with them they are bounded by them (E-12)', async () => {
    const account = await newAccount(store)
    const user = exampleUser(account, 'alice')
    const attachment = { account, ownerKind: 'user' as const, ownerId: user.userId, policyArn: ADMINISTRATOR_ACCESS }
    await store.change(async (change) => {
      await change.insertUser(user)
      await change.attachPolicy(attachment)
    })
    const without = await setUp().rightsOf(federatedPrincipal(account, user.userId, exampleSession()))
    assert.deepEqual(without!.sessionPolicies, [])
    const session = exampleSession({ policyText: documentOf('guest') })
    const bounded = await setUp().rightsOf(federatedPrincipal(account, user.userId, session))
    assert.deepEqual(namesIn(bounded), [ADMINISTRATOR_ACCESS])
    assert.equal(bounded!.sessionPolicies!.length, 1)
    const ofRoot = await setUp().rightsOf(federatedPrincipal(account, account, session))
    assert.deepEqual(namesIn(ofRoot), [ADMINISTRATOR_ACCESS])
    const ofRootWithout = await setUp().rightsOf(federatedPrincipal(account, account, exampleSession()))
    assert.deepEqual(ofRootWithout!.sessionPolicies, [])
  })

  test('are refused rather than guessed where an attached policy cannot be read', async () => {
    const account = await newAccount(store)
    const user = exampleUser(account, 'alice')
    const policyArn = `arn:aws:iam::${account}:policy/gone`
    await store.change(async (change) => {
      await change.insertUser(user)
      await change.attachPolicy({ account, ownerKind: 'user', ownerId: user.userId, policyArn })
    })
    await assert.rejects(async () => setUp().rightsOf(userPrincipal(account, user.userId)), /policy\/gone is gone/)
  })

  test('that were being read while the account changed are not kept', async () => {
    const account = await newAccount(store)
    const user = exampleUser(account, 'alice')
    await store.change((change) => change.insertUser(user))
    const rights = setUp()
    const alice = userPrincipal(account, user.userId)
    const reading = rights.rightsOf(alice)
    rights.drop([{ kind: 'identity', subject: account }])
    await reading
    const again = rights.rightsOf(alice)
    assert.ok(again instanceof Promise)
    await again
  })

  test('are read again when a policy was detached and deleted meanwhile', async () => {
    const account = await newAccount(store)
    const user = exampleUser(account, 'alice')
    const policy = examplePolicy(account, 'short-lived')
    const attachment = { account, ownerKind: 'user' as const, ownerId: user.userId, policyArn: policy.arn }
    await store.change(async (change) => {
      await change.insertUser(user)
      await change.insertManagedPolicy(policy, documentOf('short-lived'))
      await change.attachPolicy(attachment)
    })
    const rights = createCallerRights({
      ...store,
      async listAttachments(ownerId) {
        const attachments = await store.listAttachments(ownerId)
        if (attachments.length > 0) {
          await store.change(async (change) => {
            await change.detachPolicy(attachment)
            await change.deleteManagedPolicy(policy)
          })
        }
        return attachments
      },
    })
    assert.deepEqual(namesIn(await rights.rightsOf(userPrincipal(account, user.userId))), [])
  })
})
