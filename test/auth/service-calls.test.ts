/** Requests of services, signed by the signer of the AWS SDK: whom they call for, and who may say so (docs/services.md). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createAuthenticator } from '../../src/auth/authenticator.ts'
import { KmsError } from '../../src/base/errors.ts'
import type { Credential, ServiceAccessKey } from '../../src/domain/identity/entities.ts'
import { createTestClock } from '../support/test-clock.ts'
import { NO_SESSIONS } from './no-sessions.ts'
import { HOST, type RawAuthenticator, SECRET_ACCESS_KEY, signedRequest, takingRaw, withHeader } from './signer.ts'

const ACCOUNT = '111122223333'
const NOW = Date.UTC(2026, 2, 1, 12)
const SERVICE_KEY = 'AKIASERVICESERVICE01'
const USER_KEY = 'AKIAUSERUSERUSERUSER'
const ON_BEHALF_OF = 'x-keyhold-on-behalf-of'

let authenticator: RawAuthenticator
const clock = createTestClock(NOW)
let isServiceActive = true
let isUserActive = true

before(() => {
  const token = Buffer.alloc(0)
  const user = {
    account: ACCOUNT,
    userName: 'alice',
    path: '/',
    userId: 'AIDAEXAMPLE',
    createdAt: 0,
    tags: [],
    boundaryArn: undefined,
  }
  const credential = (): Credential => ({
    user,
    accessKey: {
      accessKeyId: USER_KEY,
      account: ACCOUNT,
      userName: 'alice',
      active: isUserActive,
      token,
      createdAt: 0,
    },
  })
  const service = (accessKeyId: string): ServiceAccessKey => ({
    ...{ accessKeyId, service: 's3.amazonaws.com', active: isServiceActive, token, createdAt: 0 },
  })
  const openSecret = async () => Buffer.from(SECRET_ACCESS_KEY)
  authenticator = takingRaw(
    createAuthenticator({
      clock,
      sessionClock: clock,
      sessions: NO_SESSIONS,
      services: { find: async (id) => (id === SERVICE_KEY ? service(id) : undefined), openSecret },
      findCredential: async (id) => (id === USER_KEY ? credential() : undefined),
      openSecret,
    }),
  )
})
after(() => authenticator.clear())

const signed = (headers: Readonly<Record<string, string>>, signing: { accessKeyId?: string; service?: string } = {}) =>
  signedRequest({ date: new Date(NOW), accessKeyId: SERVICE_KEY, ...signing }, { headers: { host: HOST, ...headers } })

async function refusal(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    assert.ok(error instanceof KmsError)
    return error.code
  }
  throw new assert.AssertionError({ message: 'it was let in' })
}

test('a service calls for itself, with the resource that it calls for', async () => {
  const request = await signed({ 'x-amz-source-arn': 'arn:aws:s3:::bucket', 'x-amz-source-account': ACCOUNT })
  const { principal, source } = await authenticator.authenticate(request)
  assert.deepEqual([principal.type, principal.arn, principal.account], ['AWSService', 's3.amazonaws.com', ''])
  assert.deepEqual(source, { arn: 'arn:aws:s3:::bucket', account: ACCOUNT })
})

test('a service calls for a user: it is the user, the same object each time, and through the service', async () => {
  const request = await signed({ [ON_BEHALF_OF]: USER_KEY })
  const { principal } = await authenticator.authenticate(request)
  assert.deepEqual([principal.type, principal.userName, principal.invokedBy], ['IAMUser', 'alice', 's3.amazonaws.com'])
  assert.equal((await authenticator.authenticate(request)).principal, principal)
  const own = await authenticator.authenticate(await signed({}, { accessKeyId: USER_KEY }))
  assert.equal(own.principal.invokedBy, undefined)
})

test('a header that the signature does not cover is refused: it may come from somebody on the way', async () => {
  for (const name of [ON_BEHALF_OF, 'x-keyhold-on-behalf-of-token', 'x-amz-source-arn', 'x-amz-source-account']) {
    const request = withHeader(await signed({}), name, USER_KEY)
    assert.equal(await refusal(() => authenticator.authenticate(request)), 'InvalidSignatureException', name)
  }
})

test('a user cannot call for another, nor say from where', async () => {
  const request = await signed({ [ON_BEHALF_OF]: USER_KEY, 'x-amz-source-account': ACCOUNT }, { accessKeyId: USER_KEY })
  const { principal, source } = await authenticator.authenticate(request)
  assert.deepEqual([principal.invokedBy, source], [undefined, undefined])
})

test('for nobody, and for another service, a service cannot call', async () => {
  for (const id of ['AKIANOBODYNOBODYNOBO', SERVICE_KEY, '']) {
    const request = await signed({ [ON_BEHALF_OF]: id })
    const code = await refusal(() => authenticator.authenticate(request))
    assert.equal(code, 'UnrecognizedClientException', id)
  }
})

test('only calls of KMS are forwarded', async () => {
  for (const service of ['sts', 'iam'] as const) {
    const request = await signed({ [ON_BEHALF_OF]: USER_KEY }, { service })
    assert.equal(await refusal(() => authenticator.authenticate(request, service)), 'AccessDeniedException')
  }
})

test('a user whose access key was made inactive is nobody to a service too, and so is a service whose own was', async () => {
  const forwarded = await signed({ [ON_BEHALF_OF]: USER_KEY })
  const own = await signed({})
  await authenticator.authenticate(forwarded)
  isUserActive = false
  authenticator.drop([{ kind: 'access-key', subject: USER_KEY }])
  assert.equal(await refusal(() => authenticator.authenticate(forwarded)), 'UnrecognizedClientException')
  await authenticator.authenticate(own)
  isServiceActive = false
  authenticator.drop([{ kind: 'access-key', subject: SERVICE_KEY }])
  assert.equal(await refusal(() => authenticator.authenticate(own)), 'UnrecognizedClientException')
})
