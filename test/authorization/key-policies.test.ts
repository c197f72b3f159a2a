/** Key policies in force: who is named, who is gone, who is locked out (authorization.md 1.2, 1.7; vectors 22, 38 to 40 of 8.1). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertFails, newKey, OTHER_REGION } from '../operations/support.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT, REGION } from '../support/harness.ts'
import { givenRole, givenUser, policyOf } from '../support/identities.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const DELEGATION = { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'kms:*', Resource: '*' }
const LOCKOUT = 'The new key policy will not allow you to update the key policy in the future.'

function allowing(arn: string | readonly string[], Action: string | readonly string[] = 'kms:*') {
  return { Effect: 'Allow', Principal: { AWS: arn }, Action, Resource: '*' }
}

async function keyWith(...statements: object[]): Promise<Answer> {
  return newKey(harness, { Policy: policyOf(statements), BypassPolicyLockoutSafetyCheck: true })
}

test('a user whom the policy names needs no policy of his own, and the account root is nobody there', async () => {
  const alice = await givenUser(harness.store, ACCOUNT, 'named')
  const { KeyId } = await keyWith(allowing(alice.arn))
  await harness.callAs(alice.principal, 'DescribeKey', { KeyId })
  await assertFails(
    harness.call('DescribeKey', { KeyId }),
    'AccessDeniedException',
    `User: arn:aws:iam::${ACCOUNT}:user/alice is not authorized to perform: kms:DescribeKey on resource: ` +
      `arn:aws:kms:eu-central-1:${ACCOUNT}:key/${KeyId} because no resource-based policy allows the kms:DescribeKey action`,
  )
})

test('who gets the name of a deleted user gets nothing, and the policy shows the id of the one who is gone', async () => {
  const first = await givenUser(harness.store, ACCOUNT, 'reborn')
  const { KeyId } = await keyWith(DELEGATION, allowing(first.arn))
  const shown = async () => JSON.parse((await harness.call('GetKeyPolicy', { KeyId })).Policy).Statement[1].Principal
  assert.deepEqual(await shown(), { AWS: first.arn })
  await harness.store.change(async (change) => {
    await change.deleteUser((await change.findUser(ACCOUNT, 'reborn'))!)
  })
  const second = await givenUser(harness.store, ACCOUNT, 'reborn')
  await assert.rejects(harness.callAs(second.principal, 'DescribeKey', { KeyId }), { code: 'AccessDeniedException' })
  assert.deepEqual(await shown(), { AWS: first.principal.entityId })
  await assert.rejects(harness.callAs(first.principal, 'DescribeKey', { KeyId }), {
    code: 'UnrecognizedClientException',
  })
})

test('the same holds for roles; a renamed user stays who he is', async () => {
  const role = await givenRole(harness.store, ACCOUNT, 'reborn-role')
  const user = await givenUser(harness.store, ACCOUNT, 'before')
  const { KeyId } = await keyWith(DELEGATION, allowing([role.arn, user.arn]))
  await harness.callAs(role.session('s1'), 'DescribeKey', { KeyId })
  await harness.store.change(async (change) => {
    await change.deleteRole((await change.findRole(ACCOUNT, 'reborn-role'))!)
    await change.updateUser({ ...(await change.findUser(ACCOUNT, 'before'))!, userName: 'after' })
  })
  const second = await givenRole(harness.store, ACCOUNT, 'reborn-role')
  await assert.rejects(harness.callAs(second.session('s1'), 'DescribeKey', { KeyId }), {
    code: 'AccessDeniedException',
  })
  const { Policy } = await harness.call('GetKeyPolicy', { KeyId })
  assert.deepEqual(JSON.parse(Policy).Statement[1].Principal.AWS, [role.roleId, `arn:aws:iam::${ACCOUNT}:user/after`])
})

test('a principal that does not exist cannot be named', async () => {
  const text = 'Policy contains a statement with one or more invalid principals.'
  const unknown = [
    `arn:aws:iam::${ACCOUNT}:user/nobody`,
    `arn:aws:iam::${ACCOUNT}:role/app/nobody`,
    `arn:aws:iam::${ACCOUNT}:group/all`,
    'arn:aws:iam::999999999999:root',
    '999999999999',
    'AIDAEXAMPLENOBODY0001',
  ]
  for (const arn of unknown) {
    const Policy = policyOf([DELEGATION, allowing(arn)])
    await assertFails(newKey(harness, { Policy }), 'MalformedPolicyDocumentException', text)
  }
})

test('PutKeyPolicy refuses a policy that leaves out its writer, unless he insists', async () => {
  const bob = await givenUser(harness.store, ACCOUNT, 'bob')
  const { KeyId } = await newKey(harness)
  const Policy = policyOf([allowing(bob.arn)])
  const put = (more: object = {}) => harness.call('PutKeyPolicy', { KeyId, Policy, ...more })
  await assertFails(put(), 'MalformedPolicyDocumentException', LOCKOUT)
  await assertFails(put({ BypassPolicyLockoutSafetyCheck: false }), 'MalformedPolicyDocumentException', LOCKOUT)
  await harness.call('GetKeyPolicy', { KeyId })
  await put({ BypassPolicyLockoutSafetyCheck: true })
  await assert.rejects(harness.call('GetKeyPolicy', { KeyId }), { code: 'AccessDeniedException' })
  await harness.callAs(bob.principal, 'PutKeyPolicy', { KeyId, Policy: policyOf([DELEGATION, allowing(bob.arn)]) })
})

test('delegation does not save a writer without a policy that lets him write the next one', async () => {
  const creator = await givenUser(harness.store, ACCOUNT, 'creator', {
    Effect: 'Allow',
    Action: 'kms:CreateKey',
    Resource: '*',
  })
  const Policy = policyOf([DELEGATION])
  const create = (body: object) => harness.callAs(creator.principal, 'CreateKey', body)
  await assertFails(create({ Policy }), 'MalformedPolicyDocumentException', LOCKOUT)
  // The default policy is not looked at (L-4).
  await create({})
  await create({ Policy: policyOf([DELEGATION, allowing(creator.arn, 'kms:PutKeyPolicy')]) })
})

test('CreateKey and ReplicateKey refuse such a policy as well (L-1), unless the writer insists (L-3)', async () => {
  const bob = await givenUser(harness.store, ACCOUNT, 'bob-alone')
  const { KeyId } = await newKey(harness, { MultiRegion: true })
  const Policy = policyOf([allowing(bob.arn)])
  for (const [operation, body] of [
    ['CreateKey', { Policy }],
    ['ReplicateKey', { KeyId, ReplicaRegion: OTHER_REGION, Policy }],
  ] as const) {
    await assertFails(harness.call(operation, body), 'MalformedPolicyDocumentException', LOCKOUT)
    await harness.call(operation, { ...body, BypassPolicyLockoutSafetyCheck: true })
  }
})

test('of a replica it is the next policy in its own Region that counts (L-2)', async () => {
  const { KeyId } = await newKey(harness, { MultiRegion: true })
  const replicateFor = (region: string) => {
    const Condition = { StringEquals: { 'aws:RequestedRegion': region } }
    const Policy = policyOf([{ ...DELEGATION, Condition }])
    return harness.call('ReplicateKey', { KeyId, ReplicaRegion: OTHER_REGION, Policy })
  }
  await assertFails(replicateFor(REGION), 'MalformedPolicyDocumentException', LOCKOUT)
  await replicateFor(OTHER_REGION)
  const Policy = policyOf([DELEGATION])
  await harness.call('PutKeyPolicy', { KeyId, Policy }, { region: OTHER_REGION })
})

test('a deny of the bypass holds only where the bypass is asked for', async () => {
  const deny = {
    Effect: 'Deny',
    Action: 'kms:*',
    Resource: '*',
    Condition: { Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } },
  }
  const allow = { Effect: 'Allow', Action: 'kms:*', Resource: '*' }
  const user = await givenUser(harness.store, ACCOUNT, 'careful', [allow, deny])
  const { KeyId } = await newKey(harness)
  const put = (more: object) =>
    harness.callAs(user.principal, 'PutKeyPolicy', { KeyId, Policy: policyOf([DELEGATION]), ...more })
  await put({})
  await assert.rejects(put({ BypassPolicyLockoutSafetyCheck: true }), { code: 'AccessDeniedException' })
  await put({ BypassPolicyLockoutSafetyCheck: false })
})

test('without permission the state of a key does not show', async () => {
  const stranger = await givenUser(harness.store, ACCOUNT, 'stranger')
  const { KeyId } = await newKey(harness)
  const encrypt = () => harness.callAs(stranger.principal, 'Encrypt', { KeyId, Plaintext: Buffer.from('x') })
  const refusals: unknown[] = []
  const note = async () => refusals.push(await encrypt().catch(({ code, text }) => ({ code, text })))
  await note()
  await harness.call('DisableKey', { KeyId })
  await note()
  await harness.call('ScheduleKeyDeletion', { KeyId })
  await note()
  assert.deepEqual(refusals[0], refusals[1])
  assert.deepEqual(refusals[0], refusals[2])
  const missing = KeyId.replace(/^.{8}/, '00000000')
  const ofMissing = await harness
    .callAs(stranger.principal, 'Encrypt', { KeyId: missing, Plaintext: Buffer.from('x') })
    .catch(({ code, text }: { code: string; text: string }) => ({ code, text: text.replace(missing, KeyId) }))
  assert.deepEqual(ofMissing, refusals[0])
})

test('conditions on encryption context, alias and tags decide', async () => {
  const user = await givenUser(harness.store, ACCOUNT, 'conditioned', [
    {
      Effect: 'Allow',
      Action: ['kms:Encrypt', 'kms:Decrypt'],
      Resource: '*',
      Condition: { StringEquals: { 'kms:EncryptionContext:tenant': 't-17' } },
    },
    {
      Effect: 'Allow',
      Action: 'kms:DescribeKey',
      Resource: '*',
      Condition: { StringEquals: { 'kms:RequestAlias': 'alias/shown' } },
    },
    {
      Effect: 'Allow',
      Action: 'kms:GetKeyPolicy',
      Resource: '*',
      Condition: { StringEquals: { 'aws:ResourceTag/team': 'blue' } },
    },
    {
      Effect: 'Allow',
      Action: 'kms:ListResourceTags',
      Resource: '*',
      Condition: { 'ForAnyValue:StringLike': { 'kms:ResourceAliases': 'alias/sho*' } },
    },
  ])
  const { KeyId } = await newKey(harness)
  const may = (operation: string, body: object) =>
    harness.callAs(user.principal, operation, { KeyId, ...body }).then(
      () => true,
      ({ code }) => {
        assert.equal(code, 'AccessDeniedException')
        return false
      },
    )
  const Plaintext = Buffer.from('x')
  assert.equal(await may('Encrypt', { Plaintext }), false)
  assert.equal(await may('Encrypt', { Plaintext, EncryptionContext: { tenant: 't-18' } }), false)
  assert.equal(await may('Encrypt', { Plaintext, EncryptionContext: { tenant: 't-17', more: 'm' } }), true)
  assert.equal(await may('ListResourceTags', {}), false)
  await harness.call('CreateAlias', { AliasName: 'alias/shown', TargetKeyId: KeyId })
  assert.equal(await may('ListResourceTags', {}), true)
  assert.equal(await may('DescribeKey', {}), false)
  assert.equal(await may('DescribeKey', { KeyId: 'alias/shown' }), true)
  assert.equal(await may('GetKeyPolicy', {}), false)
  await harness.call('TagResource', { KeyId, Tags: [{ TagKey: 'team', TagValue: 'blue' }] })
  assert.equal(await may('GetKeyPolicy', {}), true)
  await harness.call('DeleteAlias', { AliasName: 'alias/shown' })
  assert.equal(await may('ListResourceTags', {}), false)
})

test('a refusal is explained in the audit record, not to the caller', async () => {
  const user = await givenUser(harness.store, ACCOUNT, 'refused', [
    { Effect: 'Allow', Action: 'kms:*', Resource: '*' },
    { Sid: 'NoDisabling', Effect: 'Deny', Action: 'kms:DisableKey', Resource: '*' },
  ])
  const { KeyId, Arn } = await newKey(harness)
  await assertFails(
    harness.callAs(user.principal, 'DisableKey', { KeyId }),
    'AccessDeniedException',
    `User: ${user.arn} is not authorized to perform: kms:DisableKey on resource: ${Arn} with an explicit deny in an identity-based policy`,
  )
  const { errorCode, additionalEventData } = harness.auditRecords().at(-1)
  assert.equal(errorCode, 'AccessDenied')
  assert.deepEqual(additionalEventData, {
    authorization: {
      action: 'kms:DisableKey',
      resource: Arn,
      decidedBy: 'identity-based policy',
      policyId: 'rights',
      statement: 1,
      sid: 'NoDisabling',
    },
  })
})

test('ReEncrypt on the same key can be told from ReEncrypt to another', async () => {
  const user = await givenUser(harness.store, ACCOUNT, 're-encrypter', [
    {
      Effect: 'Allow',
      Action: ['kms:ReEncrypt*'],
      Resource: '*',
      Condition: { Bool: { 'kms:ReEncryptOnSameKey': true } },
    },
  ])
  const one = await newKey(harness)
  const two = await newKey(harness)
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId: one.KeyId, Plaintext: Buffer.from('x') })
  const reEncrypt = (DestinationKeyId: string) =>
    harness.callAs(user.principal, 'ReEncrypt', { CiphertextBlob, DestinationKeyId })
  assert.equal((await reEncrypt(one.KeyId)).KeyId, one.Arn)
  await assert.rejects(reEncrypt(two.KeyId), { code: 'AccessDeniedException' })
})

test('what another account may do is what both accounts allow', async () => {
  const foreign = await givenRole(harness.store, OTHER_ACCOUNT, 'visitor', {
    Effect: 'Allow',
    Action: 'kms:*',
    Resource: '*',
  })
  const { Arn } = await keyWith(DELEGATION, allowing(OTHER_ACCOUNT, ['kms:Encrypt', 'kms:EnableKey']))
  const call = (operation: string, body: object = {}) =>
    harness.callAs(foreign.session('s1'), operation, { KeyId: Arn, ...body })
  await call('Encrypt', { Plaintext: Buffer.from('x') })
  const hidden = /the resource does not exist in this Region/
  for (const operation of ['DescribeKey', 'EnableKey', 'GetKeyPolicy']) {
    await assert.rejects(call(operation), { code: 'AccessDeniedException', message: hidden })
  }
})

test('an alias that is missing is said to be, also to callers who may use some keys or none', async () => {
  const Resource = `arn:aws:kms:*:${ACCOUNT}:key/*`
  const some = await givenUser(harness.store, ACCOUNT, 'some-keys', { Effect: 'Allow', Action: 'kms:*', Resource })
  const none = await givenUser(harness.store, ACCOUNT, 'no-keys')
  for (const { principal } of [some, none]) {
    await assertFails(
      harness.callAs(principal, 'DescribeKey', { KeyId: 'alias/nowhere' }),
      'NotFoundException',
      `Alias arn:aws:kms:eu-central-1:${ACCOUNT}:alias/nowhere is not found.`,
    )
  }
})
