/** The sockets of the proxy: a listener of its own, within limits of its own, whose end is orderly. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { Server as NetServer, type Socket } from 'node:net'
import { RequestHeaders } from '../auth/request-headers.ts'
import {
  CONNECTIONS_CHECK_INTERVAL_MS,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  REFUSED_BODY_BYTES_MAX,
  REQUEST_HEADERS_BYTES_MAX,
  REQUEST_TIMEOUT_MS,
  SHUTDOWN_GRACE_MS,
  SHUTDOWN_LOOK_INTERVAL_MS,
  SHUTDOWN_SETTLE_MS,
  SHUTDOWN_TIMEOUT_MS,
  XKS_REQUEST_BYTES_MAX,
  XKS_SERVER_CONNECTIONS_MAX,
} from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { type Address, followHandshakes, type ListenAddress, listenOn } from '../wire/listen.ts'
import { createServer } from '../wire/node-http.ts'
import { sourceIpOf } from '../wire/peer.ts'
import { followCertificate, readCertificate, type TlsFiles } from '../wire/tls-certificate.ts'
import type { IncomingCall, XksAnswer } from './handler.ts'

export interface Listener {
  /** @returns where it listens. Rejects with node's error if it cannot. */
  listen(address: ListenAddress): Promise<Address>
  /** Takes no more connections, answers what was accepted and, for a moment, what was on its way. */
  close(): Promise<void>
}

/** @throws {CertificateError} for files that cannot be used. */
export function createListener(
  tls: TlsFiles | undefined,
  log: Log,
  handle: (call: IncomingCall) => Promise<XksAnswer>,
): Listener {
  const server = createNodeServer(tls)
  const followed = tls && followCertificate(server as TlsServer, tls, log)
  const endHandshakes = tls && followHandshakes(server)
  /** Since when they are open. Node takes them for busy until their first request has come. */
  const unused = new Map<Socket, number>()
  let isStopping = false

  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    unused.set(socket, performance.now())
    socket.once('close', () => unused.delete(socket))
  })

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    unused.delete(request.socket)
    readBody(request, async (body) => {
      const { rawHeaders, method = '', url: target = '', socket } = request
      const headers = RequestHeaders.of(rawHeaders)
      const sourceIp = sourceIpOf(socket.remoteAddress ?? '')
      try {
        send(response, await handle({ method, target, headers, body, sourceIp }), isStopping || body === undefined)
      } catch (error) {
        log.error({ err: error }, 'an answer of the external key store proxy could not be written')
        response.destroy()
      }
    })
  })

  /** Connections that have nothing that is to be answered; those without a request yet, if they were there by then. */
  function endIdle(openedBefore: number): void {
    server.closeIdleConnections()
    for (const [socket, openedAt] of unused) if (openedAt <= openedBefore) socket.destroy()
  }

  return {
    listen: (address) =>
      listenOn(server, address, (error) => log.error({ err: error }, 'the external key store proxy failed')),
    async close() {
      followed?.stop()
      // Those who have connected by now are let in.
      await new Promise((resolve) => setImmediate(resolve))
      // Not by the method of node's HTTP server, which would cut off connections whose next request is on its way.
      const closed = new Promise<void>((resolve) => void NetServer.prototype.close.call(server, () => resolve()))
      // Whoever is told that his connection ends makes a new one: not while another worker of this server still listens.
      await new Promise((resolve) => setTimeout(resolve, SHUTDOWN_SETTLE_MS))
      isStopping = true
      endHandshakes?.()
      const stoppedAt = performance.now()
      // At the end of a turn, when all sockets that had something to read have been read.
      const looking = setInterval(() => {
        const openedBefore = performance.now() - SHUTDOWN_GRACE_MS
        if (openedBefore >= stoppedAt) setImmediate(endIdle, openedBefore)
      }, SHUTDOWN_LOOK_INTERVAL_MS)
      const force = setTimeout(() => server.closeAllConnections(), SHUTDOWN_TIMEOUT_MS)
      await closed
      clearInterval(looking)
      clearTimeout(force)
      // What else node's HTTP server has to let go of.
      server.close()
    },
  }
}

function createNodeServer(tls: TlsFiles | undefined): Server {
  const common = {
    maxHeaderSize: REQUEST_HEADERS_BYTES_MAX,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // AWS keeps connections (keystores.md 6.5).
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: CONNECTIONS_CHECK_INTERVAL_MS,
    // A request without Host is refused for its signature.
    requireHostHeader: false,
  }
  const server =
    tls === undefined
      ? createServer(common)
      : createTlsServer({
          ...common,
          ...readCertificate(tls),
          minVersion: 'TLSv1.2',
          handshakeTimeout: HEADERS_TIMEOUT_MS,
        })
  server.maxConnections = XKS_SERVER_CONNECTIONS_MAX
  server.timeout = KEEP_ALIVE_TIMEOUT_MS
  // Node would drop the headers beyond a count without a word; their length is bounded.
  server.maxHeadersCount = 0
  return server
}

/**
 * @param take gets the body when it is whole; `undefined`: it was too long. Not called for one that breaks off. What is too long is
 * read to its end, within a limit, because closing on unread bytes could take the answer with it.
 */
function readBody(request: IncomingMessage, take: (body: Buffer | undefined) => void): void {
  let held: Buffer | undefined
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    const start = bytes
    bytes += chunk.length
    if (bytes > REFUSED_BODY_BYTES_MAX) request.destroy()
    else if (start === 0) held = chunk
    else if (bytes <= XKS_REQUEST_BYTES_MAX) {
      // Copied together: many small pieces, held by themselves, would take two hundred times as much.
      if (held!.length < XKS_REQUEST_BYTES_MAX) held = Buffer.concat([held!], XKS_REQUEST_BYTES_MAX)
      chunk.copy(held!, start)
    }
  })
  request.once('end', () =>
    take(bytes > XKS_REQUEST_BYTES_MAX ? undefined : (held?.subarray(0, bytes) ?? Buffer.alloc(0))),
  )
  request.on('error', () => {})
}

function send(response: ServerResponse, { status, body, requestId }: XksAnswer, isLast: boolean): void {
  if (response.destroyed) return
  const headers = ['x-amzn-RequestId', requestId, 'Content-Type', 'application/json', 'Cache-Control', 'no-store']
  if (status === 405) headers.push('Allow', 'POST')
  if (isLast) headers.push('Connection', 'close')
  response.writeHead(status, [...headers, 'Content-Length', Buffer.byteLength(body).toString()])
  response.end(body)
}
