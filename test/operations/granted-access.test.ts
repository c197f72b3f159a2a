/**
 * What a grant opens and what it does not: authorization.md 2.3, E-8, 4.3 to 4.5 and the vectors of 8.1, with real keys
 * and ciphertexts.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { GRANT_OPERATIONS } from '../../src/domain/grants/grant.ts'
import type { Principal } from '../../src/domain/principal.ts'
import { operations } from '../../src/operations/index.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT, userOf } from '../support/harness.ts'
import { givenRole, givenUser, policyOf, type TestRole, type TestUser } from '../support/identities.ts'
import { assertFails, newKey, notVisible } from './support.ts'

const DELEGATION = { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'kms:*', Resource: '*' }
/** Leaves nothing to the account. */
const ALICE_ONLY = { ...DELEGATION, Principal: { AWS: userOf(ACCOUNT).arn } }
const WITHOUT_KMS = policyOf({ Effect: 'Allow', Action: 'iam:*', Resource: '*' })
const Plaintext = Buffer.from('secret')

let harness: Harness
let bob: TestUser
let role: TestRole
before(async () => {
  harness = await createHarness()
  bob = await givenUser(harness.store, ACCOUNT, 'bob')
  role = await givenRole(harness.store, ACCOUNT, 'R')
})
after(() => harness.close())

async function keyWith(...statements: object[]): Promise<Answer> {
  return newKey(harness, statements.length === 0 ? {} : { Policy: policyOf(statements) })
}

async function grant(
  KeyId: string,
  GranteePrincipal: string,
  Operations: readonly string[],
  members: object = {},
  issuer = userOf(ACCOUNT),
) {
  return harness.callAs(issuer, 'CreateGrant', { KeyId, GranteePrincipal, Operations, ...members })
}

const encrypt = (principal: Principal, KeyId: string, EncryptionContext?: object, GrantTokens?: readonly string[]) =>
  harness.callAs(principal, 'Encrypt', { KeyId, Plaintext, EncryptionContext, GrantTokens })

const denied = (principal: Principal, why: string, resource?: string, action = 'kms:Encrypt') =>
  [
    'AccessDeniedException',
    `User: ${principal.arn} is not authorized to perform: ${action} on ${resource === undefined ? 'this resource' : `resource: ${resource}`} ${why}`,
  ] as const

const noAllow = (policy: string, action = 'kms:Encrypt') => `because no ${policy} allows the ${action} action`

describe('in one account (8.1)', () => {
  test('24: no statement matches, a grant allows', async () => {
    const { KeyId, Arn } = await keyWith(ALICE_ONLY)
    await assertFails(encrypt(bob.principal, KeyId), ...denied(bob.principal, noAllow('resource-based policy'), Arn))
    await grant(KeyId, bob.arn, ['Encrypt'])
    await encrypt(bob.principal, KeyId)
    await assertFails(
      harness.callAs(bob.principal, 'GenerateDataKey', { KeyId, KeySpec: 'AES_256' }),
      ...denied(bob.principal, noAllow('resource-based policy', 'kms:GenerateDataKey'), Arn, 'kms:GenerateDataKey'),
    )
  })

  test('25: a deny in the key policy wins, and one in an identity policy', async () => {
    const deny = { Effect: 'Deny', Principal: { AWS: bob.arn }, Action: 'kms:Encrypt', Resource: '*' }
    const { KeyId, Arn } = await keyWith(DELEGATION, deny)
    await grant(KeyId, bob.arn, ['Encrypt'])
    await assertFails(
      encrypt(bob.principal, KeyId),
      ...denied(bob.principal, 'with an explicit deny in a resource-based policy', Arn),
    )
    const refused = await givenUser(harness.store, ACCOUNT, 'refused', {
      Effect: 'Deny',
      Action: 'kms:Encrypt',
      Resource: '*',
    })
    const plain = await keyWith()
    await grant(plain.KeyId, refused.arn, ['Encrypt'])
    await assertFails(
      encrypt(refused.principal, plain.KeyId),
      ...denied(refused.principal, 'with an explicit deny in an identity-based policy', plain.Arn),
    )
  })

  test('26e, 26g: a grant to a session is not limited by its session policy, and is for no other session', async () => {
    const { KeyId, Arn } = await keyWith()
    await grant(KeyId, role.session('s1').arn, ['Encrypt'])
    await encrypt(role.session('s1', WITHOUT_KMS), KeyId)
    const other = role.session('s2')
    await assertFails(encrypt(other, KeyId), ...denied(other, noAllow('identity-based policy'), Arn))
  })

  test('26e: nor by a permissions boundary', async () => {
    await harness.store.change(async (change) => {
      const policyName = 'without-kms'
      const arn = `arn:aws:iam::${ACCOUNT}:policy/${policyName}`
      const facts = { account: ACCOUNT, path: '/', createdAt: 0, updatedAt: 0, description: undefined, tags: [] }
      const versions = { defaultVersion: 1, newestVersion: 1 }
      await change.insertManagedPolicy({ ...facts, ...versions, policyName, policyId: 'ANPATEST', arn }, WITHOUT_KMS)
    })
    const bounded = await givenRole(
      harness.store,
      ACCOUNT,
      'bounded',
      undefined,
      `arn:aws:iam::${ACCOUNT}:policy/without-kms`,
    )
    const { KeyId, Arn } = await keyWith()
    const session = bounded.session('s1')
    await grant(KeyId, bounded.arn, ['Encrypt'])
    await assertFails(encrypt(session, KeyId), ...denied(session, noAllow('permissions boundary'), Arn))
    await grant(KeyId, session.arn, ['Encrypt'])
    await encrypt(session, KeyId)
  })

  test('26f: a grant to a role is limited by the session policy', async () => {
    const { KeyId, Arn } = await keyWith()
    await grant(KeyId, role.arn, ['Encrypt'])
    await encrypt(role.session('s1'), KeyId)
    const limited = role.session('s1', WITHOUT_KMS)
    await assertFails(encrypt(limited, KeyId), ...denied(limited, noAllow('session policy'), Arn))
  })

  test('a grant to the account delegates to it: an identity allow is needed', async () => {
    const { KeyId, Arn } = await keyWith(ALICE_ONLY)
    const helper = await givenUser(harness.store, ACCOUNT, 'helper', {
      Effect: 'Allow',
      Action: 'kms:Encrypt',
      Resource: '*',
    })
    await assertFails(
      encrypt(helper.principal, KeyId),
      ...denied(helper.principal, noAllow('resource-based policy'), Arn),
    )
    await grant(KeyId, `arn:aws:iam::${ACCOUNT}:root`, ['Encrypt'])
    await encrypt(helper.principal, KeyId)
    await assertFails(encrypt(bob.principal, KeyId), ...denied(bob.principal, noAllow('identity-based policy'), Arn))
  })

  test('a grant does not outlive its grantee: a role made anew has nothing of it', async () => {
    const { KeyId } = await keyWith()
    const old = await givenRole(harness.store, ACCOUNT, 'remade')
    await grant(KeyId, old.session('s1').arn, ['Encrypt'])
    await grant(KeyId, old.arn, ['Encrypt'])
    await encrypt(old.session('s1'), KeyId)
    const stored = (await harness.store.findRole(ACCOUNT, 'remade'))!
    await harness.store.change((change) => change.deleteRole(stored))
    const anew = await givenRole(harness.store, ACCOUNT, 'remade')
    await assert.rejects(encrypt(anew.session('s1'), KeyId), { code: 'AccessDeniedException' })
  })
})

describe('from another account (8.1, E-8)', () => {
  const SHARED = {
    ...DELEGATION,
    Principal: { AWS: [ACCOUNT, OTHER_ACCOUNT] },
    Action: ['kms:CreateGrant', 'kms:PutKeyPolicy'],
  }

  async function issuedThere(GranteePrincipal: string): Promise<Answer> {
    const key = await keyWith(DELEGATION, SHARED)
    await grant(key.Arn, GranteePrincipal, ['Encrypt'], {}, userOf(OTHER_ACCOUNT))
    return key
  }

  test('26, 26a: issued by the owner it needs an identity allow too', async () => {
    const { Arn } = await keyWith()
    const far = await givenUser(harness.store, OTHER_ACCOUNT, 'far')
    await assertFails(
      encrypt(far.principal, Arn),
      'AccessDeniedException',
      notVisible('kms:Encrypt').replace('alice', 'far'),
    )
    await grant(Arn, far.arn, ['Encrypt'])
    await assertFails(encrypt(far.principal, Arn), ...denied(far.principal, noAllow('identity-based policy')))
    const allowed = await givenUser(harness.store, OTHER_ACCOUNT, 'allowed', {
      Effect: 'Allow',
      Action: 'kms:Encrypt',
      Resource: Arn,
    })
    await grant(Arn, allowed.arn, ['Encrypt'])
    await encrypt(allowed.principal, Arn)
  })

  test('26b: issued from the account of the grantee it needs none', async () => {
    const near = await givenUser(harness.store, OTHER_ACCOUNT, 'near')
    const { Arn } = await issuedThere(near.arn)
    await encrypt(near.principal, Arn)
  })

  test('26c, 26d: a role is limited by its session policy, whoever issued the grant', async () => {
    const far = await givenRole(harness.store, OTHER_ACCOUNT, 'far-role')
    const limited = far.session('s1', WITHOUT_KMS)
    const { Arn } = await issuedThere(far.arn)
    await encrypt(far.session('s1'), Arn)
    await assertFails(encrypt(limited, Arn), ...denied(limited, noAllow('session policy')))
    const owned = await keyWith()
    await grant(owned.Arn, far.arn, ['Encrypt'])
    await assertFails(encrypt(limited, owned.Arn), ...denied(limited, noAllow('session policy')))
  })
})

describe('constraints', () => {
  test('27, 28: on the encryption context of this very use', async () => {
    const { KeyId, Arn } = await keyWith(ALICE_ONLY)
    const context = { a: '1', b: '2' }
    await grant(KeyId, bob.arn, ['Encrypt', 'Decrypt'], { Constraints: { EncryptionContextEquals: { a: '1' } } })
    await assertFails(
      encrypt(bob.principal, KeyId, context),
      ...denied(bob.principal, noAllow('resource-based policy'), Arn),
    )
    const { CiphertextBlob } = await encrypt(bob.principal, KeyId, { a: '1' })
    await harness.callAs(bob.principal, 'Decrypt', { CiphertextBlob, EncryptionContext: { a: '1' } })
    await assert.rejects(harness.callAs(bob.principal, 'Decrypt', { CiphertextBlob }), {
      code: 'AccessDeniedException',
    })
    await grant(KeyId, bob.arn, ['Encrypt'], { Constraints: { EncryptionContextSubset: { a: '1' } } })
    await encrypt(bob.principal, KeyId, context)
    await assert.rejects(encrypt(bob.principal, KeyId, { b: '2' }), { code: 'AccessDeniedException' })
    await assert.rejects(encrypt(bob.principal, KeyId), { code: 'AccessDeniedException' })
  })

  test('ReEncrypt compares each side with its own context; two grants may serve one call (GC-7)', async () => {
    const [source, destination] = [await keyWith(ALICE_ONLY), await keyWith(ALICE_ONLY)]
    const equals = (EncryptionContextEquals: object) => ({ Constraints: { EncryptionContextEquals } })
    await grant(source.KeyId, bob.arn, ['ReEncryptFrom'], equals({ side: 'from' }))
    await grant(destination.KeyId, bob.arn, ['ReEncryptTo'], equals({ side: 'to' }))
    const { CiphertextBlob } = await encrypt(userOf(ACCOUNT), source.KeyId, { side: 'from' })
    const reEncrypt = (from: string, to: string) =>
      harness.callAs(bob.principal, 'ReEncrypt', {
        CiphertextBlob,
        SourceEncryptionContext: { side: from },
        DestinationKeyId: destination.KeyId,
        DestinationEncryptionContext: { side: to },
      })
    await reEncrypt('from', 'to')
    for (const [from, to] of [
      ['to', 'to'],
      ['from', 'from'],
    ] as const) {
      await assert.rejects(reEncrypt(from, to), { code: 'AccessDeniedException' })
    }
  })

  test('a source ARN keeps users out, DescribeKey included (GC-6)', async () => {
    const { KeyId } = await keyWith(ALICE_ONLY)
    await grant(KeyId, bob.arn, ['Encrypt', 'DescribeKey'], { Constraints: { SourceArn: '*' } })
    await assert.rejects(encrypt(bob.principal, KeyId), { code: 'AccessDeniedException' })
    await assert.rejects(harness.callAs(bob.principal, 'DescribeKey', { KeyId }), { code: 'AccessDeniedException' })
  })
})

describe('grant tokens', () => {
  test('one that does not decode fails the call of anybody, also of whom a policy allows (GT-4)', async () => {
    const { KeyId } = await keyWith()
    for (const token of ['x', 'AAAA', '-']) {
      await assertFails(encrypt(userOf(ACCOUNT), KeyId, {}, [token]), 'InvalidGrantTokenException', undefined)
    }
  })

  test('one proves nothing: the caller, the key and the operation must be those of the grant (GT-3)', async () => {
    const [key, other] = [await keyWith(ALICE_ONLY), await keyWith(ALICE_ONLY)]
    const { GrantToken } = await grant(key.KeyId, role.arn, ['Encrypt'])
    await encrypt(role.session('s1'), key.KeyId, {}, [GrantToken])
    await assert.rejects(encrypt(bob.principal, key.KeyId, {}, [GrantToken]), { code: 'AccessDeniedException' })
    await assert.rejects(encrypt(role.session('s1'), other.KeyId, {}, [GrantToken]), { code: 'AccessDeniedException' })
    const describeKey = harness.callAs(role.session('s1'), 'DescribeKey', {
      KeyId: key.KeyId,
      GrantTokens: [GrantToken],
    })
    await assert.rejects(describeKey, { code: 'AccessDeniedException' })
  })

  test('one of a grant that is gone is as if it were not there (GT-4)', async () => {
    const { KeyId, Arn } = await keyWith(ALICE_ONLY)
    const { GrantToken, GrantId } = await grant(KeyId, bob.arn, ['Encrypt'])
    await harness.call('RevokeGrant', { KeyId, GrantId })
    await assertFails(
      encrypt(bob.principal, KeyId, {}, [GrantToken]),
      ...denied(bob.principal, noAllow('resource-based policy'), Arn),
    )
    await encrypt(userOf(ACCOUNT), KeyId, {}, [GrantToken])
  })

  test('all tokens of one grant work, ten at once (GT-1)', async () => {
    const { KeyId } = await keyWith(ALICE_ONLY)
    const tokens: string[] = []
    for (let index = 0; index < 10; index++) {
      tokens.push((await grant(KeyId, bob.arn, ['Encrypt'], { Name: 'same' })).GrantToken)
    }
    await encrypt(bob.principal, KeyId, {}, tokens)
    for (const token of tokens) await encrypt(bob.principal, KeyId, {}, [token])
    await assert.rejects(encrypt(bob.principal, KeyId, {}, [...tokens, tokens[0]!]), { code: 'ValidationException' })
  })
})

/** authorization.md 4.2: all that any grant can name, by the operation that asks for it. RetireGrant is no use of a key. */
const GRANTABLE: Readonly<Record<string, readonly string[]>> = {
  CreateGrant: ['kms:CreateGrant'],
  Decrypt: ['kms:Decrypt'],
  DeriveSharedSecret: ['kms:DeriveSharedSecret'],
  DescribeKey: ['kms:DescribeKey'],
  Encrypt: ['kms:Encrypt'],
  GenerateDataKey: ['kms:GenerateDataKey'],
  GenerateDataKeyPair: ['kms:GenerateDataKeyPair'],
  GenerateDataKeyPairWithoutPlaintext: ['kms:GenerateDataKeyPairWithoutPlaintext'],
  GenerateDataKeyWithoutPlaintext: ['kms:GenerateDataKeyWithoutPlaintext'],
  GenerateMac: ['kms:GenerateMac'],
  GetPublicKey: ['kms:GetPublicKey'],
  ReEncrypt: ['kms:ReEncryptFrom', 'kms:ReEncryptTo'],
  Sign: ['kms:Sign'],
  Verify: ['kms:Verify'],
  VerifyMac: ['kms:VerifyMac'],
}

test('exactly the operations of authorization.md 4.2 can be allowed by a grant, and take grant tokens (GT-2)', () => {
  const declared: Record<string, readonly string[]> = {}
  for (const [name, { uses, input }] of operations) {
    const grantable = uses.flatMap((use) => (use.on === 'key' && use.grantable === true ? [use.permission!] : []))
    if (grantable.length > 0) declared[name] = grantable
    assert.equal(input.memberNames.includes('GrantTokens'), grantable.length > 0, name)
  }
  assert.deepEqual(declared, GRANTABLE)
  const names = Object.values(declared).flatMap((permissions) => permissions.map((name) => name.slice('kms:'.length)))
  assert.deepEqual([...names, 'RetireGrant'].sort(), [...GRANT_OPERATIONS].sort())
})
