/** Alarms on their way to the operator's address. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { postJson } from '../../src/outgoing/post-json.ts'
import { selfSigned } from '../wire/self-signed.ts'

async function addressOf(context: TestContext, server: TcpServer, scheme = 'http'): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  return `${scheme}://localhost:${(server.address() as AddressInfo).port}/hook/a-secret`
}

test('only an answer of success counts, and the error does not show the whole address', async (context) => {
  for (const status of [200, 201, 204, 299]) {
    const address = await addressOf(
      context,
      createServer((_, response) => response.writeHead(status).end()),
    )
    await postJson(address, { a: 1 })
  }
  for (const status of [302, 400, 404, 500, 503]) {
    const server = createServer((request, response) => {
      if (request.url === '/elsewhere') response.end()
      else response.writeHead(status, { location: '/elsewhere' }).end('x'.repeat(100_000))
    })
    const address = await addressOf(context, server)
    await assert.rejects(postJson(address, {}), { message: `localhost answered with status ${status}` })
  }
})

test('nobody there, and a certificate that nobody vouches for, are errors', async (context) => {
  const gone = createServer()
  const address = await addressOf(context, gone)
  gone.close()
  await assert.rejects(postJson(address, {}), (error: Error) => !String(error.stack).includes('a-secret'))
  const tls = createTlsServer(selfSigned('localhost'), (_, response) => response.end())
  const unknown = await addressOf(context, tls, 'https')
  await assert.rejects(postJson(unknown, {}), (error: Error) => !String(error.stack).includes('a-secret'))
})

test('a receiver that would rather speak another protocol (RFC 9110 7.8) is an error, and is hung up on', async (context) => {
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n'
  const server = createTcpServer((socket) => void socket.once('data', () => socket.write(switching)))
  const closed = once(server, 'connection').then(([socket]) => once(socket, 'close'))
  const address = await addressOf(context, server)
  await assert.rejects(postJson(address, {}), { message: 'localhost answered with status 101' })
  await closed
})

test('an answer without an end is taken, and is not read for ever', async (context) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const timer = setInterval(() => socket.write('more'), 50)
      socket.once('close', () => clearInterval(timer))
    })
  })
  const closed = once(server, 'connection').then(([socket]) => once(socket, 'close'))
  await postJson(await addressOf(context, server), {})
  await closed
})
