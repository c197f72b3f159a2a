/** Calls of a KMS elsewhere: what is tried again, what is not, and what the operator reads. */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { createKmsCall, KmsCallError } from '../../src/outgoing/kms-calls.ts'

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void

const CREDENTIALS = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret', sessionToken: 'the token' }

async function kmsAt(context: TestContext, handle: Handler) {
  let count = 0
  const server = createServer((request, response) => {
    request.resume().on('end', () => handle(request, response, ++count))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => server.closeAllConnections())
  context.after(() => server.close())
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const call = createKmsCall({ endpoint, region: 'eu-west-1', credentials: () => CREDENTIALS, clock: systemClock })
  return { call, calls: () => count, endpoint }
}

function answer(response: ServerResponse, status: number, body: object | string): void {
  response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
}

test('a call is of the JSON protocol and signed, its headers and the session token too', async (context) => {
  let seen: IncomingMessage | undefined
  const { call } = await kmsAt(context, (request, response) => {
    seen = request
    answer(response, 200, { KeyId: 'k' })
  })
  assert.deepEqual(await call('Encrypt', {}), { KeyId: 'k' })
  const { authorization = '', ...headers } = seen!.headers
  assert.equal(headers['x-amz-target'], 'TrentService.Encrypt')
  assert.equal(headers['content-type'], 'application/x-amz-json-1.1')
  assert.equal(headers['x-amz-security-token'], 'the token')
  assert.match(authorization, /^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE\/\d{8}\/eu-west-1\/kms\/aws4_request, /)
  assert.match(authorization, /SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, /)
})

for (const [what, fail] of [
  ['an answer of status 503', (response: ServerResponse) => answer(response, 503, 'no JSON')],
  ['KMSInternalException', (response: ServerResponse) => answer(response, 500, { __type: 'KMSInternalException' })],
  ['ThrottlingException', (response: ServerResponse) => answer(response, 400, { __type: 'ThrottlingException' })],
  ['a connection that breaks', (response: ServerResponse) => void response.destroy()],
] as const) {
  test(`after ${what} it is tried again, within a bound`, async (context) => {
    const once = await kmsAt(context, (_request, response, count) => {
      if (count === 1) fail(response)
      else answer(response, 200, { KeyId: 'k' })
    })
    assert.deepEqual(await once.call('Decrypt', {}), { KeyId: 'k' })
    assert.equal(once.calls(), 2)
    const always = await kmsAt(context, (_request, response) => fail(response))
    await assert.rejects(always.call('Decrypt', {}), KmsCallError)
    assert.equal(always.calls(), 4)
  })
}

test('what another attempt would not mend is told at once, in the words of the other KMS', async (context) => {
  const { call, calls, endpoint } = await kmsAt(context, (_request, response) =>
    answer(response, 400, { __type: 'com.amazonaws.kms#AccessDeniedException', Message: 'User x is not authorized' }),
  )
  await assert.rejects(call('Decrypt', {}), {
    message: `${endpoint} answers AccessDeniedException: User x is not authorized`,
    code: 'AccessDeniedException',
  })
  assert.equal(calls(), 1)
})

for (const [what, body, status] of [
  ['a page', '<html>hello</html>', 200],
  ['a list', '[]', 200],
  ['a redirect', '', 302],
  ['an error of something else', '{"error": "nothing here"}', 404],
] as const) {
  test(`${what} is no answer of a KMS`, async (context) => {
    const { call, calls } = await kmsAt(context, (_request, response) => answer(response, status, body))
    await assert.rejects(call('Encrypt', {}), new RegExp(`answers with status ${status}, and not as a KMS does`))
    assert.equal(calls(), 1)
  })
}

test('an answer without an end is not read to its end', async (context) => {
  const { call } = await kmsAt(context, (_request, response) => {
    response.writeHead(200)
    const write = () => {
      while (!response.destroyed && response.write(' '.repeat(4096)));
      if (!response.destroyed) response.once('drain', write)
    }
    write()
  })
  await assert.rejects(call('Encrypt', {}), /its answer is too large/)
})

test('an address where nobody is, is named', async () => {
  const call = createKmsCall({
    endpoint: 'http://127.0.0.1:1',
    region: 'eu-west-1',
    credentials: () => CREDENTIALS,
    clock: systemClock,
  })
  await assert.rejects(call('Encrypt', {}), /^.*http:\/\/127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/)
})
