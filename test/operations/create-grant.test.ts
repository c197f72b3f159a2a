/** operations.md 3.5; authorization.md 4.1 to 4.4, 4.7, 4.8; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Principal } from '../../src/domain/principal.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import { givenRole, givenUser, policyOf, type TestRole, type TestUser } from '../support/identities.ts'
import {
  assertFails,
  assertValidation,
  constraint,
  DRY_RUN,
  insertKey,
  keyArn,
  lastRecord,
  MISSING_KEY_ID,
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

const create = (KeyId: string, members: object = {}) =>
  harness.call('CreateGrant', { KeyId, GranteePrincipal: bob.arn, Operations: ['Decrypt'], ...members })

const listed = async (KeyId: string): Promise<Answer[]> => (await harness.call('ListGrants', { KeyId })).Grants

const sessionArn = (name: string) => `arn:aws:sts::${ACCOUNT}:assumed-role/worker/${name}`

test('CreateGrant answers an id of 64 hex digits and a base64 token, and nothing else', async () => {
  const { KeyId, Arn } = await newKey(harness)
  for (const name of [KeyId, Arn]) {
    const answer = await create(name)
    assert.deepEqual(Object.keys(answer).sort(), ['GrantId', 'GrantToken'])
    assert.match(answer.GrantId, /^[0-9a-f]{64}$/)
    assert.match(answer.GrantToken, /^[A-Za-z0-9+/]+={0,2}$/)
    assert.ok(answer.GrantToken.length <= 8192)
  }
  assert.equal((await listed(KeyId)).length, 2)
})

describe('principals', () => {
  test('an account root, a user, a role, a session of a role and a federated user can be grantees', async () => {
    const { KeyId } = await newKey(harness)
    const arns = [
      `arn:aws:iam::${ACCOUNT}:root`,
      `arn:aws:iam::${OTHER_ACCOUNT}:root`,
      bob.arn,
      role.arn,
      sessionArn('never-seen-yet'),
      `arn:aws:sts::${ACCOUNT}:federated-user/carol`,
    ]
    for (const arn of arns) await create(KeyId, { GranteePrincipal: arn, RetiringPrincipal: arn })
    const shown = (await listed(KeyId)).map(({ GranteePrincipal, RetiringPrincipal }) => [
      GranteePrincipal,
      RetiringPrincipal,
    ])
    assert.deepEqual(shown.sort(), arns.map((arn) => [arn, arn]).sort())
  })

  test('the unique id of a principal that exists does as well, and is shown as its ARN', async () => {
    const { KeyId } = await newKey(harness)
    await create(KeyId, { GranteePrincipal: `${role.roleId}:s1` })
    await create(KeyId, { GranteePrincipal: role.roleId })
    await create(KeyId, { GranteePrincipal: bob.principal.entityId })
    const shown = (await listed(KeyId)).map(({ GranteePrincipal }) => GranteePrincipal)
    assert.deepEqual(shown.sort(), [role.arn, bob.arn, sessionArn('s1')].sort())
  })

  test('well-formed ARNs of nobody are refused; names compare with their case and path', async () => {
    const { KeyId } = await newKey(harness)
    for (const arn of [
      `arn:aws:iam::${ACCOUNT}:user/nobody`,
      `arn:aws:iam::${ACCOUNT}:user/Bob`,
      `arn:aws:iam::${ACCOUNT}:user/team/bob`,
      `arn:aws:iam::${ACCOUNT}:role/worker`,
      `arn:aws:sts::${ACCOUNT}:assumed-role/nobody/s1`,
      'arn:aws:iam::999999999999:root',
      'arn:aws:iam::999999999999:user/x',
    ]) {
      const text = `ARN does not refer to a valid principal: ${arn}`
      await assertFails(create(KeyId, { GranteePrincipal: arn }), 'InvalidArnException', text)
      await assertFails(create(KeyId, { RetiringPrincipal: arn }), 'InvalidArnException', text)
    }
    assert.deepEqual(await listed(KeyId), [])
  })

  test('what is no ARN of a principal is refused in other words', async () => {
    const { KeyId } = await newKey(harness)
    for (const text of [
      'bob',
      ACCOUNT,
      's3.amazonaws.com',
      `arn:aws:iam::${ACCOUNT}:group/g`,
      `arn:aws:iam::${ACCOUNT}:user`,
      `arn:aws:iam::${ACCOUNT}:assumed-role/worker/s1`,
      `arn:aws:sts::${ACCOUNT}:assumed-role/app/worker/s1`,
      `arn:aws:sts::${ACCOUNT}:assumed-role/worker`,
      `arn:aws:kms::${ACCOUNT}:root`,
    ]) {
      await assertFails(create(KeyId, { GranteePrincipal: text }), 'InvalidArnException', `ARN is not valid: ${text}`)
    }
  })

  test('a unique id whose principal is gone is refused', async () => {
    const { KeyId } = await newKey(harness)
    for (const id of ['AIDATEST9999999999999', 'AROATEST9999999999999', 'AROATEST9999999999999:s1']) {
      await assertFails(
        create(KeyId, { GranteePrincipal: id }),
        'InvalidArnException',
        'GranteePrincipal does not refer to a valid principal.',
      )
      await assertFails(
        create(KeyId, { RetiringPrincipal: id }),
        'InvalidArnException',
        'RetiringPrincipal does not refer to a valid principal.',
      )
    }
  })

  test('principals are named in the partition of the key, or in that of all identities (P-12)', async () => {
    const { KeyId } = await newKey(harness)
    for (const partition of ['aws-cn', 'aws-us-gov']) {
      const elsewhere = bob.arn.replace('arn:aws:', `arn:${partition}:`)
      const text = `ARN does not refer to a valid principal: ${elsewhere}`
      await assertFails(create(KeyId, { GranteePrincipal: elsewhere }), 'InvalidArnException', text)
      await assertFails(create(KeyId, { RetiringPrincipal: elsewhere }), 'InvalidArnException', text)
      const retirable = harness.call('ListRetirableGrants', { RetiringPrincipal: elsewhere })
      await assertFails(retirable, 'InvalidArnException', text)
    }
    await create(KeyId, { GranteePrincipal: bob.arn })
  })

  test('a grantee is required, and characters that no ARN has are refused by the model', async () => {
    const { KeyId } = await newKey(harness)
    await assertValidation(
      create(KeyId, { GranteePrincipal: undefined }),
      constraint('', 'granteePrincipal', 'not be null').replace('Value at', 'Value null at'),
    )
    await assertValidation(
      create(KeyId, { GranteePrincipal: 'arn:aws:iam::*:root' }),
      constraint("'arn:aws:iam::*:root'", 'granteePrincipal', 'satisfy regular expression pattern: ^[\\w+=,.@:/-]+$'),
    )
  })

  test('a service needs a SourceArn and somebody who can end the grant', async () => {
    const { KeyId } = await newKey(harness)
    const service = { GranteePrincipal: undefined, GranteeServicePrincipal: 's3.amazonaws.com' }
    const Constraints = { SourceArn: 'arn:aws:s3:::bucket' }
    const text =
      'GranteeServicePrincipal requires a SourceArn constraint, and RetiringPrincipal or RetiringServicePrincipal.'
    await assertValidation(create(KeyId, service), text)
    await assertValidation(create(KeyId, { ...service, Constraints }), text)
    await assertValidation(create(KeyId, { ...service, RetiringPrincipal: bob.arn }), text)
    await create(KeyId, { ...service, Constraints, RetiringServicePrincipal: 's3.amazonaws.com' })
    const [entry] = await listed(KeyId)
    assert.equal(entry.GranteeServicePrincipal, 's3.amazonaws.com')
    assert.equal(entry.RetiringServicePrincipal, 's3.amazonaws.com')
    assert.equal('GranteePrincipal' in entry, false)
    assert.deepEqual(JSON.parse(JSON.stringify(entry.Constraints)), Constraints)
    await assert.rejects(create(KeyId, { GranteeServicePrincipal: 's3.amazonaws.com', Constraints }), {
      code: 'ValidationException',
    })
    await assert.rejects(create(KeyId, { RetiringPrincipal: bob.arn, RetiringServicePrincipal: 's3.amazonaws.com' }), {
      code: 'ValidationException',
    })
    await assert.rejects(
      create(KeyId, { ...service, GranteeServicePrincipal: 's3', Constraints, RetiringPrincipal: bob.arn }),
      { code: 'ValidationException' },
    )
  })
})

/** authorization.md 4.2, typed from there. */
const BY_KIND = [
  [
    { KeySpec: 'SYMMETRIC_DEFAULT', KeyUsage: 'ENCRYPT_DECRYPT' },
    [
      'Encrypt',
      'Decrypt',
      'ReEncryptFrom',
      'ReEncryptTo',
      'GenerateDataKey',
      'GenerateDataKeyWithoutPlaintext',
      'GenerateDataKeyPair',
      'GenerateDataKeyPairWithoutPlaintext',
    ],
  ],
  [
    { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
    ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GetPublicKey'],
  ],
  [{ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }, ['Sign', 'Verify', 'GetPublicKey']],
  [{ KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY' }, ['Sign', 'Verify', 'GetPublicKey']],
  [{ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }, ['DeriveSharedSecret', 'GetPublicKey']],
  [{ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }, ['GenerateMac', 'VerifyMac']],
] as const

const EVERY_KEYS = ['CreateGrant', 'RetireGrant', 'DescribeKey']
const ALL_OPERATIONS = [...new Set([...EVERY_KEYS, ...BY_KIND.flatMap(([, operations]) => operations)])]

describe('operations', () => {
  for (const [kind, own] of BY_KIND) {
    test(`a key for ${kind.KeyUsage} with ${kind.KeySpec} grants what such a key can do, and nothing else`, async () => {
      const { KeyId } = await newKey(harness, kind)
      const valid = [...EVERY_KEYS, ...own]
      await create(KeyId, { Operations: valid })
      assert.deepEqual((await listed(KeyId))[0].Operations.toSorted(), valid.toSorted())
      for (const operation of ALL_OPERATIONS.filter((name) => !valid.includes(name))) {
        const which =
          kind.KeySpec === 'SYMMETRIC_DEFAULT' || kind.KeySpec === 'HMAC_256' ? 'a symmetric' : 'an asymmetric'
        await assertValidation(
          create(KeyId, { Operations: [own[0], operation] }),
          `Operations [${operation}] are not supported when creating a grant for ${which} KMS key with key usage ${kind.KeyUsage}. Valid operations are [${valid.join(', ')}]`,
        )
      }
    })
  }

  test('the recorded text of an HMAC key', async () => {
    const { KeyId } = await newKey(harness, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    await assertValidation(
      create(KeyId, { Operations: ['Encrypt'] }),
      'Operations [Encrypt] are not supported when creating a grant for a symmetric KMS key with key usage GENERATE_VERIFY_MAC. Valid operations are [CreateGrant, RetireGrant, DescribeKey, GenerateMac, VerifyMac]',
    )
  })

  test('CreateGrant alone is refused in the words that AWS was seen to have for it', async () => {
    const { KeyId } = await newKey(harness)
    const refusal = 'Grants must not contain only the CreateGrant operation.'
    for (const Operations of [['CreateGrant'], ['CreateGrant', 'CreateGrant']]) {
      await assertFails(create(KeyId, { Operations }), 'ValidationException', refusal)
    }
    await create(KeyId, { Operations: ['CreateGrant', 'DescribeKey'] })
    assert.equal((await listed(KeyId)).length, 1)
  })

  test('given twice they count once; none, and names that are none, are refused', async () => {
    const { KeyId } = await newKey(harness)
    await create(KeyId, { Operations: ['Encrypt', 'Decrypt', 'Encrypt'] })
    assert.deepEqual((await listed(KeyId))[0].Operations, ['Decrypt', 'Encrypt'])
    await assert.rejects(create(KeyId, { Operations: [] }), { code: 'ValidationException' })
    await assertValidation(
      create(KeyId, { Operations: ['Encrypt', 'ReEncrypt'] }),
      constraint(
        "'[Encrypt, ReEncrypt]'",
        'operations',
        'satisfy constraint: [Member must satisfy enum value set: [CreateGrant, GetPublicKey, GenerateDataKey, RetireGrant, Encrypt, GenerateDataKeyPairWithoutPlaintext, ReEncryptTo, Decrypt, GenerateDataKeyWithoutPlaintext, DescribeKey, VerifyMac, Verify, GenerateMac, GenerateDataKeyPair, DeriveSharedSecret, ReEncryptFrom, Sign]]',
      ),
    )
  })
})

describe('constraints', () => {
  const pairs = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']))

  test('are kept as they were given', async () => {
    const { KeyId } = await newKey(harness)
    const EncryptionContextEquals = JSON.parse('{"__proto__":"a","toString":"b","Ä":""}')
    await create(KeyId, { Constraints: { EncryptionContextEquals } })
    const [{ Constraints }] = await listed(KeyId)
    assert.deepEqual(JSON.parse(JSON.stringify(Constraints)), { EncryptionContextEquals })
  })

  test('have at most 8 pairs of at most 384 characters, and are of one kind (GC-1)', async () => {
    const { KeyId } = await newKey(harness)
    for (const kind of ['EncryptionContextEquals', 'EncryptionContextSubset']) {
      await create(KeyId, { Constraints: { [kind]: pairs(8) } })
      await create(KeyId, { Constraints: { [kind]: { a: 'x'.repeat(384) } } })
      await assert.rejects(create(KeyId, { Constraints: { [kind]: pairs(9) } }), { code: 'ValidationException' })
      await assert.rejects(create(KeyId, { Constraints: { [kind]: { a: 'x'.repeat(385) } } }), {
        code: 'ValidationException',
      })
    }
    const both = { EncryptionContextEquals: pairs(1), EncryptionContextSubset: pairs(1) }
    await assert.rejects(create(KeyId, { Constraints: both }), { code: 'ValidationException' })
  })

  test('of the kind that has no pairs do not count beside the other kind, as Terraform sends them', async () => {
    for (const [given, kept] of [
      [{ EncryptionContextEquals: {}, EncryptionContextSubset: { a: '1' } }, { EncryptionContextSubset: { a: '1' } }],
      [{ EncryptionContextEquals: { a: '1' }, EncryptionContextSubset: {} }, { EncryptionContextEquals: { a: '1' } }],
      // The narrower of the two.
      [{ EncryptionContextEquals: {}, EncryptionContextSubset: {} }, { EncryptionContextEquals: {} }],
      [{ EncryptionContextEquals: {} }, { EncryptionContextEquals: {} }],
    ]) {
      const { KeyId } = await newKey(harness)
      await create(KeyId, { Constraints: given })
      const [{ Constraints }] = await listed(KeyId)
      assert.deepEqual(JSON.parse(JSON.stringify(Constraints)), kept)
    }
  })

  test('on the encryption context are for symmetric encryption keys (GC-2); a source ARN is for all', async () => {
    const { KeyId } = await newKey(harness, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    const Operations = ['Sign']
    for (const kind of ['EncryptionContextEquals', 'EncryptionContextSubset']) {
      await assertValidation(
        create(KeyId, { Operations, Constraints: { [kind]: pairs(1) } }),
        'EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.',
      )
    }
    await create(KeyId, { Operations, Constraints: { SourceArn: 'arn:aws:s3:::b' } })
  })

  test('that constrain nothing are none', async () => {
    const { KeyId } = await newKey(harness)
    await create(KeyId, { Constraints: {} })
    assert.equal((await listed(KeyId))[0].Constraints, undefined)
  })
})

describe('a retry', () => {
  test('with the same name and wishes finds the first grant and gets another token (GL-1)', async () => {
    const { KeyId } = await newKey(harness)
    const wish = {
      Name: 'mine',
      Operations: ['Encrypt', 'Decrypt'],
      RetiringPrincipal: role.arn,
      Constraints: { EncryptionContextSubset: { a: '1', b: '2' } },
    }
    const first = await create(KeyId, wish)
    const again = await create(KeyId, {
      ...wish,
      Operations: ['Decrypt', 'Encrypt', 'Decrypt'],
      Constraints: { EncryptionContextSubset: { b: '2', a: '1' } },
      GranteePrincipal: bob.principal.entityId,
    })
    assert.equal(again.GrantId, first.GrantId)
    assert.notEqual(again.GrantToken, first.GrantToken)
    assert.equal((await listed(KeyId)).length, 1)
  })

  test('with anything else different makes a new one (GL-2), and without a name every call does', async () => {
    const { KeyId } = await newKey(harness)
    const base = { Name: 'mine' }
    const variants = [
      base,
      { Name: 'other' },
      {},
      {},
      { ...base, GranteePrincipal: role.arn },
      { ...base, RetiringPrincipal: bob.arn },
      { ...base, Operations: ['Encrypt'] },
      { ...base, Operations: ['Decrypt', 'Encrypt'] },
      { ...base, Constraints: { EncryptionContextSubset: { a: '1' } } },
      { ...base, Constraints: { EncryptionContextEquals: { a: '1' } } },
      { ...base, Constraints: { SourceArn: 'arn:aws:s3:::b' } },
    ]
    const ids = new Set<string>()
    for (const variant of variants) ids.add((await create(KeyId, variant)).GrantId)
    assert.equal(ids.size, variants.length)
  })

  test('after the grant is gone makes a new one', async () => {
    const { KeyId } = await newKey(harness)
    const { GrantId } = await create(KeyId, { Name: 'mine' })
    await harness.call('RevokeGrant', { KeyId, GrantId })
    assert.notEqual((await create(KeyId, { Name: 'mine' })).GrantId, GrantId)
  })

  test('for a role made anew under the old name makes a new one, and the old one shows the old id', async () => {
    const { KeyId } = await newKey(harness)
    const old = await givenRole(harness.store, ACCOUNT, 'remade')
    const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/remade/s1`
    const first = await create(KeyId, { Name: 'mine', GranteePrincipal: arn })
    const stored = (await harness.store.findRole(ACCOUNT, 'remade'))!
    await harness.store.change((change) => change.deleteRole(stored))
    await givenRole(harness.store, ACCOUNT, 'remade')
    const second = await create(KeyId, { Name: 'mine', GranteePrincipal: arn })
    assert.notEqual(second.GrantId, first.GrantId)
    const shown = new Map((await listed(KeyId)).map((entry) => [entry.GrantId, entry.GranteePrincipal]))
    assert.equal(shown.get(first.GrantId), `${old.roleId}:s1`)
    assert.equal(shown.get(second.GrantId), arn)
  })
})

test('who made it is the issuing account, and its creation date has whole seconds', async () => {
  const policy = policyOf([
    { Effect: 'Allow', Principal: { AWS: [ACCOUNT, OTHER_ACCOUNT] }, Action: 'kms:*', Resource: '*' },
  ])
  const { KeyId, Arn } = await newKey(harness, { Policy: policy })
  await harness.call(
    'CreateGrant',
    { KeyId: Arn, GranteePrincipal: bob.arn, Operations: ['Encrypt'] },
    { account: OTHER_ACCOUNT },
  )
  const [entry] = await listed(KeyId)
  assert.equal(entry.IssuingAccount, `arn:aws:iam::${OTHER_ACCOUNT}:root`)
  assert.equal(entry.CreationDate, Math.floor(harness.clock.now() / 1000))
})

test('names that are none of a key, and keys that are not there or not visible', async () => {
  await harness.call('CreateAlias', { AliasName: 'alias/grants', TargetKeyId: (await newKey(harness)).KeyId })
  await assertFails(create('alias/grants'), 'InvalidArnException', 'Key Aliases are not supported for this operation.')
  await assertFails(create(MISSING_KEY_ID), 'NotFoundException', `Key '${keyArn(MISSING_KEY_ID)}' does not exist`)
  const { Arn } = await newKey(harness)
  const foreign = harness.call(
    'CreateGrant',
    { KeyId: Arn, GranteePrincipal: bob.arn, Operations: ['Encrypt'] },
    { account: OTHER_ACCOUNT },
  )
  await assertFails(foreign, 'AccessDeniedException', notVisible('kms:CreateGrant'))
})

test('a dry run makes nothing and says so; what is wrong is said all the same', async () => {
  const { KeyId } = await newKey(harness)
  await assertFails(create(KeyId, { DryRun: true }), ...DRY_RUN)
  assert.deepEqual(await listed(KeyId), [])
  await assert.rejects(create(KeyId, { DryRun: true, Operations: ['Sign'] }), { code: 'ValidationException' })
})

test('a key has at most 50,000 grants (GL-7)', async () => {
  const key = await insertKey(harness, { spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' })
  await create(key.keyId)
  const [stored] = await harness.store.listGrants(key, { after: undefined, limit: 1 }, {})
  await harness.store.change(async (change) => {
    for (let index = 1; index < 49_999; index++) {
      await change.insertGrant({ ...stored!, grantId: index.toString(16).padStart(64, '0') })
    }
  })
  await create(key.keyId)
  await assertFails(
    create(key.keyId),
    'LimitExceededException',
    'Grants per key quota for this account in this region is 50000, current usage is 50000.',
  )
})

describe('under a grant', () => {
  const as = (principal: Principal, KeyId: string, members: object) =>
    harness.callAs(principal, 'CreateGrant', { KeyId, GranteePrincipal: role.arn, ...members })

  const denied = `User: arn:aws:iam::${ACCOUNT}:user/bob is not authorized to perform: kms:CreateGrant on resource: KEY because no identity-based policy allows the kms:CreateGrant action`

  test('no more can be granted than the one parent that covers it all allows (GP-2, GP-5, GP-6)', async () => {
    const { KeyId, Arn } = await newKey(harness)
    const text = denied.replace('KEY', Arn)
    await assertFails(as(bob.principal, KeyId, { Operations: ['Decrypt'] }), 'AccessDeniedException', text)
    await create(KeyId, { Operations: ['CreateGrant', 'Decrypt'] })
    await create(KeyId, { Operations: ['CreateGrant', 'Encrypt'] })
    await create(KeyId, { Operations: ['DescribeKey'] })
    await as(bob.principal, KeyId, { Operations: ['Decrypt'] })
    await as(bob.principal, KeyId, { Operations: ['Encrypt', 'CreateGrant'] })
    for (const Operations of [['Encrypt', 'Decrypt'], ['DescribeKey'], ['Decrypt', 'GenerateDataKey']]) {
      await assertFails(as(bob.principal, KeyId, { Operations }), 'AccessDeniedException', text)
    }
  })

  const context = { a: '1', b: '2' }
  const less = { a: '1' }
  const more = { a: '1', b: '2', c: '3' }
  const other = { a: '1', b: '3' }
  const subset = (EncryptionContextSubset: object) => ({ EncryptionContextSubset })
  const equals = (EncryptionContextEquals: object) => ({ EncryptionContextEquals })

  /** GP-3. */
  const STRICTNESS: readonly [parent: object | undefined, child: object | undefined, allowed: boolean][] = [
    [undefined, undefined, true],
    [undefined, subset(less), true],
    [undefined, equals(less), true],
    [subset(context), undefined, false],
    [subset(context), subset(context), true],
    [subset(context), subset(more), true],
    [subset(context), subset(less), false],
    [subset(context), subset(other), false],
    [subset(context), equals(context), true],
    [subset(context), equals(more), true],
    [subset(context), equals(less), false],
    [equals(context), undefined, false],
    [equals(context), equals(context), true],
    [equals(context), equals(more), false],
    [equals(context), equals(less), false],
    [equals(context), subset(context), false],
    [equals(context), subset(more), false],
  ]

  for (const [parent, child, allowed] of STRICTNESS) {
    test(`of ${JSON.stringify(parent) ?? 'no constraint'}, ${JSON.stringify(child) ?? 'none'} is ${allowed ? '' : 'not '}as strict`, async () => {
      const { KeyId, Arn } = await newKey(harness)
      await create(KeyId, { Operations: ['CreateGrant', 'Decrypt'], Constraints: parent })
      const work = as(bob.principal, KeyId, { Operations: ['Decrypt'], Constraints: child })
      if (allowed) await work
      else await assertFails(work, 'AccessDeniedException', denied.replace('KEY', Arn))
    })
  }

  test('a policy that allows it too sets no limits (GP-4)', async () => {
    const Policy = policyOf([
      { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'kms:*', Resource: '*' },
      { Effect: 'Allow', Principal: { AWS: bob.arn }, Action: 'kms:CreateGrant', Resource: '*' },
    ])
    const { KeyId } = await newKey(harness, { Policy })
    await create(KeyId, { Operations: ['CreateGrant', 'Decrypt'] })
    await as(bob.principal, KeyId, { Operations: ['Encrypt'] })
  })

  test('children live on when their parent is gone (GP-7)', async () => {
    const { KeyId } = await newKey(harness)
    const { GrantId } = await create(KeyId, { Operations: ['CreateGrant', 'DescribeKey'] })
    await as(bob.principal, KeyId, { Operations: ['DescribeKey'] })
    await harness.call('RevokeGrant', { KeyId, GrantId })
    await harness.callAs(role.session('s1'), 'DescribeKey', { KeyId })
  })
})

describe('condition keys', () => {
  /** One that its key policy lets make grants only under a condition. */
  async function keyFor(Condition: object): Promise<Answer> {
    const Policy = policyOf([
      { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'kms:*', Resource: '*' },
      { Effect: 'Allow', Principal: { AWS: bob.arn }, Action: 'kms:CreateGrant', Resource: '*', Condition },
    ])
    return newKey(harness, { Policy })
  }

  const asBob = (KeyId: string, members: object) =>
    harness.callAs(bob.principal, 'CreateGrant', {
      KeyId,
      GranteePrincipal: role.arn,
      Operations: ['Decrypt'],
      ...members,
    })

  /** authorization.md 3.2: condition, a request that meets it, one that does not. */
  const CASES: readonly [object, object, object][] = [
    [
      { 'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Decrypt', 'DescribeKey'] } },
      { Operations: ['DescribeKey'] },
      { Operations: ['Decrypt', 'Encrypt'] },
    ],
    [
      { StringEquals: { 'kms:GranteePrincipal': `arn:aws:sts::${ACCOUNT}:assumed-role/worker/s1` } },
      { GranteePrincipal: `arn:aws:sts::${ACCOUNT}:assumed-role/worker/s1` },
      {},
    ],
    [
      { StringLike: { 'kms:RetiringPrincipal': '*:role/app/*' } },
      { RetiringPrincipal: `arn:aws:iam::${ACCOUNT}:role/app/worker` },
      {},
    ],
    [
      { StringEquals: { 'kms:GrantConstraintType': 'EncryptionContextEquals' } },
      { Constraints: equalsA() },
      { Constraints: { EncryptionContextSubset: { a: '1' } } },
    ],
    [{ Null: { 'kms:GrantConstraintType': 'true' } }, {}, { Constraints: equalsA() }],
    [
      { StringEquals: { 'kms:EncryptionContext:a': '1' } },
      { Constraints: equalsA() },
      { Constraints: { EncryptionContextEquals: { a: '2' } } },
    ],
    [
      {
        'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['a'] },
        Null: { 'kms:EncryptionContextKeys': 'false' },
      },
      { Constraints: equalsA() },
      {},
    ],
    [
      { ArnLike: { 'kms:GrantConstraintSourceArn': 'arn:aws:s3:::*' } },
      { Constraints: { SourceArn: 'arn:aws:s3:::b' } },
      {},
    ],
    [
      { StringEquals: { 'kms:GranteeServicePrincipal': 's3.amazonaws.com' } },
      {
        GranteePrincipal: undefined,
        GranteeServicePrincipal: 's3.amazonaws.com',
        RetiringServicePrincipal: 's3.amazonaws.com',
        Constraints: { SourceArn: 'arn:aws:s3:::b' },
      },
      {},
    ],
    [
      { Bool: { 'kms:GrantIsForAWSResource': 'false' }, Null: { 'kms:RetiringServicePrincipal': 'true' } },
      {},
      { RetiringServicePrincipal: 's3.amazonaws.com' },
    ],
  ]

  function equalsA() {
    return { EncryptionContextEquals: { a: '1' } }
  }

  test('who is named by his unique id is compared by his ARN', async () => {
    const { RoleId, Arn } = (await harness.call('GetRole', { RoleName: 'worker' })).Role
    const { UserId } = (await harness.call('GetUser', { UserName: 'bob' })).User
    const session = Arn.replace(':iam:', ':sts:').replace('role/app/worker', 'assumed-role/worker/s1')
    for (const [arn, id] of [
      [Arn, RoleId],
      [session, `${RoleId}:s1`],
    ]) {
      for (const [condition, member] of [
        [{ ArnLike: { 'kms:GranteePrincipal': arn } }, 'GranteePrincipal'],
        [{ StringEquals: { 'kms:RetiringPrincipal': arn } }, 'RetiringPrincipal'],
      ] as const) {
        const { KeyId } = await keyFor(condition)
        await asBob(KeyId, { [member]: id })
        await assert.rejects(asBob(KeyId, { [member]: UserId }), { code: 'AccessDeniedException' })
      }
    }
  })

  for (const [condition, meets, fails] of CASES) {
    test(`${JSON.stringify(condition)} tells requests apart`, async () => {
      const { KeyId } = await keyFor(condition)
      await asBob(KeyId, meets)
      await assert.rejects(asBob(KeyId, fails), { code: 'AccessDeniedException' })
    })
  }

  test('Bool kms:GrantIsForAWSResource true denies direct calls (S-4)', async () => {
    const { KeyId } = await keyFor({ Bool: { 'kms:GrantIsForAWSResource': 'true' } })
    await assert.rejects(asBob(KeyId, {}), { code: 'AccessDeniedException' })
  })
})

test('the audit record has what was asked for and the id, never a token', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const Constraints = { EncryptionContextSubset: { a: '1' } }
  const { GrantId, GrantToken } = await create(KeyId, { Name: 'n', RetiringPrincipal: role.arn, Constraints })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'CreateGrant',
    readOnly: false,
    requestParameters: {
      keyId: KeyId,
      granteePrincipal: bob.arn,
      retiringPrincipal: role.arn,
      operations: ['Decrypt'],
      constraints: { encryptionContextSubset: { a: '1' } },
      name: 'n',
    },
    responseElements: { grantId: GrantId, keyId: Arn },
    resources: [resource(Arn)],
  })
  await harness.call('DescribeKey', { KeyId, GrantTokens: [GrantToken] })
  assert.ok(!harness.auditLines.some((line) => line.includes(GrantToken)))
})
