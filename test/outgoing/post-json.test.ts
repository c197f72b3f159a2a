/** Alarms on their way to the operator's address. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { postJson } from '../../src/outgoing/post-json.ts'
import { selfSigned } from '../wire/self-signed.ts'

async function addressOf(context: TestContext, server: Server, scheme = 'http'): Promise<string> {
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
