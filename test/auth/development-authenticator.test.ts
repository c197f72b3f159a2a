import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDevelopmentAuthenticator } from '../../src/auth/development-authenticator.ts'
import { MINUTE_MS } from '../../src/base/clock.ts'
import { KmsError } from '../../src/base/errors.ts'
import { createTestClock } from '../support/test-clock.ts'
import { NO_SERVICES, NO_SESSIONS } from './no-sessions.ts'
import {
  ACCESS_KEY_ID,
  type RawRequest,
  SECRET_ACCESS_KEY,
  signedRequest,
  takingRaw,
  withAuthorization,
} from './signer.ts'

const NOW = Date.UTC(2026, 2, 1, 12)
const date = new Date(NOW)

function setUp({ active = true } = {}) {
  const clock = createTestClock(NOW)
  const account = '111122223333'
  const accessKey = {
    accessKeyId: ACCESS_KEY_ID,
    account,
    userName: undefined,
    active,
    token: Buffer.of(),
    createdAt: 0,
  }
  const authenticator = takingRaw(
    createDevelopmentAuthenticator({
      clock,
      sessionClock: clock,
      services: NO_SERVICES,
      sessions: NO_SESSIONS,
      openAccount: async () => undefined,
      findCredential: async (accessKeyId) =>
        accessKeyId === ACCESS_KEY_ID ? { accessKey, user: undefined } : undefined,
      openSecret: async () => Buffer.from(SECRET_ACCESS_KEY),
    }),
  )
  const codeOf = async (request: RawRequest) => {
    try {
      await authenticator.authenticate(request)
      return 'accepted'
    } catch (error) {
      assert.ok(error instanceof KmsError)
      return error.code
    }
  }
  return { authenticator, clock, codeOf }
}

test('test signed with test is the root of account 000000000000', async () => {
  const { authenticator, codeOf } = setUp()
  const request = await signedRequest({ date, accessKeyId: 'test', secretAccessKey: 'test' })
  assert.deepEqual(await authenticator.authenticate(request), {
    principal: {
      type: 'Root',
      account: '000000000000',
      arn: 'arn:aws:iam::000000000000:root',
      principalId: '000000000000',
      entityId: '000000000000',
      principalArn: 'arn:aws:iam::000000000000:root',
      accessKeyId: 'test',
    },
    region: 'eu-central-1',
  })
  const wrong = await signedRequest({ date, accessKeyId: 'test', secretAccessKey: 'other' })
  assert.equal(await codeOf(wrong), 'InvalidSignatureException')
})

test('an access key of 12 digits is its account, any other is of account 000000000000, whatever the signature', async () => {
  const { authenticator } = setUp()
  const accounts: readonly [string, string][] = [
    ['123456789012', '123456789012'],
    ['12345678901', '000000000000'],
    ['1234567890123', '000000000000'],
    ['AKIAWHOEVER', '000000000000'],
  ]
  for (const [accessKeyId, account] of accounts) {
    const request = await signedRequest({ date, accessKeyId, secretAccessKey: 'anything' })
    const first = await authenticator.authenticate(request)
    assert.equal(first.principal.account, account)
    assert.equal(first.principal.arn, `arn:aws:iam::${account}:root`)
    const second = authenticator.authenticate(request)
    assert.ok(!(second instanceof Promise))
    assert.equal(second.principal, first.principal)
  }
})

test('a session token that nobody issued is let through', async () => {
  const { codeOf } = setUp()
  const session = { date, sessionToken: 'test' }
  assert.equal(
    await codeOf(await signedRequest({ ...session, accessKeyId: 'test', secretAccessKey: 'test' })),
    'accepted',
  )
  assert.equal(await codeOf(await signedRequest({ ...session, accessKeyId: '123456789012' })), 'accepted')
})

test('a stored access key is verified as ever', async () => {
  const { codeOf } = setUp()
  assert.equal(await codeOf(await signedRequest({ date })), 'accepted')
  assert.equal(await codeOf(await signedRequest({ date, secretAccessKey: 'x' })), 'InvalidSignatureException')
  assert.equal(await codeOf(await signedRequest({ date, sessionToken: 'test' })), 'UnrecognizedClientException')
  const inactive = setUp({ active: false })
  assert.equal(await inactive.codeOf(await signedRequest({ date })), 'UnrecognizedClientException')
})

test('framing, clock and scope are checked for everybody', async () => {
  const { clock, codeOf } = setUp()
  const request = await signedRequest({ date, accessKeyId: '123456789012', secretAccessKey: 'x' })
  assert.equal(await codeOf(withAuthorization(request, '/kms/', '/s3/')), 'InvalidSignatureException')
  assert.equal(await codeOf(withAuthorization(request, ';host', '')), 'InvalidSignatureException')
  assert.equal(await codeOf(withAuthorization(request, 'AWS4-', 'AWS5-')), 'MissingAuthenticationTokenException')
  assert.equal(await codeOf(withAuthorization(request, '123456789012', '')), 'UnrecognizedClientException')
  clock.advance(6 * MINUTE_MS)
  assert.equal(await codeOf(request), 'InvalidSignatureException')
})
