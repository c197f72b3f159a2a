/** authorization.md 3.3, 2.1, C-12. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globalConditions, type RequestFacts } from '../../../src/domain/policy/global-conditions.ts'
import { A, alice, B, federatedUser, ROLE, ROLE_ID, root, session1 } from './given-access.ts'

const FACTS: RequestFacts = {
  principal: alice,
  rights: { tags: [{ key: 'Team', value: 'blue' }] },
  time: Date.UTC(2026, 2, 1, 12, 0, 0, 500),
  sourceIp: '192.0.2.1',
  secureTransport: true,
  userAgent: 'aws-cli/2',
  region: 'eu-west-1',
  resourceAccount: B,
}

function present(facts: Partial<RequestFacts>) {
  const values = Object.entries(globalConditions({ ...FACTS, ...facts }))
  return Object.fromEntries(values.filter(([, value]) => value !== undefined))
}

test('a user with a long-term key', () => {
  assert.deepEqual(present({}), {
    'aws:PrincipalArn': alice.arn,
    'aws:PrincipalAccount': A,
    'aws:PrincipalType': 'User',
    'aws:userid': alice.entityId,
    'aws:username': 'alice',
    'aws:PrincipalTag/Team': 'blue',
    'aws:PrincipalIsAWSService': 'false',
    'aws:ViaAWSService': 'false',
    'aws:SourceIp': '192.0.2.1',
    'aws:SecureTransport': 'true',
    'aws:CurrentTime': '2026-03-01T12:00:00.500Z',
    'aws:EpochTime': '1772366400',
    'aws:UserAgent': 'aws-cli/2',
    'aws:RequestedRegion': 'eu-west-1',
    'aws:ResourceAccount': B,
  })
})

test('a session of a role is named by its role, without MFA unless it was used', () => {
  const values = present({ principal: session1, userAgent: '', referer: 'x', secureTransport: false })
  assert.equal(values['aws:PrincipalArn'], ROLE)
  assert.equal(values['aws:PrincipalType'], 'AssumedRole')
  assert.equal(values['aws:userid'], `${ROLE_ID}:s1`)
  assert.equal(values['aws:username'], undefined)
  assert.equal(values['aws:TokenIssueTime'], '2026-01-01T00:00:00.000Z')
  assert.equal(values['aws:MultiFactorAuthPresent'], 'false')
  assert.equal(values['aws:MultiFactorAuthAge'], undefined)
  assert.equal(values['aws:UserAgent'], undefined)
  assert.equal(values['aws:referer'], 'x')
  assert.equal(values['aws:SecureTransport'], 'false')
})

test('what a session froze', () => {
  const session = {
    ...session1.session!,
    mfaAuthenticatedAt: FACTS.time - 90_999,
    sourceIdentity: 'alice',
    federatedProvider: `arn:aws:iam::${A}:oidc-provider/issuer.example`,
  }
  const values = present({ principal: { ...session1, session } })
  assert.equal(values['aws:MultiFactorAuthPresent'], 'true')
  assert.equal(values['aws:MultiFactorAuthAge'], '90')
  assert.equal(values['aws:SourceIdentity'], 'alice')
  assert.equal(values['aws:FederatedProvider'], session.federatedProvider)
})

test('root, federated users and web identities', () => {
  assert.equal(present({ principal: root(A) })['aws:PrincipalType'], 'Account')
  const federated = federatedUser('bob', alice.entityId)
  assert.equal(present({ principal: federated })['aws:PrincipalType'], 'FederatedUser')
  assert.equal(present({ principal: federated })['aws:userid'], `${A}:bob`)
  const provider = `arn:aws:iam::${A}:oidc-provider/issuer.example`
  const web = present({ principal: { ...alice, type: 'WebIdentityUser', principalArn: provider } })
  assert.equal(web['aws:PrincipalType'], 'Anonymous')
  assert.equal(web['aws:FederatedProvider'], provider)
  for (const key of ['aws:PrincipalArn', 'aws:PrincipalAccount', 'aws:userid', 'aws:username']) {
    assert.equal(web[key], undefined, key)
  }
})

test('IPv4 addresses on dual-stack sockets are IPv4 addresses, and zones are left out (C-12)', () => {
  const cases = [
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::1', '::1'],
  ] as const
  for (const [sourceIp, expected] of cases) assert.equal(present({ sourceIp })['aws:SourceIp'], expected)
})
