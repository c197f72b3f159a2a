/** Requests signed with temporary credentials (authorization.md 5.4, 6.7). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createAuthenticator } from '../../src/auth/authenticator.ts'
import { createDevelopmentAuthenticator } from '../../src/auth/development-authenticator.ts'
import { HOUR_MS } from '../../src/base/clock.ts'
import { KmsError } from '../../src/base/errors.ts'
import { createSessions, type Sessions } from '../../src/domain/identity/sessions.ts'
import { ACCOUNT, type Answer, createHarness, type Harness } from '../support/harness.ts'
import { createTestClock, type TestClock } from '../support/test-clock.ts'
import { NO_SERVICES } from './no-sessions.ts'
import {
  presignedRequest,
  type RawAuthenticator,
  type RawRequest,
  type Signing,
  signedRequest,
  takingRaw,
  withHeader,
} from './signer.ts'

let harness: Harness
let sessions: Sessions
/** How often a token was opened to find out whose it is. */
let finds = 0

const TRUST = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"${ACCOUNT}"},"Action":"sts:AssumeRole"}}`
const INVALID = ['UnrecognizedClientException', 'The security token included in the request is invalid.']
const EXPIRED = ['ExpiredTokenException', 'The security token included in the request is expired']

before(async () => {
  harness = await createHarness()
  const { store, service } = harness
  const made = createSessions({ store, domainKeys: service.domainKeys, random: service.random })
  sessions = {
    ...made,
    find(accessKeyId, token) {
      finds++
      return made.find(accessKeyId, token)
    },
  }
  for (const RoleName of ['ci', 'brief'])
    await harness.call('CreateRole', { RoleName, AssumeRolePolicyDocument: TRUST })
})

after(() => harness.close())

function setUp(create: typeof createDevelopmentAuthenticator = createAuthenticator): {
  authenticator: RawAuthenticator
  clock: TestClock
  sessionClock: TestClock
} {
  finds = 0
  const clock = createTestClock(harness.clock.now())
  const sessionClock = createTestClock(harness.clock.now())
  const noSecret = () => Promise.reject(new Error('no long-term key is used here'))
  const { store } = harness
  const findCredential = (accessKeyId: string) => store.findCredential(accessKeyId)
  const openAccount = async () => {}
  const authenticator = create({
    openAccount,
    findCredential,
    openSecret: noSecret,
    services: NO_SERVICES,
    sessions,
    clock,
    sessionClock,
  })
  return { authenticator: takingRaw(authenticator), clock, sessionClock }
}

async function assumed(RoleName = 'ci'): Promise<Omit<Required<Signing>, 'date' | 'region' | 'service'>> {
  const RoleArn = `arn:aws:iam::${ACCOUNT}:role/${RoleName}`
  const { Credentials }: Answer = await harness.call('AssumeRole', { RoleArn, RoleSessionName: 'session' })
  return {
    accessKeyId: Credentials.AccessKeyId,
    secretAccessKey: Credentials.SecretAccessKey,
    sessionToken: Credentials.SessionToken,
  }
}

async function refusal(authenticator: RawAuthenticator, request: RawRequest) {
  try {
    await authenticator.authenticate(request)
  } catch (error) {
    assert.ok(error instanceof KmsError, String(error))
    return [error.code, error.text]
  }
  assert.fail('the request was accepted')
}

test('a session is known from its second request on, without opening its token', async () => {
  const { authenticator, clock } = setUp()
  const credentials = await assumed()
  const date = new Date(clock.now())
  const { principal } = await authenticator.authenticate(await signedRequest({ ...credentials, date }))
  assert.equal(principal.type, 'AssumedRole')
  assert.equal(principal.arn, `arn:aws:sts::${ACCOUNT}:assumed-role/ci/session`)
  const again = authenticator.authenticate(await signedRequest({ ...credentials, date }, { body: '{"KeyId":"x"}' }))
  assert.ok(!(again instanceof Promise))
  assert.equal(again.principal, principal)
  const elsewhere = await authenticator.authenticate(
    await signedRequest({ ...credentials, date, region: 'eu-north-1' }),
  )
  assert.equal(elsewhere.principal, principal)
  assert.equal(finds, 1)
})

test('a token in the query of a presigned request counts as well', async () => {
  const { authenticator, clock } = setUp()
  const credentials = await assumed()
  const date = new Date(clock.now())
  const { principal } = await authenticator.authenticate(await presignedRequest({ ...credentials, date }))
  assert.equal(principal.accessKeyId, credentials.accessKeyId)
})

test('without its token, or with the token of another session, an access key is unknown, known before or not', async () => {
  const { authenticator, clock } = setUp()
  const [first, second] = [await assumed(), await assumed()]
  const date = new Date(clock.now())
  const { sessionToken: _token, ...bare } = first
  const wrong = [
    bare,
    { ...first, sessionToken: second.sessionToken },
    { ...first, sessionToken: `${first.sessionToken}A` },
  ]
  for (const credentials of wrong)
    assert.deepEqual(await refusal(authenticator, await signedRequest({ ...credentials, date })), INVALID)
  await authenticator.authenticate(await signedRequest({ ...first, date }))
  for (const credentials of wrong)
    assert.deepEqual(await refusal(authenticator, await signedRequest({ ...credentials, date })), INVALID)
  await authenticator.authenticate(await signedRequest({ ...first, date }))
})

/**
 * "The session token is not part of the information that's used to create the signature", said IAM's guide to temporary
 * credentials; jsign's client of KMS adds it so.
 */
test('a token may be added after signing; one of another session in its place, or beside it, is refused', async () => {
  const { authenticator, clock } = setUp()
  const [{ sessionToken, ...bare }, other] = [await assumed(), await assumed()]
  const date = new Date(clock.now())
  const signed = await signedRequest({ ...bare, date })
  const withToken = (...tokens: string[]) => {
    const added = tokens.flatMap((token) => ['X-Amz-Security-Token', token])
    return { ...signed, rawHeaders: [...signed.rawHeaders, ...added] }
  }
  const tokens = [[other.sessionToken], [`${sessionToken}A`], [sessionToken, other.sessionToken]]
  for (const wrong of tokens) assert.deepEqual(await refusal(authenticator, withToken(...wrong)), INVALID)
  const { principal } = await authenticator.authenticate(withToken(sessionToken))
  assert.equal(principal.accessKeyId, bare.accessKeyId)
  for (const wrong of tokens) assert.deepEqual(await refusal(authenticator, withToken(...wrong)), INVALID)
  const presigned = await presignedRequest({ ...bare, date })
  const again = await authenticator.authenticate(withHeader(presigned, 'x-amz-security-token', sessionToken))
  assert.equal(again.principal, principal)
})

test('a token that was added after signing proves nothing without the secret', async () => {
  const { authenticator, clock } = setUp()
  const { sessionToken, ...bare } = await assumed()
  const signed = await signedRequest({ ...bare, secretAccessKey: 'wrong', date: new Date(clock.now()) })
  const [code] = await refusal(authenticator, withHeader(signed, 'x-amz-security-token', sessionToken))
  assert.equal(code, 'InvalidSignatureException')
})

test('a session ends at its time by the clock of the service, also one that is at hand', async () => {
  const { authenticator, clock, sessionClock } = setUp()
  const credentials = await assumed()
  const request = () => signedRequest({ ...credentials, date: new Date(clock.now()) })
  await authenticator.authenticate(await request())
  // Credentials last for whole seconds, from the beginning of the second in which they were made.
  sessionClock.advance(HOUR_MS - 124)
  await authenticator.authenticate(await request())
  sessionClock.advance(1)
  assert.deepEqual(await refusal(authenticator, await request()), EXPIRED)
  authenticator.clear()
  assert.deepEqual(await refusal(authenticator, await request()), EXPIRED)
})

test('an expired session with a wrong secret, and a wrong token of it, tell nothing new', async () => {
  const { authenticator, clock, sessionClock } = setUp()
  const credentials = await assumed()
  sessionClock.advance(2 * HOUR_MS)
  const date = new Date(clock.now())
  const altered = {
    ...credentials,
    sessionToken: credentials.sessionToken.replace(/^./, (char) => (char === 'A' ? 'B' : 'A')),
  }
  assert.deepEqual(await refusal(authenticator, await signedRequest({ ...altered, date })), INVALID)
})

test('a session is forgotten when something changes in its account, and gone when its role is', async () => {
  const { authenticator, clock } = setUp()
  harness.store.onCommit((notices) => authenticator.drop(notices))
  const credentials = await assumed('brief')
  const request = () => signedRequest({ ...credentials, date: new Date(clock.now()) })
  await authenticator.authenticate(await request())
  await harness.call('CreateUser', { UserName: 'somebody' })
  await authenticator.authenticate(await request())
  assert.equal(finds, 2)
  await harness.call('DeleteRole', { RoleName: 'brief' })
  assert.deepEqual(await refusal(authenticator, await request()), INVALID)
})

test('a change in another account forgets nothing', async () => {
  const { authenticator, clock } = setUp()
  const credentials = await assumed()
  const request = () => signedRequest({ ...credentials, date: new Date(clock.now()) })
  await authenticator.authenticate(await request())
  authenticator.drop([{ kind: 'identity', subject: '999999999999' }])
  await authenticator.authenticate(await request())
  assert.equal(finds, 1)
})

test('development mode verifies the sessions that it issued, and lets in strangers with theirs', async () => {
  const { authenticator, clock, sessionClock } = setUp(createDevelopmentAuthenticator)
  const credentials = await assumed()
  const date = new Date(clock.now())
  const { principal } = await authenticator.authenticate(await signedRequest({ ...credentials, date }))
  assert.equal(principal.type, 'AssumedRole')
  const forged = await signedRequest({ ...credentials, secretAccessKey: 'guessed', date })
  assert.equal((await refusal(authenticator, forged))[0], 'InvalidSignatureException')
  const stranger = { accessKeyId: 'ASIAOFSOMEBODYELSE01', secretAccessKey: 'whatever', sessionToken: 'from elsewhere' }
  const { principal: believed } = await authenticator.authenticate(await signedRequest({ ...stranger, date }))
  assert.equal(believed.arn, 'arn:aws:iam::000000000000:root')
  sessionClock.advance(2 * HOUR_MS)
  assert.deepEqual(await refusal(authenticator, await signedRequest({ ...credentials, date })), EXPIRED)
})

test('a revoked session is unknown, at hand or not; another of the same role goes on', async () => {
  const { authenticator, clock, sessionClock } = setUp()
  harness.store.onCommit((notices) => authenticator.drop(notices))
  const [stolen, other] = [await assumed(), await assumed()]
  const request = (credentials: typeof stolen) => signedRequest({ ...credentials, date: new Date(clock.now()) })
  for (const credentials of [stolen, other]) await authenticator.authenticate(await request(credentials))
  const { accessKeyId } = stolen
  const revoked = { accessKeyId, account: ACCOUNT, revokedAt: clock.now(), expiresAt: clock.now() + 36 * HOUR_MS }
  await harness.store.change((change) => change.revokeSession(revoked))
  assert.deepEqual(await refusal(authenticator, await request(stolen)), INVALID)
  await authenticator.authenticate(await request(other))
  assert.equal(finds, 3)
  authenticator.clear()
  assert.deepEqual(await refusal(authenticator, await request(stolen)), INVALID)
  sessionClock.advance(2 * HOUR_MS)
  assert.deepEqual(await refusal(authenticator, await request(stolen)), INVALID)
})

test('development mode does not take a revoked session for one from elsewhere', async () => {
  const { authenticator, clock } = setUp(createDevelopmentAuthenticator)
  const credentials = await assumed()
  const { accessKeyId } = credentials
  const revoked = { accessKeyId, account: ACCOUNT, revokedAt: clock.now(), expiresAt: clock.now() + 36 * HOUR_MS }
  await harness.store.change((change) => change.revokeSession(revoked))
  const request = await signedRequest({ ...credentials, date: new Date(clock.now()) })
  assert.deepEqual(await refusal(authenticator, request), INVALID)
})
