/**
 * gRPC over HTTP/2 as github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md has it. Numbers of statuses are those of grpc.io/docs/guides/status-codes,
 * written out here. What the libraries of gRPC send and understand is tried in test/compat/kubernetes.test.ts.
 */
import assert from 'node:assert/strict'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { GrpcError } from '../../src/kubernetes/grpc-error.ts'
import { createGrpcServer, type UnaryMethod } from '../../src/kubernetes/grpc-server.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'
import { answerOf, callRaw, connectToSocket, framed, openCall } from './grpc-call.ts'

const ECHO: UnaryMethod = async (request) => request

async function serverOf(context: TestContext, methods: Readonly<Record<string, UnaryMethod>>) {
  const folder = temporaryFolder('grpc')
  const path = join(folder.path, 'socket')
  const errors: unknown[] = []
  const log = { ...silentLog, error: (fields: object) => errors.push(fields) }
  const grpc = createGrpcServer(new Map(Object.entries(methods)), log)
  await new Promise<void>((resolve) => grpc.server.listen(path, resolve))
  const session = connectToSocket(path)
  context.after(async () => {
    session.destroy()
    await grpc.close()
    folder.remove()
  })
  return { ...grpc, path, session, errors }
}

test('an answer is one message in its frame, and status 0 in the trailers', async (context) => {
  const { session } = await serverOf(context, { '/a.B/Echo': ECHO })
  const answer = await callRaw(session, '/a.B/Echo', framed(Buffer.from('hello')))
  assert.equal(answer.httpStatus, 200)
  assert.equal(answer.headers['content-type'], 'application/grpc')
  assert.equal(answer.status, 0)
  assert.deepEqual(answer.body, Buffer.from('000000000568656c6c6f', 'hex'))
})

test('an empty message is a message', async (context) => {
  const { session } = await serverOf(context, { '/a.B/Echo': ECHO })
  const { status, body } = await callRaw(session, '/a.B/Echo', framed(Buffer.alloc(0)))
  assert.deepEqual({ status, body }, { status: 0, body: Buffer.alloc(5) })
})

test('application/grpc+proto is meant as well, anything else is answered with status 415 of HTTP', async (context) => {
  const { session } = await serverOf(context, { '/a.B/Echo': ECHO })
  const as = (type: string) => callRaw(session, '/a.B/Echo', framed(Buffer.from('x')), { 'content-type': type })
  assert.equal((await as('application/grpc+proto')).status, 0)
  for (const type of ['application/json', 'application/grpc+json', 'application/grpc-web']) {
    assert.equal((await as(type)).httpStatus, 415, type)
  }
})

test('another method of HTTP is answered with status 405', async (context) => {
  const { session } = await serverOf(context, { '/a.B/Echo': ECHO })
  assert.equal((await callRaw(session, '/a.B/Echo', Buffer.alloc(0), { ':method': 'PUT' })).httpStatus, 405)
  assert.equal((await answerOf(session.request({ ':path': '/a.B/Echo' }))).httpStatus, 405)
})

test('a method that is not there is UNIMPLEMENTED, 12', async (context) => {
  const { session } = await serverOf(context, { '/a.B/Echo': ECHO })
  for (const path of ['/a.B/Other', '/', '/constructor']) {
    const answer = await callRaw(session, path, framed(Buffer.from('x')))
    assert.deepEqual([answer.httpStatus, answer.status], [200, 12], path)
  }
})

test('compressed messages, for which no way was agreed on, are UNIMPLEMENTED', async (context) => {
  const { session } = await serverOf(context, { '/a.B/Echo': ECHO })
  assert.equal((await callRaw(session, '/a.B/Echo', framed(Buffer.from('x'), 1))).status, 12)
})

test('what is not one whole message is INTERNAL, 13', async (context) => {
  const { session } = await serverOf(context, { '/a.B/Echo': ECHO })
  const one = framed(Buffer.from('hello'))
  for (const body of [Buffer.alloc(0), one.subarray(0, 4), one.subarray(0, 7), Buffer.concat([one, one])]) {
    assert.equal((await callRaw(session, '/a.B/Echo', body)).status, 13, body.toString('hex'))
  }
})

test('a request of more than 64 KiB is RESOURCE_EXHAUSTED, 8, and need not be sent to its end', async (context) => {
  const { session } = await serverOf(context, { '/a.B/Echo': ECHO })
  assert.equal((await callRaw(session, '/a.B/Echo', framed(Buffer.alloc(64 * 1024)))).status, 0)
  assert.equal((await callRaw(session, '/a.B/Echo', framed(Buffer.alloc(64 * 1024 + 1)))).status, 8)
  const endless = openCall(session, '/a.B/Echo')
  endless.once('response', () => endless.close())
  const answered = answerOf(endless)
  endless.write(Buffer.alloc(128 * 1024))
  assert.equal((await answered).status, 8)
})

test('an error of the method is its status, with its text percent-encoded', async (context) => {
  const { session, errors } = await serverOf(context, {
    '/a.B/Fail': async () => {
      throw new GrpcError('FAILED_PRECONDITION', 'the key is 100% disabled – größte Not')
    },
  })
  const { status, message } = await callRaw(session, '/a.B/Fail', framed(Buffer.alloc(0)))
  assert.equal(status, 9)
  assert.equal(decodeURIComponent(message!), 'the key is 100% disabled – größte Not')
  assert.match(message!, /^[\x20-\x7e]+$/)
  assert.deepEqual(errors, [])
})

test('a bug is INTERNAL without a word of it, and in the log', async (context) => {
  const { session, errors } = await serverOf(context, {
    '/a.B/Fail': async () => {
      throw new TypeError('secret details')
    },
  })
  const { status, message } = await callRaw(session, '/a.B/Fail', framed(Buffer.alloc(0)))
  assert.deepEqual([status, message?.includes('secret')], [13, false])
  assert.equal(errors.length, 1)
})

test('after the deadline of the caller the status is DEADLINE_EXCEEDED, 4, and the work is told', async (context) => {
  const told: unknown[] = []
  const { session } = await serverOf(context, {
    '/a.B/Wait': (_request, signal) =>
      new Promise(() => signal.addEventListener('abort', () => told.push((signal.reason as Error).message))),
  })
  for (const timeout of ['10m', '10000u', '1n']) {
    const { status } = await callRaw(session, '/a.B/Wait', framed(Buffer.alloc(0)), { 'grpc-timeout': timeout })
    assert.equal(status, 4, timeout)
  }
  assert.ok(told.includes('the deadline has passed'))
})

test('a deadline in another form is an error of the caller', async (context) => {
  const { session } = await serverOf(context, { '/a.B/Echo': ECHO })
  for (const timeout of ['10', 'm', '123456789m', '1 S', '-1S']) {
    const answer = await callRaw(session, '/a.B/Echo', framed(Buffer.alloc(0)), { 'grpc-timeout': timeout })
    assert.equal(answer.status, 13, timeout)
  }
})

test('when the caller goes away, the work is told', async (context) => {
  const { promise: aborted, resolve } = Promise.withResolvers<string>()
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { session, errors } = await serverOf(context, {
    '/a.B/Wait': (_request, signal) => {
      begin()
      return new Promise(() => signal.addEventListener('abort', () => resolve((signal.reason as GrpcError).code)))
    },
  })
  const stream = openCall(session, '/a.B/Wait')
  stream.on('error', () => {})
  stream.end(framed(Buffer.alloc(0)))
  await begun
  stream.close(8)
  assert.equal(await aborted, 'CANCELLED')
  assert.deepEqual(errors, [])
})

test('what is not HTTP/2 ends its own connection and no other', async (context) => {
  const { path, session, errors } = await serverOf(context, { '/a.B/Echo': ECHO })
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  const strangers = [
    Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    Buffer.alloc(4096, 0xa5),
    Buffer.concat([preface, Buffer.alloc(4096, 0xa5)]),
    // A HEADERS frame before any SETTINGS, on stream 0 (RFC 9113 6.2: a connection error).
    Buffer.concat([preface, Buffer.from('000000010400000000', 'hex')]),
  ]
  for (const bytes of strangers) {
    const socket = createConnection(path)
    const closed = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
    socket.resume().write(bytes)
    await closed
  }
  createConnection(path).end(preface.subarray(0, 5))
  assert.equal((await callRaw(session, '/a.B/Echo', framed(Buffer.from('x')))).status, 0)
  assert.deepEqual(errors, [])
})

test('a request that breaks off is nobody’s fault', async (context) => {
  const { session, errors } = await serverOf(context, { '/a.B/Echo': ECHO })
  const stream = openCall(session, '/a.B/Echo')
  const closed = new Promise((resolve) => stream.on('close', resolve))
  stream.on('error', () => {})
  stream.write(Buffer.from([0, 0]))
  stream.close(8)
  await closed
  assert.equal((await callRaw(session, '/a.B/Echo', framed(Buffer.from('x')))).status, 0)
  assert.deepEqual(errors, [])
})

test('at a stop the call that is under way is answered, and no further one is taken', async (context) => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: release, resolve: goOn } = Promise.withResolvers<void>()
  const { session, close } = await serverOf(context, {
    '/a.B/Wait': async (request) => {
      begin()
      await release
      return request
    },
  })
  const underWay = callRaw(session, '/a.B/Wait', framed(Buffer.from('kept')))
  await begun
  const goingAway = new Promise((resolve) => session.once('goaway', resolve))
  const closed = close()
  await goingAway
  await assert.rejects(async () => callRaw(session, '/a.B/Wait', framed(Buffer.alloc(0))))
  goOn()
  assert.equal((await underWay).body.subarray(5).toString(), 'kept')
  await closed
})
