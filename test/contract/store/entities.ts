import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StoredAccessKey, StoredGroup, StoredRole, StoredUser } from '../../../src/domain/identity/entities.ts'
import type { ChangeNotice, Store } from '../../../src/domain/store.ts'
import { NOW, uniqueAccount, uniqueId } from './examples.ts'

const ALL = { pathPrefix: '/', after: undefined, limit: 1000 }

export function exampleUser(account: string, userName: string, facts: Partial<StoredUser> = {}): StoredUser {
  const user = { account, userName, path: '/', userId: `AIDA${uniqueId()}`, createdAt: NOW }
  return { ...user, tags: [], boundaryArn: undefined, ...facts }
}

export function exampleRole(account: string, roleName: string, facts: Partial<StoredRole> = {}): StoredRole {
  const role = { account, roleName, path: '/', roleId: `AROA${uniqueId()}`, createdAt: NOW, description: undefined }
  return { ...role, maxSessionSeconds: 3600, trustPolicy: '{}', tags: [], boundaryArn: undefined, ...facts }
}

export function exampleGroup(account: string, groupName: string, facts: Partial<StoredGroup> = {}): StoredGroup {
  return { account, groupName, path: '/', groupId: `AGPA${uniqueId()}`, createdAt: NOW, ...facts }
}

function exampleAccessKey(account: string, userName: string | undefined, createdAt = NOW): StoredAccessKey {
  const accessKeyId = `AKIA${uniqueId()}`
  return { accessKeyId, account, userName, active: true, token: Buffer.from(accessKeyId), createdAt }
}

/** An account of its own, in the store. */
export async function newAccount(store: Store): Promise<string> {
  const account = uniqueAccount()
  await store.change((change) => change.insertAccount(account, NOW))
  return account
}

export function entityTests(store: () => Store): void {
  const heard: ChangeNotice[] = []
  let isListening = false

  async function noticesOf(work: Parameters<Store['change']>[0]): Promise<ChangeNotice[]> {
    if (!isListening) store().onCommit((notices) => heard.push(...notices))
    isListening = true
    heard.length = 0
    await store().change(work)
    return heard.slice()
  }

  test('an account is there or not, and has at most one alias, which no other has', async () => {
    const [account, other] = [await newAccount(store()), await newAccount(store())]
    assert.equal(await store().hasAccount(account), true)
    assert.equal(await store().hasAccount('000000000000'), false)
    assert.equal(await store().accountAlias(account), undefined)
    await store().change((change) => change.setAccountAlias(account, `acme-${account}`))
    assert.equal(await store().accountAlias(account), `acme-${account}`)
    assert.equal(await store().findAccountByAlias(`acme-${account}`), account)
    await assert.rejects(store().change((change) => change.setAccountAlias(other, `acme-${account}`)))
    await store().change((change) => change.setAccountAlias(account, undefined))
    assert.equal(await store().findAccountByAlias(`acme-${account}`), undefined)
  })

  test('users, roles and groups are kept whole', async () => {
    const account = await newAccount(store())
    const tags = [
      { key: 'b', value: '2' },
      { key: 'a', value: '' },
    ]
    const user = exampleUser(account, 'Alice', { path: '/team/', tags, boundaryArn: 'arn:aws:iam::aws:policy/X' })
    const facts = { description: 'ö "', maxSessionSeconds: 43_200, trustPolicy: '{"a":1}', tags, boundaryArn: 'b' }
    const role = exampleRole(account, 'Deploy', { path: '/ci/', ...facts })
    const group = exampleGroup(account, 'Staff', { path: '/x/y/' })
    await store().change(async (change) => {
      await change.insertUser(user)
      await change.insertRole(role)
      await change.insertGroup(group)
    })
    assert.deepEqual(await store().findUser(account, 'Alice'), user)
    assert.deepEqual(await store().findUserById(user.userId), user)
    assert.deepEqual(await store().findRole(account, 'Deploy'), role)
    assert.deepEqual(await store().findRoleById(role.roleId), role)
    assert.deepEqual(await store().findGroup(account, 'Staff'), group)
    assert.deepEqual(await store().findGroupById(group.groupId), group)
    assert.deepEqual(await store().countEntities(account), {
      users: 1,
      roles: 1,
      groups: 1,
      policies: 0,
      policyVersions: 0,
    })
  })

  test('names are unique in their account ignoring case, kept as first given and found in any case', async () => {
    const account = await newAccount(store())
    await store().change(async (change) => {
      await change.insertUser(exampleUser(account, 'Alice'))
      await change.insertRole(exampleRole(account, 'Deploy'))
      await change.insertGroup(exampleGroup(account, 'Staff'))
    })
    assert.equal((await store().findUser(account, 'aLICE'))?.userName, 'Alice')
    assert.equal((await store().findRole(account, 'DEPLOY'))?.roleName, 'Deploy')
    assert.equal((await store().findGroup(account, 'staff'))?.groupName, 'Staff')
    await assert.rejects(store().change((change) => change.insertUser(exampleUser(account, 'ALICE'))))
    await assert.rejects(store().change((change) => change.insertRole(exampleRole(account, 'deploy'))))
    await assert.rejects(store().change((change) => change.insertGroup(exampleGroup(account, 'STAFF'))))
    const other = await newAccount(store())
    await store().change((change) => change.insertUser(exampleUser(other, 'alice')))
    assert.equal((await store().findUser(other, 'Alice'))?.account, other)
    assert.equal(await store().findUser(account, 'bob'), undefined)
  })

  test('roles and groups of unknown accounts are refused', async () => {
    const account = uniqueAccount()
    await assert.rejects(store().change((change) => change.insertRole(exampleRole(account, 'r'))))
    await assert.rejects(store().change((change) => change.insertGroup(exampleGroup(account, 'g'))))
  })

  test('a renamed user keeps its id, groups and access keys', async () => {
    const account = await newAccount(store())
    const user = exampleUser(account, 'alice')
    const group = exampleGroup(account, 'staff')
    const accessKey = exampleAccessKey(account, 'alice')
    await store().change(async (change) => {
      await change.insertUser(user)
      await change.insertGroup(group)
      await change.addUserToGroup(user, group)
      await change.insertAccessKey(accessKey)
    })
    const renamed = { ...user, userName: 'Alicia', path: '/new/' }
    assert.deepEqual(await noticesOf((change) => change.updateUser(renamed)), [
      { kind: 'identity', subject: account },
      { kind: 'access-key', subject: accessKey.accessKeyId },
    ])
    assert.equal(await store().findUser(account, 'alice'), undefined)
    assert.deepEqual(await store().findCredential(accessKey.accessKeyId), {
      accessKey: { ...accessKey, userName: 'Alicia' },
      user: renamed,
    })
    assert.deepEqual(await store().listAccessKeys(account, 'alicia'), [{ ...accessKey, userName: 'Alicia' }])
    assert.deepEqual(await store().listGroupsOfUser(user.userId), [group])
  })

  test('a user with access keys or groups is not deleted, and one without is gone with its name', async () => {
    const account = await newAccount(store())
    const user = exampleUser(account, 'alice')
    const group = exampleGroup(account, 'staff')
    const accessKey = exampleAccessKey(account, 'alice')
    await store().change(async (change) => {
      await change.insertUser(user)
      await change.insertGroup(group)
      await change.insertAccessKey(accessKey)
    })
    await assert.rejects(store().change((change) => change.deleteUser(user)))
    await store().change(async (change) => {
      await change.deleteAccessKey(accessKey.accessKeyId)
      await change.addUserToGroup(user, group)
    })
    await assert.rejects(store().change((change) => change.deleteUser(user)))
    await assert.rejects(store().change((change) => change.deleteGroup(group)))
    await store().change(async (change) => {
      await change.removeUserFromGroup(user, group)
      await change.deleteUser(user)
      await change.deleteGroup(group)
    })
    assert.equal(await store().findUserById(user.userId), undefined)
    assert.equal(await store().findGroupById(group.groupId), undefined)
    await store().change((change) => change.insertUser(exampleUser(account, 'alice')))
  })

  test('updates change what was given and nothing else, and unknown entities are not updated', async () => {
    const account = await newAccount(store())
    const [user, role, group] = [
      exampleUser(account, 'u'),
      exampleRole(account, 'r', { description: 'first' }),
      exampleGroup(account, 'g'),
    ]
    await store().change(async (change) => {
      await change.insertUser(user)
      await change.insertRole(role)
      await change.insertGroup(group)
    })
    const changed = {
      user: { ...user, tags: [{ key: 'k', value: 'v' }], boundaryArn: 'arn' },
      role: { ...role, description: undefined, trustPolicy: '[]', maxSessionSeconds: 7200, boundaryArn: 'arn' },
      group: { ...group, groupName: 'G2', path: '/p/' },
    }
    await store().change(async (change) => {
      await change.updateUser(changed.user)
      await change.updateRole(changed.role)
      await change.updateGroup(changed.group)
    })
    assert.deepEqual(await store().findUserById(user.userId), changed.user)
    assert.deepEqual(await store().findRoleById(role.roleId), changed.role)
    assert.deepEqual(await store().findGroupById(group.groupId), changed.group)
    await store().change((change) => change.deleteRole(role))
    assert.equal(await store().findRole(account, 'r'), undefined)
    await assert.rejects(store().change((change) => change.updateRole(role)))
  })

  test('lists are in order of name ignoring case, in pages, below a path', async () => {
    const account = await newAccount(store())
    const named = [
      ['b', '/'],
      ['C', '/team/'],
      ['a', '/team/x/'],
      ['D', '/teams/'],
      ['e', '/t%_/'],
    ] as const
    await store().change(async (change) => {
      for (const [name, path] of named) {
        await change.insertUser(exampleUser(account, name, { path }))
        await change.insertRole(exampleRole(account, name, { path }))
        await change.insertGroup(exampleGroup(account, name, { path }))
      }
    })
    const names = async (page: typeof ALL | { pathPrefix: string; after: string | undefined; limit: number }) => {
      const users = (await store().listUsers(account, page)).map(({ userName }) => userName)
      const roles = (await store().listRoles(account, page)).map(({ roleName }) => roleName)
      const groups = (await store().listGroups(account, page)).map(({ groupName }) => groupName)
      assert.deepEqual(roles, users)
      assert.deepEqual(groups, users)
      return users
    }
    assert.deepEqual(await names(ALL), ['a', 'b', 'C', 'D', 'e'])
    assert.deepEqual(await names({ ...ALL, pathPrefix: '/team/' }), ['a', 'C'])
    assert.deepEqual(await names({ ...ALL, pathPrefix: '/team' }), ['a', 'C', 'D'])
    assert.deepEqual(await names({ ...ALL, pathPrefix: '/t%_/' }), ['e'])
    assert.deepEqual(await names({ ...ALL, limit: 2 }), ['a', 'b'])
    assert.deepEqual(await names({ ...ALL, after: 'B', limit: 2 }), ['C', 'D'])
  })

  test('pages of any size together are the whole list', async () => {
    const userNames = fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9_+=,.@-]{1,12}$/), {
      maxLength: 12,
      selector: (name) => name.toLowerCase(),
    })
    await fc.assert(
      fc.asyncProperty(userNames, fc.integer({ min: 1, max: 13 }), async (names, limit) => {
        const account = await newAccount(store())
        const group = exampleGroup(account, 'everybody')
        await store().change(async (change) => {
          await change.insertGroup(group)
          for (const name of names) {
            const user = exampleUser(account, name)
            await change.insertUser(user)
            await change.addUserToGroup(user, group)
          }
        })
        const sorted = names.toSorted((left, right) => (left.toLowerCase() < right.toLowerCase() ? -1 : 1))
        for (const read of [
          (after: string | undefined) => store().listUsers(account, { pathPrefix: '/', after, limit }),
          (after: string | undefined) => store().listUsersOfGroup(group.groupId, { after, limit }),
        ]) {
          const listed: string[] = []
          for (let after: string | undefined; ; after = listed.at(-1)) {
            const page = await read(after)
            listed.push(...page.map(({ userName }) => userName))
            if (page.length < limit) break
          }
          assert.deepEqual(listed, sorted)
        }
      }),
      { numRuns: 25 },
    )
  })

  test('a group has members, each once, and a user has groups in order of name', async () => {
    const account = await newAccount(store())
    const [alice, bob] = [exampleUser(account, 'alice'), exampleUser(account, 'bob')]
    const [staff, admins] = [exampleGroup(account, 'staff'), exampleGroup(account, 'Admins')]
    await store().change(async (change) => {
      for (const user of [bob, alice]) await change.insertUser(user)
      for (const group of [staff, admins]) await change.insertGroup(group)
      for (let time = 0; time < 2; time++) await change.addUserToGroup(alice, staff)
      await change.addUserToGroup(bob, staff)
      await change.addUserToGroup(alice, admins)
    })
    assert.deepEqual(await store().listGroupsOfUser(alice.userId), [admins, staff])
    assert.deepEqual(await store().listUsersOfGroup(staff.groupId, { after: undefined, limit: 10 }), [alice, bob])
    assert.deepEqual(await store().listUsersOfGroup(staff.groupId, { after: 'alice', limit: 10 }), [bob])
    assert.deepEqual(await noticesOf((change) => change.removeUserFromGroup(alice, staff)), [
      { kind: 'identity', subject: account },
    ])
    assert.deepEqual(await store().listGroupsOfUser(alice.userId), [admins])
    assert.deepEqual(await store().listUsersOfGroup('AGPANOTHING', { after: undefined, limit: 10 }), [])
  })

  test("access keys are listed oldest first, a user's apart from the root's", async () => {
    const account = await newAccount(store())
    const [second, first] = [exampleAccessKey(account, 'alice', NOW + 2), exampleAccessKey(account, 'alice', NOW + 1)]
    const ofRoot = exampleAccessKey(account, undefined)
    await store().change(async (change) => {
      await change.insertUser(exampleUser(account, 'alice'))
      await change.insertUser(exampleUser(account, 'bob'))
      for (const accessKey of [second, first, ofRoot]) await change.insertAccessKey(accessKey)
    })
    assert.deepEqual(await store().listAccessKeys(account, 'alice'), [first, second])
    assert.deepEqual(await store().listAccessKeys(account, undefined), [ofRoot])
    assert.deepEqual(await store().listAccessKeys(account, 'bob'), [])
    assert.deepEqual(await store().listAccessKeys(account, 'nobody'), [])
  })

  test('an access key is deactivated and deleted, and says so', async () => {
    const account = await newAccount(store())
    const accessKey = exampleAccessKey(account, 'alice')
    await store().change(async (change) => {
      await change.insertUser(exampleUser(account, 'alice'))
      await change.insertAccessKey(accessKey)
    })
    const notices = [
      { kind: 'identity', subject: account },
      { kind: 'access-key', subject: accessKey.accessKeyId },
    ]
    const inactive = { ...accessKey, active: false }
    assert.deepEqual(await noticesOf((change) => change.updateAccessKey(inactive)), notices)
    assert.deepEqual((await store().findCredential(accessKey.accessKeyId))?.accessKey, inactive)
    assert.deepEqual(await noticesOf((change) => change.deleteAccessKey(accessKey.accessKeyId)), notices)
    assert.equal(await store().findCredential(accessKey.accessKeyId), undefined)
    assert.deepEqual(await noticesOf((change) => change.deleteAccessKey(accessKey.accessKeyId)), [])
  })

  test('the newest use of an access key is kept, in whatever order nodes save', async () => {
    const account = await newAccount(store())
    const accessKey = exampleAccessKey(account, undefined)
    const { accessKeyId } = accessKey
    await store().change((change) => change.insertAccessKey(accessKey))
    assert.equal(await store().findAccessKeyUse(accessKeyId), undefined)
    const use = { accessKeyId, usedAt: NOW + 10, service: 'kms', region: 'eu-central-1' }
    await store().saveAccessKeyUses([use])
    await store().saveAccessKeyUses([
      { ...use, usedAt: NOW, service: 'sts' },
      { ...use, accessKeyId: 'AKIAGONE' },
    ])
    assert.deepEqual(await store().findAccessKeyUse(accessKeyId), use)
    await store().change((change) => change.updateAccessKey({ ...accessKey, active: false }))
    assert.deepEqual(await store().findAccessKeyUse(accessKeyId), use)
    const newer = { ...use, usedAt: NOW + 11, service: 'iam', region: 'us-east-1' }
    await store().saveAccessKeyUses([newer])
    assert.deepEqual(await store().findAccessKeyUse(accessKeyId), newer)
    assert.equal(await store().findAccessKeyUse('AKIAGONE'), undefined)
  })
}
