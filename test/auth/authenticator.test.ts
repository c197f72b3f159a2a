import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createAuthenticator } from '../../src/auth/authenticator.ts'
import { MINUTE_MS, SECOND_MS } from '../../src/base/clock.ts'
import { KmsError } from '../../src/base/errors.ts'
import type { Service } from '../../src/base/services.ts'
import type { Credential } from '../../src/domain/identity/entities.ts'
import { createTestClock } from '../support/test-clock.ts'
import { NO_SERVICES, NO_SESSIONS } from './no-sessions.ts'
import {
  ACCESS_KEY_ID,
  authorizationOf,
  HOST,
  presignedRequest,
  type RawAuthenticator,
  type RawRequest,
  SECRET_ACCESS_KEY,
  signedRequest,
  TARGET,
  takingRaw,
  withAuthorization,
  withHeader,
} from './signer.ts'

const NOW = Date.UTC(2026, 2, 1, 12, 0, 0)
const date = new Date(NOW)
const ACCOUNT = '111122223333'

const INVALID_TOKEN = 'The security token included in the request is invalid.'
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

function credentialOf(
  accessKeyId: string,
  change: { active?: boolean; root?: boolean; path?: string } = {},
): Credential {
  const name = { account: ACCOUNT, userName: 'alice', path: change.path ?? '/', userId: 'AIDAEXAMPLE' }
  const user = { ...name, createdAt: 0, tags: [], boundaryArn: undefined }
  return {
    accessKey: {
      accessKeyId,
      account: ACCOUNT,
      userName: change.root ? undefined : 'alice',
      active: change.active ?? true,
      token: Buffer.alloc(0),
      createdAt: 0,
    },
    user: change.root ? undefined : user,
  }
}

function setUp() {
  const clock = createTestClock(NOW)
  const credentials = new Map([[ACCESS_KEY_ID, credentialOf(ACCESS_KEY_ID)]])
  const secrets = new Map<string, string>()
  let finds = 0
  const opened: Buffer[] = []
  const authenticator = takingRaw(
    createAuthenticator({
      clock,
      async findCredential(accessKeyId) {
        finds++
        return credentials.get(accessKeyId)
      },
      sessionClock: clock,
      services: NO_SERVICES,
      sessions: NO_SESSIONS,
      async openSecret({ accessKey }) {
        const secret = Buffer.from(secrets.get(accessKey.accessKeyId) ?? SECRET_ACCESS_KEY)
        opened.push(secret)
        return secret
      },
    }),
  )
  return { authenticator, clock, credentials, secrets, opened, finds: () => finds }
}

async function refusal(
  authenticator: RawAuthenticator,
  request: RawRequest,
  service?: Service,
): Promise<{ code: string; text: string }> {
  try {
    await authenticator.authenticate(request, service)
  } catch (error) {
    assert.ok(error instanceof KmsError, String(error))
    assert.equal(error.status, 400)
    return { code: error.code, text: error.text! }
  }
  assert.fail('the request was accepted')
}

test("a request signed by the SDK's signer is its user's, in the Region of its scope", async () => {
  const { authenticator } = setUp()
  const request = await signedRequest({ date, region: 'ap-southeast-2' })
  assert.deepEqual(await authenticator.authenticate(request), {
    principal: {
      type: 'IAMUser',
      account: ACCOUNT,
      arn: `arn:aws:iam::${ACCOUNT}:user/alice`,
      principalId: 'AIDAEXAMPLE',
      entityId: 'AIDAEXAMPLE',
      principalArn: `arn:aws:iam::${ACCOUNT}:user/alice`,
      userName: 'alice',
      accessKeyId: ACCESS_KEY_ID,
    },
    region: 'ap-southeast-2',
  })
})

test('a key without a user is the root of its account; a path is part of the ARN', async () => {
  const { authenticator, credentials } = setUp()
  credentials.set('AKIAROOT', credentialOf('AKIAROOT', { root: true }))
  credentials.set('AKIATEAM', credentialOf('AKIATEAM', { path: '/team/' }))
  const root = await authenticator.authenticate(await signedRequest({ date, accessKeyId: 'AKIAROOT' }))
  assert.deepEqual(root.principal, {
    type: 'Root',
    account: ACCOUNT,
    arn: `arn:aws:iam::${ACCOUNT}:root`,
    principalId: ACCOUNT,
    entityId: ACCOUNT,
    principalArn: `arn:aws:iam::${ACCOUNT}:root`,
    accessKeyId: 'AKIAROOT',
  })
  const team = await authenticator.authenticate(await signedRequest({ date, accessKeyId: 'AKIATEAM' }))
  assert.equal(team.principal.arn, `arn:aws:iam::${ACCOUNT}:user/team/alice`)
})

test('a known key is answered without a promise, without the store, and with the same principal', async () => {
  const { authenticator, finds } = setUp()
  const first = await authenticator.authenticate(await signedRequest({ date }))
  const second = authenticator.authenticate(await signedRequest({ date }, { body: '{"KeyId":"other"}' }))
  assert.ok(!(second instanceof Promise))
  assert.equal(second.principal, first.principal)
  const otherRegion = await authenticator.authenticate(await signedRequest({ date, region: 'us-gov-west-1' }))
  assert.equal(otherRegion.principal, first.principal)
  assert.equal(finds(), 1)
})

test('requests that come together while a key is first read share one reading and one principal', async () => {
  const { authenticator, finds } = setUp()
  const requests = await Promise.all(['a', 'b', 'c'].map((body) => signedRequest({ date }, { body })))
  const answers = await Promise.all(requests.map((request) => authenticator.authenticate(request)))
  assert.equal(new Set(answers.map(({ principal }) => principal)).size, 1)
  assert.equal(finds(), 1)
})

test('the opened secret is wiped', async () => {
  const { authenticator, opened } = setUp()
  await authenticator.authenticate(await signedRequest({ date }))
  assert.deepEqual(opened, [Buffer.alloc(SECRET_ACCESS_KEY.length)])
})

test('the signature covers method, path, query, body and every signed header', async () => {
  const { authenticator } = setUp()
  const request = await signedRequest({ date }, { url: '/some/path?b=2&a=1' })
  await authenticator.authenticate(request)
  const altered: RawRequest[] = [
    { ...request, method: 'PUT' },
    { ...request, path: '/' },
    { ...request, query: 'b=2&a=2' },
    { ...request, query: '' },
    { ...request, body: Buffer.from('{ }') },
    withHeader(request, 'host', 'kms.test'),
    withHeader(request, 'host', undefined),
    withHeader(request, 'content-type', 'application/json'),
    withHeader(request, 'x-amz-target', 'TrentService.Decrypt'),
    withHeader(request, 'x-amz-date', '20260301T120001Z'),
    { ...request, rawHeaders: [...request.rawHeaders, 'Host', 'evil.test'] },
    { ...request, rawHeaders: ['X-AMZ-TARGET', 'TrentService.Decrypt', ...request.rawHeaders] },
  ]
  for (const [index, bad] of altered.entries()) {
    assert.deepEqual(
      await refusal(authenticator, bad),
      { code: 'InvalidSignatureException', text: MISMATCH },
      `${index}`,
    )
  }
})

test('a request with one byte changed is never accepted', async () => {
  const { authenticator } = setUp()
  const request = await signedRequest({ date }, { body: '{"KeyId":"alias/a","Plaintext":"aGk="}' })
  await authenticator.authenticate(request)
  const signature = /Signature=([0-9a-f]{64})$/.exec(authorizationOf(request))![1]!
  const places = fc.oneof(
    fc.record({ what: fc.constant('body'), at: fc.nat(request.body.length - 1), bit: fc.nat(7) }),
    fc.record({ what: fc.constant('signature'), at: fc.nat(63), bit: fc.nat(15) }),
  )
  await fc.assert(
    fc.asyncProperty(places, async ({ what, at, bit }) => {
      if (what === 'body') {
        const body = Buffer.from(request.body)
        body[at]! ^= 1 << bit
        await refusal(authenticator, { ...request, body })
      } else {
        const digit = bit.toString(16)
        fc.pre(signature[at] !== digit)
        const forged = signature.slice(0, at) + digit + signature.slice(at + 1)
        await refusal(authenticator, withAuthorization(request, signature, forged))
      }
    }),
  )
})

test('header values are compared with runs of blanks collapsed, byte by byte as they were sent', async () => {
  const { authenticator } = setUp()
  const headers = { host: HOST, 'x-amz-target': TARGET, 'x-amz-note': ' two  blanks\tand a tab ' }
  const request = await signedRequest({ date }, { headers })
  await authenticator.authenticate(request)
  await authenticator.authenticate(withHeader(request, 'x-amz-note', 'two blanks and a tab'))
  // Node shows the bytes of UTF-8 as Latin-1: the last byte of à looks like a no-break space.
  const accented = await signedRequest(
    { date },
    { headers: { host: HOST, 'x-amz-target': TARGET, 'x-amz-note': 'voilà' } },
  )
  const asReceived = Buffer.from('voilà').toString('latin1')
  await authenticator.authenticate(withHeader(accented, 'x-amz-note', asReceived))
  assert.equal((await refusal(authenticator, withHeader(accented, 'x-amz-note', 'voil'))).text, MISMATCH)
})

test('the parameters of the Authorization header may come in any order, with or without spaces', async () => {
  const { authenticator } = setUp()
  const request = await signedRequest({ date })
  const [, credential, signedHeaders, signature] = /(Credential=\S+), (SignedHeaders=\S+), (Signature=\S+)/.exec(
    authorizationOf(request),
  ) as unknown as [string, string, string, string]
  for (const parameters of [
    `${credential},${signedHeaders},${signature}`,
    `${signature}, ${signedHeaders}, ${credential}`,
    `${credential}  ,  ${signature},${signedHeaders}`,
  ]) {
    await authenticator.authenticate(withHeader(request, 'authorization', `AWS4-HMAC-SHA256 ${parameters}`))
  }
})

test('Date serves where X-Amz-Date is missing', async () => {
  const { authenticator } = setUp()
  const request = await signedRequest({ date })
  const unsigned = withHeader(withHeader(request, 'x-amz-date', undefined), 'Date', '20260301T120000Z')
  assert.equal((await refusal(authenticator, unsigned)).text, MISMATCH)
  const wrong = withHeader(withHeader(request, 'x-amz-date', undefined), 'Date', 'Sun, 01 Mar 2026 12:00:00 GMT')
  assert.match((await refusal(authenticator, wrong)).text, /^Date must be in ISO-8601 'basic format'\. Got 'Sun, 01/)
})

test('a presigned request is accepted, with the target signed as a header', async () => {
  const { authenticator } = setUp()
  const request = await presignedRequest({ date })
  assert.match(request.query, /X-Amz-Algorithm=AWS4-HMAC-SHA256/)
  assert.equal((await authenticator.authenticate(request)).principal.accessKeyId, ACCESS_KEY_ID)
  assert.ok(!(authenticator.authenticate(request) instanceof Promise))
  assert.equal((await refusal(authenticator, { ...request, body: Buffer.from('{ }') })).text, MISMATCH)
  assert.equal(
    (await refusal(authenticator, withHeader(request, 'x-amz-target', 'TrentService.Decrypt'))).text,
    MISMATCH,
  )
  const elsewhere = { ...request, query: request.query.replace('eu-central-1', 'eu-central-2') }
  assert.equal((await refusal(authenticator, elsewhere)).text, MISMATCH)
})

test('a presigned request is good for X-Amz-Expires seconds, for five minutes without', async () => {
  const { authenticator, clock } = setUp()
  const hour = await presignedRequest({ date, expiresIn: 3600 })
  clock.set(NOW + 60 * MINUTE_MS)
  await authenticator.authenticate(hour)
  clock.advance(SECOND_MS)
  assert.deepEqual(await refusal(authenticator, hour), {
    code: 'InvalidSignatureException',
    text: 'Signature expired: 20260301T120000Z is now earlier than 20260301T120001Z (20260301T130001Z - 60 min.)',
  })
  const unlimited = { ...hour, query: hour.query.replace(/&X-Amz-Expires=\d+/, '') }
  clock.set(NOW + 5 * MINUTE_MS)
  assert.equal((await refusal(authenticator, unlimited)).text, MISMATCH)
  clock.advance(SECOND_MS)
  assert.match((await refusal(authenticator, unlimited)).text, /^Signature expired: .* - 5 min\.\)$/)
  clock.set(NOW)
  for (const expiresIn of [1, 604_800]) await authenticator.authenticate(await presignedRequest({ date, expiresIn }))
  for (const expires of ['0', '604801', '-1', '1.5', 'x', '9999999', '']) {
    const bad = { ...hour, query: hour.query.replace('X-Amz-Expires=3600', `X-Amz-Expires=${expires}`) }
    assert.deepEqual(
      await refusal(authenticator, bad),
      {
        code: 'IncompleteSignatureException',
        text: `AWS query-string parameter 'X-Amz-Expires' must be from 1 to 604800 seconds. Re-examine the query-string parameters.`,
      },
      expires,
    )
  }
})

/** Both refusals are recorded of STS (2020 and 2021, GetCallerIdentity), the first of IAM too (2019, GetRole); KMS says 5 min. (2024). */
test('STS and IAM take signatures of a quarter of an hour', async () => {
  const { authenticator, clock } = setUp()
  for (const service of ['sts', 'iam'] as const) {
    clock.set(NOW)
    const request = await signedRequest({ date, service })
    for (const [offMs, late] of [
      [
        15 * MINUTE_MS,
        `Signature expired: 20260301T120000Z is now earlier than 20260301T120001Z (20260301T121501Z - 15 min.)`,
      ],
      [
        -15 * MINUTE_MS,
        `Signature not yet current: 20260301T120000Z is still later than 20260301T115959Z (20260301T114459Z + 15 min.)`,
      ],
    ] as const) {
      clock.set(NOW + offMs)
      assert.equal((await authenticator.authenticate(request, service)).principal.accessKeyId, ACCESS_KEY_ID)
      clock.advance(Math.sign(offMs) * SECOND_MS)
      assert.deepEqual(await refusal(authenticator, request, service), {
        code: 'InvalidSignatureException',
        text: late,
      })
    }
  }
})

/**
 * aws-iam-authenticator asks for 60 and its SDK writes 0, `aws eks get-token` asks for 60; both state a token's life as the
 * quarter of an hour that STS gives it, whatever the parameter says.
 */
test('STS does not look at X-Amz-Expires', async () => {
  const { authenticator, clock } = setUp()
  for (const expiresIn of [0, 60, 604_800]) {
    clock.set(NOW)
    const request = await presignedRequest({ date, expiresIn, service: 'sts' })
    assert.match(request.query, new RegExp(`X-Amz-Expires=${expiresIn}(&|$)`))
    clock.set(NOW + 15 * MINUTE_MS)
    assert.equal((await authenticator.authenticate(request, 'sts')).principal.accessKeyId, ACCESS_KEY_ID)
    clock.advance(SECOND_MS)
    assert.match((await refusal(authenticator, request, 'sts')).text, /^Signature expired: .* - 15 min\.\)$/)
  }
})

/** operations.md 1.6, row by row; each makes a bad request of a good one. */
const ROWS: readonly {
  readonly name: string
  readonly spoil: (good: RawRequest) => RawRequest
  readonly code: string
  readonly text: string | RegExp
}[] = [
  {
    name: '1: header and query authentication together',
    spoil: (good) => ({ ...good, query: 'X-Amz-Algorithm=AWS4-HMAC-SHA256' }),
    code: 'InvalidSignatureException',
    text: `Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.`,
  },
  {
    name: '2: no authentication',
    spoil: (good) => withHeader(good, 'authorization', undefined),
    code: 'MissingAuthenticationTokenException',
    text: 'Missing Authentication Token',
  },
  {
    name: '2: another kind of authentication',
    spoil: (good) => withHeader(good, 'authorization', 'Bearer abc'),
    code: 'MissingAuthenticationTokenException',
    text: 'Missing Authentication Token',
  },
  {
    name: '3: all parts missing',
    spoil: (good) => withHeader(withHeader(good, 'authorization', 'AWS4-HMAC-SHA256'), 'x-amz-date', undefined),
    code: 'IncompleteSignatureException',
    text: `Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256`,
  },
  {
    name: '3: the signature missing',
    spoil: (good) => withHeader(good, 'authorization', 'AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host'),
    code: 'IncompleteSignatureException',
    text: `Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host`,
  },
  {
    name: '3: the date missing',
    spoil: (good) => withHeader(good, 'x-amz-date', undefined),
    code: 'IncompleteSignatureException',
    text: /^Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header\. Authorization=AWS4-HMAC-SHA256 Credential=/,
  },
  {
    name: '4: a date in another format',
    spoil: (good) => withHeader(good, 'x-amz-date', '2026-03-01T12:00:00Z'),
    code: 'IncompleteSignatureException',
    text: `Date must be in ISO-8601 'basic format'. Got '2026-03-01T12:00:00Z'. See http://en.wikipedia.org/wiki/ISO_8601`,
  },
  {
    name: '5: too old',
    spoil: (good) => withHeader(good, 'x-amz-date', '20260301T115459Z'),
    code: 'InvalidSignatureException',
    text: 'Signature expired: 20260301T115459Z is now earlier than 20260301T115500Z (20260301T120000Z - 5 min.)',
  },
  {
    name: '6: too new',
    spoil: (good) => withHeader(good, 'x-amz-date', '20260301T120501Z'),
    code: 'InvalidSignatureException',
    text: 'Signature not yet current: 20260301T120501Z is still later than 20260301T120500Z (20260301T120000Z + 5 min.)',
  },
  {
    name: '7: the host not signed',
    spoil: (good) => withAuthorization(good, ';host', ''),
    code: 'InvalidSignatureException',
    text: `'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.`,
  },
  {
    name: '7: the target not signed',
    spoil: (good) => withAuthorization(good, ';x-amz-target', ''),
    code: 'InvalidSignatureException',
    text: `'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.`,
  },
  {
    name: '7: some other x-amz- header not signed',
    spoil: (good) => withHeader(good, 'X-Amz-Meta', '1'),
    code: 'InvalidSignatureException',
    text: `'X-Amz-Meta' must be a 'SignedHeader' in the AWS Authorization.`,
  },
  {
    name: '8: another algorithm',
    spoil: (good) => withAuthorization(good, 'AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA512'),
    code: 'IncompleteSignatureException',
    text: `Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512' (only AWS4-HMAC-SHA256 for now). `,
  },
  {
    name: '9: a credential of four parts',
    spoil: (good) => withAuthorization(good, /Credential=[^,]+/, 'Credential=AKIA/20260301/eu-central-1/kms'),
    code: 'IncompleteSignatureException',
    text: `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIA/20260301/eu-central-1/kms'`,
  },
  {
    name: '9: a credential of six parts',
    spoil: (good) => withAuthorization(good, '/aws4_request', '/aws4_request/'),
    code: 'IncompleteSignatureException',
    text: `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${ACCESS_KEY_ID}/20260301/eu-central-1/kms/aws4_request/'`,
  },
  {
    name: '10: all of the scope wrong',
    spoil: (good) => withAuthorization(good, '20260301/eu-central-1/kms/aws4_request', '20260302/Mars/s3/aws5_request'),
    code: 'InvalidSignatureException',
    text: `Credential should be scoped to a valid region, not 'Mars'. Credential should be scoped to correct service: 'kms'. Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260302' != '20260301', from '20260301T120000Z'.`,
  },
  {
    name: '10: another service',
    spoil: (good) => withAuthorization(good, '/kms/', '/sts/'),
    code: 'InvalidSignatureException',
    text: `Credential should be scoped to correct service: 'kms'. `,
  },
  {
    name: '10: the day of the scope cut short',
    spoil: (good) => withAuthorization(good, '/20260301/', '/2026030/'),
    code: 'InvalidSignatureException',
    text: `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '2026030' != '20260301', from '20260301T120000Z'.`,
  },
  {
    name: '11: an unknown access key',
    spoil: (good) => withAuthorization(good, ACCESS_KEY_ID, 'AKIANOBODY'),
    code: 'UnrecognizedClientException',
    text: INVALID_TOKEN,
  },
  {
    name: '11: no access key',
    spoil: (good) => withAuthorization(good, ACCESS_KEY_ID, ''),
    code: 'UnrecognizedClientException',
    text: INVALID_TOKEN,
  },
  {
    name: '11: an access key longer than any',
    spoil: (good) => withAuthorization(good, ACCESS_KEY_ID, 'A'.repeat(129)),
    code: 'UnrecognizedClientException',
    text: INVALID_TOKEN,
  },
  {
    name: '13: another signature',
    spoil: (good) => withAuthorization(good, /Signature=.*/, `Signature=${'0'.repeat(64)}`),
    code: 'InvalidSignatureException',
    text: MISMATCH,
  },
  {
    name: '13: half a signature',
    spoil: (good) => withAuthorization(good, /(Signature=.{32}).*/, '$1'),
    code: 'InvalidSignatureException',
    text: MISMATCH,
  },
  {
    name: '13: a signature that is not hex',
    spoil: (good) => withAuthorization(good, /Signature=.*/, `Signature=${'g'.repeat(64)}`),
    code: 'InvalidSignatureException',
    text: MISMATCH,
  },
]

for (const { name, spoil, code, text } of ROWS) {
  test(`operations.md 1.6, row ${name}`, async () => {
    const { authenticator } = setUp()
    const good = await signedRequest({ date })
    const bad = spoil(good)
    for (const state of ['first', 'known']) {
      const refused = await refusal(authenticator, bad)
      assert.equal(refused.code, code, state)
      if (typeof text === 'string') assert.equal(refused.text, text, state)
      else assert.match(refused.text, text, state)
      await authenticator.authenticate(good)
    }
  })
}

test('operations.md 1.6, row 3q: the missing parameters are named in order', async () => {
  const { authenticator } = setUp()
  const good = await presignedRequest({ date })
  const none = { ...good, query: 'X-Amz-Algorithm=' }
  assert.deepEqual(await refusal(authenticator, none), {
    code: 'IncompleteSignatureException',
    text: ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date']
      .map((name) => `AWS query-string parameters must include '${name}'. `)
      .join('')
      .concat('Re-examine the query-string parameters.'),
  })
  const undated = { ...good, query: good.query.replace(/X-Amz-Date=[^&]*&?/, '') }
  assert.equal(
    (await refusal(authenticator, undated)).text,
    `AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.`,
  )
})

test('the query form passes the same checks: target not signed, other algorithm, wrong scope', async () => {
  const { authenticator } = setUp()
  const good = await presignedRequest({ date })
  const spoiled = (from: string, to: string) => ({ ...good, query: good.query.replace(from, to) })
  assert.match((await refusal(authenticator, spoiled('%3Bx-amz-target', ''))).text, /^'x-amz-target' must be a/)
  assert.match((await refusal(authenticator, spoiled('AWS4-HMAC-SHA256', 'AWS4-HMAC-MD5'))).text, /^Unsupported AWS/)
  assert.match((await refusal(authenticator, spoiled('%2Fkms%2F', '%2Fs3%2F'))).text, /correct service: 'kms'/)
})

test('the clock may be five minutes off either way, to the second', async () => {
  const { authenticator, clock } = setUp()
  const request = await signedRequest({ date })
  for (const offset of [-5 * MINUTE_MS, 5 * MINUTE_MS]) {
    clock.set(NOW + offset)
    await authenticator.authenticate(request)
    clock.advance(Math.sign(offset) * SECOND_MS)
    assert.equal((await refusal(authenticator, request)).code, 'InvalidSignatureException')
  }
})

test('a session token with a long-term key is refused, whatever the signature', async () => {
  const { authenticator } = setUp()
  const request = await signedRequest({ date, sessionToken: 'FwoGZXIvYXdzEBYaDK' })
  const expected = { code: 'UnrecognizedClientException', text: INVALID_TOKEN }
  assert.deepEqual(await refusal(authenticator, request), expected)
  await authenticator.authenticate(await signedRequest({ date }))
  assert.deepEqual(await refusal(authenticator, request), expected)
  const presigned = await presignedRequest({ date, sessionToken: 'FwoGZXIvYXdzEBYaDK' })
  assert.deepEqual(await refusal(authenticator, presigned), expected)
})

test('an unsigned payload is no payload of KMS', async () => {
  const { authenticator } = setUp()
  const headers = { host: HOST, 'x-amz-target': TARGET, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  const request = await signedRequest({ date }, { headers })
  assert.equal((await refusal(authenticator, request)).text, MISMATCH)
})

test('an inactive key answers exactly like an unknown one', async () => {
  const { authenticator, credentials } = setUp()
  credentials.set(ACCESS_KEY_ID, credentialOf(ACCESS_KEY_ID, { active: false }))
  assert.deepEqual(await refusal(authenticator, await signedRequest({ date })), {
    code: 'UnrecognizedClientException',
    text: INVALID_TOKEN,
  })
})

test('a dropped key is read again, and its signing keys of all Regions and days with it', async () => {
  const { authenticator, credentials, secrets, finds } = setUp()
  const requests = await Promise.all(['eu-central-1', 'us-east-1'].map((region) => signedRequest({ date, region })))
  for (const request of requests) await authenticator.authenticate(request)
  authenticator.drop([{ kind: 'key', subject: ACCESS_KEY_ID }])
  authenticator.drop([{ kind: 'access-key', subject: 'AKIAOTHER' }])
  for (const request of requests) assert.ok(!(authenticator.authenticate(request) instanceof Promise))

  secrets.set(ACCESS_KEY_ID, 'another secret')
  authenticator.drop([{ kind: 'access-key', subject: ACCESS_KEY_ID }])
  for (const request of requests) assert.equal((await refusal(authenticator, request)).text, MISMATCH)
  const resigned = await signedRequest({ date, secretAccessKey: 'another secret' })
  await authenticator.authenticate(resigned)
  assert.equal(finds(), 2)

  credentials.delete(ACCESS_KEY_ID)
  await authenticator.authenticate(resigned)
  authenticator.clear()
  assert.equal((await refusal(authenticator, resigned)).code, 'UnrecognizedClientException')
})

test('a key that is dropped while it is being read is not kept', async () => {
  const clock = createTestClock(NOW)
  const reading = Promise.withResolvers<void>()
  let credential: Credential | undefined = credentialOf(ACCESS_KEY_ID)
  const authenticator = takingRaw(
    createAuthenticator({
      clock,
      async findCredential() {
        const found = credential
        await reading.promise
        return found
      },
      sessionClock: clock,
      services: NO_SERVICES,
      sessions: NO_SESSIONS,
      openSecret: async () => Buffer.from(SECRET_ACCESS_KEY),
    }),
  )
  const request = await signedRequest({ date })
  const before = authenticator.authenticate(request)
  credential = undefined
  authenticator.drop([{ kind: 'access-key', subject: ACCESS_KEY_ID }])
  const after = refusal(authenticator, request)
  reading.resolve()
  await before
  assert.equal((await after).code, 'UnrecognizedClientException')
  assert.equal((await refusal(authenticator, request)).code, 'UnrecognizedClientException')
})

test('a new day needs a new signature, and the old one ends with its scope', async () => {
  const { authenticator, clock } = setUp()
  const midnight = Date.UTC(2026, 2, 2)
  clock.set(midnight - SECOND_MS)
  const before = await signedRequest({ date: new Date(midnight - SECOND_MS) })
  await authenticator.authenticate(before)
  const after = await signedRequest({ date: new Date(midnight) })
  await authenticator.authenticate(after)
  assert.ok(!(authenticator.authenticate(after) instanceof Promise))
  // Still within five minutes of its own day: right, though its signing key has to be made again.
  await authenticator.authenticate(before)
  const moved = withHeader(before, 'x-amz-date', '20260302T000000Z')
  assert.match((await refusal(authenticator, moved)).text, /'20260301' != '20260302'/)
})

test('an unknown access key costs the same hashing as a known one (SEC-5)', async () => {
  const { authenticator } = setUp()
  let bodyReads = 0
  const counting = (request: RawRequest): RawRequest => ({
    ...request,
    get body() {
      bodyReads++
      return request.body
    },
  })
  await refusal(authenticator, counting(await signedRequest({ date, accessKeyId: 'AKIANOBODY' })))
  assert.equal(bodyReads, 1)
  await refusal(authenticator, counting(await signedRequest({ date, secretAccessKey: 'wrong' })))
  assert.equal(bodyReads, 2)
})

test('a signing key is kept only once it has proved right: made-up Regions push nothing out of the cache', async () => {
  const { authenticator, finds } = setUp()
  await authenticator.authenticate(await signedRequest({ date }))
  const forged = await signedRequest({ date, region: 'aa-bb-1', secretAccessKey: 'wrong' })
  for (let attempt = 0; attempt < 2; attempt++) {
    const answer = authenticator.authenticate(forged)
    assert.ok(answer instanceof Promise)
    await assert.rejects(answer, { code: 'InvalidSignatureException' })
  }
  assert.equal(finds(), 1)
})

test('a store that fails is an error each time, not a refusal that is remembered', async () => {
  let isBroken = true
  const authenticator = takingRaw(
    createAuthenticator({
      clock: createTestClock(NOW),
      sessionClock: createTestClock(NOW),
      services: NO_SERVICES,
      sessions: NO_SESSIONS,
      async findCredential(accessKeyId) {
        if (isBroken) throw new Error('the store is gone')
        return credentialOf(accessKeyId)
      },
      openSecret: async () => Buffer.from(SECRET_ACCESS_KEY),
    }),
  )
  const request = await signedRequest({ date })
  for (let attempt = 0; attempt < 2; attempt++) {
    await assert.rejects(async () => authenticator.authenticate(request), /the store is gone/)
  }
  isBroken = false
  await authenticator.authenticate(request)
})
