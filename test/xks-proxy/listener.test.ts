/** The end of the listener (docs/operating.md, Stopping; RFC 9112 9.6), over plain sockets and TLS, with the work behind it replaced. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { silentLog } from '../../src/base/log.ts'
import type { XksAnswer } from '../../src/xks-proxy/handler.ts'
import { createListener } from '../../src/xks-proxy/listener.ts'
import { selfSigned } from '../wire/self-signed.ts'

const REQUEST = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'
const ANSWER: XksAnswer = { status: 200, body: '{}', requestId: 'r' }
/** docs/operating.md: for how long a stop keeps a connection without a request. */
const KEPT_MS = 200

interface Client {
  readonly socket: Socket
  received(): string
}

async function listening(context: TestContext, isTls: boolean, handle: () => Promise<XksAnswer>) {
  const folder = mkdtempSync(join(tmpdir(), 'keyhold-xks-listener-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const { cert: ca, key } = selfSigned('xks')
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  writeFileSync(files.cert, ca)
  writeFileSync(files.key, key)
  const listener = createListener(isTls ? files : undefined, silentLog, handle)
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 })
  async function dial(): Promise<Client> {
    const at = { host: '127.0.0.1', port }
    const socket = isTls ? connectTls({ ...at, ca, servername: 'localhost' }) : connect(at)
    context.after(() => void socket.destroy())
    let received = ''
    socket.on('data', (piece: Buffer) => {
      received += piece.toString('latin1')
    })
    socket.on('error', () => {})
    await once(socket, isTls ? 'secureConnect' : 'connect')
    return { socket, received: () => received }
  }
  return { listener, port, dial }
}

for (const transport of ['TCP', 'TLS'] as const) {
  test(`what has come when a stop would end its connection is answered, read or not, over ${transport}`, async (context) => {
    const { listener, dial } = await listening(context, transport === 'TLS', async () => ANSWER)
    const clients = [await dial(), await dial()]
    const [kept] = clients as [Client]
    kept.socket.write(REQUEST)
    await once(kept.socket, 'data')
    const before = kept.received().length
    const closing = listener.close()
    const ended = clients.map(({ socket }) => once(socket, 'close'))
    await new Promise((resolve) => setTimeout(resolve, KEPT_MS / 4))
    // A process that is busy until the time is over: its timers are due before it reads what has come meanwhile.
    setImmediate(() => {
      for (const { socket } of clients) socket.write(REQUEST)
      for (const until = performance.now() + KEPT_MS; performance.now() < until; );
    })
    await Promise.all([...ended, closing])
    assert.match(kept.received().slice(before), /^HTTP\/1\.1 200 [\s\S]*Connection: close/)
    assert.match(clients[1]!.received(), /^HTTP\/1\.1 200 [\s\S]*Connection: close/)
  })
}

test('nobody is told to connect anew until all workers can have heard of the stop', async (context) => {
  const called = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<XksAnswer>()
  const { listener, dial } = await listening(context, false, () => {
    called.resolve()
    return answer.promise
  })
  const { socket, received } = await dial()
  socket.write(REQUEST)
  await called.promise
  const closing = listener.close()
  answer.resolve(ANSWER)
  await once(socket, 'data')
  assert.match(received(), /^HTTP\/1\.1 200 [\s\S]*Connection: keep-alive/)
  await closing
})

test('a client that does not come to agree on TLS does not keep the proxy from its end', async (context) => {
  const { listener, port, dial } = await listening(context, true, async () => ANSWER)
  const silent = connect(port, '127.0.0.1')
  context.after(() => void silent.destroy())
  await once(silent, 'connect')
  // So that the server has taken the silent one before.
  await dial()
  const startedAt = performance.now()
  await listener.close()
  assert.ok(performance.now() - startedAt < 5_000)
})
