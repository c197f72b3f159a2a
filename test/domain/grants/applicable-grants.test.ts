/** authorization.md 2.3, 4.3, 4.5. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { applicableGrants, granteeRefs } from '../../../src/domain/grants/applicable-grants.ts'
import type { Grant } from '../../../src/domain/grants/grant.ts'
import type { Principal } from '../../../src/domain/principal.ts'
import { ACCOUNT, alice, FOREIGN, federated, grantOf, root, sessionOf } from './grants.ts'

const formsFor = (principal: Principal, ...grantees: string[]) =>
  applicableGrants(
    grantees.map((grantee) => grantOf({ grantee })),
    principal,
    'kms:Decrypt',
    {},
  ).map(({ form }) => form)

describe('a grantee', () => {
  test('that is a user is that user, and in another form those whom he vouches for', () => {
    assert.deepEqual(formsFor(alice, 'AIDAALICE'), ['USER'])
    assert.deepEqual(formsFor(federated, 'AIDAALICE'), ['FEDERATED_USER_OF_USER'])
    assert.deepEqual(formsFor(alice, 'AIDAOTHER', 'AIDAALIC', 'AIDAALICE:x', 'alice'), [])
  })

  test('that is a role is any of its sessions; that is a session is that name of that role', () => {
    assert.deepEqual(formsFor(sessionOf('s1'), 'AROAROLE'), ['ROLE'])
    assert.deepEqual(formsFor(sessionOf('s1'), 'AROAROLE:s1'), ['SESSION'])
    assert.deepEqual(formsFor(sessionOf('s2'), 'AROAROLE:s1'), [])
    assert.deepEqual(formsFor(sessionOf('s1'), 'AROAOTHER', 'AROAOTHER:s1', 'AROAROLE:S1'), [])
  })

  test('that is a federated user is exactly that one', () => {
    assert.deepEqual(formsFor(federated, `${ACCOUNT}:bob`), ['SESSION'])
    assert.deepEqual(formsFor(federated, `${ACCOUNT}:bo`, `${FOREIGN}:bob`), [])
    assert.deepEqual(formsFor(alice, `${ACCOUNT}:bob`), [])
  })

  test('that is an account is everybody in it, root included', () => {
    for (const principal of [root, alice, sessionOf('s1'), federated]) {
      assert.deepEqual(formsFor(principal, ACCOUNT), ['ACCOUNT'])
      assert.deepEqual(formsFor(principal, FOREIGN), [])
    }
  })

  test('that was no principal of this server when it was named is compared by its ARN (P-7)', () => {
    const session = sessionOf('s1')
    assert.deepEqual(formsFor(alice, alice.arn), ['USER'])
    assert.deepEqual(formsFor(session, session.arn), ['SESSION'])
    assert.deepEqual(formsFor(session, session.principalArn), ['ROLE'])
    assert.deepEqual(formsFor(alice, session.arn, `${alice.arn}x`), [])
  })

  test('that is a service is no caller', () => {
    for (const principal of [root, alice, sessionOf('s1')])
      assert.deepEqual(formsFor(principal, 's3.amazonaws.com'), [])
  })

  test('is looked for under every reference that it can have, and no caller has more than five', () => {
    for (const principal of [root, alice, sessionOf('s1'), federated]) {
      const refs = granteeRefs(principal)
      assert.ok(refs.length <= 5)
      assert.equal(granteeRefs(principal), refs, 'made anew')
    }
    assert.ok(granteeRefs(sessionOf('s1')).includes('AROAROLE:s1'))
    assert.ok(granteeRefs(sessionOf('s1')).includes('AROAROLE'))
    assert.ok(granteeRefs(federated).includes('AIDAALICE'))
    assert.ok(granteeRefs(alice).includes(ACCOUNT))
  })
})

test('only what the grant lists is allowed, under the names of permissions', () => {
  const grant = grantOf({ operations: ['Decrypt', 'ReEncryptFrom'] })
  const allowed = (action: string) => applicableGrants([grant], alice, action, {}).length === 1
  assert.ok(allowed('kms:Decrypt') && allowed('kms:ReEncryptFrom'))
  for (const action of ['kms:Encrypt', 'kms:ReEncryptTo', 'kms:ReEncrypt', 'kms:decrypt', 'kms:', 'iam:Decrypt2']) {
    assert.equal(allowed(action), false, action)
  }
})

test('who issued it comes along, for the rules on foreign grantees (E-8)', () => {
  const grant = grantOf({ issuingAccount: FOREIGN })
  assert.deepEqual(applicableGrants([grant], alice, 'kms:Decrypt', {}), [
    { grantId: grant.grantId, form: 'USER', issuingAccount: FOREIGN },
  ])
})

type Context = Readonly<Record<string, string>>

const holds = (constraints: Grant['constraints'], encryptionContext: Context | undefined, operation = 'Decrypt') =>
  applicableGrants(
    [grantOf({ constraints, operations: ['Decrypt', 'Encrypt', 'DescribeKey', 'RetireGrant', 'CreateGrant'] })],
    alice,
    `kms:${operation}`,
    {
      encryptionContext,
    },
  ).length === 1

describe('constraints', () => {
  test('Equals wants exactly its pairs, Subset at least these (8.1, rows 27 and 28)', () => {
    const request = { a: '1', b: '2' }
    assert.equal(holds({ encryptionContextEquals: { a: '1' } }, request), false)
    assert.equal(holds({ encryptionContextSubset: { a: '1' } }, request), true)
    assert.equal(holds({ encryptionContextEquals: { b: '2', a: '1' } }, request), true)
    assert.equal(holds({ encryptionContextSubset: { a: '1', b: '2', c: '3' } }, request), false)
    for (const kind of ['encryptionContextEquals', 'encryptionContextSubset']) {
      assert.equal(holds({ [kind]: { a: '1' } }, undefined), false)
      assert.equal(holds({ [kind]: { a: '2' } }, { a: '1' }), false)
    }
    assert.equal(holds({ encryptionContextEquals: {} }, undefined), true)
    assert.equal(holds({ encryptionContextEquals: {} }, { a: '1' }), false)
  })

  test('compare keys and values with their case (GC-4)', () => {
    for (const kind of ['encryptionContextEquals', 'encryptionContextSubset']) {
      assert.equal(holds({ [kind]: { Dept: 'IT' } }, { dept: 'IT' }), false)
      assert.equal(holds({ [kind]: { Dept: 'IT' } }, { Dept: 'it' }), false)
    }
  })

  test('find no pair in what every object has', () => {
    const constraint = JSON.parse('{"toString":"x","__proto__":"y"}')
    assert.equal(holds({ encryptionContextSubset: constraint }, {}), false)
    assert.equal(
      holds({ encryptionContextSubset: constraint }, JSON.parse('{"toString":"x","__proto__":"y","a":"1"}')),
      true,
    )
  })

  test('say nothing about operations without a context (GC-5)', () => {
    for (const operation of ['DescribeKey', 'RetireGrant', 'CreateGrant']) {
      assert.equal(holds({ encryptionContextEquals: { a: '1' } }, undefined, operation), true)
    }
    assert.equal(holds({ encryptionContextEquals: { a: '1' } }, undefined, 'Encrypt'), false)
  })

  test('on a source ARN are never met by callers who act for themselves (GC-6)', () => {
    for (const operation of ['Decrypt', 'DescribeKey']) {
      assert.equal(holds({ sourceArn: 'arn:aws:s3:::b' }, { a: '1' }, operation), false)
      assert.equal(holds({ sourceArn: '*', encryptionContextSubset: {} }, undefined, operation), false)
    }
  })

  const pairs = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'A'), fc.constantFrom('1', '2'), { maxKeys: 4 })

  test('Equals implies Subset; more context never breaks Subset', () => {
    fc.assert(
      fc.property(pairs, pairs, pairs, (wanted, context, added) => {
        const equals = holds({ encryptionContextEquals: wanted }, context)
        const subset = holds({ encryptionContextSubset: wanted }, context)
        assert.ok(!equals || subset)
        if (subset) assert.ok(holds({ encryptionContextSubset: wanted }, { ...added, ...context }))
        assert.equal(equals, subset && Object.keys(wanted).length === Object.keys(context).length)
      }),
    )
  })
})

test('more grants never allow less', () => {
  const operation = fc.constantFrom('Decrypt', 'Encrypt', 'Sign')
  const grant = fc.record({
    grantee: fc.constantFrom('AIDAALICE', ACCOUNT, 'AIDAOTHER'),
    operations: fc.uniqueArray(operation),
  })
  fc.assert(
    fc.property(fc.array(grant), grant, (facts, more) => {
      const grants = (facts as Partial<Grant>[]).map(grantOf)
      const before = applicableGrants(grants, alice, 'kms:Decrypt', {})
      const after = applicableGrants([...grants, grantOf(more as Partial<Grant>)], alice, 'kms:Decrypt', {})
      assert.deepEqual(after.slice(0, before.length), before)
    }),
  )
})
