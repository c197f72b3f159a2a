/**
 * Sockets: limits, whole requests in, answers out, an orderly end. What a request means is `request-handler.ts`'s.
 *
 * Nothing is answered before the request is whole, except what exceeds a limit. A client that goes away changes nothing:
 * what it asked for runs to its end and is recorded (audit.md G-8).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Authenticator } from '../auth/authenticator.ts'
import { headerValue } from '../auth/raw-headers.ts'
import type { Clock } from '../base/clock.ts'
import {
  CONNECTIONS_CHECK_INTERVAL_MS,
  CONNECTIONS_MAX,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  PIPELINED_REQUESTS_MAX,
  REFUSED_BODY_BYTES_MAX,
  REFUSED_BODY_TIMEOUT_MS,
  REQUEST_BODY_BYTES_MAX,
  REQUEST_HEADERS_BYTES_MAX,
  REQUEST_HEADERS_COUNT_MAX,
  REQUEST_TIMEOUT_MS,
  SHUTDOWN_TIMEOUT_MS,
} from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { ClockControl } from '../base/movable-clock.ts'
import type { Execute } from '../pipeline/execute.ts'
import type { Answer } from './answer.ts'
import { createClockEndpoint } from './clock-endpoint.ts'
import { createConsoleFiles, type Page } from './console-files.ts'
import { IncomingRequest } from './incoming-request.ts'
import { createPeer, type Peer, tlsDetailsOf } from './peer.ts'
import { createRequestHandler, type HandlerOptions } from './request-handler.ts'
import { createSecurityLog } from './security-log.ts'
import { followCertificate, readCertificate, type TlsFiles } from './tls-certificate.ts'
import { forwardedClient, type TrustedProxies } from './trusted-proxies.ts'

export type { TlsFiles } from './tls-certificate.ts'

export interface HttpServerOptions {
  readonly execute: Execute
  readonly authenticator: Authenticator
  readonly operations: HandlerOptions['operations']
  readonly clock: Clock
  /** Lower-case UUID, for request ids. */
  readonly uuid: () => string
  readonly log: Log
  /** `undefined`: plain HTTP. */
  readonly tls?: TlsFiles | undefined
  /** Of proxies that are believed about their clients; `undefined`: none is. */
  readonly trustedProxies?: TrustedProxies | undefined
  readonly limits?: Partial<HttpLimits>
  /** Development only: lets anybody who reaches the server move its clock. */
  readonly clockControl?: ClockControl | undefined
  /** Path of the web console's build; `undefined`: none is served. */
  readonly consoleFolder?: string | undefined
}

export interface HttpLimits {
  readonly bodyBytesMax: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly shutdownTimeoutMs: number
  readonly tlsReloadIntervalMs: number | undefined
}

const LIMITS: HttpLimits = {
  bodyBytesMax: REQUEST_BODY_BYTES_MAX,
  headersTimeoutMs: HEADERS_TIMEOUT_MS,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  keepAliveTimeoutMs: KEEP_ALIVE_TIMEOUT_MS,
  shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS,
  tlsReloadIntervalMs: undefined,
}

export interface Address {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
}

export interface ListenAddress extends Address {
  /** Other processes of this user listen there too; the system shares connections out among them (SO_REUSEPORT). */
  readonly isShared?: boolean
}

export interface HttpServer {
  /** @returns where it listens. Rejects with node's error if it cannot. */
  listen(address: ListenAddress): Promise<Address>
  /** Takes no more connections, answers what was accepted, and resolves when all of it has come to its end. */
  close(): Promise<void>
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const limits = { ...LIMITS, ...options.limits }
  const { log, clock } = options
  const securityLog = createSecurityLog(log, clock)
  const clockEndpoint = options.clockControl && createClockEndpoint(options.clockControl)
  const handle = createRequestHandler({ ...options, securityLog, clockEndpoint })
  const consoleFiles = options.consoleFolder === undefined ? undefined : createConsoleFiles(options.consoleFolder, log)
  const server = createNodeServer(options.tls, limits)
  const peers = new Map<Socket, Peer>()
  const stopFollowing =
    options.tls && followCertificate(server as TlsServer, options.tls, log, limits.tlsReloadIntervalMs)
  let isStopping = false
  /** Requests in the handler, whether or not their clients are still there. */
  let running = 0
  let whenIdle: (() => void) | undefined
  /** One for all requests of a turn of the event loop. */
  let turn: Promise<void> | undefined

  function takeConnection(socket: Socket): void {
    const peer = createPeer(socket, options.trustedProxies)
    peers.set(socket, peer)
    socket.once('close', () => peers.delete(socket))
    if (isStopping) socket.destroy()
  }

  function takeRequest(request: IncomingRequest, response: ServerResponse): void {
    const peer = peers.get(request.socket)!
    request.peer = peer
    request.response = response
    peer.open++
    response.on('close', requestGone)
    // No listener for 'error', so node emits none: a peer that has gone is no error, what it asked for goes on.
    request.onPiece = takePiece
    // HTTP/0.9 has no headers to sign; the parser lets it pass.
    if (request.httpVersionMajor !== 1) refuse(request, 400)
    else if (request.rawHeaders.length > 2 * REQUEST_HEADERS_COUNT_MAX) refuse(request, 431)
    else if (Number(headerValue(request.rawHeaders, 'content-length') ?? 0) > limits.bodyBytesMax) refuse(request, 413)
    else if (peer.open > PIPELINED_REQUESTS_MAX) refuse(request, 429)
  }

  function takePiece(this: IncomingRequest, piece: Buffer | null): void {
    if (piece === null) takeEnd(this)
    else takeChunk(this, piece)
  }

  function takeChunk(request: IncomingRequest, chunk: Buffer): void {
    request.collect(chunk)
    if (request.receivedBytes <= limits.bodyBytesMax) return
    if (!request.isRefused) refuse(request, 413)
    else if (request.receivedBytes > REFUSED_BODY_BYTES_MAX) request.response.end()
  }

  function takeEnd(request: IncomingRequest): void {
    if (request.isRefused) request.response.end()
    else void answerRequest(request)
  }

  /**
   * Answers at once and ends the connection. What the client still sends is read for a while: closing on unread bytes
   * would reset the connection, and the client would never see why.
   */
  function refuse(request: IncomingRequest, status: number): void {
    const { response, peer } = request
    request.isRefused = true
    request.forgetBody()
    peer.isEnding = true
    securityLog.refused(peer.sourceIp, undefined, `HTTP ${status}`)
    response.writeHead(status, ['x-amzn-RequestId', options.uuid(), 'Content-Length', '0', 'Connection', 'close'])
    response.flushHeaders()
    const timer = setTimeout(() => response.end(), REFUSED_BODY_TIMEOUT_MS).unref()
    response.once('close', () => clearTimeout(timer))
  }

  /**
   * When all sockets that had something to read have been read. The requests that came together are then worked on
   * together, which is about a third faster under load (docs/performance.md): reading and answering share a processor cache badly.
   */
  function endOfTurn(): Promise<void> {
    turn ??= new Promise((resolve) => {
      setImmediate(() => {
        turn = undefined
        resolve()
      })
    })
    return turn
  }

  async function answerRequest(request: IncomingRequest): Promise<void> {
    const { peer, rawHeaders, response } = request
    const url = request.url!
    const queryAt = url.indexOf('?')
    request.isAccepted = true
    peer.accepted++
    running++
    try {
      const client = peer.isProxy ? forwardedClient(peer.sourceIp, rawHeaders, options.trustedProxies!) : undefined
      const wireRequest = {
        method: request.method!,
        path: queryAt === -1 ? url : url.slice(0, queryAt),
        query: queryAt === -1 ? '' : url.slice(queryAt + 1),
        rawHeaders,
        body: request.wholeBody(),
        sourceIp: client?.sourceIp ?? peer.sourceIp,
        isForwardedSecurely: client?.isSecure,
        tls: options.tls && tlsDetailsOf(peer, headerValue(rawHeaders, 'host') ?? ''),
      }
      await endOfTurn()
      // Operations come by POST; nothing is asked of them for the sake of the console.
      const page = wireRequest.method === 'POST' ? undefined : await consoleFiles?.(wireRequest)
      if (page !== undefined) writePage(response, page)
      else write(response, await handle(wireRequest))
    } catch (error) {
      log.error({ err: error }, 'an answer could not be written')
      peer.socket.destroy()
    } finally {
      running--
      if (running === 0) whenIdle?.()
    }
  }

  function write(response: ServerResponse, { status, contentType, body, requestId }: Answer): void {
    if (response.destroyed) return
    const length = Buffer.byteLength(body)
    const headers = ['x-amzn-RequestId', requestId, 'Content-Type', contentType, 'Content-Length', length.toString()]
    if (isStopping) headers.push('Connection', 'close')
    response.writeHead(status, headers)
    // ASCII is both, and cheaper to write as the first.
    response.end(body, length === body.length ? 'latin1' : 'utf8')
  }

  function writePage(response: ServerResponse, { status, headers, body }: Page): void {
    if (response.destroyed) return
    const ending = isStopping ? ['Connection', 'close'] : []
    response.writeHead(status, [...headers, 'Content-Length', body.length.toString(), ...ending])
    // To HEAD node writes the head alone.
    response.end(body)
  }

  /** What is not HTTP, comes too slowly or has too long a header. */
  function takeClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    const peer = peers.get(socket)
    if (peer === undefined || error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    if (peer.isEnding || peer.endsWith !== undefined) return
    const status = statusOf(error.code)
    securityLog.refused(peer.sourceIp, undefined, `HTTP ${status}`)
    // Written now, it would pass for the answer to a request that came before.
    if (peer.accepted > 0) peer.endsWith = status
    else endWith(peer, status)
  }

  server.on(options.tls === undefined ? 'connection' : 'secureConnection', takeConnection)
  server.on('request', takeRequest as never)
  server.on('checkContinue', (request: IncomingRequest, response: ServerResponse) => {
    takeRequest(request, response)
    if (!request.isRefused) response.writeContinue()
  })
  server.on('connect', (_request, socket: Socket) => socket.end(bareResponse(404)))
  server.on('clientError', takeClientError)

  async function close(): Promise<void> {
    isStopping = true
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    const idle = new Promise<void>((resolve) => {
      whenIdle = resolve
      if (running === 0) resolve()
    })
    for (const peer of peers.values()) if (peer.open === 0) peer.socket.destroy()
    const force = setTimeout(() => {
      log.warn({ connections: peers.size, requests: running }, 'connections were still open at the end')
      for (const { socket } of peers.values()) socket.destroy()
      whenIdle!()
    }, limits.shutdownTimeoutMs)
    await Promise.all([closed, idle])
    clearTimeout(force)
    stopFollowing?.()
    securityLog.close()
  }

  return {
    listen({ host, port, isShared = false }) {
      return new Promise((resolve, reject) => {
        server.once('error', reject)
        // Exclusive: in a worker of node:cluster the socket is its own, not the primary's.
        server.listen({ host, port, ...(isShared ? { reusePort: true, exclusive: true } : {}) }, () => {
          server.off('error', reject)
          server.on('error', (error) => log.error({ err: error }, 'the server failed'))
          const bound = server.address() as { address: string; port: number }
          resolve({ host: bound.address, port: bound.port })
        })
      })
    },
    close,
  }
}

function createNodeServer(tls: TlsFiles | undefined, limits: HttpLimits): Server {
  const common = {
    // Node's types do not know that a request class may add members.
    IncomingMessage: IncomingRequest as typeof IncomingMessage,
    maxHeaderSize: REQUEST_HEADERS_BYTES_MAX,
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: CONNECTIONS_CHECK_INTERVAL_MS,
    // A request without Host is refused for its signature, in the form that clients read.
    requireHostHeader: false,
  }
  const server =
    tls === undefined
      ? createServer(common)
      : createTlsServer({
          ...common,
          ...readCertificate(tls),
          minVersion: 'TLSv1.2',
          handshakeTimeout: limits.headersTimeoutMs,
        })
  server.maxConnections = CONNECTIONS_MAX
  // Node would drop the headers beyond a count without a word; `takeRequest` refuses the request instead.
  server.maxHeadersCount = 0
  return server
}

/** The answer has been written, or nobody is there to read it. */
function requestGone(this: ServerResponse): void {
  const { peer, isAccepted } = this.req as IncomingRequest
  peer.open--
  if (!isAccepted) return
  peer.accepted--
  if (peer.accepted === 0 && peer.endsWith !== undefined) endWith(peer, peer.endsWith)
}

function statusOf(code: string | undefined): number {
  if (code === 'HPE_HEADER_OVERFLOW') return 431
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
}

function bareResponse(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
}

/** Says why and hangs up; a client that does not hang up too is cut off. */
function endWith(peer: Peer, status: number): void {
  const { socket } = peer
  peer.isEnding = true
  socket.end(bareResponse(status))
  const timer = setTimeout(() => socket.destroy(), REFUSED_BODY_TIMEOUT_MS).unref()
  socket.once('close', () => clearTimeout(timer))
}
