/** authorization.md 6.5, with a provider that really answers over TLS. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import { KmsError } from '../../../src/base/errors.ts'
import type { Principal } from '../../../src/domain/principal.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../../support/harness.ts'
import { DISCOVERY, type IdentityProvider, KEYS, startIdentityProvider } from '../../support/identity-provider.ts'

let provider: IdentityProvider
let harness: Harness

const ROLE = `arn:aws:iam::${ACCOUNT}:role/deploy`
const SUBJECT = 'repo:acme/shop:ref:refs/heads/main'

/** Of an unsigned request, as the wire makes it. */
const NOBODY: Principal = {
  type: 'WebIdentityUser',
  account: '',
  arn: '',
  principalId: '',
  entityId: '',
  principalArn: '',
  accessKeyId: '',
}

before(async () => {
  provider = await startIdentityProvider(() => harness.clock.now())
  provider.addKey('RS256', 'first')
  harness = await openHarness({ isPrivate: true, ca: provider.ca })
})

after(async () => {
  await harness.close()
  await provider.close()
})

async function openHarness(settings: object): Promise<Harness> {
  const made = await createHarness({ identityProviders: [{ url: provider.issuer, ...settings }] })
  const Url = provider.issuer
  await made.call('CreateOpenIDConnectProvider', { Url, ClientIDList: ['sts.example', 'other'] })
  await makeRole(made, 'deploy', { StringEquals: { [`${provider.name}:aud`]: 'sts.example' } })
  return made
}

async function makeRole(made: Harness, RoleName: string, Condition: object, actions: string[] = []): Promise<void> {
  const statement = {
    Effect: 'Allow',
    Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/${provider.name}` },
    Action: ['sts:AssumeRoleWithWebIdentity', ...actions],
    Condition,
  }
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  await made.call('CreateRole', { RoleName, AssumeRolePolicyDocument })
}

function assume(token: string, members: object = {}, on = harness): Promise<Answer> {
  const body = { RoleArn: ROLE, RoleSessionName: 'run-1', WebIdentityToken: token, ...members }
  return on.callAs(NOBODY, 'AssumeRoleWithWebIdentity', body)
}

async function failure(answer: Promise<Answer>): Promise<{ code: string; text: string | undefined }> {
  try {
    await answer
  } catch (error) {
    assert.ok(error instanceof KmsError, String(error))
    return { code: error.code, text: error.text }
  }
  assert.fail('the role was assumed')
}

async function codeOf(answer: Promise<Answer>): Promise<string> {
  return (await failure(answer)).code
}

test('a token of the provider assumes the role, and the answer says whose it was', async () => {
  const token = await provider.token({ sub: SUBJECT, aud: 'sts.example' })
  const answer = await assume(token)
  assert.match(answer.Credentials.AccessKeyId, /^ASIA[A-Z2-7]{16}$/)
  assert.equal(answer.Credentials.SecretAccessKey.length, 40)
  assert.equal(answer.Credentials.Expiration, '2026-03-01T13:00:00Z')
  assert.equal(answer.SubjectFromWebIdentityToken, SUBJECT)
  assert.equal(answer.Audience, 'sts.example')
  // Recorded: of a registered provider its ARN, not its URL.
  assert.equal(answer.Provider, `arn:aws:iam::${ACCOUNT}:oidc-provider/${provider.name}`)
  assert.equal(answer.PackedPolicySize, undefined)
  assert.equal(answer.AssumedRoleUser.Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/deploy/run-1`)
  assert.match(answer.AssumedRoleUser.AssumedRoleId, /^AROA[A-Z0-9]{17}:run-1$/)

  const record = harness.auditRecords().at(-1)
  const providerArn = `arn:aws:iam::${ACCOUNT}:oidc-provider/${provider.name}`
  assert.deepEqual(record.userIdentity, {
    type: 'WebIdentityUser',
    principalId: `${providerArn}:sts.example:${SUBJECT}`,
    userName: SUBJECT,
    identityProvider: providerArn,
  })
  assert.equal(record.eventSource, 'sts.amazonaws.com')
  assert.equal(record.recipientAccountId, ACCOUNT)
  assert.deepEqual(record.requestParameters, { roleArn: ROLE, roleSessionName: 'run-1' })
  assert.equal(record.responseElements.credentials.accessKeyId, answer.Credentials.AccessKeyId)
  const line = harness.auditLines.at(-1)!
  assert.ok(!line.includes(token.split('.')[2]!) && !line.includes(answer.Credentials.SessionToken))
})

test('the keys are fetched once and kept', async () => {
  const before = provider.requests.length
  for (let count = 0; count < 3; count++) await assume(await provider.token({ sub: SUBJECT, aud: 'sts.example' }))
  assert.equal(provider.requests.length, before)
})

test('the trust policy decides by the claims of the token', async () => {
  const denied = { code: 'AccessDeniedException', text: 'Not authorized to perform sts:AssumeRoleWithWebIdentity' }
  const other = await provider.token({ sub: SUBJECT, aud: 'other' })
  assert.deepEqual(await failure(assume(other)), denied)
  await makeRole(harness, 'main-only', { StringLike: { [`${provider.name}:sub`]: 'repo:acme/*:ref:refs/heads/main' } })
  const RoleArn = `arn:aws:iam::${ACCOUNT}:role/main-only`
  await assume(await provider.token({ sub: SUBJECT, aud: 'sts.example' }), { RoleArn })
  const branch = await provider.token({ sub: 'repo:acme/shop:ref:refs/heads/wip', aud: 'sts.example' })
  assert.deepEqual(await failure(assume(branch, { RoleArn })), denied)
  const token = await provider.token({ sub: SUBJECT, aud: 'sts.example' })
  assert.deepEqual(await failure(assume(token, { RoleArn: `arn:aws:iam::${ACCOUNT}:role/none` })), denied)
})

test('a role that trusts an account, or another provider, is not for web identities', async () => {
  const trust = (Principal: object) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRoleWithWebIdentity' }],
    })
  const document = trust({ AWS: `arn:aws:iam::${ACCOUNT}:root` })
  await harness.call('CreateRole', { RoleName: 'for-account', AssumeRolePolicyDocument: document })
  const token = await provider.token({ sub: SUBJECT, aud: 'sts.example' })
  assert.equal(
    await codeOf(assume(token, { RoleArn: `arn:aws:iam::${ACCOUNT}:role/for-account` })),
    'AccessDeniedException',
  )
})

test('an authorised party counts in place of the audience', async () => {
  const token = await provider.token({ sub: SUBJECT, aud: 'anything', azp: 'sts.example' })
  assert.equal((await assume(token)).Audience, 'sts.example')
  const stranger = await provider.token({ sub: SUBJECT, aud: 'sts.example', azp: 'stranger' })
  assert.deepEqual(await failure(assume(stranger)), { code: 'InvalidIdentityToken', text: 'Incorrect token audience' })
})

test('a token for several audiences needs an authorised party (recorded)', async () => {
  const several = { sub: SUBJECT, aud: ['sts.example', 'other'] }
  assert.deepEqual(await failure(assume(await provider.token(several))), {
    code: 'InvalidIdentityToken',
    text: 'Token audience contains more than one audience while authorized party is not present',
  })
  assert.equal((await assume(await provider.token({ ...several, azp: 'sts.example' }))).Audience, 'sts.example')
  assert.equal((await assume(await provider.token({ ...several, aud: ['sts.example'] }))).Audience, 'sts.example')
})

test('a token that names roles is for no other, whatever their trust policies say (recorded)', async () => {
  const claim = 'https://aws.amazon.com/roles'
  const tokenFor = (roles: unknown) => provider.token({ sub: SUBJECT, aud: 'sts.example', [claim]: roles })
  const other = `arn:aws:iam::${ACCOUNT}:role/path/other`
  for (const roles of [ROLE, [ROLE], [other, ROLE], `${other}; ${ROLE} `, [7, ROLE]]) {
    await assume(await tokenFor(roles))
    assert.deepEqual(harness.auditRecords().at(-1).additionalEventData, { RoleAuthorizedByIdp: true })
  }
  await assume(await tokenFor(null))
  assert.equal(harness.auditRecords().at(-1).additionalEventData, undefined)
  const absent = 'The target role ARN is not present in the roles claim of the identity token'
  const none = 'The roles claim contains no valid role ARNs'
  const refusals: readonly (readonly [roles: unknown, text: string])[] = [
    [other, absent],
    [[other], absent],
    [ROLE.toUpperCase(), none],
    ['deploy', none],
    [ROLE.replace('deploy', '*'), none],
    ['', none],
    [[], none],
    [[7], none],
    [{ role: ROLE }, 'The roles claim is not in a supported format'],
    [7, 'The roles claim is not in a supported format'],
  ]
  for (const [roles, text] of refusals) {
    assert.deepEqual(await failure(assume(await tokenFor(roles))), { code: 'InvalidIdentityToken', text })
  }
})

test('a trust policy can demand that the token names the role', async () => {
  await makeRole(harness, 'pinned', { Bool: { 'sts:RoleAuthorizedByIdp': 'true' } })
  const RoleArn = `arn:aws:iam::${ACCOUNT}:role/pinned`
  const good = { sub: SUBJECT, aud: 'sts.example' }
  assert.equal(await codeOf(assume(await provider.token(good), { RoleArn })), 'AccessDeniedException')
  await assume(await provider.token({ ...good, 'https://aws.amazon.com/roles': RoleArn }), { RoleArn })
})

test('tokens are refused for what is wrong with them', async () => {
  const good = { sub: SUBJECT, aud: 'sts.example' }
  const now = Math.floor(harness.clock.now() / 1000)
  const expired = await failure(assume(await provider.token({ ...good, exp: now - 61 })))
  assert.equal(expired.code, 'ExpiredTokenException')
  // Recorded of 2024 and 2025; in 2021 it lacked the last space.
  assert.equal(
    expired.text,
    `Token expired: current date/time ${now} must be before the expiration date/time ${now - 61}`,
  )
  await assume(await provider.token({ ...good, exp: now - 59 }))
  const refused: readonly (readonly [what: string, token: string])[] = [
    ['audience of nobody', await provider.token({ ...good, aud: 'nobody' })],
    ['no subject', await provider.token({ aud: 'sts.example' })],
    ['empty subject', await provider.token({ ...good, sub: '' })],
    ['no audience', await provider.token({ sub: SUBJECT })],
    ['no expiry', await provider.token({ ...good, exp: undefined })],
    ['not yet valid', await provider.token({ ...good, nbf: now + 120 })],
    ['issued in the future', await provider.token({ ...good, iat: now + 120 })],
    ['another issuer', await provider.token({ ...good, iss: 'https://elsewhere.example' })],
    ['issuer without TLS', await provider.token({ ...good, iss: provider.issuer.replace('https', 'http') })],
    ['no token at all', 'abcd'],
    ['an access token', 'a.b.c'],
    ['four parts', `${await provider.token(good)}.x`],
  ]
  for (const [what, token] of refused) assert.equal(await codeOf(assume(token)), 'InvalidIdentityToken', what)
})

function base64url(value: object | Buffer): string {
  return (Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value))).toString('base64url')
}

test('what the provider did not sign is refused: none, HMAC with its public key, changed claims, another signature', async () => {
  const token = await provider.token({ sub: SUBJECT, aud: 'sts.example' })
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const none = `${base64url({ alg: 'none' })}.${payload}.`
  const hs = `${base64url({ alg: 'HS256', kid: 'first' })}.${payload}`
  const [publicKey] = (await provider.jwks()).keys
  const mac = createHmac('sha256', JSON.stringify(publicKey)).update(hs).digest()
  const forged = [
    none,
    `${hs}.${base64url(mac)}`,
    `${header}.${base64url({ ...claims, sub: 'somebody else' })}.${signature}`,
    `${header}.${payload}.${base64url(Buffer.alloc(256))}`,
    `${header}.${payload}.`,
    `${base64url({ alg: 'PS256', kid: 'first' })}.${payload}.${signature}`,
    `${base64url({ alg: 'RS256', kid: 'first', crit: ['x'], x: 1 })}.${payload}.${signature}`,
  ]
  for (const token of forged) assert.equal(await codeOf(assume(token)), 'InvalidIdentityToken', token.slice(0, 60))
})

test('who is refused before he is known is not in the audit log, who is refused after that is (audit.md AU-3)', async () => {
  const before = harness.auditLines.length
  const nobody = await provider.token({ sub: SUBJECT, aud: 'nobody' })
  assert.equal(await codeOf(assume(nobody)), 'InvalidIdentityToken')
  assert.equal(await codeOf(assume('abcd', { RoleArn: 'x' })), 'ValidationException')
  assert.equal(harness.auditLines.length, before)
  assert.equal(await codeOf(assume(await provider.token({ sub: SUBJECT, aud: 'other' }))), 'AccessDeniedException')
  const record = harness.auditRecords().at(-1)
  assert.equal(record.errorCode, 'AccessDenied')
  assert.equal(record.userIdentity.userName, SUBJECT)
})

test('a provider is known in its own account only', async () => {
  const token = await provider.token({ sub: SUBJECT, aud: 'sts.example' })
  const RoleArn = `arn:aws:iam::${OTHER_ACCOUNT}:role/deploy`
  assert.deepEqual(await failure(assume(token, { RoleArn })), {
    code: 'InvalidIdentityToken',
    text: `No OpenIDConnect provider found in your account for ${provider.issuer}`,
  })
})

test('session tags and source identity come from claims, and need their permissions', async () => {
  const claims = {
    sub: SUBJECT,
    aud: 'sts.example',
    'https://aws.amazon.com/tags': { principal_tags: { Team: ['shop'] }, transitive_tag_keys: ['Team'] },
    'https://aws.amazon.com/source_identity': 'alice',
  }
  const token = await provider.token(claims)
  assert.equal((await failure(assume(token))).text, 'Not authorized to perform sts:TagSession')
  await makeRole(harness, 'tagged', {}, ['sts:TagSession'])
  const tagged = { RoleArn: `arn:aws:iam::${ACCOUNT}:role/tagged` }
  assert.equal((await failure(assume(token, tagged))).text, 'Not authorized to perform sts:SetSourceIdentity')
  const condition = { StringEquals: { 'aws:RequestTag/Team': 'shop', 'sts:SourceIdentity': 'alice' } }
  await makeRole(harness, 'both', condition, ['sts:TagSession', 'sts:SetSourceIdentity'])
  const both = { RoleArn: `arn:aws:iam::${ACCOUNT}:role/both` }
  const answer = await assume(token, both)
  assert.equal(answer.SourceIdentity, 'alice')
  assert.ok(answer.PackedPolicySize > 0)
  const other = await provider.token({ ...claims, 'https://aws.amazon.com/source_identity': 'mallory' })
  assert.equal(await codeOf(assume(other, both)), 'AccessDeniedException')
  for (const tags of [
    { principal_tags: { Team: ['a', 'b'] } },
    { principal_tags: ['Team'] },
    'Team',
    { principal_tags: { '': ['a'] } },
  ]) {
    const odd = await provider.token({ ...claims, 'https://aws.amazon.com/tags': tags })
    assert.equal(await codeOf(assume(odd, both)), 'InvalidIdentityToken', JSON.stringify(tags))
  }
})

test('ES256 does as well, and a made-up key id does not make this server ask again at once', async () => {
  const claims = { sub: SUBJECT, aud: 'sts.example' }
  const on = await openHarness({ isPrivate: true, ca: provider.ca })
  try {
    await assume(await provider.token(claims), {}, on)
    provider.addKey('ES256', 'second')
    const before = provider.requests.length
    assert.equal(await codeOf(assume(await provider.token(claims), {}, on)), 'InvalidIdentityToken')
    assert.equal(provider.requests.length, before)
  } finally {
    await on.close()
  }
  const later = await openHarness({ isPrivate: true, ca: provider.ca })
  try {
    await assume(await provider.token(claims), {}, later)
  } finally {
    await later.close()
  }
})

test('a provider on a private address is not asked unless the operator allows it', async () => {
  const on = await openHarness({ ca: provider.ca })
  try {
    const before = provider.requests.length
    assert.equal(
      await codeOf(assume(await provider.token({ sub: SUBJECT, aud: 'sts.example' }), {}, on)),
      'IDPCommunicationError',
    )
    assert.equal(provider.requests.length, before)
  } finally {
    await on.close()
  }
})

test('a provider whose certificate nobody trusts is not believed', async () => {
  const on = await openHarness({ isPrivate: true })
  try {
    assert.equal(
      await codeOf(assume(await provider.token({ sub: SUBJECT, aud: 'sts.example' }), {}, on)),
      'IDPCommunicationError',
    )
  } finally {
    await on.close()
  }
})

test('keys that the operator gives are used without asking anybody', async () => {
  const on = await openHarness({ jwks: await provider.jwks() })
  try {
    const before = provider.requests.length
    await assume(await provider.token({ sub: SUBJECT, aud: 'sts.example' }), {}, on)
    const unknown = await provider.token({ sub: SUBJECT, aud: 'sts.example' }, { kid: 'unknown' })
    assert.equal(await codeOf(assume(unknown, {}, on)), 'InvalidIdentityToken')
    assert.equal(provider.requests.length, before)
  } finally {
    await on.close()
  }
})

const BROKEN: readonly (readonly [what: string, path: string, answer: object, code: string])[] = [
  ['discovery says 500', DISCOVERY, { status: 500 }, 'IDPCommunicationError'],
  [
    'discovery leads elsewhere',
    DISCOVERY,
    { status: 302, headers: { location: 'https://127.0.0.1/' } },
    'IDPCommunicationError',
  ],
  ['discovery is no JSON', DISCOVERY, { body: '<html>' }, 'InvalidIdentityToken'],
  [
    'discovery is of another issuer',
    DISCOVERY,
    { body: '{"issuer":"https://x","jwks_uri":"https://localhost/"}' },
    'InvalidIdentityToken',
  ],
  ['keys are on plain HTTP', DISCOVERY, undefined as never, 'IDPCommunicationError'],
  ['keys are too many bytes', KEYS, { body: `{"keys":[],"x":"${'x'.repeat(300_000)}"}` }, 'IDPCommunicationError'],
  ['keys are no list', KEYS, { body: '{"keys":{}}' }, 'InvalidIdentityToken'],
  ['keys are none', KEYS, { body: '{"keys":[]}' }, 'InvalidIdentityToken'],
]

for (const [what, path, answer, code] of BROKEN) {
  test(`a provider whose ${what} ends as ${code}`, async () => {
    const on = await openHarness({ isPrivate: true, ca: provider.ca })
    const plain = { body: JSON.stringify({ issuer: provider.issuer, jwks_uri: 'http://localhost/keys' }) }
    provider.answerWith(path, answer ?? plain)
    try {
      assert.equal(await codeOf(assume(await provider.token({ sub: SUBJECT, aud: 'sts.example' }), {}, on)), code)
    } finally {
      provider.answerWith(path, undefined)
      await on.close()
    }
  })
}
