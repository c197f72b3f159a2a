/**
 * The end of a server (RFC 9112 9.6 and 9.8): whatever has come is answered, the last answer says that the connection ends, and it ends
 * in an order in which no answer is lost, over plain sockets and TLS, whoever reads the requests.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { parseAnswers, type RawAnswer } from './raw-client.ts'
import { selfSigned } from './self-signed.ts'
import { goodRequest, type SlowServer, type SlowServerOptions, startSlowServer } from './slow-server.ts'

interface Client {
  readonly socket: Socket
  answers(): readonly RawAnswer[]
  /** Resolves at the server's end of the connection, to the error that came instead, if one did. */
  readonly ended: Promise<Error | undefined>
}

interface Site {
  readonly slow: SlowServer
  dial(): Promise<Client>
}

const TRANSPORTS = ['TCP', 'TLS'] as const

async function open(
  t: TestContext,
  transport: (typeof TRANSPORTS)[number],
  options: SlowServerOptions = {},
): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'keyhold-stopping-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  const { cert, key } = selfSigned('stopping')
  writeFileSync(tls.cert, cert)
  writeFileSync(tls.key, key)
  const slow = await startSlowServer(transport === 'TLS' ? { ...options, tls } : options)
  async function dial(): Promise<Client> {
    const at = { host: '127.0.0.1', port: slow.port, allowHalfOpen: true }
    const socket = transport === 'TLS' ? connectTls({ ...at, ca: cert, servername: 'localhost' }) : connect(at)
    t.after(() => void socket.destroy())
    let received = ''
    socket.on('data', (piece: Buffer) => {
      received += piece.toString('latin1')
    })
    const ended = new Promise<Error | undefined>((resolve) => {
      socket.once('end', () => resolve(undefined))
      socket.once('error', resolve)
    })
    await once(socket, transport === 'TLS' ? 'secureConnect' : 'connect')
    return { socket, answers: () => parseAnswers(received), ended }
  }
  return { slow, dial }
}

/** How a request is read, and headers that make it so. */
const READERS = { 'our own reader': {}, "node's parser": { TE: 'trailers' } } as const

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

for (const transport of TRANSPORTS) {
  for (const [reader, headers] of Object.entries(READERS)) {
    const over = `over ${transport} by ${reader}`

    test(`a request that was on its way on a kept connection at the stop is answered, ${over}`, async (t) => {
      const { slow, dial } = await open(t, transport)
      const [used, fresh] = [await dial(), await dial()]
      used.socket.write(await goodRequest('{"n":1}', headers))
      await slow.arrived(1)
      slow.calls[0]!.answer({ n: 1 })
      while (used.answers().length < 1) await pause(2)
      const closing = slow.close()
      await pause(50)
      used.socket.write(await goodRequest('{"n":2}', headers))
      fresh.socket.write(await goodRequest('{"n":2}', headers))
      await slow.arrived(3)
      for (const call of slow.calls.slice(1)) call.answer({ n: 2 })
      for (const { socket, ended, answers } of [used, fresh]) {
        assert.equal(await ended, undefined)
        assert.equal(answers().at(-1)?.body, '{"n":2}')
        assert.equal(answers().at(-1)?.headers.connection, 'close')
        socket.end()
      }
      await closing
    })

    test(`all requests that a connection has brought at the stop are answered, ${over}`, async (t) => {
      const { slow, dial } = await open(t, transport)
      const { socket, answers, ended } = await dial()
      for (const n of [1, 2, 3]) socket.write(await goodRequest(`{"n":${n}}`, headers))
      await slow.arrived(1)
      const closing = slow.close()
      await pause(50)
      for (let n = 0; n < 3; n++) {
        await slow.arrived(n + 1)
        slow.calls[n]!.answer(slow.calls[n]!.body)
        await pause(5)
      }
      assert.equal(await ended, undefined)
      assert.deepEqual(
        answers().map(({ body, headers: { connection } }) => [body, connection === 'close']),
        [
          ['{"n":1}', false],
          ['{"n":2}', false],
          ['{"n":3}', true],
        ],
      )
      socket.end()
      await closing
    })

    test(`what comes after the last answer does not destroy it and is not done, ${over}`, async (t) => {
      const { slow, dial } = await open(t, transport)
      const { socket, answers, ended } = await dial()
      socket.write(await goodRequest('{"n":1}', headers))
      await slow.arrived(1)
      socket.pause()
      const closing = slow.close()
      await pause(50)
      slow.calls[0]!.answer({ n: 1, text: 'x'.repeat(100_000) })
      await pause(20)
      for (let n = 0; n < 5; n++) {
        socket.write(await goodRequest('{"n":2}', headers))
        await pause(20)
      }
      socket.resume()
      assert.equal(await ended, undefined)
      assert.deepEqual(
        answers().map(({ status, body }) => [status, body.length > 100_000]),
        [[200, true]],
      )
      assert.equal(slow.calls.length, 1)
      socket.end()
      await closing
    })
  }

  test(`a client that reads slowly gets all of its last answer, over ${transport}`, async (t) => {
    const { slow, dial } = await open(t, transport)
    const { socket, answers, ended } = await dial()
    socket.write(await goodRequest())
    await slow.arrived(1)
    socket.pause()
    const closing = slow.close()
    await pause(50)
    const text = 'x'.repeat(16 * 1024 * 1024)
    slow.calls[0]!.answer({ text })
    await pause(1_000)
    socket.resume()
    assert.equal(await ended, undefined)
    assert.equal(answers()[0]?.body.length, JSON.stringify({ text }).length)
    socket.end()
    await closing
  })

  test(`connections that bring nothing more end without an error after a moment, over ${transport}`, async (t) => {
    const { slow, dial } = await open(t, transport)
    const clients = [await dial(), await dial()]
    clients[0]!.socket.write(await goodRequest())
    await slow.arrived(1)
    slow.calls[0]!.answer({})
    // Half a head, of which nobody can know whether the rest will come.
    clients[1]!.socket.write('POST / HTTP/1.1\r\nHost: x\r\n')
    await pause(50)
    const startedAt = performance.now()
    const closing = slow.close()
    for (const { socket, ended } of clients) {
      assert.equal(await ended, undefined)
      socket.end()
    }
    await closing
    assert.ok(performance.now() - startedAt < 2_000)
  })

  test(`a client that keeps its side open does not keep the server, over ${transport}`, async (t) => {
    const { slow, dial } = await open(t, transport)
    await dial()
    const startedAt = performance.now()
    await slow.close()
    assert.ok(performance.now() - startedAt < 2_000)
  })
}

test('a client that agrees on TLS while the server stops has as long for its request as others', async (t) => {
  const { slow } = await open(t, 'TLS')
  const plain = connect({ host: '127.0.0.1', port: slow.port })
  t.after(() => void plain.destroy())
  await once(plain, 'connect')
  const closing = slow.close()
  await pause(180)
  const socket = connectTls({ socket: plain, servername: 'localhost', rejectUnauthorized: false })
  let received = ''
  socket.on('data', (piece: Buffer) => {
    received += piece.toString('latin1')
  })
  await once(socket, 'secureConnect')
  await pause(100)
  socket.write(await goodRequest())
  await slow.arrived(1)
  slow.calls[0]!.answer({ n: 1 })
  await once(socket, 'end')
  assert.deepEqual(
    parseAnswers(received).map(({ body }) => body),
    ['{"n":1}'],
  )
  socket.end()
  await closing
})

test('a client that does not come to agree on TLS does not keep the server', async (t) => {
  const { slow, dial } = await open(t, 'TLS')
  const silent = connect({ host: '127.0.0.1', port: slow.port })
  t.after(() => void silent.destroy())
  await once(silent, 'connect')
  // So that the server has taken the silent one before.
  await dial()
  const startedAt = performance.now()
  await slow.close()
  assert.ok(performance.now() - startedAt < 5_000)
})

test('who asks for the health of a server that stops is told so, until it is gone', async (t) => {
  const { slow, dial } = await open(t, 'TCP')
  const { socket, answers, ended } = await dial()
  const closing = slow.close()
  await pause(50)
  socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n')
  assert.equal(await ended, undefined)
  assert.deepEqual(
    answers().map(({ status, body }) => [status, JSON.parse(body)]),
    [[503, { status: 'stopping' }]],
  )
  socket.end()
  await closing
})
