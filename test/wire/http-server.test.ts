import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { KmsError } from '../../src/base/errors.ts'
import type { Log } from '../../src/base/log.ts'
import { HOST, signedRequest } from '../auth/signer.ts'
import { startTestServer } from '../support/test-server.ts'
import { exchange, parseAnswers, requestBytes } from './raw-client.ts'
import { goodRequest, type SlowServerOptions, startSlowServer } from './slow-server.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

async function setUp(t: { after(work: () => Promise<void>): void }, options: SlowServerOptions = {}) {
  const slow = await startSlowServer({ ...options, limits: { shutdownTimeoutMs: 2_000, ...options.limits } })
  t.after(() => slow.close())
  return slow
}

/** An error to throw or an output to give, and what the client sees of it. */
const OUTCOMES: readonly {
  readonly name: string
  readonly output?: unknown
  readonly error?: unknown
  readonly status: number
  readonly body: string
}[] = [
  {
    name: 'an output with text, times and absent members',
    output: { Plaintext: '+/8=', At: 1789207144.049, None: undefined, In: [{ B: '', C: undefined }] },
    status: 200,
    body: '{"Plaintext":"+/8=","At":1789207144.049,"In":[{"B":""}]}',
  },
  { name: 'an empty output', output: {}, status: 200, body: '{}' },
  { name: 'no output', output: undefined, status: 200, body: '' },
  {
    name: 'text beyond ASCII',
    output: { Description: 'Größe 鍵 🔑' },
    status: 200,
    body: '{"Description":"Größe 鍵 🔑"}',
  },
  {
    name: 'a modelled exception',
    error: new KmsError('NotFoundException', "Key 'x' does not exist"),
    status: 400,
    body: `{"__type":"NotFoundException","message":"Key 'x' does not exist"}`,
  },
  {
    name: 'an exception without a message',
    error: new KmsError('InvalidCiphertextException'),
    status: 400,
    body: '{"__type":"InvalidCiphertextException"}',
  },
  {
    name: 'a denial',
    error: new KmsError('AccessDeniedException', 'User: x is not authorized'),
    status: 400,
    body: '{"__type":"AccessDeniedException","Message":"User: x is not authorized"}',
  },
  {
    name: 'a server fault',
    error: new KmsError('DependencyTimeoutException', 'too slow'),
    status: 500,
    body: '{"__type":"DependencyTimeoutException","message":"too slow"}',
  },
  {
    name: 'a bug',
    error: new TypeError('secret-looking detail'),
    status: 500,
    body: '{"__type":"KMSInternalException"}',
  },
]

for (const { name, status, body, ...outcome } of OUTCOMES) {
  test(`the answer to ${name}`, async (t) => {
    const errors: object[] = []
    const log: Log = { info() {}, warn() {}, error: (fields) => errors.push(fields) }
    const slow = await setUp(t, { log })
    const answering = exchange(slow.port, await goodRequest(), { answers: 1 })
    await slow.arrived(1)
    if ('error' in outcome) slow.calls[0]!.fail(outcome.error)
    else slow.calls[0]!.answer(outcome.output)
    const answer = (await answering).answers[0]!
    assert.equal(answer.status, status)
    assert.equal(answer.body, body)
    assert.match(answer.headers['x-amzn-requestid']!, UUID)
    assert.equal(answer.headers['x-amzn-requestid'], slow.calls[0]!.call.requestId)
    assert.equal(answer.headers['content-type'], 'application/x-amz-json-1.1')
    assert.equal(answer.headers['content-length'], String(Buffer.byteLength(body)))
    assert.ok(Math.abs(Date.parse(answer.headers.date!) - Date.now()) < 5_000)
    assert.equal(errors.length, status === 500 ? 1 : 0)
  })
}

test('the call carries address, user agent, Region and time', async (t) => {
  const slow = await setUp(t)
  const answering = exchange(slow.port, await goodRequest('{"a":[1]}', { 'User-Agent': 'test/1' }), { answers: 1 })
  await slow.arrived(1)
  const { call, body } = slow.calls[0]!
  assert.deepEqual(body, { a: [1] })
  assert.equal(call.sourceIp, '127.0.0.1')
  assert.equal(call.userAgent, 'test/1')
  assert.equal(call.region, 'eu-central-1')
  assert.equal(call.principal.account, '123456789012')
  assert.ok(Math.abs(call.time - Date.now()) < 5_000)
  assert.equal(call.tls, undefined)
  slow.calls[0]!.answer({})
  await answering
})

test('one connection serves one request after another, and pipelined ones in order', async (t) => {
  const slow = await setUp(t)
  const bytes = Buffer.concat([
    await goodRequest('{"n":1}'),
    await goodRequest('{"n":2}'),
    await goodRequest('{"n":3}'),
  ])
  const answering = exchange(slow.port, bytes, { answers: 3 })
  await slow.arrived(3)
  for (const pending of slow.calls.toReversed()) pending.answer(pending.body)
  assert.deepEqual(
    (await answering).answers.map(({ body }) => body),
    ['{"n":1}', '{"n":2}', '{"n":3}'],
  )
})

test('garbage after accepted requests does not pass for their answer', async (t) => {
  const slow = await setUp(t)
  const bytes = Buffer.concat([
    await goodRequest('{"n":1}'),
    await goodRequest('{"n":2}'),
    Buffer.from('\0garbage\r\n\r\n'),
  ])
  const answering = exchange(slow.port, bytes)
  await slow.arrived(2)
  slow.calls[1]!.answer({ n: 2 })
  await new Promise((resolve) => setTimeout(resolve, 50))
  slow.calls[0]!.answer({ n: 1 })
  const { answers, closed } = await answering
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body]),
    [
      [200, '{"n":1}'],
      [200, '{"n":2}'],
      [400, ''],
    ],
  )
  assert.equal(closed, true)
})

const TUNNEL = 'CONNECT kms.test:443 HTTP/1.1\r\nHost: kms.test:443\r\n\r\n'

test('whoever asks for a tunnel and breaks the connection off does no harm', async (t) => {
  const slow = await setUp(t)
  const socket = connect({ port: slow.port, host: '127.0.0.1' })
  socket.write(TUNNEL)
  await once(socket, 'data')
  socket.resetAndDestroy()
  // An error that nobody listened to would end the process meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 50))
  const next = exchange(slow.port, await goodRequest(), { answers: 1 })
  await slow.arrived(1)
  slow.calls[0]!.answer({})
  assert.equal((await next).answers[0]!.status, 200)
})

test('who asked for a tunnel cannot keep the connection (RFC 9110 9.3.6: nothing is tunnelled after a refusal)', async (t) => {
  const slow = await setUp(t)
  const socket = connect({ port: slow.port, host: '127.0.0.1', allowHalfOpen: true })
  t.after(async () => void socket.destroy())
  socket.on('error', () => {})
  socket.on('data', () => {})
  socket.write(TUNNEL)
  const closed = new Promise((resolve) => socket.once('close', () => resolve('closed')))
  const late = new Promise((resolve) => setTimeout(() => resolve('still open'), 8_000).unref())
  const writing = setInterval(() => socket.write('x'), 100)
  t.after(async () => clearInterval(writing))
  assert.equal(await Promise.race([closed, late]), 'closed')
})

test('the refusal of a tunnel does not pass for the answer to a request before it', async (t) => {
  const slow = await setUp(t)
  const answering = exchange(slow.port, Buffer.concat([await goodRequest('{"n":1}'), Buffer.from(TUNNEL)]))
  await slow.arrived(1)
  await new Promise((resolve) => setTimeout(resolve, 50))
  slow.calls[0]!.answer({ n: 1 })
  const { answers, closed } = await answering
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body]),
    [
      [200, '{"n":1}'],
      [404, ''],
    ],
  )
  assert.equal(closed, true)
})

test('more pipelined requests than the bound are refused, those within it are answered', async (t) => {
  const slow = await setUp(t)
  const one = await goodRequest('{}')
  const answering = exchange(slow.port, Buffer.concat(Array.from({ length: 70 }, () => one)))
  await slow.arrived(64)
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(slow.calls.length, 64)
  for (const pending of slow.calls) pending.answer({})
  const { answers } = await answering
  assert.deepEqual(
    answers.map(({ status }) => status),
    [...Array.from({ length: 64 }, () => 200), 429],
  )
})

test('a body in many pieces is put together', async (t) => {
  const slow = await setUp(t)
  const text = JSON.stringify({ text: 'ä'.repeat(1000) })
  const bytes = await goodRequest(text)
  const parts = Array.from({ length: Math.ceil(bytes.length / 100) }, (_, n) => bytes.subarray(n * 100, n * 100 + 100))
  const answering = exchange(slow.port, parts, { answers: 1, pauseMs: 1 })
  await slow.arrived(1)
  assert.deepEqual(slow.calls[0]!.body, JSON.parse(text))
  slow.calls[0]!.answer({})
  assert.equal((await answering).answers[0]!.status, 200)
})

test('a chunked body is put together', async (t) => {
  const slow = await setUp(t)
  const bytes = (await goodRequest('{"n":1}')).toString('latin1')
  const chunked = bytes
    .replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked')
    .replace('{"n":1}', '3\r\n{"n\r\n4\r\n":1}\r\n0\r\n\r\n')
  const answering = exchange(slow.port, chunked, { answers: 1 })
  await slow.arrived(1)
  assert.deepEqual(slow.calls[0]!.body, { n: 1 })
  slow.calls[0]!.answer({})
  await answering
})

test('a body in chunks of one byte takes no more memory than its bytes', async (t) => {
  const slow = await setUp(t)
  const text = JSON.stringify({ text: 'x'.repeat(300_000) })
  const head = (await goodRequest(text)).toString('latin1').replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked')
  const chunks = Array.from(text, (byte) => `1\r\n${byte}\r\n`).join('')
  const bytes = Buffer.from(head.replace(text, chunks))
  const held = heldBytes()
  const socket = connect(slow.port, '127.0.0.1').on('error', () => {})
  const answered = once(socket, 'data')
  await new Promise((resolve) => socket.write(bytes, resolve))
  // All but the last chunk of the body, of length zero, has come.
  await new Promise((resolve) => setTimeout(resolve, 300))
  const grown = heldBytes() - held
  assert.ok(grown < 10 * text.length, `${grown} bytes for a body of ${text.length}`)
  socket.write('0\r\n\r\n')
  await slow.arrived(1)
  assert.deepEqual(slow.calls[0]!.body, JSON.parse(text))
  slow.calls[0]!.answer({})
  await answered
  socket.destroy()
})

/** Of this process, without garbage. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

test('a body at the limit is read, one byte more is 413 and the connection is closed, announced or not', async (t) => {
  const slow = await setUp(t, { limits: { bodyBytesMax: 1_000 } })
  const fitting = `{"a":"${'x'.repeat(1_000 - 8)}"}`
  assert.equal(fitting.length, 1_000)
  const answering = exchange(slow.port, await goodRequest(fitting), { answers: 1 })
  await slow.arrived(1)
  slow.calls[0]!.answer({})
  assert.equal((await answering).answers[0]!.status, 200)

  const announced = await exchange(slow.port, await goodRequest(`${fitting} `))
  assert.deepEqual([announced.answers[0]!.status, announced.closed], [413, true])
  assert.equal(announced.answers[0]!.headers.connection, 'close')
  const head = (await goodRequest('')).toString('latin1').replace(/Content-Length: 0/, 'Transfer-Encoding: chunked')
  const unannounced = await exchange(slow.port, `${head}3e9\r\n${fitting} \r\n0\r\n\r\n`)
  assert.deepEqual([unannounced.answers[0]!.status, unannounced.closed], [413, true])
  assert.equal(slow.calls.length, 1)
})

test('bodies have a limit together, too: one more is 503, and there is room again when one has gone', async (t) => {
  const slow = await setUp(t, { limits: { bodyBytesMax: 1_000, bodiesBytesMax: 1_500 } })
  const head = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
  const chunk = `384\r\n${'x'.repeat(900)}\r\n`
  const open = async (bytes: string) => {
    const socket = connect({ port: slow.port, host: '127.0.0.1' })
    socket.on('error', () => {})
    t.after(async () => void socket.destroy())
    socket.write(bytes)
    await new Promise((resolve) => setTimeout(resolve, 50))
    return socket
  }
  // Not whole, by itself and behind one that waits for its answer.
  for (const before of ['', (await goodRequest('{}')).toString('latin1')]) {
    const first = await open(before + head + chunk)
    const second = await exchange(slow.port, head + chunk)
    assert.deepEqual([second.answers[0]?.status, second.closed], [503, true])
    first.resetAndDestroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const body = `{"a":"${'x'.repeat(900 - 8)}"}`
  const whole = (await goodRequest(body))
    .toString('latin1')
    .replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked')
    .replace(body, `384\r\n${body}\r\n0\r\n\r\n`)
  for (const count of [2, 3, 4]) {
    const answering = exchange(slow.port, whole, { answers: 1 })
    await slow.arrived(count)
    slow.calls.at(-1)!.answer({})
    assert.equal((await answering).answers[0]!.status, 200)
  }
})

test('a client that goes on sending a body that was refused still learns why', async (t) => {
  const slow = await setUp(t)
  const bytes = await goodRequest(Buffer.alloc(3 * 1024 * 1024, 0x20))
  const { answers } = await exchange(slow.port, bytes)
  assert.deepEqual(
    answers.map(({ status }) => status),
    [413],
  )
})

test('a client that waits for leave to send gets it, unless the body is too large', async (t) => {
  const slow = await setUp(t)
  const bytes = (await goodRequest('{"n":1}', { Expect: '100-continue' })).toString('latin1')
  const at = bytes.indexOf('{"n":1}')
  const answering = exchange(slow.port, [bytes.slice(0, at), bytes.slice(at)], { answers: 2, pauseMs: 50 })
  await slow.arrived(1)
  slow.calls[0]!.answer({})
  assert.deepEqual(
    (await answering).answers.map(({ status }) => status),
    [100, 200],
  )
  const refused = await exchange(
    slow.port,
    bytes.slice(0, at).replace(/Content-Length: \d+/, 'Content-Length: 9999999'),
  )
  assert.deepEqual(
    refused.answers.map(({ status }) => status),
    [413],
  )
})

test('an expectation that nobody can meet is refused, whatever the case of its header (RFC 9110 10.1.1)', async (t) => {
  const slow = await setUp(t)
  for (const name of ['Expect', 'expect', 'EXPECT']) {
    const { answers } = await exchange(slow.port, await goodRequest('{}', { [name]: 'a-miracle' }), { answers: 1 })
    assert.equal(answers[0]?.status, 417)
  }
  assert.equal(slow.calls.length, 0)
})

test('a request with a whole address, as proxies get it, is one for its path and query (RFC 9112 3.2.2)', async (t) => {
  const server = await startTestServer()
  t.after(() => server.stop())
  const headers = { host: HOST, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.ListKeys' }
  const kms = await signedRequest({ date: new Date() }, { headers, body: '{}' })
  const url = '/?Action=GetCallerIdentity&Version=2011-06-15'
  const sts = await signedRequest({ date: new Date(), service: 'sts' }, { method: 'GET', url, headers: { host: HOST } })
  for (const [request, path] of [
    [kms, `http://${HOST}/`],
    [kms, `HTTPS://${HOST}`],
    [sts, `http://${HOST}/`],
    [sts, `http://${HOST}`],
  ] as const) {
    const { answers } = await exchange(server.port, requestBytes({ ...request, path }), { answers: 1 })
    assert.equal(answers[0]?.status, 200, `${path}: ${answers[0]?.body}`)
  }
})

test('100 headers are read, 101 are refused', async (t) => {
  const slow = await setUp(t)
  const count = (await goodRequest()).toString('latin1').split('\r\n\r\n', 1)[0]!.split('\r\n').length - 1
  const filler = (extra: number) =>
    Object.fromEntries(Array.from({ length: 100 - count + extra }, (_, index) => [`h${index}`, 'v']))
  const answering = exchange(slow.port, await goodRequest('{}', filler(0)), { answers: 1 })
  await slow.arrived(1)
  slow.calls[0]!.answer({})
  assert.equal((await answering).answers[0]!.status, 200)
  const { answers, closed } = await exchange(slow.port, await goodRequest('{}', filler(1)))
  assert.deepEqual([answers[0]!.status, closed], [431, true])
})

test('a request that does not come to its end in time is ended', async (t) => {
  const slow = await setUp(t, { limits: { headersTimeoutMs: 200, requestTimeoutMs: 400 } })
  const head = await exchange(slow.port, 'POST / HTTP/1.1\r\nHost: x\r\n')
  assert.deepEqual([head.answers[0]?.status, head.closed], [408, true])
  const body = await exchange(slow.port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{')
  assert.deepEqual([body.answers[0]?.status, body.closed], [408, true])
  const silent = await exchange(slow.port, [])
  assert.equal(silent.closed, true)
})

test('a connection without requests is closed after a while', async (t) => {
  const slow = await setUp(t, { limits: { keepAliveTimeoutMs: 100 } })
  const answering = exchange(slow.port, await goodRequest())
  await slow.arrived(1)
  slow.calls[0]!.answer({})
  const { answers, closed } = await answering
  assert.deepEqual([answers.length, closed], [1, true])
})

test("a client that never reads its answer is cut off, also where node's parser read the request", async (t) => {
  const slow = await setUp(t, { limits: { keepAliveTimeoutMs: 100 } })
  const chunked = (await goodRequest('{}'))
    .toString('latin1')
    .replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked')
    .replace(/\{\}$/, '2\r\n{}\r\n0\r\n\r\n')
  const socket = connect({ port: slow.port, host: '127.0.0.1' })
  socket.on('error', () => {})
  socket.pause()
  socket.write(chunked)
  await slow.arrived(1)
  // An operation may take longer than a connection may be idle.
  await new Promise((resolve) => setTimeout(resolve, 300))
  slow.calls[0]!.answer({ text: 'x'.repeat(16 * 1024 * 1024) })
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  const ended = new Promise((resolve) => socket.once('close', resolve))
  socket.resume()
  await ended
  assert.ok(socket.bytesRead > 0)
  assert.ok(socket.bytesRead < 16 * 1024 * 1024)
})

test('a client that goes away changes nothing: the operation runs to its end (audit.md G-8)', async (t) => {
  const slow = await setUp(t)
  const socket = connect({ port: slow.port, host: '127.0.0.1' })
  socket.write(await goodRequest())
  await slow.arrived(1)
  socket.resetAndDestroy()
  await new Promise((resolve) => setTimeout(resolve, 50))
  slow.calls[0]!.answer({ late: true })
  const next = exchange(slow.port, await goodRequest(), { answers: 1 })
  await slow.arrived(2)
  slow.calls[1]!.answer({})
  assert.equal((await next).answers[0]!.status, 200)
})

test('close() answers what was accepted, closes idle connections after a moment and takes no new ones', async () => {
  const slow = await startSlowServer()
  const idle = exchange(slow.port, await goodRequest())
  await slow.arrived(1)
  slow.calls[0]!.answer({})
  const fresh = exchange(slow.port, [])
  const busy = exchange(slow.port, await goodRequest())
  await slow.arrived(2)
  const startedAt = performance.now()
  const closing = slow.close()
  assert.equal((await idle).closed, true)
  assert.equal((await fresh).closed, true)
  const late = await exchange(slow.port, await goodRequest())
  assert.deepEqual(late.answers, [])
  slow.calls[1]!.answer({ n: 2 })
  const { answers, closed } = await busy
  assert.equal(answers[0]!.body, '{"n":2}')
  assert.equal(answers[0]!.headers.connection, 'close')
  assert.equal(closed, true)
  await closing
  assert.ok(performance.now() - startedAt < 2_000)
})

test('close() waits for an operation whose client has gone', async () => {
  const slow = await startSlowServer()
  const socket = connect({ port: slow.port, host: '127.0.0.1' })
  socket.write(await goodRequest())
  await slow.arrived(1)
  socket.resetAndDestroy()
  let isClosed = false
  const closing = slow.close().then(() => {
    isClosed = true
  })
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(isClosed, false)
  slow.calls[0]!.answer({})
  await closing
})

test('close() gives up on what takes too long', async () => {
  const warnings: object[] = []
  const log: Log = { info() {}, warn: (fields) => warnings.push(fields), error() {} }
  const slow = await startSlowServer({ limits: { shutdownTimeoutMs: 100 }, log })
  const stuck = exchange(slow.port, await goodRequest())
  await slow.arrived(1)
  await slow.close()
  assert.deepEqual((await stuck).answers, [])
  assert.deepEqual(warnings, [{ connections: 1, requests: 1 }])
})

test('a port that is taken is an error', async (t) => {
  const slow = await setUp(t)
  const other = await startSlowServer()
  await other.close()
  await assert.rejects(other.server.listen({ host: '127.0.0.1', port: slow.port }), { code: 'EADDRINUSE' })
})

test('answers are told apart by the client of these tests', () => {
  const text =
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 400 Bad Request\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Le'
  assert.deepEqual(
    parseAnswers(text).map(({ status, body }) => [status, body]),
    [
      [200, '{}'],
      [400, ''],
    ],
  )
})
