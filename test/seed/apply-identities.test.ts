/** Users, roles, groups and their policies from a seed: docs/seed-file.md, "Identities". */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CreateKeyCommand, DescribeKeyCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { parseDocument } from 'yaml'
import { startKeyhold } from '../../src/index.ts'
import { applySeed } from '../../src/seed/apply-seed.ts'
import { readSeed } from '../../src/seed/seed.ts'
import type { SeedDocument, SeedUserDocument } from '../../src/seed/seed-document.ts'
import { SeedError } from '../../src/seed/seed-error.ts'
import { createHarness, type Harness, REGION } from '../support/harness.ts'

const ACCOUNT = '777788889999'
const KEY_ID = '1234abcd-12ab-34cd-56ef-1234567890ab'
const ACCESS_KEY = { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }

function policy(Action: string) {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] }
}

function trust(AWS: string) {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' }] }
}

const ALICE: SeedUserDocument = {
  name: 'alice',
  path: '/team/',
  tags: { team: 'blue' },
  groups: ['staff'],
  managedPolicies: ['ReadOnlyAccess'],
  policies: { describe: policy('kms:DescribeKey') },
  accessKeys: [ACCESS_KEY],
}

const SEED: SeedDocument = {
  account: ACCOUNT,
  accounts: [{ id: ACCOUNT, alias: 'acme' }],
  groups: [{ name: 'staff', policies: { list: policy('kms:ListKeys') } }],
  users: [ALICE],
  roles: [
    { name: 'first', trustPolicy: trust(`arn:aws:iam::${ACCOUNT}:role/second`), maxSessionSeconds: 7_200 },
    {
      ...{ name: 'second', description: 'Deploys', managedPolicies: ['AdministratorAccess'], tags: { stage: 'dev' } },
      trustPolicy: JSON.stringify(trust(`arn:aws:iam::${ACCOUNT}:user/team/alice`)),
    },
  ],
}

async function harness(context: TestContext): Promise<Harness> {
  const made = await createHarness()
  context.after(() => made.close())
  return made
}

function apply({ store, service, clock }: Harness, document: SeedDocument) {
  const { keyMaterials, domainKeys, random } = service
  const services = { store, keyMaterials, domainKeys, random, clock, externalAccounts: 'reject' as const }
  return applySeed(services, readSeed(document), { account: ACCOUNT, region: REGION })
}

test('a seed makes accounts, groups, users and roles with their policies, once', async (context) => {
  const keyhold = await harness(context)
  const { store } = keyhold
  const counts = { keysMade: 0, aliasesMade: 0, keysFound: 0 }
  assert.deepEqual(await apply(keyhold, SEED), { ...counts, identitiesMade: 4, identitiesFound: 0 })
  assert.deepEqual(await apply(keyhold, SEED), { ...counts, identitiesMade: 0, identitiesFound: 4 })
  assert.equal(await store.accountAlias(ACCOUNT), 'acme')
  const alice = (await store.findUser(ACCOUNT, 'alice'))!
  assert.equal(alice.path, '/team/')
  assert.deepEqual(alice.tags, [{ key: 'team', value: 'blue' }])
  assert.deepEqual(
    (await store.listGroupsOfUser(alice.userId)).map(({ groupName }) => groupName),
    ['staff'],
  )
  const inline = await store.findInlinePolicy(alice.userId, 'describe')
  assert.deepEqual(JSON.parse(inline!.document), policy('kms:DescribeKey'))
  assert.deepEqual(
    (await store.listAttachments(alice.userId)).map(({ policyArn }) => policyArn),
    ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
  )
  assert.equal((await store.findCredential(ACCESS_KEY.id))!.user!.userId, alice.userId)
  const second = (await store.findRole(ACCOUNT, 'second'))!
  assert.equal(second.description, 'Deploys')
  assert.equal((await store.findRole(ACCOUNT, 'first'))!.maxSessionSeconds, 7_200)
  assert.equal((await store.listAttachments(second.roleId)).length, 1)
})

test('the example of the documentation is applied, all of it', async (context) => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'seed-file.md'), 'utf8')
  const example = /## Identities[\s\S]*?```yaml\n([\s\S]*?)```/.exec(page)![1]!
  const keyhold = await harness(context)
  // The harness has an alice of its own in the example's account.
  const seed = readSeed(parseDocument(example.replaceAll('111122223333', ACCOUNT), { schema: 'failsafe' }).toJS())
  const { store } = keyhold
  const { keyMaterials, domainKeys, random } = keyhold.service
  const services = {
    store,
    keyMaterials,
    domainKeys,
    random,
    clock: keyhold.clock,
    externalAccounts: 'reject' as const,
  }
  const outcome = await applySeed(services, seed, { account: ACCOUNT, region: REGION })
  assert.equal(outcome.identitiesMade, 4)
  const alice = await store.findUser(ACCOUNT, 'alice')
  assert.equal((await store.listInlinePolicies(alice!.userId)).length, 1)
  assert.ok((await store.findRole(ACCOUNT, 'deploy'))!.trustPolicy.includes(alice!.userId))
})

test('trust policies and key policies name users and roles of the same seed, by what never comes again', async (context) => {
  const keyhold = await harness(context)
  const keyPolicy = {
    Version: '2012-10-17',
    Statement: [
      {
        ...{ Effect: 'Allow', Action: 'kms:*', Resource: '*' },
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/team/alice` },
      },
    ],
  }
  const document = { ...SEED, keys: [{ id: KEY_ID, account: ACCOUNT, policy: keyPolicy }] }
  await apply(keyhold, document)
  const { userId } = (await keyhold.store.findUser(ACCOUNT, 'alice'))!
  assert.ok((await keyhold.store.findRole(ACCOUNT, 'second'))!.trustPolicy.includes(userId))
  const { roleId } = (await keyhold.store.findRole(ACCOUNT, 'second'))!
  assert.ok((await keyhold.store.findRole(ACCOUNT, 'first'))!.trustPolicy.includes(roleId))
  const key = await keyhold.store.findKey({ account: ACCOUNT, region: REGION, keyId: KEY_ID })
  assert.ok(key!.policy.includes(userId))
  assert.equal((await apply(keyhold, document)).keysFound, 1, 'the same again is no contradiction')
  const stranger = { ...SEED, roles: [{ name: 'third', trustPolicy: trust(`arn:aws:iam::${ACCOUNT}:user/nobody`) }] }
  await assert.rejects(apply(keyhold, stranger), (error) => {
    assert.ok(error instanceof SeedError)
    assert.match(error.message, /^roles\[0\]\.trustPolicy: /)
    return true
  })
  assert.equal(await keyhold.store.findRole(ACCOUNT, 'third'), undefined)
})

test('what contradicts the store is listed, and nothing is changed', async (context) => {
  const keyhold = await harness(context)
  await apply(keyhold, SEED)
  const bob = { name: 'bob', groups: ['nowhere'], managedPolicies: ['Unknown'], accessKeys: [ACCESS_KEY] }
  const changed: SeedDocument = {
    ...SEED,
    users: [
      {
        ...ALICE,
        ...{ path: '/other/', tags: { team: 'red' }, policies: { describe: policy('kms:*') } },
        accessKeys: [{ ...ACCESS_KEY, secret: 'another secret'.replace(' ', '-').padEnd(40, 'x') }],
      },
      bob,
    ],
    roles: [{ name: 'second', trustPolicy: trust(`arn:aws:iam::${ACCOUNT}:root`), description: 'Else' }],
  }
  await assert.rejects(apply(keyhold, changed), (error) => {
    assert.ok(error instanceof SeedError)
    assert.deepEqual(error.message.split('\n  ').slice(1), [
      'users[0].path: what is in the store has another',
      'users[0].tags: what is in the store has another',
      `users[0].accessKeys[0].secret: ${ACCESS_KEY.id} has another`,
      'users[0].policies.describe: what is in the store has another',
      `users[1].groups[0]: there is no group nowhere in account ${ACCOUNT}`,
      `users[1].accessKeys[0].id: ${ACCESS_KEY.id} belongs to somebody else`,
      'users[1].managedPolicies[0]: there is no policy Unknown',
      'roles[0].description: what is in the store has another',
      'roles[0].trustPolicy: what is in the store has another',
    ])
    assert.ok(!error.message.includes(ACCESS_KEY.secret))
    return true
  })
  assert.equal(await keyhold.store.findUser(ACCOUNT, 'bob'), undefined)
  assert.equal((await keyhold.store.findUser(ACCOUNT, 'alice'))!.path, '/team/')
})

test('quotas hold for seeds as well, with the place', async (context) => {
  const keyhold = await harness(context)
  const accessKeys = ['A', 'B', 'C'].map((letter) => ({ ...ACCESS_KEY, id: `AKIA${letter.repeat(16)}` }))
  await assert.rejects(apply(keyhold, { users: [{ name: 'carol', accessKeys }] }), (error) => {
    assert.ok(error instanceof SeedError)
    assert.equal(error.message, 'users[0].accessKeys[2]: Cannot exceed quota for AccessKeysPerUser: 2')
    return true
  })
})

test('in development a seeded user signs with its access key and may do what its policies allow', async (context) => {
  const seed: SeedDocument = { ...SEED, keys: [{ id: KEY_ID, account: ACCOUNT }] }
  const keyhold = await startKeyhold({ seed })
  context.after(() => keyhold.stop())
  const credentials = { accessKeyId: ACCESS_KEY.id, secretAccessKey: ACCESS_KEY.secret }
  const client = new KMSClient({ ...keyhold, credentials, maxAttempts: 1 })
  context.after(() => client.destroy())
  assert.equal((await client.send(new ListKeysCommand({}))).Keys![0]!.KeyId, KEY_ID)
  await client.send(new DescribeKeyCommand({ KeyId: KEY_ID }))
  await assert.rejects(client.send(new CreateKeyCommand({})), { name: 'AccessDeniedException' })
})

/** authorization.md 6.1: names are unique ignoring case. The second would have got access keys that nobody could use. */
test('an identity that is there twice is refused', async (context) => {
  const keyhold = await harness(context)
  const other = { id: 'AKIAIOSFODNN7EXAMPL2', secret: ACCESS_KEY.secret }
  for (const [document, message] of [
    [
      { users: [{ name: 'alice' }, { name: 'Alice', accessKeys: [other] }] },
      'users[1].name: Alice is also at users[0].name',
    ],
    [
      { groups: [{ name: 'g' }, { name: 'h' }, { name: 'g', account: ACCOUNT }] },
      'groups[2].name: g is also at groups[0].name',
    ],
    [
      { services: [{ name: 'a.example' }, { name: 'a.example' }] },
      'services[1].name: a.example is also at services[0].name',
    ],
  ] as const) {
    await assert.rejects(apply(keyhold, { account: ACCOUNT, ...document }), { message })
  }
  await apply(keyhold, {
    users: [
      { name: 'alice', account: ACCOUNT },
      { name: 'alice', account: '111122223333' },
    ],
  })
})

test('a service has two access keys at most, and none that a user has', async (context) => {
  const keyhold = await harness(context)
  const [first, second, third] = [1, 2, 3].map((index) => ({ ...ACCESS_KEY, id: `AKIAIOSFODNN7EXAMPL${index}` }))
  const withKeys = (...accessKeys: (typeof ACCESS_KEY)[]) => ({ services: [{ name: 'a.example', accessKeys }] })
  const message = /^services\[0\]\.accessKeys\[\d\]: the service a\.example has 2 access keys already$/
  await assert.rejects(apply(keyhold, withKeys(first!, second!, third!)), { message })
  await apply(keyhold, withKeys(first!, second!))
  await assert.rejects(apply(keyhold, withKeys(third!)), { message })
  await assert.rejects(
    apply(keyhold, { account: ACCOUNT, users: [{ name: 'alice', accessKeys: [first!] }] }),
    /users\[0\]\.accessKeys\[0\]\.id: AKIAIOSFODNN7EXAMPL1 belongs to somebody else/,
  )
})

test('secrets that stand in the wrong place are not shown', () => {
  const secret = ACCESS_KEY.secret
  for (const accessKeys of [
    secret,
    [secret],
    [null],
    [[ACCESS_KEY.id, secret]],
    [{ id: secret, secret: ACCESS_KEY.id }],
    // As YAML reads `{ id: …, secret:wJal… }`, and without the colon.
    [{ id: ACCESS_KEY.id, [`secret:${secret}`]: null }],
    [{ id: ACCESS_KEY.id, [`secret ${secret}`]: null }],
  ]) {
    assert.throws(
      () => readSeed({ users: [{ name: 'alice', accessKeys }] }),
      (error: Error) =>
        error instanceof SeedError && /^users\[0\]\.accessKeys/.test(error.message) && !error.message.includes(secret),
    )
  }
  assert.throws(() => readSeed({ keys: [{ id: KEY_ID, [`material:${secret}`]: null }] }), {
    message: "keys[0].material: there is no such field; did you mean 'material: '?",
  })
})

const FAULTS: readonly (readonly [document: object, message: string])[] = [
  [{ users: [{ name: 'a b' }] }, "users[0].name: expected a name of letters, digits and _+=,.@-, got 'a b'"],
  [{ users: [{ name: 'alice', nmae: 'x' }] }, "users[0].nmae: there is no such field; did you mean 'name'?"],
  [{ users: [{ name: 'alice', path: 'team' }] }, "users[0].path: expected a path such as '/team/', got 'team'"],
  [{ accounts: [{ id: '12' }] }, "accounts[0].id: expected an account id of 12 digits (in quotes), got '12'"],
  [
    { accounts: [{ id: ACCOUNT, alias: 'A' }] },
    "accounts[0].alias: expected 3 to 63 lower-case letters, digits and single hyphens, got 'A'",
  ],
  [
    { roles: [{ name: 'r' }] },
    'roles[0].trustPolicy: expected a trust policy, as JSON text or as a mapping, got nothing',
  ],
  [
    { users: [{ name: 'alice', accessKeys: [{ id: ACCESS_KEY.id, secret: 'short' }] }] },
    'users[0].accessKeys[0].secret: expected 16 to 128 characters without blanks',
  ],
  [
    { groups: [{ name: 'g', policies: { p: { ...policy('kms:*'), Version: '2000' } } }] },
    'groups[0].policies.p: Syntax errors in policy.',
  ],
  [
    { roles: [{ name: 'r', trustPolicy: trust('*'), maxSessionSeconds: 60 }] },
    'roles[0].maxSessionSeconds: expected a whole number from 3600 to 43200, got 60',
  ],
]

for (const [document, message] of FAULTS) {
  test(`refused: ${message}`, () => {
    assert.throws(
      () => readSeed(document),
      (error) => error instanceof SeedError && error.message === message,
    )
  })
}
