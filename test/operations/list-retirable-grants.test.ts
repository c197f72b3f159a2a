/** authorization.md GL-5, 2.5; operations.md 3.38; audit.md 4.2. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import { givenRole, givenUser, policyOf, type TestRole, type TestUser } from '../support/identities.ts'
import { assertFails, lastRecord, newKey, OTHER_REGION } from './support.ts'

let harness: Harness
let bob: TestUser
let role: TestRole
before(async () => {
  harness = await createHarness()
  bob = await givenUser(harness.store, ACCOUNT, 'bob')
  role = await givenRole(harness.store, ACCOUNT, 'worker')
})
after(() => harness.close())

const grant = async (members: object, caller = {}, KeyId?: string): Promise<string> => {
  const key = KeyId ?? (await newKey(harness, {}, caller)).Arn
  const body = { KeyId: key, GranteePrincipal: bob.arn, Operations: ['Decrypt', 'RetireGrant'], ...members }
  return (await harness.call('CreateGrant', body, caller)).GrantId
}

const list = (RetiringPrincipal: string, members: object = {}, caller = {}) =>
  harness.call('ListRetirableGrants', { RetiringPrincipal, ...members }, caller)

const idsOf = ({ Grants }: Answer): string[] => Grants.map(({ GrantId }: Answer) => GrantId).sort()

test('those that the principal retires, of all keys of the Region, those of other accounts included', async () => {
  const RetiringPrincipal = role.arn
  const own = [await grant({ RetiringPrincipal }), await grant({ RetiringPrincipal })]
  const foreign = await grant({ RetiringPrincipal }, { account: OTHER_ACCOUNT })
  const elsewhere = await grant({ RetiringPrincipal }, { region: OTHER_REGION })
  await grant({ RetiringPrincipal: `arn:aws:sts::${ACCOUNT}:assumed-role/worker/s1` })
  await grant({ GranteePrincipal: role.arn, RetiringPrincipal: bob.arn })
  await grant({ GranteePrincipal: role.arn })
  assert.deepEqual(idsOf(await list(role.arn)), [...own, foreign].sort())
  assert.deepEqual(idsOf(await list(role.roleId)), [...own, foreign].sort())
  assert.deepEqual(idsOf(await list(role.arn, {}, { region: OTHER_REGION })), [elsewhere])
})

test('an entry is that of ListGrants', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const GrantId = await grant({ RetiringPrincipal: bob.arn, Name: 'n' }, {}, Arn)
  const [listed] = (await harness.call('ListGrants', { KeyId, GrantId })).Grants
  const { Grants } = await list(bob.arn)
  assert.deepEqual(
    Grants.find((entry: Answer) => entry.GrantId === GrantId),
    listed,
  )
})

test('grants of keys that are gone are gone', async () => {
  const retirer = await givenUser(harness.store, ACCOUNT, 'retirer')
  const { KeyId, Arn } = await newKey(harness)
  const id = await grant({ RetiringPrincipal: retirer.arn }, {}, Arn)
  await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  assert.deepEqual(idsOf(await list(retirer.arn)), [id])
  harness.clock.advance(7 * 86_400_000)
  assert.deepEqual(idsOf(await list(retirer.arn)), [])
})

test('who is nobody, or nobody of this account, has none', async () => {
  const unknown = `arn:aws:iam::${ACCOUNT}:user/nobody`
  const foreign = `arn:aws:iam::${OTHER_ACCOUNT}:user/alice`
  for (const arn of [unknown, foreign, `arn:aws:iam::${OTHER_ACCOUNT}:user/nobody`]) {
    await assertFails(list(arn), 'InvalidArnException', `ARN does not refer to a valid principal: ${arn}`)
  }
  await assertFails(list('nonsense'), 'InvalidArnException', 'ARN is not valid: nonsense')
  const foreignId = (await harness.store.findUser(OTHER_ACCOUNT, 'alice'))!.userId
  for (const id of ['AROATEST9999999999999:s1', foreignId]) {
    await assertFails(list(id), 'NotFoundException', `Retiring principal ${id} could not be found`)
  }
})

test('pages: 50 by default, at most 100, markers of this list alone', async () => {
  const retirer = await givenUser(harness.store, ACCOUNT, 'busy')
  const { Arn } = await newKey(harness)
  const ids: string[] = []
  for (let index = 0; index < 101; index++) ids.push(await grant({ RetiringPrincipal: retirer.arn }, {}, Arn))
  const first = await list(retirer.arn)
  assert.equal(first.Grants.length, 50)
  const rest = await list(retirer.arn, { Marker: first.NextMarker, Limit: 1000 })
  assert.deepEqual([...idsOf(first), ...idsOf(rest)].sort(), ids.sort())
  assert.equal(rest.Truncated, false)
  assert.equal((await list(retirer.arn, { Limit: 1000 })).Grants.length, 100)
  await assertFails(list(bob.arn, { Marker: first.NextMarker }), 'InvalidMarkerException', undefined)
  await assertFails(list(retirer.arn, { Marker: 'x' }), 'InvalidMarkerException', undefined)
})

test('the permission is asked for on the ARN of the retiring principal; keys are not asked', async () => {
  const may = (Resource: string) => ({ Effect: 'Allow', Action: 'kms:ListRetirableGrants', Resource })
  const onOne = await givenUser(harness.store, ACCOUNT, 'on-one', may(role.arn))
  const onAll = await givenUser(harness.store, ACCOUNT, 'on-all', may('*'))
  for (const { principal } of [onOne, onAll]) {
    await harness.callAs(principal, 'ListRetirableGrants', { RetiringPrincipal: role.arn })
  }
  await assertFails(
    harness.callAs(onOne.principal, 'ListRetirableGrants', { RetiringPrincipal: bob.arn }),
    'AccessDeniedException',
    `User: ${onOne.arn} is not authorized to perform: kms:ListRetirableGrants on resource: ${bob.arn} because no identity-based policy allows the kms:ListRetirableGrants action`,
  )
  const Policy = policyOf({ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' })
  await newKey(harness, { Policy })
  await assert.rejects(harness.callAs(bob.principal, 'ListRetirableGrants', { RetiringPrincipal: bob.arn }), {
    code: 'AccessDeniedException',
  })
})

test('a principal is the same for policies, by his unique id or by his ARN', async () => {
  const { RoleId } = (await harness.call('GetRole', { RoleName: 'worker' })).Role
  const deny = { Effect: 'Deny', Action: 'kms:ListRetirableGrants', Resource: role.arn }
  const allow = { Effect: 'Allow', Action: 'kms:ListRetirableGrants', Resource: bob.arn }
  const asker = await givenUser(harness.store, ACCOUNT, 'asker', [allow, deny])
  const ask = (RetiringPrincipal: string) =>
    harness.callAs(asker.principal, 'ListRetirableGrants', { RetiringPrincipal })
  await ask(bob.principal.entityId)
  await assertFails(
    ask(RoleId),
    'AccessDeniedException',
    `User: ${asker.arn} is not authorized to perform: kms:ListRetirableGrants on resource: ${role.arn} with an explicit deny in an identity-based policy`,
  )
  await assertFails(
    ask('nonsense'),
    'AccessDeniedException',
    `User: ${asker.arn} is not authorized to perform: kms:ListRetirableGrants on resource: nonsense because no identity-based policy allows the kms:ListRetirableGrants action`,
  )
})

test('the audit record has the parameters and no resources', async () => {
  await list(bob.arn, { Limit: 7 })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'ListRetirableGrants',
    readOnly: true,
    requestParameters: { retiringPrincipal: bob.arn, limit: 7 },
    responseElements: null,
    resources: [],
  })
})
