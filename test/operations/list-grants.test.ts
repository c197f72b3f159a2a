/** authorization.md GL-3, GL-4, GL-6; operations.md 3.33; audit.md 4.2. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import { givenRole, givenUser, policyOf, type TestRole, type TestUser } from '../support/identities.ts'
import {
  assertFails,
  assertValidation,
  constraint,
  lastRecord,
  memberNames,
  newKey,
  notVisible,
  resource,
} from './support.ts'

let harness: Harness
let bob: TestUser
let role: TestRole
before(async () => {
  harness = await createHarness()
  bob = await givenUser(harness.store, ACCOUNT, 'bob')
  role = await givenRole(harness.store, ACCOUNT, 'worker')
})
after(() => harness.close())

const grant = async (KeyId: string, members: object = {}): Promise<string> => {
  const body = { KeyId, GranteePrincipal: bob.arn, Operations: ['Decrypt'], ...members }
  return (await harness.call('CreateGrant', body)).GrantId
}

const list = (KeyId: string, members: object = {}) => harness.call('ListGrants', { KeyId, ...members })

const idsOf = ({ Grants }: Answer): string[] => Grants.map(({ GrantId }: Answer) => GrantId).sort()

test('a key without grants has an empty list', async () => {
  const { KeyId } = await newKey(harness)
  assert.deepEqual(await list(KeyId), { Grants: [], Truncated: false })
})

test('an entry has what was asked for, and no members for what was not; the name is then empty', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const bare = await grant(KeyId)
  const Constraints = { EncryptionContextSubset: { a: '1' } }
  const full = await grant(KeyId, { Name: 'n', RetiringPrincipal: role.arn, Constraints })
  const { Grants } = JSON.parse(JSON.stringify(await list(Arn)))
  const common = {
    KeyId: Arn,
    CreationDate: Math.floor(harness.clock.now() / 1000),
    GranteePrincipal: bob.arn,
    IssuingAccount: `arn:aws:iam::${ACCOUNT}:root`,
    Operations: ['Decrypt'],
  }
  const byId = new Map(Grants.map((entry: Answer) => [entry.GrantId, entry]))
  assert.deepEqual(byId.get(bare), { ...common, GrantId: bare, Name: '' })
  assert.deepEqual(byId.get(full), { ...common, GrantId: full, Name: 'n', RetiringPrincipal: role.arn, Constraints })
})

// Terraform compares the principals with those that it sent.
/** The wish and the entry of DynamoDB's grants, as CloudTrail and ListGrants were recorded to show them; the other has a data key pair too. */
test('operations come back in one order, whatever order they were asked for in (recorded)', async () => {
  const recorded = [
    [
      ['DescribeKey', 'GenerateDataKey', 'Decrypt', 'Encrypt', 'ReEncryptFrom', 'ReEncryptTo', 'RetireGrant'],
      ['Decrypt', 'Encrypt', 'GenerateDataKey', 'ReEncryptFrom', 'ReEncryptTo', 'RetireGrant', 'DescribeKey'],
    ],
    [
      ['GenerateDataKeyPair', 'RetireGrant', 'DescribeKey', 'CreateGrant', 'Decrypt'],
      ['Decrypt', 'CreateGrant', 'RetireGrant', 'DescribeKey', 'GenerateDataKeyPair'],
    ],
  ]
  for (const [asked, listed] of recorded) {
    const { KeyId } = await newKey(harness)
    await grant(KeyId, { Operations: asked })
    const { Grants } = await harness.call('ListGrants', { KeyId })
    assert.deepEqual(Grants[0].Operations, listed)
  }
})

test('principals come back in the partition of the Region', async () => {
  const caller = { region: 'us-gov-west-1' }
  const { KeyId, Arn } = await newKey(harness, {}, caller)
  const [GranteePrincipal, RetiringPrincipal] = [bob.arn, role.arn].map((arn) =>
    arn.replace('arn:aws:', 'arn:aws-us-gov:'),
  )
  const body = { KeyId, GranteePrincipal, RetiringPrincipal, Operations: ['Decrypt'] }
  const { GrantId } = await harness.call('CreateGrant', body, caller)
  const wanted = [
    {
      KeyId: Arn,
      GrantId,
      Name: '',
      CreationDate: Math.floor(harness.clock.now() / 1000),
      GranteePrincipal,
      RetiringPrincipal,
      IssuingAccount: `arn:aws-us-gov:iam::${ACCOUNT}:root`,
      Operations: ['Decrypt'],
    },
  ]
  for (const [operation, of] of [
    ['ListGrants', { KeyId, GranteePrincipal }],
    ['ListRetirableGrants', { RetiringPrincipal }],
  ] as const) {
    const { Grants } = await harness.call(operation, of, caller)
    assert.deepEqual(JSON.parse(JSON.stringify(Grants)), wanted)
  }
})

test('those of a key are listed whoever made them, and those of other keys are not', async () => {
  const Policy = policyOf({
    Effect: 'Allow',
    Principal: { AWS: [ACCOUNT, OTHER_ACCOUNT] },
    Action: 'kms:*',
    Resource: '*',
  })
  const { KeyId, Arn } = await newKey(harness, { Policy })
  const own = await grant(KeyId)
  const body = { KeyId: Arn, GranteePrincipal: bob.arn, Operations: ['Encrypt'] }
  const foreign = await harness.call('CreateGrant', body, { account: OTHER_ACCOUNT })
  await grant((await newKey(harness)).KeyId)
  for (const account of [ACCOUNT, OTHER_ACCOUNT]) {
    const answer = await harness.call('ListGrants', { KeyId: Arn }, { account })
    assert.deepEqual(idsOf(answer), [own, foreign.GrantId].sort())
  }
})

test('filters take one grant, or those of one grantee as it was granted', async () => {
  const { KeyId } = await newKey(harness)
  const session = `arn:aws:sts::${ACCOUNT}:assumed-role/worker/s1`
  const toBob = await grant(KeyId)
  const toRole = await grant(KeyId, { GranteePrincipal: role.arn })
  const toSession = await grant(KeyId, { GranteePrincipal: session })
  const service = { GranteePrincipal: undefined, GranteeServicePrincipal: 's3.amazonaws.com' }
  const toService = await grant(KeyId, {
    ...service,
    RetiringPrincipal: bob.arn,
    Constraints: { SourceArn: 'arn:aws:s3:::b' },
  })
  const found = async (filter: object) => idsOf(await list(KeyId, filter))
  assert.deepEqual(await found({}), [toBob, toRole, toSession, toService].sort())
  assert.deepEqual(await found({ GranteePrincipal: bob.arn }), [toBob])
  assert.deepEqual(await found({ GranteePrincipal: role.arn }), [toRole])
  assert.deepEqual(await found({ GranteePrincipal: session }), [toSession])
  assert.deepEqual(await found({ GranteePrincipal: `${role.roleId}:s1` }), [toSession])
  assert.deepEqual(await found({ GranteeServicePrincipal: 's3.amazonaws.com' }), [toService])
  assert.deepEqual(await found({ GrantId: toBob }), [toBob])
  assert.deepEqual(await found({ GrantId: toBob, GranteePrincipal: role.arn }), [])
  // operations.md section 8, row 16.
  for (const GrantId of ['0'.repeat(64), 'x']) assert.deepEqual(await found({ GrantId }), [])
})

test('a grantee who is nobody is no filter', async () => {
  const { KeyId } = await newKey(harness)
  const gone = `arn:aws:sts::${ACCOUNT}:assumed-role/gone/s1`
  const cases: readonly [string, string][] = [
    [gone, `ARN does not refer to a valid principal: ${gone}`],
    ['nonsense', 'ARN is not valid: nonsense'],
    ['AROATEST9999999999999:s1', 'Input does not refer to a valid principal'],
  ]
  for (const [GranteePrincipal, text] of cases) {
    await assertFails(list(KeyId, { GranteePrincipal }), 'InvalidArnException', text)
  }
  const both = { GranteePrincipal: bob.arn, GranteeServicePrincipal: 's3.amazonaws.com' }
  await assert.rejects(list(KeyId, both), { code: 'ValidationException' })
})

test('pages: 50 by default, at most 100, markers of this list alone', async () => {
  const { KeyId } = await newKey(harness)
  const ids: string[] = []
  for (let index = 0; index < 102; index++) ids.push(await grant(KeyId))
  ids.sort()
  const first = await list(KeyId)
  assert.deepEqual(memberNames(first), ['Grants', 'NextMarker', 'Truncated'])
  assert.equal(first.Grants.length, 50)
  assert.equal(first.Truncated, true)
  const rest = await list(KeyId, { Marker: first.NextMarker, Limit: 100 })
  assert.deepEqual([...idsOf(first), ...idsOf(rest)].sort(), ids)
  assert.equal(rest.Truncated, false)
  assert.equal((await list(KeyId, { Limit: 1000 })).Grants.length, 100)
  await assertValidation(list(KeyId, { Limit: 0 }), constraint("'0'", 'limit', 'have value greater than or equal to 1'))
  await assertValidation(
    list(KeyId, { Limit: 1001 }),
    constraint("'1001'", 'limit', 'have value less than or equal to 1000'),
  )
  const other = (await newKey(harness)).KeyId
  for (const [name, members] of [
    [KeyId, { Marker: 'x' }],
    [other, { Marker: first.NextMarker }],
    [KeyId, { Marker: first.NextMarker, GranteePrincipal: bob.arn }],
  ] as const) {
    await assertFails(list(name, members), 'InvalidMarkerException', undefined)
  }
})

test('a page may begin after a grant that is gone by then', async () => {
  const { KeyId } = await newKey(harness)
  const ids = [await grant(KeyId), await grant(KeyId), await grant(KeyId)].sort()
  const first = await list(KeyId, { Limit: 1 })
  await harness.call('RevokeGrant', { KeyId, GrantId: ids[0] })
  assert.deepEqual(idsOf(await list(KeyId, { Marker: first.NextMarker })), ids.slice(1))
})

test('it needs a permission on the key; of another account by ARN', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await assertFails(
    harness.callAs(bob.principal, 'ListGrants', { KeyId }),
    'AccessDeniedException',
    `User: ${bob.arn} is not authorized to perform: kms:ListGrants on resource: ${Arn} because no identity-based policy allows the kms:ListGrants action`,
  )
  await assertFails(
    harness.call('ListGrants', { KeyId: Arn }, { account: OTHER_ACCOUNT }),
    'AccessDeniedException',
    notVisible('kms:ListGrants'),
  )
})

test('the audit record has the parameters and no answer', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const GrantId = await grant(KeyId)
  await list(KeyId, { GrantId, GranteePrincipal: bob.arn, Limit: 7 })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'ListGrants',
    readOnly: true,
    requestParameters: { keyId: KeyId, limit: 7, grantId: GrantId, granteePrincipal: bob.arn },
    responseElements: null,
    resources: [resource(Arn)],
  })
})
