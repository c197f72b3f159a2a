/** The vectors of authorization.md 8.1, and the rules that they leave out. Texts are those of 5.2. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KmsError } from '../../../src/base/errors.ts'
import type { AccessRequest, ApplicableGrant } from '../../../src/domain/policy/access-request.ts'
import { denial } from '../../../src/domain/policy/denial.ts'
import { evaluate } from '../../../src/domain/policy/evaluate.ts'
import { canUpdatePolicyLater } from '../../../src/domain/policy/lockout.ts'
import {
  A,
  ALIAS,
  ALICE_ID,
  accessRequest,
  alice,
  allow,
  B,
  bob,
  carol,
  DELEGATION,
  deny,
  federatedUser,
  foreignSession,
  type GivenAccess,
  KEY,
  NO_KMS,
  named,
  REGION,
  ROLE,
  ROLE_ID,
  root,
  session1,
  session2,
  to,
  user,
} from './given-access.ts'

/** Rows of authorization.md 5.2; a foreign caller is told no ARN. */
const REASONS = {
  'A-1': 'because no identity-based policy allows the <act> action',
  'A-2': 'because no resource-based policy allows the <act> action',
  'A-3': 'because no session policy allows the <act> action',
  'A-4': 'because no permissions boundary allows the <act> action',
  'A-5 identity': 'with an explicit deny in an identity-based policy',
  'A-5 resource': 'with an explicit deny in a resource-based policy',
  'A-5 boundary': 'with an explicit deny in a permissions boundary',
  'A-5 session': 'with an explicit deny in a session policy',
  'A-5 guard': 'with an explicit deny in a service control policy',
  'no guard': 'because no service control policy allows the <act> action',
  'A-6':
    'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access',
} as const

type Outcome = 'allow' | keyof typeof REASONS | `${keyof typeof REASONS} foreign`

function expectedText({ principal, action, resource }: AccessRequest, outcome: Exclude<Outcome, 'allow'>): string {
  const isForeign = outcome === 'A-6' || outcome.endsWith(' foreign')
  const reason = REASONS[outcome.replace(' foreign', '') as keyof typeof REASONS].replace('<act>', action)
  const where = isForeign ? 'on this resource' : `on resource: ${resource.arn}`
  return `User: ${principal.arn} is not authorized to perform: ${action} ${where} ${reason}`
}

/** What the pipeline does with a decision. */
function authorize(request: AccessRequest): void {
  const decision = evaluate(request)
  if (!decision.allowed) throw denial(request, decision)
}

function answers(request: AccessRequest, outcome: Outcome): void {
  if (outcome === 'allow') {
    authorize(request)
    return
  }
  assert.throws(
    () => authorize(request),
    (error) => {
      assert.ok(error instanceof KmsError, String(error))
      assert.equal(error.cause, undefined)
      assert.deepEqual(
        { code: error.code, text: error.text },
        { code: 'AccessDeniedException', text: expectedText(request, outcome) },
      )
      return true
    },
  )
}

type Row = readonly [vector: string, given: GivenAccess, outcome: Outcome]

function check(rows: readonly Row[]): void {
  for (const [vector, given, outcome] of rows) {
    test(`${vector}: ${outcome}`, () => answers(accessRequest(given), outcome))
  }
}

const ID = allow('kms:Decrypt', KEY)
const OF_ALICE = to(ALICE_ID, allow('kms:Decrypt'))
const OF_ROLE = to(ROLE_ID, allow('kms:Decrypt'))
const OF_SESSION = to(session1.arn, allow('kms:Decrypt'))
const OF_ACCOUNT_B = to(B, allow('kms:Decrypt'))
const FROM_TEN = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }

function grant(form: ApplicableGrant['form'], issuingAccount = A): readonly ApplicableGrant[] {
  return [{ grantId: 'g1', form, issuingAccount }]
}

describe('a key of the own account', () => {
  check([
    ['1 delegation alone', { keyPolicy: DELEGATION }, 'A-1'],
    ['2 delegation and an identity policy', { keyPolicy: DELEGATION, identity: ID }, 'allow'],
    ['3 delegation and the root user', { keyPolicy: DELEGATION, principal: root(A) }, 'allow'],
    ['4 the user is named', { keyPolicy: OF_ALICE }, 'allow'],
    ['5 only a user is named and the root user asks', { keyPolicy: OF_ALICE, principal: root(A) }, 'A-2'],
    ['6 another user is named', { keyPolicy: OF_ALICE, principal: bob, identity: ID }, 'A-2'],
    [
      '7 delegation of other actions',
      { keyPolicy: to(A, allow('kms:Describe*')), principal: bob, identity: ID },
      'A-2',
    ],
    [
      '8 delegation whose condition does not hold',
      { keyPolicy: { ...DELEGATION, Condition: FROM_TEN }, identity: ID, conditions: { 'aws:SourceIp': '11.0.0.1' } },
      'A-2',
    ],
    [
      '9 a deny in the key policy',
      { keyPolicy: [DELEGATION, to(ALICE_ID, deny('kms:Decrypt'))], identity: ID },
      'A-5 resource',
    ],
    ['10 a deny in an identity policy', { keyPolicy: OF_ALICE, identity: deny('kms:*') }, 'A-5 identity'],
    ['11 a boundary does not filter a user who is named', { keyPolicy: OF_ALICE, boundary: NO_KMS }, 'allow'],
    ['12 a boundary filters a role', { keyPolicy: OF_ROLE, principal: session1, boundary: NO_KMS }, 'A-4'],
    ['13 a session policy filters a role', { keyPolicy: OF_ROLE, principal: session1, session: NO_KMS }, 'A-3'],
    [
      '14 a session policy does not filter a session that is named',
      { keyPolicy: OF_SESSION, principal: session1, session: NO_KMS },
      'allow',
    ],
    ['15 another session is named', { keyPolicy: OF_SESSION, principal: session2 }, 'A-2'],
    [
      '16 everyone with the ARN of the role',
      {
        keyPolicy: to('*', { ...allow('kms:Decrypt'), Condition: { ArnEquals: { 'aws:PrincipalArn': ROLE } } }),
        principal: session1,
        boundary: NO_KMS,
        conditions: { 'aws:PrincipalArn': ROLE },
      },
      'allow',
    ],
    [
      '17 delegation, filtered by a session policy',
      { keyPolicy: DELEGATION, principal: session1, identity: ID, session: NO_KMS },
      'A-3',
    ],
    [
      '22 the user that was named is gone, and another has his name',
      { keyPolicy: OF_ALICE, principal: user('alice', A, 'AIDANEWALICE0000000001') },
      'A-2',
    ],
    [
      '23 only through a service',
      {
        keyPolicy: to('*', {
          ...allow('kms:*'),
          Condition: { StringEquals: { 'kms:CallerAccount': A, 'kms:ViaService': 's3.us-east-1.amazonaws.com' } },
        }),
        identity: ID,
        conditions: { 'kms:CallerAccount': A },
      },
      'A-2',
    ],
    [
      '29 NotPrincipal exempts the role with its account',
      {
        keyPolicy: [DELEGATION, { ...deny('kms:*'), NotPrincipal: { AWS: [ROLE_ID, A] } }],
        principal: session1,
        identity: ID,
      },
      'allow',
    ],
    [
      '30 NotPrincipal without the account exempts nobody',
      {
        keyPolicy: [DELEGATION, { ...deny('kms:*'), NotPrincipal: { AWS: ROLE_ID } }],
        principal: session1,
        identity: ID,
      },
      'A-5 resource',
    ],
    [
      '30 NotPrincipal never exempts who has a boundary',
      {
        keyPolicy: [DELEGATION, { ...deny('kms:*'), NotPrincipal: { AWS: [ROLE_ID, A] } }],
        principal: session1,
        identity: ID,
        boundary: allow('*'),
      },
      'A-5 resource',
    ],
    [
      '31 a statement without Resource has no effect',
      { keyPolicy: [DELEGATION, to(ALICE_ID, { Effect: 'Allow', Action: 'kms:*' })] },
      'A-1',
    ],
    [
      '31 nor has one without Action',
      { keyPolicy: [DELEGATION, to(ALICE_ID, { Effect: 'Allow', Resource: '*' })] },
      'A-1',
    ],
    [
      '40 a parameter that is absent is not true',
      {
        action: 'kms:PutKeyPolicy',
        keyPolicy: [
          DELEGATION,
          to('*', { ...deny('kms:*'), Condition: { Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } } }),
        ],
        identity: allow('kms:*'),
      },
      'allow',
    ],
    ['P-5 an ARN that could not be bound', { keyPolicy: to(alice.arn, allow('kms:*')) }, 'allow'],
    ['P-5 a role ARN that could not be bound', { keyPolicy: to(ROLE, allow('kms:*')), principal: session1 }, 'allow'],
    ['P-3 a name in other case', { keyPolicy: to(`arn:aws:iam::${A}:user/Alice`, allow('kms:*')) }, 'A-2'],
    [
      'P-12 the account, in the ARN of another partition',
      { keyPolicy: to(`arn:aws-cn:iam::${A}:root`, allow('kms:*')), identity: ID },
      'allow',
    ],
    [
      'E-5 an identity deny counts without delegation',
      { keyPolicy: OF_ALICE, principal: bob, identity: deny('*') },
      'A-5 identity',
    ],
    ['G-9 a statement about another key', { keyPolicy: to(ALICE_ID, allow('kms:*', `${KEY}0`)) }, 'A-2'],
    ['services are no callers', { keyPolicy: to({ Service: 's3.amazonaws.com' }, allow('kms:*')) }, 'A-2'],
    ['the default is to deny (E-1)', { keyPolicy: [], principal: root(A) }, 'A-2'],
    [
      'a deny to the account hits its root',
      { keyPolicy: [DELEGATION, to(A, deny('*'))], principal: root(A) },
      'A-5 resource',
    ],
    ['a deny in a boundary', { keyPolicy: OF_ALICE, boundary: [allow('*'), deny('kms:Decrypt')] }, 'A-5 boundary'],
    [
      'a deny in a session policy',
      { keyPolicy: OF_SESSION, principal: session1, session: [allow('*'), deny('*')] },
      'A-5 session',
    ],
    [
      'X-1 of several denies the key policy comes first',
      { keyPolicy: to('*', deny('*')), boundary: deny('*'), session: deny('*'), identity: deny('*') },
      'A-5 resource',
    ],
    [
      'X-1 then the boundary',
      { keyPolicy: OF_ALICE, boundary: deny('*'), session: deny('*'), identity: deny('*') },
      'A-5 boundary',
    ],
    ['X-1 then the session policy', { keyPolicy: OF_ALICE, session: deny('*'), identity: deny('*') }, 'A-5 session'],
    [
      'X-2 a filtered form is named before delegation',
      { keyPolicy: [DELEGATION, OF_ROLE], principal: session1, boundary: NO_KMS },
      'A-4',
    ],
    [
      'X-2 identity before boundary and session',
      { keyPolicy: DELEGATION, principal: session1, boundary: NO_KMS, session: NO_KMS },
      'A-1',
    ],
    [
      'X-2 boundary before session',
      { keyPolicy: DELEGATION, principal: session1, identity: ID, boundary: NO_KMS, session: NO_KMS },
      'A-4',
    ],
  ])

  test('an unknown key is judged by identity policies alone (5.3)', () => {
    answers(accessRequest({}), 'A-1')
    answers(accessRequest({ identity: ID }), 'allow')
  })
})

describe('a federated user', () => {
  const eve = federatedUser('eve', ALICE_ID)
  check([
    ['E-12 without session policy nothing', { keyPolicy: DELEGATION, principal: eve, identity: ID }, 'A-3'],
    [
      'with one, what both allow',
      { keyPolicy: DELEGATION, principal: eve, identity: ID, session: allow('kms:*') },
      'allow',
    ],
    ['E-12 unless its ARN is named', { keyPolicy: to(eve.arn, allow('kms:*')), principal: eve }, 'allow'],
    ['the user is named: filtered by the session policy', { keyPolicy: OF_ALICE, principal: eve }, 'A-3'],
    [
      'the user is named: filtered by the boundary',
      { keyPolicy: OF_ALICE, principal: eve, boundary: NO_KMS, session: allow('*') },
      'A-4',
    ],
    [
      'the user is named: no identity policy needed',
      { keyPolicy: OF_ALICE, principal: eve, session: allow('kms:*') },
      'allow',
    ],
    [
      'a deny to the user hits it',
      { keyPolicy: [to(eve.arn, allow('*')), to(ALICE_ID, deny('*'))], principal: eve },
      'A-5 resource',
    ],
    ['of the root: its account is no user', { keyPolicy: DELEGATION, principal: federatedUser('x', A) }, 'A-3'],
  ])
})

describe('a key of another account', () => {
  const onKey = { principal: carol, keyPolicy: OF_ACCOUNT_B }
  check([
    ['18 the key allows, the own account does not', onKey, 'A-1 foreign'],
    ['19 both allow', { ...onKey, identity: ID }, 'allow'],
    ['20 the key does not allow', { principal: carol, keyPolicy: DELEGATION, identity: ID }, 'A-6'],
    ['20 the key denies', { principal: carol, keyPolicy: [OF_ACCOUNT_B, to(B, deny('*'))], identity: ID }, 'A-6'],
    ['20 there is no such key', { principal: carol, identity: ID }, 'A-6'],
    [
      '21 an action that cannot cross accounts',
      {
        principal: carol,
        action: 'kms:EnableKey',
        crossAccount: false,
        keyPolicy: to(B, allow('kms:*')),
        identity: allow('kms:*'),
      },
      'A-6',
    ],
    ['everyone is named', { principal: carol, keyPolicy: to('*', allow('kms:*')) }, 'A-1 foreign'],
    [
      'the user is named, and a boundary filters',
      { principal: carol, keyPolicy: to(carol.entityId, allow('*')), identity: ID, boundary: NO_KMS },
      'A-4 foreign',
    ],
    [
      'the session is named, and the session policy filters',
      { principal: foreignSession, keyPolicy: to(foreignSession.arn, allow('*')), identity: ID, session: NO_KMS },
      'A-3 foreign',
    ],
    [
      'X-2 the role is named: the filter before the identity policy',
      { principal: foreignSession, keyPolicy: to(foreignSession.entityId, allow('*')), session: NO_KMS },
      'A-3 foreign',
    ],
    [
      'X-2 even if everyone is named too',
      {
        principal: foreignSession,
        keyPolicy: [to('*', allow('*')), to(foreignSession.entityId, allow('*'))],
        session: NO_KMS,
      },
      'A-3 foreign',
    ],
    ['a deny of the own account', { ...onKey, identity: [ID, deny('*')] }, 'A-5 identity foreign'],
    [
      '5.3 a deny of the own account tells nothing of a key that is closed',
      { principal: carol, keyPolicy: DELEGATION, identity: [ID, deny('*')] },
      'A-6',
    ],
    ['5.3 nor of one that does not exist', { principal: carol, identity: [ID, deny('*')] }, 'A-6'],
    [
      '5.3 nor of one that is opened for other actions',
      { principal: carol, keyPolicy: to(B, allow('kms:Encrypt')), identity: [ID, deny('*')] },
      'A-6',
    ],
    [
      'a deny of the own account, and a grant',
      { principal: carol, keyPolicy: [], grants: grant('USER'), identity: [ID, deny('*')] },
      'A-5 identity foreign',
    ],
    ['the root of the other account', { principal: root(B), keyPolicy: OF_ACCOUNT_B }, 'allow'],
  ])
})

describe('grants', () => {
  check([
    ['24 to the user', { keyPolicy: [], grants: grant('USER') }, 'allow'],
    ['25 a deny wins', { keyPolicy: to(ALICE_ID, deny('*')), grants: grant('USER') }, 'A-5 resource'],
    ['26 foreign, issued by the owner', { principal: carol, keyPolicy: [], grants: grant('USER') }, 'A-1 foreign'],
    ['26a and an identity policy', { principal: carol, keyPolicy: [], grants: grant('USER'), identity: ID }, 'allow'],
    ['26b issued from the own account', { principal: carol, keyPolicy: [], grants: grant('USER', B) }, 'allow'],
    [
      '26c to a role, and a session policy',
      { principal: foreignSession, keyPolicy: [], grants: grant('ROLE', B), session: NO_KMS },
      'A-3 foreign',
    ],
    [
      '26d issued by the owner',
      { principal: foreignSession, keyPolicy: [], grants: grant('ROLE'), session: NO_KMS },
      'A-3 foreign',
    ],
    [
      '26e to a session',
      { principal: session1, keyPolicy: DELEGATION, grants: grant('SESSION'), session: NO_KMS, boundary: NO_KMS },
      'allow',
    ],
    ['26f to a role', { principal: session1, keyPolicy: DELEGATION, grants: grant('ROLE'), session: NO_KMS }, 'A-3'],
    ['26g none that applies', { principal: session2, keyPolicy: DELEGATION }, 'A-1'],
    ['to the account: delegation', { keyPolicy: [], grants: grant('ACCOUNT') }, 'A-1'],
    ['to the account, and an identity policy', { keyPolicy: [], grants: grant('ACCOUNT'), identity: ID }, 'allow'],
    ['to the account, and its root', { keyPolicy: [], grants: grant('ACCOUNT'), principal: root(A) }, 'allow'],
    [
      'foreign to a session, issued by the owner, filtered all the same',
      { principal: foreignSession, keyPolicy: [], grants: grant('SESSION'), identity: ID, session: NO_KMS },
      'A-3 foreign',
    ],
  ])

  test('what a policy allows is not put down to a grant (GP-4)', () => {
    const allowed = (given: GivenAccess) => evaluate(accessRequest({ grants: grant('USER'), ...given }))
    assert.deepEqual(allowed({ keyPolicy: [] }), { allowed: true, by: [], grantId: 'g1' })
    for (const given of [{ keyPolicy: OF_ALICE }, { keyPolicy: DELEGATION, identity: ID }]) {
      const decision = allowed(given)
      assert.ok(decision.allowed && decision.by.length > 0 && decision.grantId === undefined, JSON.stringify(decision))
    }
  })
})

describe('resources without a policy', () => {
  const account = { kind: 'account', arn: '*', account: A } as const
  const alias = { kind: 'alias', arn: ALIAS, account: A } as const
  const all = (resource: string) => ({
    resource: account,
    action: 'kms:ListKeys',
    identity: allow('kms:ListKeys', resource),
  })
  check([
    [
      '32 an alias, and a policy on the key',
      { resource: alias, action: 'kms:CreateAlias', identity: allow('kms:*', KEY) },
      'A-1',
    ],
    [
      '33 an alias, and a policy on both',
      { resource: alias, action: 'kms:CreateAlias', identity: allow('kms:*', [ALIAS, KEY]) },
      'allow',
    ],
    [
      '33 the key of it',
      { keyPolicy: DELEGATION, action: 'kms:CreateAlias', identity: allow('kms:*', [ALIAS, KEY]) },
      'allow',
    ],
    ['34 a key, and a policy on its alias', { keyPolicy: DELEGATION, identity: allow('kms:*', ALIAS) }, 'A-1'],
    ['a key of any partition', { keyPolicy: DELEGATION, identity: allow('kms:*', 'arn:*:kms:*:*:key/*') }, 'allow'],
    ['35 the account', all('*'), 'allow'],
    ['36 the account, and a policy on its keys', all(`arn:aws:kms:${REGION}:${A}:key/*`), 'A-1'],
    ['R-1 the account, and all that it has', all(`arn:aws:kms:${REGION}:${A}:*`), 'allow'],
    ['R-1 in another Region', all(`arn:aws:kms:eu-west-1:${A}:*`), 'A-1'],
    ['R-1 of every Region and account', all('arn:aws:kms:*:*:*'), 'allow'],
    ['R-1 of every partition too', all('arn:*:kms:*:*:*'), 'allow'],
    ['R-1 of other partitions', all('arn:aws-*:kms:*:*:*'), 'A-1'],
    ['R-1 of another service', all(`arn:aws:s3:${REGION}:${A}:*`), 'A-1'],
    [
      'lists of IAM',
      { resource: account, action: 'iam:ListUsers', identity: allow('iam:*', `arn:aws:iam::${A}:*`) },
      'allow',
    ],
    [
      'lists of IAM, and a policy on users',
      { resource: account, action: 'iam:ListUsers', identity: allow('iam:*', `arn:aws:iam::${A}:user/*`) },
      'A-1',
    ],
    ['the root user', { resource: account, action: 'iam:CreateUser', principal: root(A) }, 'allow'],
  ])

  test('37 of two keys each is asked for itself', () => {
    const [first, second] = [KEY, `${KEY.slice(0, -1)}c`]
    const given = { keyPolicy: DELEGATION, identity: allow('kms:ReEncryptFrom', first) }
    answers(accessRequest({ ...given, action: 'kms:ReEncryptFrom' }), 'allow')
    answers(accessRequest({ ...given, action: 'kms:ReEncryptTo', resource: { arn: second } }), 'A-1')
  })
})

describe('a role that is to be assumed', () => {
  const role = { kind: 'role', arn: ROLE, account: A } as const
  const trusting = (principal: string | object, action = 'sts:AssumeRole') =>
    to(principal, { Effect: 'Allow', Action: action })
  const assume = (given: GivenAccess) =>
    accessRequest({ action: 'sts:AssumeRole', ...given, resource: { ...role, ...given.resource } })
  const refused = (request: AccessRequest, text: string) =>
    assert.throws(() => authorize(request), { code: 'AccessDeniedException', text })
  const prefix = `User: ${alice.arn} is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`

  test('is open to who is named, without any other policy (6.4)', () => {
    for (const principal of [ALICE_ID, alice.arn, '*']) {
      assert.equal(evaluate(assume({ keyPolicy: trusting(principal) })).allowed, true)
    }
  })

  test('asks for an identity policy where the account is named', () => {
    const request = { keyPolicy: trusting(A) }
    assert.equal(evaluate(assume({ ...request, identity: allow('sts:AssumeRole', ROLE) })).allowed, true)
    refused(assume(request), `${prefix} because no identity-based policy allows the sts:AssumeRole action`)
  })

  test('is closed to others, whether it exists or not (A-11)', () => {
    const text = `${prefix} because no role trust policy allows the sts:AssumeRole action`
    refused(assume({ keyPolicy: trusting(bob.entityId), identity: allow('*') }), text)
    refused(assume({ identity: allow('*') }), text)
    const denied = [trusting('*'), to(ALICE_ID, { Effect: 'Deny', Action: 'sts:*' })]
    refused(assume({ keyPolicy: denied }), `${prefix} with an explicit deny in the role trust policy`)
  })

  test('of another account needs both sides, and its existence does not show', () => {
    const text = `User: ${carol.arn} is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`
    refused(assume({ principal: carol, identity: allow('*') }), text)
    refused(assume({ principal: carol, keyPolicy: trusting(A), identity: allow('*') }), text)
    assert.equal(evaluate(assume({ principal: carol, keyPolicy: trusting(B), identity: allow('*') })).allowed, true)
  })

  describe('with a web identity', () => {
    const provider = `arn:aws:iam::${A}:oidc-provider/issuer.example/realm`
    const principal = {
      type: 'WebIdentityUser',
      account: A,
      arn: provider,
      principalId: 'x',
      entityId: '',
      principalArn: provider,
      accessKeyId: '',
    } as const
    const action = 'sts:AssumeRoleWithWebIdentity'
    const withToken = (trusted: string | object, effect = 'Allow') =>
      assume({ principal, action, keyPolicy: { ...trusting(trusted, action), Effect: effect } })

    test('is open to tokens of a provider that is named, by ARN or by host', () => {
      assert.equal(evaluate(withToken({ Federated: provider })).allowed, true)
      assert.equal(evaluate(withToken({ Federated: 'issuer.example/realm' })).allowed, true)
    })

    test('is closed to others, and to everyone who is not named as federated', () => {
      const text = 'Not authorized to perform sts:AssumeRoleWithWebIdentity'
      for (const trusted of [{ Federated: `${provider}/x` }, { Federated: 'issuer.example' }, '*', A, provider]) {
        refused(withToken(trusted), text)
      }
      const denied = [trusting({ Federated: provider }, action), to('*', { Effect: 'Deny', Action: 'sts:*' })]
      refused(assume({ principal, action, keyPolicy: denied }), text)
    })

    test('conditions on its claims are looked at', () => {
      const Condition = { StringEquals: { 'issuer.example/realm:sub': 'job' } }
      const withClaim = (sub: string) =>
        assume({
          principal,
          action,
          keyPolicy: { ...trusting({ Federated: provider }, action), Condition },
          conditions: { 'issuer.example/realm:sub': sub },
        })
      assert.equal(evaluate(withClaim('job')).allowed, true)
      assert.equal(evaluate(withClaim('other')).allowed, false)
    })
  })
})

describe('a key that only its ciphertext names', () => {
  const resource = { foundByCiphertext: true }
  const texts = (given: GivenAccess, text: string) =>
    assert.throws(() => authorize(accessRequest({ resource, ...given })), { code: 'AccessDeniedException', text })

  test('is not named to a foreign caller (A-7, A-8)', () => {
    const start = `User: ${carol.arn} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because`
    texts(
      { principal: carol, keyPolicy: OF_ACCOUNT_B },
      `${start} no identity-based policy allows the kms:Decrypt action`,
    )
    const unseen = `${start} ${REASONS['A-6'].slice('because '.length)}`
    texts({ principal: carol, keyPolicy: DELEGATION }, unseen)
    texts({ principal: carol }, unseen)
  })

  test('is named to callers of its account', () => {
    answers(accessRequest({ resource, keyPolicy: DELEGATION }), 'A-1')
  })
})

/** E-13, in the way AWS judges service control policies: they bind root too, give nothing, and a deny in them wins. */
describe("the operator's guard policies", () => {
  const everything = allow('*')
  const noDecrypt = [everything, deny('kms:Decrypt')]
  const onlyEncrypt = [allow('kms:Encrypt')]
  const guarded = { keyPolicy: DELEGATION, identity: ID }
  const named = { keyPolicy: OF_ALICE }
  const foreign = { principal: carol, keyPolicy: OF_ACCOUNT_B }
  check([
    ['what they allow is as it was', { ...guarded, guards: [everything] }, 'allow'],
    ['they give nothing', { keyPolicy: DELEGATION, guards: [everything] }, 'A-1'],
    ['nor without a key policy', { guards: [everything], resource: { kind: 'account', arn: '*' } }, 'A-1'],
    ['a deny', { ...guarded, guards: [noDecrypt] }, 'A-5 guard'],
    ['a deny binds whom the key policy names', { ...named, guards: [noDecrypt] }, 'A-5 guard'],
    ['a deny binds root', { keyPolicy: DELEGATION, principal: root(A), guards: [noDecrypt] }, 'A-5 guard'],
    ['a deny binds grantees', { keyPolicy: DELEGATION, grants: grant('USER'), guards: [noDecrypt] }, 'A-5 guard'],
    ['a deny is of its action only', { ...named, guards: [[everything, deny('kms:Encrypt')]] }, 'allow'],
    ['a deny goes before all others (X-1)', { ...guarded, identity: deny('*'), guards: [noDecrypt] }, 'A-5 guard'],
    ['a missing allow', { ...guarded, guards: [onlyEncrypt] }, 'no guard'],
    ['a missing allow binds root', { keyPolicy: DELEGATION, principal: root(A), guards: [onlyEncrypt] }, 'no guard'],
    ['a missing allow goes before others', { keyPolicy: DELEGATION, guards: [onlyEncrypt] }, 'no guard'],
    ['but not before a deny', { ...guarded, identity: deny('*'), guards: [onlyEncrypt] }, 'A-5 identity'],
    ['each of them must allow', { ...guarded, guards: [everything, onlyEncrypt] }, 'no guard'],
    ['a condition', { ...guarded, guards: [{ ...everything, Condition: FROM_TEN }] }, 'no guard'],
    [
      'a condition that holds',
      {
        ...guarded,
        guards: [{ ...everything, Condition: FROM_TEN }],
        conditions: { 'aws:SourceIp': '10.0.0.1' },
      },
      'allow',
    ],
    ['another account: allowed', { ...foreign, identity: ID, guards: [everything] }, 'allow'],
    ['another account: a deny', { ...foreign, identity: ID, guards: [noDecrypt] }, 'A-5 guard foreign'],
    ['another account: a missing allow', { ...foreign, identity: ID, guards: [onlyEncrypt] }, 'no guard foreign'],
    [
      'another account: they tell nothing of a key that is closed',
      { principal: carol, keyPolicy: DELEGATION, identity: ID, guards: [onlyEncrypt] },
      'A-6',
    ],
    [
      'another account: nor does a deny in them',
      { principal: carol, keyPolicy: DELEGATION, identity: ID, guards: [noDecrypt] },
      'A-6',
    ],
  ])

  test('count for a policy that is about to lock its writer out (L-2)', () => {
    const later = (guard: object[]) => ({ keyPolicy: to(ALICE_ID, allow('kms:*')), guards: [guard] })
    assert.equal(canUpdatePolicyLater(accessRequest(later([everything]))), true)
    assert.equal(canUpdatePolicyLater(accessRequest(later([everything, deny('kms:PutKeyPolicy')]))), false)
  })
})

describe('the lockout check', () => {
  const onlyBob = to(bob.entityId, allow('kms:*'))

  test('38 refuses a policy that leaves only others in', () => {
    assert.equal(canUpdatePolicyLater(accessRequest({ keyPolicy: onlyBob, identity: allow('kms:*') })), false)
    assert.equal(canUpdatePolicyLater(accessRequest({ keyPolicy: onlyBob, principal: bob })), true)
  })

  test('asks the identity policies of the caller where the policy delegates (L-2)', () => {
    const given = { keyPolicy: DELEGATION, action: 'kms:CreateKey' }
    assert.equal(canUpdatePolicyLater(accessRequest(given)), false)
    assert.equal(canUpdatePolicyLater(accessRequest({ ...given, identity: allow('kms:CreateKey') })), false)
    assert.equal(canUpdatePolicyLater(accessRequest({ ...given, identity: allow('kms:PutKeyPolicy') })), true)
  })

  test('does not count grants', () => {
    assert.equal(canUpdatePolicyLater(accessRequest({ keyPolicy: [], grants: grant('USER') })), false)
  })
})

describe('a decision', () => {
  test('names what allowed: the key policy first', () => {
    const keyPolicy = [to(bob.entityId, allow('*')), { ...DELEGATION, Sid: 'IAM' }]
    assert.deepEqual(evaluate(accessRequest({ keyPolicy, identity: [allow('s3:*'), ID] })), {
      allowed: true,
      by: [
        { policyType: 'resource-based policy', index: 1, sid: 'IAM' },
        { policyType: 'identity-based policy', policyName: 'p', index: 1 },
      ],
    })
  })

  test('names what denied', () => {
    const request = accessRequest({ keyPolicy: OF_ALICE })
    const rights = { ...request.rights, identityPolicies: [named(ID), named({ ...deny('*'), Sid: 'No' }, 'q')] }
    assert.deepEqual(evaluate({ ...request, rights }), {
      allowed: false,
      reason: 'explicit deny',
      by: { policyType: 'identity-based policy', policyName: 'q', index: 0, sid: 'No' },
      isVisible: true,
    })
  })

  test('asks for condition values only if a policy needs them, and once', () => {
    let asked = 0
    const conditions = () => {
      asked++
      return { 'aws:SourceIp': '10.1.1.1' }
    }
    const unconditional = accessRequest({ keyPolicy: [DELEGATION, OF_ROLE], identity: ID })
    assert.equal(evaluate({ ...unconditional, conditions, identityConditions: conditions }).allowed, true)
    assert.equal(asked, 0)
    const conditional = { ...DELEGATION, Condition: FROM_TEN }
    const request = accessRequest({ keyPolicy: [conditional, conditional], identity: { ...ID, Condition: FROM_TEN } })
    assert.equal(evaluate({ ...request, conditions }).allowed, true)
    assert.equal(asked, 1)
  })

  test('is no when evaluation fails, and carries the failure (7.7)', () => {
    const failure = new Error('broken')
    const fails = (principal = alice) => ({
      ...accessRequest({ principal, keyPolicy: { ...to('*', allow('*')), Condition: FROM_TEN } }),
      conditions() {
        throw failure
      },
    })
    assert.deepEqual(evaluate(fails()), {
      allowed: false,
      reason: 'missing allow',
      missing: 'resource-based policy',
      isVisible: true,
      failure,
    })
    assert.throws(() => authorize(fails()), { code: 'AccessDeniedException', cause: failure })
    const decision = evaluate(fails(carol))
    assert.ok(!decision.allowed && !decision.isVisible)
  })
})

test('key policies do not see what only identity policies may know (3.1)', () => {
  const Condition = { StringEquals: { 'aws:ResourceTag/team': 'x' } }
  const identityConditions = { 'aws:ResourceTag/team': 'x' }
  answers(accessRequest({ keyPolicy: { ...OF_ALICE, Condition }, identityConditions }), 'A-2')
  answers(accessRequest({ keyPolicy: DELEGATION, identity: { ...ID, Condition }, identityConditions }), 'allow')
})
