/** Calls of a KMS elsewhere: what is tried again, what is not, and what the operator reads. */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { createKmsCall, KmsCallError, keepConnections } from '../../src/outgoing/kms-calls.ts'
import { selfSigned } from '../wire/self-signed.ts'

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

test('a signal ends a call: the attempt under way, and those that were to follow', async (context) => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  const silent = await kmsAt(context, () => ask())
  const controller = new AbortController()
  const waiting = silent.call('Decrypt', {}, controller.signal)
  await asked
  controller.abort(new Error('the deadline has passed'))
  await assert.rejects(waiting, { message: `${silent.endpoint} cannot be reached: the deadline has passed` })
  assert.equal(silent.calls(), 1)

  const over = new AbortController()
  const failing = await kmsAt(context, (_request, response) => {
    answer(response, 503, 'no JSON')
    over.abort()
  })
  await assert.rejects(failing.call('Decrypt', {}, over.signal), /answers with status 503|cannot be reached/)
  assert.equal(failing.calls(), 1)
})

test('connections that are kept serve call after call, and no more of them are open than was said', async (context) => {
  let open = 0
  let openMost = 0
  let opened = 0
  const server = createServer((request, response) => {
    request.resume().on('end', () => setImmediate(() => answer(response, 200, { KeyId: 'k' })))
  })
  server.on('connection', (socket) => {
    openMost = Math.max(openMost, ++open)
    opened++
    socket.once('close', () => open--)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const connections = keepConnections(endpoint, { ca: undefined, connectionsMax: 2 })
  context.after(() => {
    connections.destroy()
    server.close()
  })
  const credentials = () => CREDENTIALS
  const call = createKmsCall({ endpoint, region: 'eu-west-1', credentials, clock: systemClock, connections })
  await Promise.all(Array.from({ length: 20 }, () => call('Decrypt', {})))
  for (let count = 0; count < 5; count++) await call('Decrypt', {})
  assert.deepEqual({ openMost, opened }, { openMost: 2, opened: 2 })
})

test('an authority of one’s own is trusted where it was named, and then no other is', async (context) => {
  const [own, other] = [selfSigned('localhost'), selfSigned('localhost')]
  const server = createTlsServer(own, (request, response) => {
    request.resume().on('end', () => answer(response, 200, { KeyId: 'k' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => void server.close())
  const endpoint = `https://localhost:${(server.address() as AddressInfo).port}`
  const callTrusting = (ca: string | undefined) => {
    const connections = keepConnections(endpoint, { ca, connectionsMax: 1 })
    context.after(() => connections.destroy())
    const credentials = () => CREDENTIALS
    return createKmsCall({ endpoint, region: 'eu-west-1', credentials, clock: systemClock, connections })
  }
  assert.deepEqual(await callTrusting(own.cert)('Decrypt', {}), { KeyId: 'k' })
  for (const ca of [other.cert, undefined]) {
    await assert.rejects(callTrusting(ca)('Decrypt', {}), /cannot be reached: .*(certificate|self.signed)/)
  }
})
