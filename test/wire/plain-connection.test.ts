/** Connections that begin with plain requests, and how they become node's. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import type { Log } from '../../src/base/log.ts'
import { exchange, parseAnswers, type RawAnswer } from './raw-client.ts'
import { goodRequest, type SlowServer, type SlowServerOptions, startSlowServer } from './slow-server.ts'

async function setUp(t: { after(work: () => Promise<void>): void }, options: SlowServerOptions = {}) {
  const slow = await startSlowServer({ ...options, limits: { shutdownTimeoutMs: 2_000, ...options.limits } })
  t.after(() => slow.close())
  return slow
}

/** The same request, told apart by a header that is none of a plain one. */
async function oddRequest(body: string): Promise<Buffer> {
  return goodRequest(body, { TE: 'trailers' })
}

/** Answers each call with its own body as soon as it comes. */
function echo(slow: SlowServer): { stop(): void } {
  let answered = 0
  const timer = setInterval(() => {
    for (; answered < slow.calls.length; answered++) slow.calls[answered]!.answer(slow.calls[answered]!.body)
  }, 1)
  return { stop: () => clearInterval(timer) }
}

function bodies(answers: readonly RawAnswer[]): string[] {
  return answers.map(({ body }) => body)
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

/** All that the server sends until `count` answers are there or it closes. */
function received(socket: Socket, count: number): Promise<RawAnswer[]> {
  return new Promise((resolve) => {
    let text = ''
    socket.setEncoding('latin1')
    socket.on('data', (piece: string) => {
      text += piece
      if (parseAnswers(text, false).length >= count) resolve(parseAnswers(text, false))
    })
    socket.on('end', () => resolve(parseAnswers(text, false)))
  })
}

test("a plain request gets the headers that node's parser would have led to", async (t) => {
  const slow = await setUp(t)
  const { stop } = echo(slow)
  t.after(async () => stop())
  const [plain] = (await exchange(slow.port, await goodRequest('{"n":1}'), { answers: 1 })).answers
  const [odd] = (await exchange(slow.port, await oddRequest('{"n":1}'), { answers: 1 })).answers
  const constant = ({ headers }: RawAnswer) => ({ ...headers, date: '', 'x-amzn-requestid': '' })
  assert.deepEqual(constant(plain!), constant(odd!))
  assert.match(plain!.headers.date!, /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/)
  assert.deepEqual([plain!.status, plain!.body], [odd!.status, odd!.body])
})

test('a connection goes from plain requests to others and stays in order', async (t) => {
  const slow = await setUp(t)
  const { stop } = echo(slow)
  t.after(async () => stop())
  const parts = [
    await goodRequest('{"n":1}'),
    await goodRequest('{"n":2}'),
    await oddRequest('{"n":3}'),
    await goodRequest('{"n":4}'),
    Buffer.concat([await goodRequest('{"n":5}'), await goodRequest('{"n":6}')]),
  ]
  const { answers } = await exchange(slow.port, parts, { answers: 6, pauseMs: 20 })
  assert.deepEqual(bodies(answers), ['{"n":1}', '{"n":2}', '{"n":3}', '{"n":4}', '{"n":5}', '{"n":6}'])
})

test('a request in pieces after a plain one is put together, wherever it is cut', async (t) => {
  const slow = await setUp(t)
  const { stop } = echo(slow)
  t.after(async () => stop())
  const first = await goodRequest('{"n":1}')
  const second = await goodRequest('{"n":2}')
  const headEnd = second.indexOf('\r\n\r\n')
  for (const cut of [1, 20, headEnd, headEnd + 2, headEnd + 4, second.length - 1]) {
    const parts = [first, second.subarray(0, cut), second.subarray(cut)]
    const { answers } = await exchange(slow.port, parts, { answers: 2, pauseMs: 10 })
    assert.deepEqual(bodies(answers), ['{"n":1}', '{"n":2}'], `cut at ${cut}`)
  }
})

test('a head and then its body, as boto3 sends them, is a request, and so is the next one', async (t) => {
  const slow = await setUp(t)
  const { stop } = echo(slow)
  t.after(async () => stop())
  const inTwo = async (body: string) => {
    const bytes = await goodRequest(body)
    const bodyAt = bytes.length - body.length
    return [bytes.subarray(0, bodyAt), bytes.subarray(bodyAt)]
  }
  const parts = [...(await inTwo('{"n":1}')), ...(await inTwo('{"n":2}')), await goodRequest('{"n":3}')]
  const { answers } = await exchange(slow.port, parts, { answers: 3, pauseMs: 10 })
  assert.deepEqual(bodies(answers), ['{"n":1}', '{"n":2}', '{"n":3}'])
})

test('a body that comes byte by byte is put together', async (t) => {
  const slow = await setUp(t)
  const { stop } = echo(slow)
  t.after(async () => stop())
  const body = '{"n":1}'
  const bytes = await goodRequest(body)
  const parts = [bytes.subarray(0, -body.length), ...Array.from(body, (byte) => Buffer.from(byte))]
  const { answers } = await exchange(slow.port, parts, { answers: 1, pauseMs: 5 })
  assert.deepEqual(bodies(answers), [body])
})

test('a body that does not come is 408, one that cannot come any more is 400', async (t) => {
  const slow = await setUp(t, { limits: { headersTimeoutMs: 100 } })
  const head = (await goodRequest('{"n":1}')).subarray(0, -7)
  const late = await exchange(slow.port, head)
  assert.deepEqual([late.answers[0]!.status, late.closed], [408, true])
  const socket = connect({ port: slow.port, host: '127.0.0.1', allowHalfOpen: true })
  const answers = received(socket, 1)
  socket.end(head)
  assert.equal((await answers)[0]!.status, 400)
  socket.destroy()
  assert.equal(slow.calls.length, 0)
})

test('a head whose body is still to come counts among the bodies that are held, until it is whole or gone', async (t) => {
  const request = await goodRequest(`{"a":"${'x'.repeat(900)}"}`)
  const slow = await setUp(t, { limits: { bodiesBytesMax: Math.floor(request.length * 1.5) } })
  const begun = request.subarray(0, -1)
  for (const end of ['whole', 'gone', 'longer']) {
    const socket = await open(slow.port)
    socket.on('error', () => {})
    socket.write(begun)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const { answers, closed } = await exchange(slow.port, begun)
    assert.deepEqual([answers[0]?.status, closed], [503, true], end)
    if (end === 'whole') socket.write(request.subarray(-1))
    else if (end === 'longer') socket.write(Buffer.concat([request.subarray(-1), Buffer.from('garbage\r\n\r\n')]))
    else socket.resetAndDestroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    for (const call of slow.calls) call.answer({})
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const before = slow.calls.length
  const answering = exchange(slow.port, [begun, request.subarray(-1)], { answers: 1, pauseMs: 50 })
  await slow.arrived(before + 1)
  slow.calls.at(-1)!.answer({ n: 1 })
  assert.deepEqual(bodies((await answering).answers), ['{"n":1}'])
})

test('close() waits for a body whose head has come', async (t) => {
  const slow = await startSlowServer({ limits: { shutdownTimeoutMs: 5_000 } })
  const { stop } = echo(slow)
  t.after(() => stop())
  const bytes = await goodRequest('{"n":1}')
  const socket = await open(slow.port)
  const answers = received(socket, 1)
  socket.write(bytes.subarray(0, -7))
  await new Promise((resolve) => setTimeout(resolve, 50))
  const closing = slow.close()
  await new Promise((resolve) => setTimeout(resolve, 50))
  socket.write(bytes.subarray(-7))
  const [answer] = await answers
  assert.deepEqual([answer!.body, answer!.headers.connection], ['{"n":1}', 'close'])
  await closing
})

test('what comes while a request is under way waits for its turn, whatever it is', async (t) => {
  const slow = await setUp(t)
  const kinds = [
    await goodRequest('{"n":2}'),
    await oddRequest('{"n":2}'),
    (await goodRequest('{"n":2}')).subarray(0, 30),
  ]
  for (const [index, next] of kinds.entries()) {
    const socket = await open(slow.port)
    const answers = received(socket, 2)
    const before = slow.calls.length
    socket.write(await goodRequest('{"n":1}'))
    await slow.arrived(before + 1)
    socket.write(next)
    await new Promise((resolve) => setTimeout(resolve, 30))
    assert.equal(slow.calls.length, before + 1, 'the second is not looked at before the first is answered')
    slow.calls[before]!.answer({ n: 1 })
    if (index === 2) socket.write((await goodRequest('{"n":2}')).subarray(30))
    await slow.arrived(before + 2)
    slow.calls[before + 1]!.answer({ n: 2 })
    assert.deepEqual(bodies(await answers), ['{"n":1}', '{"n":2}'])
    socket.destroy()
  }
})

test('a client that ends its half is answered, and the connection ends', async (t) => {
  const slow = await setUp(t)
  const socket = connect({ port: slow.port, host: '127.0.0.1', allowHalfOpen: true })
  const answers = received(socket, 2)
  socket.end(await goodRequest('{"n":1}'))
  await slow.arrived(1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  slow.calls[0]!.answer({ n: 1 })
  assert.deepEqual(bodies(await answers), ['{"n":1}'])
  socket.destroy()
})

test('a client that does not read is asked nothing more of, and gets all of it when it does', async (t) => {
  const slow = await setUp(t)
  const large = { text: 'ä'.repeat(4 * 1024 * 1024) }
  const socket = await open(slow.port)
  socket.pause()
  socket.write(await goodRequest('{"n":1}'))
  await slow.arrived(1)
  slow.calls[0]!.answer(large)
  socket.write(await goodRequest('{"n":2}'))
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(slow.calls.length, 1)
  let bytes = 0
  socket.on('data', (piece: Buffer) => {
    bytes += piece.length
  })
  socket.resume()
  await slow.arrived(2)
  slow.calls[1]!.answer({ n: 2 })
  const expected = Buffer.byteLength(JSON.stringify(large))
  while (bytes < expected) await new Promise((resolve) => setTimeout(resolve, 5))
  socket.destroy()
})

test('a slow reader that has nothing more to ask gets its answer, and the connection ends', async (t) => {
  const slow = await setUp(t)
  const socket = connect({ port: slow.port, host: '127.0.0.1', allowHalfOpen: true })
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.pause()
  socket.write(await goodRequest('{"n":1}'))
  await slow.arrived(1)
  const text = 'x'.repeat(8 * 1024 * 1024)
  slow.calls[0]!.answer({ text })
  await new Promise((resolve) => setTimeout(resolve, 20))
  socket.end()
  await new Promise((resolve) => setTimeout(resolve, 20))
  let bytes = 0
  socket.on('data', (piece: Buffer) => {
    bytes += piece.length
  })
  const ended = new Promise((resolve) => socket.once('end', () => resolve('ended')))
  const late = new Promise((resolve) => setTimeout(() => resolve('still open'), 5_000).unref())
  socket.resume()
  assert.equal(await Promise.race([ended, late]), 'ended')
  assert.ok(bytes > text.length)
})

test('whoever was told that nothing came in time is told once, and counted once (audit.md AU-3)', async () => {
  const warnings: object[] = []
  const log: Log = { info() {}, warn: (fields) => warnings.push(fields), error() {} }
  const slow = await startSlowServer({ log, limits: { headersTimeoutMs: 50 } })
  const head = (await goodRequest('{"n":1}')).subarray(0, -7)
  for (const part of [[], head]) {
    const { answers } = await exchange(slow.port, part)
    assert.deepEqual(
      answers.map(({ status }) => status),
      [408],
    )
  }
  await new Promise((resolve) => setTimeout(resolve, 100))
  await slow.close()
  assert.deepEqual(
    warnings.map((fields) => (fields as { counts: object }).counts),
    [{ 'HTTP 408': 2 }],
  )
})

test('a client that never reads its answer is cut off', async (t) => {
  const slow = await setUp(t, { limits: { keepAliveTimeoutMs: 100 } })
  const socket = await open(slow.port)
  socket.pause()
  socket.write(await goodRequest('{"n":1}'))
  await slow.arrived(1)
  slow.calls[0]!.answer({ text: 'x'.repeat(16 * 1024 * 1024) })
  // Nothing tells a client that does not read; on a busy machine the server may be late.
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  const ended = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => {})
  socket.resume()
  await ended
  assert.ok(socket.bytesRead < 16 * 1024 * 1024)
})

test('a long operation outlives the time that a connection may be idle', async (t) => {
  const slow = await setUp(t, { limits: { keepAliveTimeoutMs: 50, headersTimeoutMs: 50 } })
  const answering = exchange(slow.port, await goodRequest('{"n":1}'), { answers: 1 })
  await slow.arrived(1)
  await new Promise((resolve) => setTimeout(resolve, 200))
  slow.calls[0]!.answer({ n: 1 })
  assert.deepEqual(bodies((await answering).answers), ['{"n":1}'])
})

test('a connection on which nothing comes is told so', async (t) => {
  const slow = await setUp(t, { limits: { headersTimeoutMs: 50 } })
  const { answers, closed } = await exchange(slow.port, [])
  assert.deepEqual([answers[0]!.status, closed], [408, true])
})

test('close() waits until a slow reader has its answer', async () => {
  const slow = await startSlowServer({ limits: { shutdownTimeoutMs: 5_000 } })
  const text = 'x'.repeat(8 * 1024 * 1024)
  const socket = await open(slow.port)
  socket.pause()
  socket.write(await goodRequest('{"n":1}'))
  await slow.arrived(1)
  slow.calls[0]!.answer({ text })
  await new Promise((resolve) => setTimeout(resolve, 20))
  const closing = slow.close()
  let bytes = 0
  socket.on('data', (piece: Buffer) => {
    bytes += piece.length
  })
  socket.resume()
  await closing
  assert.ok(bytes > text.length, `only ${bytes} bytes came`)
  socket.destroy()
})
