/** authorization.md 4.6; operations.md 3.43; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import { givenUser, policyOf, type TestUser } from '../support/identities.ts'
import { assertFails, DRY_RUN, keyArn, lastRecord, MISSING_KEY_ID, newKey, notVisible, resource } from './support.ts'

let harness: Harness
let bob: TestUser
let key: Answer
before(async () => {
  harness = await createHarness()
  bob = await givenUser(harness.store, ACCOUNT, 'bob')
  key = await newKey(harness)
})
after(() => harness.close())

const grant = async (KeyId = key.KeyId, Operations: readonly string[] = ['DescribeKey']): Promise<string> =>
  (await harness.call('CreateGrant', { KeyId, GranteePrincipal: bob.arn, Operations })).GrantId

const revoke = (GrantId: string, KeyId = key.KeyId, members: object = {}) =>
  harness.call('RevokeGrant', { KeyId, GrantId, ...members })

test('RevokeGrant takes a grant away at once, and answers nothing', async () => {
  const describe = () => harness.callAs(bob.principal, 'DescribeKey', { KeyId: key.KeyId })
  for (const name of [key.KeyId, key.Arn]) {
    const id = await grant()
    await describe()
    assert.equal(await revoke(id, name), undefined)
    await assert.rejects(describe(), { code: 'AccessDeniedException' })
  }
})

test('a second call, an id of nobody and one of another key are not found', async () => {
  const id = await grant()
  await revoke(id)
  const elsewhere = await grant((await newKey(harness)).KeyId)
  for (const unknown of [id, elsewhere, '0'.repeat(64)]) {
    await assertFails(revoke(unknown), 'NotFoundException', `Grant ID ${unknown} not found`)
  }
  await assertFails(revoke(id, MISSING_KEY_ID), 'NotFoundException', `Key '${keyArn(MISSING_KEY_ID)}' does not exist`)
})

test('what can be no id is refused', async () => {
  for (const text of ['x', 'g'.repeat(64), 'A'.repeat(64), '0'.repeat(63), '0'.repeat(65)]) {
    await assertFails(revoke(text), 'InvalidGrantIdException', undefined)
  }
})

test('no grant permits it, a policy does, and of another account too', async () => {
  const id = await grant(key.KeyId, ['RetireGrant', 'CreateGrant'])
  await assertFails(
    harness.callAs(bob.principal, 'RevokeGrant', { KeyId: key.KeyId, GrantId: id }),
    'AccessDeniedException',
    `User: ${bob.arn} is not authorized to perform: kms:RevokeGrant on resource: ${key.Arn} because no identity-based policy allows the kms:RevokeGrant action`,
  )
  const foreign = (KeyId: string, GrantId: string) =>
    harness.call('RevokeGrant', { KeyId, GrantId }, { account: OTHER_ACCOUNT })
  await assertFails(foreign(key.Arn, id), 'AccessDeniedException', notVisible('kms:RevokeGrant'))
  const Policy = policyOf({
    Effect: 'Allow',
    Principal: { AWS: [ACCOUNT, OTHER_ACCOUNT] },
    Action: 'kms:*',
    Resource: '*',
  })
  const shared = await newKey(harness, { Policy })
  await foreign(shared.Arn, await grant(shared.KeyId))
})

test('a policy may ask whether a service calls for the user: never (S-4)', async () => {
  const only = (value: string) => ({
    Effect: 'Allow',
    Action: 'kms:RevokeGrant',
    Resource: '*',
    Condition: { Bool: { 'kms:GrantIsForAWSResource': value } },
  })
  const [direct, forService] = [
    await givenUser(harness.store, ACCOUNT, 'direct', only('false')),
    await givenUser(harness.store, ACCOUNT, 'for-service', only('true')),
  ]
  const body = { KeyId: key.KeyId, GrantId: await grant() }
  await assert.rejects(harness.callAs(forService.principal, 'RevokeGrant', body), { code: 'AccessDeniedException' })
  await harness.callAs(direct.principal, 'RevokeGrant', body)
})

test('grants stay while a key waits for its deletion, can be revoked then, and work again after it is cancelled (GL-8)', async () => {
  const { KeyId } = await newKey(harness)
  const [kept, gone] = [await grant(KeyId, ['Encrypt']), await grant(KeyId)]
  await harness.call('ScheduleKeyDeletion', { KeyId })
  await revoke(gone, KeyId)
  await harness.call('CancelKeyDeletion', { KeyId })
  await harness.call('EnableKey', { KeyId })
  await harness.callAs(bob.principal, 'Encrypt', { KeyId, Plaintext: Buffer.from('x') })
  await revoke(kept, KeyId)
  await assert.rejects(harness.callAs(bob.principal, 'Encrypt', { KeyId, Plaintext: Buffer.from('x') }))
})

test('a dry run takes nothing away', async () => {
  const id = await grant()
  await assertFails(revoke(id, key.KeyId, { DryRun: true }), ...DRY_RUN)
  await revoke(id)
})

test('the audit record has both parameters', async () => {
  const id = await grant()
  await revoke(id)
  assert.deepEqual(lastRecord(harness), {
    eventName: 'RevokeGrant',
    readOnly: false,
    requestParameters: { keyId: key.KeyId, grantId: id },
    responseElements: null,
    resources: [resource(key.Arn)],
  })
})
