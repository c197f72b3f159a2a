/** Random lives of users and groups against a model that is as simple as the API reference tells it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KmsError } from '../../../src/base/errors.ts'
import { createHarness, type Harness } from '../../support/harness.ts'
import { callIam, policyDocument } from './support.ts'

interface ModelUser {
  name: string
  /** Ids of access keys, oldest first. */
  keys: string[]
  policies: Set<string>
}

interface ModelGroup {
  name: string
  members: Set<ModelUser>
}

/** By names in lower case: they are unique ignoring case. */
interface Model {
  readonly users: Map<string, ModelUser>
  readonly groups: Map<string, ModelGroup>
}

/** An error code, or nothing for success. */
type Outcome = string | undefined

interface Step {
  readonly operation: string
  body(model: Model): object
  /** What must come of it; changes the model. */
  apply(model: Model, answer: Answer): Outcome
}

// biome-ignore lint/suspicious/noExplicitAny: answers of many operations
type Answer = any

const lower = (name: string) => name.toLowerCase()

function groupsOf({ groups }: Model, user: ModelUser): ModelGroup[] {
  return [...groups.values()].filter(({ members }) => members.has(user))
}

function createUser(name: string): Step {
  return {
    operation: 'CreateUser',
    body: () => ({ UserName: name }),
    apply({ users }) {
      if (users.has(lower(name))) return 'EntityAlreadyExists'
      users.set(lower(name), { name, keys: [], policies: new Set() })
      return undefined
    },
  }
}

function renameUser(name: string, newName: string): Step {
  return {
    operation: 'UpdateUser',
    body: () => ({ UserName: name, NewUserName: newName }),
    apply({ users }) {
      const user = users.get(lower(name))
      if (user === undefined) return 'NoSuchEntity'
      const taken = users.get(lower(newName))
      if (taken !== undefined && taken !== user) return 'EntityAlreadyExists'
      users.delete(lower(name))
      users.set(lower(newName), user)
      user.name = newName
      return undefined
    },
  }
}

function deleteUser(name: string): Step {
  return {
    operation: 'DeleteUser',
    body: () => ({ UserName: name }),
    apply(model) {
      const user = model.users.get(lower(name))
      if (user === undefined) return 'NoSuchEntity'
      const isUsed = user.keys.length > 0 || user.policies.size > 0 || groupsOf(model, user).length > 0
      if (isUsed) return 'DeleteConflict'
      model.users.delete(lower(name))
      return undefined
    },
  }
}

function createKey(name: string): Step {
  return {
    operation: 'CreateAccessKey',
    body: () => ({ UserName: name }),
    apply({ users }, answer) {
      const user = users.get(lower(name))
      if (user === undefined) return 'NoSuchEntity'
      if (user.keys.length === 2) return 'LimitExceeded'
      user.keys.push(answer?.AccessKey.AccessKeyId)
      return undefined
    },
  }
}

/** The oldest key of `owner`, if there is one, deleted in the name of `name`. */
function deleteKey(name: string, owner: string): Step {
  const keyOf = ({ users }: Model) => users.get(lower(owner))?.keys[0] ?? 'AKIAIOSFODNN7EXAMPLE'
  return {
    operation: 'DeleteAccessKey',
    body: (model) => ({ UserName: name, AccessKeyId: keyOf(model) }),
    apply(model) {
      const user = model.users.get(lower(name))
      const key = keyOf(model)
      if (user === undefined || !user.keys.includes(key)) return 'NoSuchEntity'
      user.keys = user.keys.filter((id) => id !== key)
      return undefined
    },
  }
}

function changePolicy(name: string, PolicyName: string, puts: boolean): Step {
  const document = policyDocument({ Action: 'iam:GetUser', Resource: '*' })
  return {
    operation: puts ? 'PutUserPolicy' : 'DeleteUserPolicy',
    body: () => ({ UserName: name, PolicyName, ...(puts && { PolicyDocument: document }) }),
    apply({ users }) {
      const user = users.get(lower(name))
      if (user === undefined) return 'NoSuchEntity'
      if (puts) user.policies.add(PolicyName)
      else if (!user.policies.delete(PolicyName)) return 'NoSuchEntity'
      return undefined
    },
  }
}

function createGroup(name: string): Step {
  return {
    operation: 'CreateGroup',
    body: () => ({ GroupName: name }),
    apply({ groups }) {
      if (groups.has(lower(name))) return 'EntityAlreadyExists'
      groups.set(lower(name), { name, members: new Set() })
      return undefined
    },
  }
}

function deleteGroup(name: string): Step {
  return {
    operation: 'DeleteGroup',
    body: () => ({ GroupName: name }),
    apply({ groups }) {
      const group = groups.get(lower(name))
      if (group === undefined) return 'NoSuchEntity'
      if (group.members.size > 0) return 'DeleteConflict'
      groups.delete(lower(name))
      return undefined
    },
  }
}

function changeMembership(userName: string, groupName: string, adds: boolean): Step {
  return {
    operation: adds ? 'AddUserToGroup' : 'RemoveUserFromGroup',
    body: () => ({ UserName: userName, GroupName: groupName }),
    apply({ users, groups }) {
      const user = users.get(lower(userName))
      const group = groups.get(lower(groupName))
      if (user === undefined || group === undefined) return 'NoSuchEntity'
      if (adds) group.members.add(user)
      else group.members.delete(user)
      return undefined
    },
  }
}

const user = fc.constantFrom('ann', 'Ann', 'bob', 'BOB', 'cy')
const group = fc.constantFrom('crew', 'CREW', 'deck')
const policy = fc.constantFrom('p', 'q')

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: user.map(createUser) },
  { weight: 2, arbitrary: fc.tuple(user, user).map(([from, to]) => renameUser(from, to)) },
  { weight: 3, arbitrary: user.map(deleteUser) },
  { weight: 3, arbitrary: user.map(createKey) },
  { weight: 3, arbitrary: fc.tuple(user, user).map(([name, owner]) => deleteKey(name, owner)) },
  { weight: 3, arbitrary: fc.tuple(user, policy, fc.boolean()).map((given) => changePolicy(...given)) },
  { weight: 3, arbitrary: group.map(createGroup) },
  { weight: 2, arbitrary: group.map(deleteGroup) },
  { weight: 4, arbitrary: fc.tuple(user, group, fc.boolean()).map((given) => changeMembership(...given)) },
)

async function outcomeOf(
  harness: Harness,
  operation: string,
  body: object,
): Promise<{ code: Outcome; answer: Answer }> {
  try {
    return { code: undefined, answer: await callIam(harness, operation, body) }
  } catch (error) {
    if (!(error instanceof KmsError)) throw error
    return { code: error.code, answer: undefined }
  }
}

function sorted(names: Iterable<string>): string[] {
  return [...names].sort((left, right) => (lower(left) < lower(right) ? -1 : 1))
}

async function assertSame(harness: Harness, model: Model): Promise<void> {
  const { Users } = await callIam(harness, 'ListUsers')
  const names = Users.map(({ UserName }: { UserName: string }) => UserName).filter((name: string) => name !== 'alice')
  assert.deepEqual(names, sorted([...model.users.values()].map(({ name }) => name)))
  const { Groups } = await callIam(harness, 'ListGroups')
  assert.deepEqual(
    Groups.map(({ GroupName }: { GroupName: string }) => GroupName),
    sorted([...model.groups.values()].map(({ name }) => name)),
  )
  for (const user of model.users.values()) {
    const named = { UserName: user.name }
    const { AccessKeyMetadata } = await callIam(harness, 'ListAccessKeys', named)
    const ids = AccessKeyMetadata.map(({ AccessKeyId }: { AccessKeyId: string }) => AccessKeyId)
    assert.deepEqual(ids.sort(), [...user.keys].sort())
    for (const key of AccessKeyMetadata) assert.equal(key.UserName, user.name)
    assert.deepEqual((await callIam(harness, 'ListUserPolicies', named)).PolicyNames, sorted(user.policies))
    const joined = (await callIam(harness, 'ListGroupsForUser', named)).Groups
    assert.deepEqual(
      joined.map(({ GroupName }: { GroupName: string }) => GroupName),
      sorted(groupsOf(model, user).map(({ name }) => name)),
    )
  }
}

test('whatever is done to users and groups, in whatever order, they are as the model says', async () => {
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      const harness = await createHarness()
      const model: Model = { users: new Map(), groups: new Map() }
      try {
        for (const { operation, body, apply } of steps) {
          const { code, answer } = await outcomeOf(harness, operation, body(model))
          assert.equal(code, apply(model, answer), operation)
          seen.add(`${operation} ${code}`)
        }
        await assertSame(harness, model)
      } finally {
        await harness.close()
      }
    }),
    { numRuns: 50 },
  )
  // The steps are such that what matters has happened.
  for (const event of ['DeleteUser DeleteConflict', 'DeleteUser undefined', 'DeleteGroup DeleteConflict']) {
    assert.ok(seen.has(event), `${event} has not happened`)
  }
})
