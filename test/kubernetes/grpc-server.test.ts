/**
 * gRPC over HTTP/2 as github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md has it. Numbers of statuses are those of grpc.io/docs/guides/status-codes,
 * written out here. What the libraries of gRPC send and understand is tried in test/compat/kubernetes.test.ts.
 */
import assert from 'node:assert/strict'
import type { Http2Stream } from 'node:http2'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ServiceImpl } from '@connectrpc/connect'
import { silentLog } from '../../src/base/log.ts'
import { GrpcError } from '../../src/kubernetes/grpc-error.ts'
import { createGrpcServer } from '../../src/kubernetes/grpc-server.ts'
import type { KeyManagementService } from '../../src/kubernetes/service.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'
import { answerOf, callRaw, connectToSocket, framed, openCall } from './grpc-call.ts'

type Methods = ServiceImpl<typeof KeyManagementService>

const ENCRYPT = '/v2.KeyManagementService/Encrypt'
const DECRYPT = '/v2.KeyManagementService/Decrypt'

/** By the numbers of their fields in Kubernetes' api.proto, EncryptRequest and EncryptResponse are the same bytes: plaintext and ciphertext are field 1. */
const ECHO: Methods['encrypt'] = ({ plaintext }) => ({ ciphertext: plaintext })

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
/** Field 1 with the text "hello", as protobuf.dev/programming-guides/encoding has it. */
const HELLO = hex('0a 05 68 65 6c 6c 6f')

async function serverOf(context: TestContext, methods: Partial<Methods> = {}) {
  const folder = temporaryFolder('grpc')
  const path = join(folder.path, 'socket')
  const errors: unknown[] = []
  const log = { ...silentLog, error: (fields: object) => errors.push(fields) }
  const decrypt = () => ({ plaintext: Buffer.alloc(0) })
  const grpc = createGrpcServer({ status: () => ({}), encrypt: ECHO, decrypt, ...methods }, log)
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
  const { session } = await serverOf(context)
  const answer = await callRaw(session, ENCRYPT, framed(HELLO))
  assert.equal(answer.httpStatus, 200)
  assert.match(String(answer.headers['content-type']), /^application\/grpc(\+proto)?$/)
  assert.equal(answer.status, 0)
  assert.deepEqual(answer.body, hex('00 00000007 0a 05 68 65 6c 6c 6f'))
})

test('an empty message is a message', async (context) => {
  const { session } = await serverOf(context)
  const { status, body } = await callRaw(session, ENCRYPT, framed(Buffer.alloc(0)))
  assert.deepEqual({ status, body }, { status: 0, body: Buffer.alloc(5) })
})

test('fields are those of Kubernetes’ api.proto: of DecryptRequest ciphertext 1, uid 2, key_id 3', async (context) => {
  const seen: unknown[] = []
  const { session } = await serverOf(context, {
    status: () => ({ version: 'v2', healthz: 'ok', keyId: 'k' }),
    encrypt: ({ plaintext, uid }) => {
      seen.push([Buffer.from(plaintext).toString(), uid])
      return { ciphertext: Buffer.from('c'), keyId: 'k' }
    },
    decrypt: ({ ciphertext, uid, keyId }) => {
      seen.push([Buffer.from(ciphertext).toString(), uid, keyId])
      return { plaintext: Buffer.from('p') }
    },
  })
  const bodyOf = async (path: string, text: string) =>
    (await callRaw(session, path, framed(hex(text)))).body.subarray(5)
  const status = await bodyOf('/v2.KeyManagementService/Status', '')
  assert.deepEqual(status, hex('0a 02 76 32  12 02 6f 6b  1a 01 6b'))
  assert.deepEqual(await bodyOf(ENCRYPT, '0a 01 70  12 01 75'), hex('0a 01 63  12 01 6b'))
  assert.deepEqual(await bodyOf(DECRYPT, '0a 01 63  12 01 75  1a 01 6b'), hex('0a 01 70'))
  assert.deepEqual(seen, [
    ['p', 'u'],
    ['c', 'u', 'k'],
  ])
})

test('fields that nobody knows are passed over, of one that is there twice the last counts', async (context) => {
  const { session } = await serverOf(context)
  // Field 8, a varint; 9, 64 bits; 10, 32 bits; 11, a message; then field 1 twice (protobuf.dev/programming-guides/encoding).
  const known = '0a 02 68 6f  0a 02 68 69'
  const message = hex(`40 96 01  49 0102030405060708  55 01020304  5a 03 08 96 01  ${known}`)
  const { status, body } = await callRaw(session, ENCRYPT, framed(message))
  assert.deepEqual({ status, body: body.subarray(5) }, { status: 0, body: hex('0a 02 68 69') })
})

test('what is no message is INTERNAL, 13', async (context) => {
  const { session, errors } = await serverOf(context)
  const broken = {
    'a length beyond the end': '0a 05 61',
    'a length that is not there': '0a',
    'a key without an end': '80',
    'a varint of eleven bytes': '08 ffffffffffffffffffff 01',
    'the field 0': '02 00',
    'the wire type 7': '0f',
    'half of 64 bits': '09 01020304',
    'a text that is not UTF-8': '12 02 c3 28',
  }
  for (const [what, bytes] of Object.entries(broken)) {
    assert.equal((await callRaw(session, ENCRYPT, framed(hex(bytes)))).status, 13, what)
  }
  assert.deepEqual(errors, [])
})

test('application/grpc+proto is meant as well, anything else is answered with status 415 of HTTP', async (context) => {
  const { session } = await serverOf(context)
  const as = (type: string) => callRaw(session, ENCRYPT, framed(HELLO), { 'content-type': type })
  assert.equal((await as('application/grpc+proto')).status, 0)
  // The protocols of Connect and gRPC-Web among them.
  const others = [
    'application/json',
    'application/proto',
    'application/connect+proto',
    'application/grpc-web',
    'text/x',
  ]
  for (const type of others) assert.equal((await as(type)).httpStatus, 415, type)
})

test('whatever authority a caller names, or none', async (context) => {
  const { session } = await serverOf(context)
  for (const authority of ['%2Frun%2Fkms.sock', 'localhost:1', 'host:0:0']) {
    assert.equal((await callRaw(session, ENCRYPT, framed(HELLO), { ':authority': authority })).status, 0, authority)
  }
})

test('another method of HTTP is answered with status 405', async (context) => {
  const { session } = await serverOf(context)
  assert.equal((await callRaw(session, ENCRYPT, Buffer.alloc(0), { ':method': 'PUT' })).httpStatus, 405)
  assert.equal((await answerOf(session.request({ ':path': ENCRYPT }))).httpStatus, 405)
})

// grpc/doc/http-grpc-status-mapping.md: by 404 a caller knows UNIMPLEMENTED.
test('a method that is not there, reflection too, is answered with status 404 of HTTP', async (context) => {
  const { session } = await serverOf(context)
  const reflection = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
  for (const path of ['/v2.KeyManagementService/Other', '/', '/constructor', reflection]) {
    assert.equal((await callRaw(session, path, framed(HELLO))).httpStatus, 404, path)
  }
})

// grpc/doc/compression.md has both.
test('compression is UNIMPLEMENTED, 12; a message that says compressed where no way was named is INTERNAL, 13', async (context) => {
  const { session } = await serverOf(context)
  for (const encoding of ['gzip', 'br', 'deflate', 'snappy']) {
    const answer = await callRaw(session, ENCRYPT, framed(HELLO, 1), { 'grpc-encoding': encoding })
    assert.equal(answer.status, 12, encoding)
  }
  assert.equal((await callRaw(session, ENCRYPT, framed(HELLO, 1))).status, 13)
  const accepting = await callRaw(session, ENCRYPT, framed(Buffer.alloc(0)), { 'grpc-accept-encoding': 'gzip,br' })
  assert.deepEqual([accepting.status, accepting.headers['grpc-encoding']], [0, undefined])
})

test('what is not one whole message is refused', async (context) => {
  const { session } = await serverOf(context)
  const one = framed(HELLO)
  // Connect's conformance tests have UNIMPLEMENTED, 12, for none and for more than one.
  for (const body of [Buffer.alloc(0), Buffer.concat([one, one])]) {
    assert.equal((await callRaw(session, ENCRYPT, body)).status, 12, body.toString('hex'))
  }
  for (const body of [one.subarray(0, 4), one.subarray(0, 7)]) {
    assert.equal((await callRaw(session, ENCRYPT, body)).status, 3, body.toString('hex'))
  }
})

/** A key, a length of three bytes, the plaintext. */
function plaintextOf(bytes: number): Buffer {
  const length = [(bytes & 0x7f) | 0x80, ((bytes >> 7) & 0x7f) | 0x80, bytes >> 14]
  return Buffer.concat([Buffer.from([0x0a, ...length]), Buffer.alloc(bytes)])
}

test('a request of more than 64 KiB is RESOURCE_EXHAUSTED, 8, and need not be sent to its end', async (context) => {
  const { session } = await serverOf(context)
  assert.equal((await callRaw(session, ENCRYPT, framed(plaintextOf(64 * 1024 - 4)))).status, 0)
  assert.equal((await callRaw(session, ENCRYPT, framed(plaintextOf(64 * 1024 - 3)))).status, 8)
  const endless = openCall(session, ENCRYPT)
  // As gRPC's clients do with what they have not sent yet.
  endless.once('trailers', () => endless.close(8))
  const answered = answerOf(endless)
  endless.write(framed(plaintextOf(128 * 1024)))
  assert.equal((await answered).status, 8)
})

test('of a request that was refused nothing is kept', async (context) => {
  const { server, session } = await serverOf(context)
  const streams: Http2Stream[] = []
  server.on('stream', (stream) => streams.push(stream))
  assert.equal((await callRaw(session, ENCRYPT, framed(plaintextOf(64 * 1024)))).status, 8)
  assert.equal((await callRaw(session, ENCRYPT, framed(HELLO))).status, 0)
  assert.equal(streams[0]!.destroyed, true)
})

test('an error of the method is its status, with its text percent-encoded', async (context) => {
  const { session, errors } = await serverOf(context, {
    encrypt: async () => {
      throw new GrpcError('FAILED_PRECONDITION', 'the key is 100% disabled – größte Not')
    },
  })
  const { status, message } = await callRaw(session, ENCRYPT, framed(Buffer.alloc(0)))
  assert.equal(status, 9)
  assert.equal(decodeURIComponent(message!), 'the key is 100% disabled – größte Not')
  assert.match(message!, /^[\x20-\x7e]+$/)
  assert.deepEqual(errors, [])
})

test('a text that a KMS cut in the middle of a character can be told', async (context) => {
  const { session } = await serverOf(context, {
    encrypt: () => {
      throw new GrpcError('UNKNOWN', 'half \ud83d')
    },
  })
  const { status, message } = await callRaw(session, ENCRYPT, framed(HELLO))
  assert.deepEqual([status, decodeURIComponent(message!)], [2, 'half \ufffd'])
})

test('a bug is INTERNAL without a word of it, and in the log', async (context) => {
  const { session, errors } = await serverOf(context, {
    encrypt: async () => {
      throw new TypeError('secret details')
    },
  })
  const { status, message } = await callRaw(session, ENCRYPT, framed(Buffer.alloc(0)))
  assert.deepEqual([status, message?.includes('secret')], [13, false])
  assert.equal(errors.length, 1)
})

test('after the deadline of the caller the status is DEADLINE_EXCEEDED, 4, and the work is told', async (context) => {
  const told: unknown[] = []
  const { session } = await serverOf(context, {
    encrypt: (_request, { signal }) =>
      new Promise(() => signal.addEventListener('abort', () => told.push((signal.reason as Error).message))),
  })
  for (const timeout of ['10m', '10000u', '1n']) {
    const { status } = await callRaw(session, ENCRYPT, framed(Buffer.alloc(0)), { 'grpc-timeout': timeout })
    assert.equal(status, 4, timeout)
  }
  assert.ok(told.includes('the deadline has passed'))
})

test('a deadline in another form, or further away than any, is INVALID_ARGUMENT, 3', async (context) => {
  const { session } = await serverOf(context)
  for (const timeout of ['10', 'm', '123456789m', '1 S', '-1S', '99999999H']) {
    const answer = await callRaw(session, ENCRYPT, framed(Buffer.alloc(0)), { 'grpc-timeout': timeout })
    assert.equal(answer.status, 3, timeout)
  }
})

test('without a deadline of its caller, or with one that is further away, a call ends after 10 s', async (context) => {
  for (const headers of [{}, { 'grpc-timeout': '1H' }]) {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const { session } = await serverOf(context, {
      encrypt: () => {
        begin()
        return new Promise(() => {})
      },
    })
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const answered = callRaw(session, ENCRYPT, framed(HELLO), headers)
    await begun
    context.mock.timers.tick(9_999)
    context.mock.timers.tick(1)
    assert.equal((await answered).status, 4)
    context.mock.timers.reset()
  }
})

test('a request whose rest never comes is given up', async (context) => {
  const { server, session, errors } = await serverOf(context)
  const stalled = openCall(session, ENCRYPT)
  const ended = answerOf(stalled)
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const taken = new Promise((resolve) => server.once('request', resolve))
  stalled.write(framed(HELLO).subarray(0, 7))
  await taken
  context.mock.timers.tick(12_000)
  await assert.rejects(ended)
  // CANCEL of RFC 9113 7.
  assert.equal(stalled.rstCode, 8)
  context.mock.timers.reset()
  assert.equal((await callRaw(session, ENCRYPT, framed(HELLO))).status, 0)
  assert.deepEqual(errors, [])
})

test('when the caller goes away, the work is told', async (context) => {
  const { promise: aborted, resolve } = Promise.withResolvers<string>()
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { session, errors } = await serverOf(context, {
    encrypt: (_request, { signal }) => {
      begin()
      return new Promise(() => signal.addEventListener('abort', () => resolve((signal.reason as GrpcError).code)))
    },
  })
  const stream = openCall(session, ENCRYPT)
  stream.on('error', () => {})
  stream.end(framed(Buffer.alloc(0)))
  await begun
  stream.close(8)
  assert.equal(await aborted, 'CANCELLED')
  assert.deepEqual(errors, [])
})

test('what is not HTTP/2 ends its own connection and no other', async (context) => {
  const { path, session, errors } = await serverOf(context)
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
  assert.equal((await callRaw(session, ENCRYPT, framed(HELLO))).status, 0)
  assert.deepEqual(errors, [])
})

test('a request that breaks off is nobody’s fault', async (context) => {
  const { session, errors } = await serverOf(context)
  const stream = openCall(session, ENCRYPT)
  const closed = new Promise((resolve) => stream.on('close', resolve))
  stream.on('error', () => {})
  stream.write(Buffer.from([0, 0]))
  stream.close(8)
  await closed
  assert.equal((await callRaw(session, ENCRYPT, framed(HELLO))).status, 0)
  assert.deepEqual(errors, [])
})

test('at a stop the call that is under way is answered, and no further one is taken', async (context) => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: release, resolve: goOn } = Promise.withResolvers<void>()
  const { session, close } = await serverOf(context, {
    encrypt: async ({ plaintext }) => {
      begin()
      await release
      return { ciphertext: plaintext }
    },
  })
  const underWay = callRaw(session, ENCRYPT, framed(HELLO))
  await begun
  const goingAway = new Promise((resolve) => session.once('goaway', resolve))
  const closed = close()
  await goingAway
  await assert.rejects(async () => callRaw(session, ENCRYPT, framed(Buffer.alloc(0))))
  goOn()
  assert.equal((await underWay).body.subarray(7).toString(), 'hello')
  await closed
})

test('a peer that keeps its connection open holds up a stop no longer than 10 s', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const { path, close } = await serverOf(context)
  // Ends its side no more than it says anything.
  const silent = createConnection({ path, allowHalfOpen: true })
  context.after(() => silent.destroy())
  await new Promise((resolve) => silent.once('data', resolve))
  const closed = close()
  await new Promise((resolve) => silent.once('end', resolve))
  context.mock.timers.tick(10_000)
  await closed
})
