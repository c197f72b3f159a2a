/** Documents of servers that somebody else chose. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer } from 'node:tls'
import { FetchError, fetchDocument } from '../../src/outgoing/fetch-document.ts'
import { selfSigned } from '../wire/self-signed.ts'

test('a server that would rather speak another protocol (RFC 9110 7.8) has no document, and is hung up on', async (context) => {
  const identity = selfSigned('localhost')
  const server = createServer(identity, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n')
    })
  })
  const closed = once(server, 'secureConnection').then(([socket]) => once(socket, 'close'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  const url = `https://localhost:${(server.address() as AddressInfo).port}/`
  const fetched = fetchDocument(url, { isPrivate: true, ca: identity.cert })
  await assert.rejects(fetched, (error: Error) => error instanceof FetchError && /status 101/.test(error.message))
  await closed
})
