/** authorization.md 1.2, P-1 to P-4, P-7, 4.1. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { resolvePrincipal, shownPrincipal } from '../../../src/domain/identity/resolve-principal.ts'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT } from '../../support/harness.ts'
import { givenRole, givenUser, type TestRole, type TestUser } from '../../support/identities.ts'

let harness: Harness
let bob: TestUser
let role: TestRole
before(async () => {
  harness = await createHarness()
  bob = await givenUser(harness.store, ACCOUNT, 'bob')
  role = await givenRole(harness.store, ACCOUNT, 'worker')
})
after(() => harness.close())

const resolve = (text: string, external: 'accept' | 'reject' = 'reject') =>
  resolvePrincipal(text, harness.store, external)

const UNKNOWN = { is: 'unknown', given: 'ARN' }
const UNHOSTED = '999999999999'

test('what exists is found by what never comes again', async () => {
  const session = `arn:aws:sts::${ACCOUNT}:assumed-role/worker/s1`
  const cases: readonly [string, string][] = [
    [`arn:aws:iam::${OTHER_ACCOUNT}:root`, OTHER_ACCOUNT],
    [bob.arn, bob.principal.entityId],
    [role.arn, role.roleId],
    [session, `${role.roleId}:s1`],
    [`arn:aws:sts::${ACCOUNT}:federated-user/carol`, `${ACCOUNT}:carol`],
  ]
  for (const [arn, ref] of cases) {
    assert.deepEqual(await resolve(arn), { is: 'found', ref })
    assert.equal(await shownPrincipal(ref, harness.store), arn)
  }
  assert.deepEqual(await resolve(`${role.roleId}:s1`), { is: 'found', ref: `${role.roleId}:s1` })
})

test('names compare with their case, and paths are part of them', async () => {
  for (const arn of [
    `arn:aws:iam::${ACCOUNT}:user/BOB`,
    `arn:aws:iam::${ACCOUNT}:user/x/bob`,
    `arn:aws:iam::${OTHER_ACCOUNT}:user/bob`,
    `arn:aws:iam::${ACCOUNT}:role/worker`,
    `arn:aws:iam::${ACCOUNT}:role/app/Worker`,
    `arn:aws:sts::${ACCOUNT}:assumed-role/Worker/s1`,
    `arn:aws:iam::${ACCOUNT}:role/app/nobody`,
  ]) {
    assert.deepEqual(await resolve(arn), UNKNOWN, arn)
  }
})

test('wildcards, groups, other services and broken ARNs are no principals', async () => {
  for (const text of [
    '*',
    '',
    ACCOUNT,
    `arn:aws:iam::${ACCOUNT}:user/*`,
    `arn:aws:iam::${ACCOUNT}:role/app/w?rker`,
    `arn:aws:iam::${ACCOUNT}:group/g`,
    `arn:aws:iam::${ACCOUNT}:instance-profile/p`,
    `arn:aws:iam::aws:policy/AdministratorAccess`,
    `arn:aws:iam:eu-central-1:${ACCOUNT}:user/bob`,
    `arn:aws:sts::${ACCOUNT}:assumed-role/app/worker/s1`,
    `arn:aws:sts::${ACCOUNT}:assumed-role/worker/*`,
    `arn:aws:sts::${ACCOUNT}:assumed-role/worker`,
    `arn:aws:iam::${ACCOUNT}:root/x`,
    `arn:aws:iam::1:root`,
    `arn:aws:iam::${ACCOUNT}:user/${'x'.repeat(65)}`,
  ]) {
    assert.deepEqual(await resolve(text), { is: 'malformed' }, text)
  }
})

test('accounts that are not hosted here: setting externalAccounts (P-7)', async () => {
  const text = (arn: string) => [arn, arn] as const
  for (const [arn, ref] of [
    text(`arn:aws:iam::${UNHOSTED}:user/x`),
    text(`arn:aws:iam::${UNHOSTED}:role/a/x`),
    text(`arn:aws:sts::${UNHOSTED}:assumed-role/x/s1`),
    [`arn:aws:iam::${UNHOSTED}:root`, UNHOSTED],
    [`arn:aws:sts::${UNHOSTED}:federated-user/carol`, `${UNHOSTED}:carol`],
  ] as const) {
    assert.deepEqual(await resolve(arn, 'reject'), UNKNOWN)
    assert.deepEqual(await resolve(arn, 'accept'), { is: 'found', ref })
    assert.equal(await shownPrincipal(ref, harness.store), arn)
  }
  assert.deepEqual(await resolve(`arn:aws:iam::${ACCOUNT}:user/nobody`, 'accept'), UNKNOWN)
  assert.deepEqual(await resolve(`arn:aws:iam::${UNHOSTED}:user/*`, 'accept'), { is: 'malformed' })
})

test('one that is gone is shown by its unique id, also when there is another of its name', async () => {
  const old = await givenUser(harness.store, ACCOUNT, 'short-lived')
  const user = (await harness.store.findUser(ACCOUNT, 'short-lived'))!
  await harness.store.change((change) => change.deleteUser(user))
  const anew = await givenUser(harness.store, ACCOUNT, 'short-lived')
  const oldId = old.principal.entityId
  assert.equal(await shownPrincipal(oldId, harness.store), oldId)
  assert.deepEqual(await resolve(oldId), { is: 'unknown', given: 'unique id' })
  assert.deepEqual(await resolve(old.arn), { is: 'found', ref: anew.principal.entityId })
})

test('a user who was renamed is shown by the new name', async () => {
  const { principal } = await givenUser(harness.store, ACCOUNT, 'before')
  const user = (await harness.store.findUser(ACCOUNT, 'before'))!
  await harness.store.change((change) => change.updateUser({ ...user, userName: 'after', path: '/team/' }))
  assert.equal(await shownPrincipal(principal.entityId, harness.store), `arn:aws:iam::${ACCOUNT}:user/team/after`)
})

test('names of services stay as they are', async () => {
  assert.equal(await shownPrincipal('s3.amazonaws.com', harness.store), 's3.amazonaws.com')
})
