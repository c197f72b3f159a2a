/** authorization.md 4.6, E-8; operations.md 3.42; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Principal } from '../../src/domain/principal.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT, userOf } from '../support/harness.ts'
import { givenRole, givenUser, policyOf, type TestRole, type TestUser } from '../support/identities.ts'
import {
  assertFails,
  assertValidation,
  DRY_RUN,
  lastRecord,
  MISSING_KEY_ID,
  newKey,
  notVisible,
  resource,
} from './support.ts'

const MAY_RETIRE = { Effect: 'Allow', Action: 'kms:RetireGrant', Resource: '*' }
const MUST_NOT = { Effect: 'Deny', Action: 'kms:RetireGrant', Resource: '*' }
const WITHOUT_KMS = policyOf({ Effect: 'Allow', Action: 'iam:*', Resource: '*' })

let harness: Harness
/** Without any policy. */
let bob: TestUser
let role: TestRole
let foreign: TestUser
let foreignRole: TestRole
let key: Answer
before(async () => {
  harness = await createHarness()
  const { store } = harness
  bob = await givenUser(store, ACCOUNT, 'bob')
  role = await givenRole(store, ACCOUNT, 'worker')
  foreign = await givenUser(store, OTHER_ACCOUNT, 'frank')
  foreignRole = await givenRole(store, OTHER_ACCOUNT, 'far')
  key = await newKey(harness)
})
after(() => harness.close())

const rootOf = (account: string): Principal => ({
  ...userOf(account),
  type: 'Root',
  arn: `arn:aws:iam::${account}:root`,
  principalArn: `arn:aws:iam::${account}:root`,
  principalId: account,
  entityId: account,
})

interface Made {
  readonly KeyId: string
  readonly GrantId: string
  readonly GrantToken: string
}

/** Whose grantee is somebody else than those who try. */
async function grant(members: object, KeyId = key.Arn, issuer?: Principal): Promise<Made> {
  const grantee = await givenUserOnce()
  const body = { KeyId, GranteePrincipal: grantee.arn, Operations: ['Encrypt'], ...members }
  const answer = issuer === undefined ? harness.call('CreateGrant', body) : harness.callAs(issuer, 'CreateGrant', body)
  return { KeyId, ...(await answer) }
}

let other: TestUser | undefined
async function givenUserOnce(): Promise<TestUser> {
  other ??= await givenUser(harness.store, ACCOUNT, 'nobody-in-particular')
  return other
}

const retire = (principal: Principal, { KeyId, GrantId }: Made, members: object = {}) =>
  harness.callAs(principal, 'RetireGrant', { KeyId, GrantId, ...members })

const denied = (principal: Principal, why: string) =>
  [
    'AccessDeniedException',
    `User: ${principal.arn} is not authorized to perform: kms:RetireGrant on ${principal.account === ACCOUNT ? `resource: ${key.Arn}` : 'this resource'} because ${why}`,
  ] as const

const NO_IDENTITY = 'no identity-based policy allows the kms:RetireGrant action'
const NO_SESSION = 'no session policy allows the kms:RetireGrant action'

async function isThere({ KeyId, GrantId }: Made): Promise<boolean> {
  return (await harness.call('ListGrants', { KeyId, GrantId })).Grants.length === 1
}

describe('how the grant is named', () => {
  test('by key id or key ARN with its id, or by any of its tokens; and it is gone', async () => {
    const first = await grant({ RetiringPrincipal: bob.arn })
    assert.equal(await retire(bob.principal, first), undefined)
    const second = await grant({ RetiringPrincipal: bob.arn }, key.KeyId)
    assert.equal(await retire(bob.principal, second), undefined)
    const third = await grant({ RetiringPrincipal: bob.arn, Name: 'twice' })
    const { GrantToken } = await grant({ RetiringPrincipal: bob.arn, Name: 'twice' })
    assert.equal(await harness.callAs(bob.principal, 'RetireGrant', { GrantToken }), undefined)
    for (const made of [first, second, third]) assert.equal(await isThere(made), false)
  })

  test('in one way, and completely', async () => {
    const made = await grant({ RetiringPrincipal: bob.arn })
    const { KeyId, GrantId, GrantToken } = made
    for (const body of [{}, { KeyId }, { GrantId }, { GrantToken, KeyId }, { GrantToken, GrantId }, made]) {
      const work = harness.callAs(bob.principal, 'RetireGrant', body)
      await assertValidation(work, 'Grant token OR (grant ID, key ID) must be specified')
    }
    assert.ok(await isThere(made))
  })

  test('a token that is none, that is for another Region, or whose grant is gone', async () => {
    const { GrantToken, ...made } = await grant({ RetiringPrincipal: bob.arn })
    for (const text of ['x', 'AAAA', GrantToken.slice(4)]) {
      await assertFails(
        harness.callAs(bob.principal, 'RetireGrant', { GrantToken: text }),
        'InvalidGrantTokenException',
        undefined,
      )
    }
    const elsewhere = harness.callAs(bob.principal, 'RetireGrant', { GrantToken }, 'us-east-1')
    await assertFails(elsewhere, 'InvalidGrantTokenException', undefined)
    await retire(bob.principal, { GrantToken, ...made })
    await assertFails(
      harness.callAs(bob.principal, 'RetireGrant', { GrantToken }),
      'InvalidGrantTokenException',
      undefined,
    )
  })

  test('an id that is none, and one of a grant that is not there: the same answer with and without such a key', async () => {
    const made = await grant({ RetiringPrincipal: bob.arn })
    await assertFails(retire(bob.principal, { ...made, GrantId: 'x' }), 'InvalidGrantIdException', undefined)
    await retire(bob.principal, made)
    const text = `Grant ID ${made.GrantId} not found`
    await assertFails(retire(bob.principal, made), 'NotFoundException', text)
    await assertFails(retire(bob.principal, { ...made, KeyId: MISSING_KEY_ID }), 'NotFoundException', text)
    const elsewhere = await grant({ RetiringPrincipal: bob.arn }, (await newKey(harness)).Arn)
    const mixed = { ...elsewhere, KeyId: key.Arn }
    await assertFails(retire(bob.principal, mixed), 'NotFoundException', `Grant ID ${elsewhere.GrantId} not found`)
    await assertFails(
      retire(foreign.principal, made),
      'AccessDeniedException',
      notVisible('kms:RetireGrant').replace('alice', 'frank'),
    )
    const alias = retire(bob.principal, { ...made, KeyId: 'alias/x' })
    await assertFails(alias, 'InvalidArnException', 'Key Aliases are not supported for this operation.')
  })
})

describe('in one account', () => {
  test('the retiring principal may, without any policy', async () => {
    await retire(bob.principal, await grant({ RetiringPrincipal: bob.arn }))
    await retire(role.session('s1'), await grant({ RetiringPrincipal: role.arn }))
    await retire(role.session('s2'), await grant({ RetiringPrincipal: role.session('s2').arn }))
  })

  test('a session that retires by its own ARN is not limited by its session policy', async () => {
    const session = role.session('s1', WITHOUT_KMS)
    await retire(session, await grant({ RetiringPrincipal: session.arn }))
    await assertFails(retire(session, await grant({ RetiringPrincipal: role.arn })), ...denied(session, NO_SESSION))
  })

  test('the grantee may if that is among the operations, whatever the constraints', async () => {
    const Constraints = { EncryptionContextEquals: { a: '1' } }
    await retire(bob.principal, await grant({ GranteePrincipal: bob.arn, Operations: ['RetireGrant'], Constraints }))
    const without = await grant({ GranteePrincipal: bob.arn, Operations: ['Encrypt', 'CreateGrant'] })
    await assertFails(retire(bob.principal, without), ...denied(bob.principal, NO_IDENTITY))
    await retire(bob.principal, await grant({ GranteePrincipal: bob.arn, RetiringPrincipal: bob.arn }))
  })

  test('others may not: other users, other roles, other sessions of the same role', async () => {
    const made = await grant({ RetiringPrincipal: role.session('s1').arn })
    const strange = await givenRole(harness.store, ACCOUNT, 'strange')
    for (const principal of [bob.principal, role.session('s2'), strange.session('s1')]) {
      await assertFails(retire(principal, made), ...denied(principal, NO_IDENTITY))
      await assertFails(
        harness.callAs(principal, 'RetireGrant', { GrantToken: made.GrantToken }),
        ...denied(principal, NO_IDENTITY),
      )
    }
    assert.ok(await isThere(made))
  })

  test("the account's root may, and whom it lets by policy", async () => {
    await retire(rootOf(ACCOUNT), await grant({}))
    const helper = await givenUser(harness.store, ACCOUNT, 'helper', MAY_RETIRE)
    await retire(helper.principal, await grant({}))
    const elsewhere = await givenUser(harness.store, ACCOUNT, 'other-helper', {
      ...MAY_RETIRE,
      Resource: `${key.Arn}x`,
    })
    await assertFails(retire(elsewhere.principal, await grant({})), ...denied(elsewhere.principal, NO_IDENTITY))
  })

  test('a deny counts: of the identity, and of the key policy; an allow of the key policy does not', async () => {
    const refused = await givenUser(harness.store, ACCOUNT, 'refused', [MAY_RETIRE, MUST_NOT])
    const made = await grant({ RetiringPrincipal: refused.arn })
    await assertFails(
      retire(refused.principal, made),
      'AccessDeniedException',
      `User: ${refused.arn} is not authorized to perform: kms:RetireGrant on resource: ${key.Arn} with an explicit deny in an identity-based policy`,
    )
    const Policy = policyOf([
      { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'kms:*', Resource: '*' },
      { Effect: 'Allow', Principal: { AWS: role.arn }, Action: 'kms:RetireGrant', Resource: '*' },
      { Effect: 'Deny', Principal: { AWS: bob.arn }, Action: 'kms:RetireGrant', Resource: '*' },
    ])
    const own = await newKey(harness, { Policy })
    const mine = await grant({ RetiringPrincipal: bob.arn }, own.Arn)
    await assert.rejects(retire(bob.principal, mine), { message: /explicit deny in a resource-based policy$/ })
    await assert.rejects(retire(role.session('s1'), mine), { code: 'AccessDeniedException' })
    assert.ok(await isThere(mine))
  })

  test('the key policy need not leave anything to the account', async () => {
    const Policy = policyOf({
      Effect: 'Allow',
      Principal: { AWS: userOf(ACCOUNT).arn },
      Action: 'kms:*',
      Resource: '*',
    })
    const own = await newKey(harness, { Policy })
    await retire(bob.principal, await grant({ RetiringPrincipal: bob.arn }, own.Arn))
    await retire(rootOf(ACCOUNT), await grant({}, own.Arn))
  })

  test('condition keys are those of the grant (authorization.md 3.2)', async () => {
    const StringEquals = {
      'kms:GrantConstraintType': 'EncryptionContextSubset',
      'kms:EncryptionContext:a': '1',
      'kms:KeySpec': 'SYMMETRIC_DEFAULT',
    }
    const picky = await givenUser(harness.store, ACCOUNT, 'picky', { ...MAY_RETIRE, Condition: { StringEquals } })
    const fits = await grant({ Constraints: { EncryptionContextSubset: { a: '1', b: '2' } } })
    await retire(picky.principal, fits)
    for (const Constraints of [
      undefined,
      { EncryptionContextEquals: { a: '1' } },
      { EncryptionContextSubset: { a: '2' } },
    ]) {
      await assert.rejects(retire(picky.principal, await grant({ Constraints })), { code: 'AccessDeniedException' })
    }
  })
})

describe('from another account', () => {
  test('a party to a grant of the owner needs its own allow too', async () => {
    const made = await grant({ RetiringPrincipal: foreign.arn })
    await assertFails(retire(foreign.principal, made), ...denied(foreign.principal, NO_IDENTITY))
    const allowed = await givenUser(harness.store, OTHER_ACCOUNT, 'allowed', MAY_RETIRE)
    await assertFails(
      retire(allowed.principal, made),
      'AccessDeniedException',
      notVisible('kms:RetireGrant').replace('alice', 'allowed'),
    )
    await retire(allowed.principal, await grant({ RetiringPrincipal: allowed.arn }))
    await retire(allowed.principal, await grant({ GranteePrincipal: allowed.arn, Operations: ['RetireGrant'] }))
  })

  test('a session policy that leaves it out is named', async () => {
    const far = await givenRole(harness.store, OTHER_ACCOUNT, 'far-allowed', MAY_RETIRE)
    const session = far.session('s1', WITHOUT_KMS)
    await assertFails(retire(session, await grant({ RetiringPrincipal: far.arn })), ...denied(session, NO_SESSION))
    await retire(far.session('s2'), await grant({ RetiringPrincipal: far.arn }))
  })

  test('where the whole account retires, its root may, and whom it lets', async () => {
    const arn = `arn:aws:iam::${OTHER_ACCOUNT}:root`
    await retire(rootOf(OTHER_ACCOUNT), await grant({ RetiringPrincipal: arn }))
    const helper = await givenUser(harness.store, OTHER_ACCOUNT, 'foreign-helper', MAY_RETIRE)
    await retire(helper.principal, await grant({ RetiringPrincipal: arn }))
    const made = await grant({ RetiringPrincipal: arn })
    await assertFails(retire(foreign.principal, made), ...denied(foreign.principal, NO_IDENTITY))
  })

  test('parties to a grant issued from their account need nothing else; its root may as a backup, helpers may not', async () => {
    const Policy = policyOf([
      { Effect: 'Allow', Principal: { AWS: [ACCOUNT, OTHER_ACCOUNT] }, Action: 'kms:*', Resource: '*' },
    ])
    const shared = await newKey(harness, { Policy })
    const issuer = userOf(OTHER_ACCOUNT)
    const issue = (members: object) => grant({ GranteePrincipal: foreign.arn, ...members }, shared.Arn, issuer)
    await retire(foreign.principal, await issue({ RetiringPrincipal: foreign.arn }))
    await retire(foreign.principal, await issue({ Operations: ['RetireGrant'] }))
    await retire(foreignRole.session('s1'), await issue({ RetiringPrincipal: foreignRole.arn }))
    await retire(rootOf(OTHER_ACCOUNT), await issue({}))
    await retire(rootOf(ACCOUNT), await issue({}))
    const helper = await givenUser(harness.store, OTHER_ACCOUNT, 'no-helper', MAY_RETIRE)
    await assert.rejects(retire(helper.principal, await issue({})), { code: 'AccessDeniedException' })
  })
})

test('it works in every state of the key (GL-9), and not once the key is gone', async () => {
  for (const operation of ['DisableKey', 'ScheduleKeyDeletion']) {
    const own = await newKey(harness)
    const [first, second] = [await grant({ RetiringPrincipal: bob.arn }, own.Arn), await grant({}, own.Arn)]
    await harness.call(operation, { KeyId: own.KeyId })
    await retire(bob.principal, first)
    if (operation === 'DisableKey') continue
    harness.clock.advance(31 * 86_400_000)
    await assertFails(retire(rootOf(ACCOUNT), second), 'NotFoundException', `Grant ID ${second.GrantId} not found`)
    await assertFails(
      harness.callAs(rootOf(ACCOUNT), 'RetireGrant', { GrantToken: second.GrantToken }),
      'InvalidGrantTokenException',
      undefined,
    )
  }
})

test('a dry run retires nothing', async () => {
  const made = await grant({ RetiringPrincipal: bob.arn })
  await assertFails(retire(bob.principal, made, { DryRun: true }), ...DRY_RUN)
  assert.ok(await isThere(made))
})

test('the audit record has the id among the additional data, no parameters, and no token', async () => {
  const { GrantId, GrantToken } = await grant({ RetiringPrincipal: bob.arn })
  await harness.callAs(bob.principal, 'RetireGrant', { GrantToken })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'RetireGrant',
    readOnly: false,
    requestParameters: null,
    responseElements: null,
    additionalEventData: { grantId: GrantId },
    resources: [resource(key.Arn)],
  })
})
