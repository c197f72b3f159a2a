import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredManagedPolicy, StoredOidcProvider } from '../../../src/domain/identity/entities.ts'
import type { Change, ChangeNotice, Store } from '../../../src/domain/store.ts'
import { exampleRole, exampleUser, newAccount } from './entities.ts'
import { NOW, uniqueId } from './examples.ts'

const ALL = { pathPrefix: '/', after: undefined, limit: 1000 }

export function examplePolicy(account: string, policyName: string, path = '/'): StoredManagedPolicy {
  const arn = `arn:aws:iam::${account}:policy${path}${policyName}`
  const versions = { defaultVersion: 1, newestVersion: 1 }
  const facts = { description: undefined, createdAt: NOW, updatedAt: NOW + 1, ...versions, tags: [] }
  return { account, policyName, path, policyId: `ANPA${uniqueId()}`, arn, ...facts }
}

export function exampleProvider(account: string, host: string): StoredOidcProvider {
  const arn = `arn:aws:iam::${account}:oidc-provider/${host}`
  const tags = [{ key: 'k', value: 'v' }]
  return {
    account,
    arn,
    url: `https://${host}`,
    clientIds: ['b', 'a'],
    thumbprints: ['0'.repeat(40)],
    tags,
    createdAt: NOW,
  }
}

export function identityPolicyTests(store: () => Store): void {
  test('a managed policy comes with its first version and is kept whole', async () => {
    const account = await newAccount(store())
    const tags = [{ key: 'k', value: 'v' }]
    const policy = { ...examplePolicy(account, 'Use-Keys', '/team/'), description: 'ö', tags }
    await store().change((change) => change.insertManagedPolicy(policy, '{"v":1}'))
    assert.deepEqual(await store().findManagedPolicy(policy.arn), policy)
    assert.deepEqual(await store().findManagedPolicyByName(account, 'use-keys'), policy)
    const first = { policyArn: policy.arn, version: 1, document: '{"v":1}', createdAt: NOW }
    assert.deepEqual(await store().findPolicyVersion(policy.arn, 1), first)
    assert.equal(await store().findPolicyVersion(policy.arn, 2), undefined)
    assert.equal(await store().findManagedPolicy(policy.arn.toLowerCase()), undefined)
    assert.equal((await store().countEntities(account)).policies, 1)
  })

  test('names of managed policies are unique in their account ignoring case, whatever their path', async () => {
    const account = await newAccount(store())
    await store().change((change) => change.insertManagedPolicy(examplePolicy(account, 'Use'), '{}'))
    const same = examplePolicy(account, 'USE', '/team/')
    await assert.rejects(store().change((change) => change.insertManagedPolicy(same, '{}')))
    assert.equal(await store().findPolicyVersion(same.arn, 1), undefined)
  })

  test('managed policies are listed in order of name, in pages, below a path', async () => {
    const account = await newAccount(store())
    const policies = [
      examplePolicy(account, 'b'),
      examplePolicy(account, 'C', '/team/'),
      examplePolicy(account, 'a', '/team/x/'),
    ]
    await store().change(async (change) => {
      for (const policy of policies) await change.insertManagedPolicy(policy, '{}')
    })
    const [b, c, a] = policies
    assert.deepEqual(await store().listManagedPolicies(account, ALL), [a, b, c])
    assert.deepEqual(await store().listManagedPolicies(account, { ...ALL, pathPrefix: '/team/' }), [a, c])
    assert.deepEqual(await store().listManagedPolicies(account, { ...ALL, after: 'A', limit: 1 }), [b])
  })

  test('versions are listed newest first, are deleted one by one, and with their policy', async () => {
    const account = await newAccount(store())
    const policy = examplePolicy(account, 'versioned')
    const version = (number: number) => ({
      ...{ policyArn: policy.arn, version: number, document: `{"v":${number}}`, createdAt: NOW + number },
    })
    await store().change(async (change) => {
      await change.insertManagedPolicy({ ...policy, createdAt: NOW + 1 }, '{"v":1}')
      for (const number of [2, 10]) await change.insertPolicyVersion(account, version(number))
      await change.updateManagedPolicy({ ...policy, defaultVersion: 10, newestVersion: 10, updatedAt: NOW + 5 })
    })
    assert.deepEqual(await store().listPolicyVersions(policy.arn), [version(10), version(2), version(1)])
    assert.equal((await store().findManagedPolicy(policy.arn))?.defaultVersion, 10)
    await store().change((change) => change.deletePolicyVersion(account, policy.arn, 2))
    assert.deepEqual(await store().listPolicyVersions(policy.arn), [version(10), version(1)])
    await assert.rejects(store().change((change) => change.insertPolicyVersion(account, version(1))))
    await store().change((change) => change.deleteManagedPolicy(policy))
    assert.equal(await store().findManagedPolicy(policy.arn), undefined)
    assert.deepEqual(await store().listPolicyVersions(policy.arn), [])
  })

  test('an inline policy is replaced by one of its name and owner; names that differ in case are two', async () => {
    const account = await newAccount(store())
    const [ownerId, other] = [uniqueId(), uniqueId()]
    const policy = { account, ownerId, policyName: 'use', document: '{"v":1}' }
    const changed = { ...policy, document: '{"v":2}' }
    const upper = { ...policy, policyName: 'Use', document: '{"v":3}' }
    const ofOther = { ...policy, ownerId: other }
    await store().change(async (change) => {
      for (const one of [policy, ofOther, changed, upper]) await change.putInlinePolicy(one)
    })
    assert.deepEqual(await store().findInlinePolicy(ownerId, 'use'), changed)
    assert.deepEqual(await store().listInlinePolicies(ownerId), [upper, changed])
    await store().change((change) => change.deleteInlinePolicy(changed))
    assert.deepEqual(await store().listInlinePolicies(ownerId), [upper])
    assert.deepEqual(await store().listInlinePolicies(other), [ofOther])
    assert.equal(await store().findInlinePolicy(ownerId, 'use'), undefined)
  })

  test('a policy is attached once to each owner, and is known by owner and by policy', async () => {
    const account = await newAccount(store())
    const other = await newAccount(store())
    const [alice, role] = [exampleUser(account, 'alice'), exampleRole(account, 'deploy')]
    const [useArn, adminArn] = ['arn:aws:iam::aws:policy/Use', 'arn:aws:iam::aws:policy/Admin']
    const ofUser = { account, ownerKind: 'user' as const, ownerId: alice.userId, policyArn: useArn }
    const ofRole = { account, ownerKind: 'role' as const, ownerId: role.roleId, policyArn: useArn }
    const elsewhere = { ...ofUser, account: other, ownerId: uniqueId() }
    const admin = { ...ofUser, policyArn: adminArn }
    await store().change(async (change) => {
      for (const one of [ofUser, ofUser, ofRole, admin, elsewhere]) await change.attachPolicy(one)
    })
    assert.deepEqual(await store().listAttachments(alice.userId), [admin, ofUser])
    assert.deepEqual(await store().listAttachmentsOfPolicy(account, useArn), [ofUser, ofRole])
    await store().change((change) => change.detachPolicy(ofUser))
    assert.deepEqual(await store().listAttachments(alice.userId), [admin])
    assert.deepEqual(await store().listAttachmentsOfPolicy(account, useArn), [ofRole])
  })

  test('the users and roles that a policy bounds are known', async () => {
    const account = await newAccount(store())
    const boundaryArn = 'arn:aws:iam::aws:policy/Bound'
    const user = exampleUser(account, 'bounded', { boundaryArn })
    const role = exampleRole(account, 'bounded', { boundaryArn })
    await store().change(async (change) => {
      await change.insertUser(user)
      await change.insertUser(exampleUser(account, 'free'))
      await change.insertRole(role)
    })
    assert.deepEqual(await store().listBoundaryUses(account, boundaryArn), [
      { ownerKind: 'user', ownerId: user.userId },
      { ownerKind: 'role', ownerId: role.roleId },
    ])
    assert.deepEqual(await store().listBoundaryUses(await newAccount(store()), boundaryArn), [])
  })

  test('identity providers are kept whole, changed and deleted', async () => {
    const account = await newAccount(store())
    const [first, second] = [exampleProvider(account, 'a.example/x'), exampleProvider(account, 'b.example')]
    await store().change(async (change) => {
      for (const one of [second, first]) await change.insertOidcProvider(one)
    })
    assert.deepEqual(await store().findOidcProvider(first.arn), first)
    assert.deepEqual(await store().listOidcProviders(account), [first, second])
    const changed = { ...first, clientIds: [], thumbprints: [], tags: [] }
    await store().change((change) => change.updateOidcProvider(changed))
    assert.deepEqual(await store().findOidcProvider(first.arn), changed)
    await store().change((change) => change.deleteOidcProvider(changed))
    assert.deepEqual(await store().listOidcProviders(account), [second])
  })

  test('every write of policies and providers names the account, for all nodes to hear', async () => {
    const account = await newAccount(store())
    const user = exampleUser(account, 'alice')
    await store().change((change) => change.insertUser(user))
    const policy = examplePolicy(account, 'noted')
    const version = { policyArn: policy.arn, version: 2, document: '{}', createdAt: NOW }
    const inline = { account, ownerId: user.userId, policyName: 'p', document: '{}' }
    const attachment = { account, ownerKind: 'user' as const, ownerId: user.userId, policyArn: policy.arn }
    const provider = exampleProvider(account, 'noted')
    const role = exampleRole(account, 'noted')
    const writes: ((change: Change) => Promise<void>)[] = [
      (change) => change.setAccountAlias(account, `noted-${account}`),
      (change) => change.insertRole(role),
      (change) => change.updateRole(role),
      (change) => change.deleteRole(role),
      (change) => change.insertManagedPolicy(policy, '{}'),
      (change) => change.insertPolicyVersion(account, version),
      (change) => change.updateManagedPolicy(policy),
      (change) => change.deletePolicyVersion(account, policy.arn, 2),
      (change) => change.putInlinePolicy(inline),
      (change) => change.deleteInlinePolicy(inline),
      (change) => change.attachPolicy(attachment),
      (change) => change.detachPolicy(attachment),
      (change) => change.deleteManagedPolicy(policy),
      (change) => change.insertOidcProvider(provider),
      (change) => change.updateOidcProvider(provider),
      (change) => change.deleteOidcProvider(provider),
      (change) => change.updateUser(user),
      (change) => change.deleteUser(user),
    ]
    const heard: ChangeNotice[] = []
    store().onCommit((notices) => heard.push(...notices))
    for (const write of writes) {
      heard.length = 0
      await store().change(write)
      assert.deepEqual(heard, [{ kind: 'identity', subject: account }], String(write))
    }
  })
}
