/**
 * Sockets: limits, whole requests in, answers out, an orderly end. What a request means is `request-handler.ts`'s.
 *
 * Nothing is answered before the request is whole, except what exceeds a limit. A client that goes away changes nothing:
 * what it asked for runs to its end and is recorded (audit.md G-8).
 */
import assert from 'node:assert'
import type { IncomingMessage, Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { Server as NetServer, type Socket } from 'node:net'
import type { Authenticator } from '../auth/authenticator.ts'
import type { Clock } from '../base/clock.ts'
import { ConnectionDropped } from '../base/errors.ts'
import {
  CONNECTIONS_CHECK_INTERVAL_MS,
  CONNECTIONS_MAX,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  REQUEST_BODIES_BYTES_MAX,
  REQUEST_BODY_BYTES_MAX,
  REQUEST_HEADERS_BYTES_MAX,
  REQUEST_TIMEOUT_MS,
  SHUTDOWN_GRACE_MS,
  SHUTDOWN_LOOK_INTERVAL_MS,
  SHUTDOWN_SETTLE_MS,
  SHUTDOWN_TIMEOUT_MS,
} from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { ClockControl } from '../base/movable-clock.ts'
import type { Execute } from '../pipeline/execute.ts'
import type { Faults } from '../pipeline/faults.ts'
import { CLOCK_PATH, createClockEndpoint } from './clock-endpoint.ts'
import { createConsoleFiles, type Page } from './console-files.ts'
import type { ControlEndpoints } from './control-endpoint.ts'
import { createFaultsEndpoint, FAULTS_PATH } from './faults-endpoint.ts'
import { endInOrder, hangUp } from './hang-up.ts'
import { asksForHealth, healthPage } from './health-page.ts'
import { IncomingRequest } from './incoming-request.ts'
import { type Address, followHandshakes, type ListenAddress, listenOn } from './listen.ts'
import { createServer } from './node-http.ts'
import { readNodeRequests } from './node-requests.ts'
import { createPeer, type Peer, tlsDetailsOf } from './peer.ts'
import { PlainConnection, type PlainConnectionOwner } from './plain-connection.ts'
import { PlainRequestReader } from './plain-request.ts'
import { createRequestHandler, type HandlerOptions, type RequestObserver, type WireRequest } from './request-handler.ts'
import { createSecurityLog } from './security-log.ts'
import { followCertificate, readCertificate, type TlsFiles } from './tls-certificate.ts'
import { forwardedClient, type TrustedProxies } from './trusted-proxies.ts'
import type { WholeRequest } from './whole-request.ts'

export type { Address, ListenAddress } from './listen.ts'
export type { TlsFiles } from './tls-certificate.ts'

export interface HttpServerOptions {
  readonly execute: Execute
  readonly authenticator: Authenticator
  readonly operations: HandlerOptions['operations']
  readonly clock: Clock
  readonly observer?: ServerObserver | undefined
  /** Lower-case UUID, for request ids. */
  readonly uuid: () => string
  readonly log: Log
  readonly ensureFresh: HandlerOptions['ensureFresh']
  /** Whether a call would be let in now, for those who ask after the health of the process. */
  readonly canServe: () => Promise<boolean>
  /** It cannot, because the root key is yet to be opened. */
  readonly isSealed?: boolean | undefined
  /** `undefined`: plain HTTP. */
  readonly tls?: TlsFiles | undefined
  /** Of proxies that are believed about their clients; `undefined`: none is. */
  readonly trustedProxies?: TrustedProxies | undefined
  readonly limits?: Partial<HttpLimits>
  /** Development only: lets anybody who reaches the server move its clock. */
  readonly clockControl?: ClockControl | undefined
  /** Development only: lets anybody who reaches the server choose what is to fail. */
  readonly faults?: Faults | undefined
  /** Development only: see `foreign-pages.ts`. */
  readonly refusesForeignPages?: boolean | undefined
  /** Path of the web console's build; `undefined`: none is served. */
  readonly consoleFolder?: string | undefined
}

export interface HttpLimits {
  readonly bodyBytesMax: number
  readonly bodiesBytesMax: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly shutdownTimeoutMs: number
  readonly shutdownGraceMs: number
  readonly tlsReloadIntervalMs: number | undefined
}

const LIMITS: HttpLimits = {
  bodyBytesMax: REQUEST_BODY_BYTES_MAX,
  bodiesBytesMax: REQUEST_BODIES_BYTES_MAX,
  headersTimeoutMs: HEADERS_TIMEOUT_MS,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  keepAliveTimeoutMs: KEEP_ALIVE_TIMEOUT_MS,
  shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS,
  shutdownGraceMs: SHUTDOWN_GRACE_MS,
  tlsReloadIntervalMs: undefined,
}

export interface HttpServer {
  /** @returns where it listens. Rejects with node's error if it cannot. */
  listen(address: ListenAddress): Promise<Address>
  /**
   * Takes no more connections, answers what was accepted and, for a moment, what was on its way, and resolves when all of it has come
   * to its end.
   */
  close(): Promise<void>
  figures(): ServerFigures
}

/** How the server is now. */
export interface ServerFigures {
  readonly connections: number
  /** Requests without an answer. */
  readonly running: number
  /** Milliseconds since the epoch; `undefined`: no TLS. */
  readonly certificateEnd: number | undefined
}

/** Never fails, never waits. */
export interface ServerObserver extends RequestObserver {
  /** @param reason exception name, or the HTTP status of what was not even a request. */
  refused(reason: string): void
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const limits = { ...LIMITS, ...options.limits }
  const { log, clock } = options
  const securityLog = createSecurityLog(log, clock, options.observer?.refused)
  const handle = createRequestHandler({ ...options, securityLog, controls: controlsOf(options) })
  const consoleFiles = options.consoleFolder === undefined ? undefined : createConsoleFiles(options.consoleFolder, log)
  const server = createNodeServer(options.tls, limits)
  const parseWithNode = takeConnections(server, options.tls, takeConnection)
  const endHandshakes = options.tls && followHandshakes(server)
  const peers = new Map<Socket, Peer>()
  const certificate =
    options.tls && followCertificate(server as TlsServer, options.tls, log, limits.tlsReloadIntervalMs)
  const plainOwner: PlainConnectionOwner = {
    reader: new PlainRequestReader(limits.bodyBytesMax),
    headersTimeoutMs: limits.headersTimeoutMs,
    keepAliveTimeoutMs: limits.keepAliveTimeoutMs,
    hold: (peer, bytes) => nodeRequests.hold(peer, bytes),
    take: takeRequest,
    refuse(peer, status) {
      securityLog.refused(peer.sourceIp, undefined, `HTTP ${status}`)
      hangUp(peer, status)
    },
    handOver: parseWithNode,
  }
  let isStopping = false
  /** Requests without an answer, whether or not their clients are still there. */
  let running = 0
  let whenIdle: (() => void) | undefined
  /** In this turn of the event loop. */
  let arrived: { readonly request: WholeRequest; readonly facts: WireRequest }[] = []

  function takeConnection(socket: Socket): void {
    const peer = createPeer(socket, options.trustedProxies)
    peers.set(socket, peer)
    socket.once('close', () => {
      peers.delete(socket)
      nodeRequests.peerGone(peer)
    })
    if (isStopping) endAsPeer(peer)
    new PlainConnection(peer, plainOwner)
  }

  /**
   * Answered when all sockets that had something to read have been read. The requests that came together are then worked on
   * together, which is about a third faster under load (docs/performance.md): reading and answering share a processor cache badly.
   */
  function takeRequest(request: WholeRequest): void {
    const facts = factsOf(request)
    running++
    if (arrived.length === 0) setImmediate(answerArrived)
    arrived.push({ request, facts })
  }

  function answerArrived(): void {
    const turn = arrived
    arrived = []
    for (const { request, facts } of turn) void answerRequest(request, facts)
  }

  /** Now: the facts of a connection are gone with it. */
  function factsOf({ peer, method, url, requestHeaders: headers, body }: WholeRequest): WireRequest {
    const target = url.startsWith('/') ? url : originForm(url)
    const queryAt = target.indexOf('?')
    const client = peer.isProxy ? forwardedClient(peer.sourceIp, headers, options.trustedProxies!) : undefined
    return {
      method,
      path: queryAt === -1 ? target : target.slice(0, queryAt),
      query: queryAt === -1 ? '' : target.slice(queryAt + 1),
      headers,
      body,
      sourceIp: client?.sourceIp ?? peer.sourceIp,
      isForwardedSecurely: client?.isSecure,
      tls: options.tls && tlsDetailsOf(peer, headers.get('host') ?? ''),
    }
  }

  async function answerRequest(request: WholeRequest, facts: WireRequest): Promise<void> {
    try {
      // Operations come by POST; nothing is asked of them for the sake of pages.
      const page = facts.method === 'POST' ? undefined : await pageFor(facts)
      if (page !== undefined) request.sendPage!(page, isStopping)
      else {
        const answer = await handle(facts)
        request.send(answer, isStopping)
      }
    } catch (error) {
      if (!(error instanceof ConnectionDropped)) log.error({ err: error }, 'an answer could not be written')
      request.peer.socket.destroy()
    } finally {
      running--
      if (running === 0) whenIdle?.()
    }
  }

  async function pageFor(facts: WireRequest): Promise<Page | undefined> {
    if (!asksForHealth(facts)) return consoleFiles?.(facts)
    const canServe = await options.canServe()
    const unable = options.isSealed === true ? 'sealed' : 'unavailable'
    return healthPage(isStopping ? 'stopping' : canServe ? 'serving' : unable)
  }

  const nodeRequests = readNodeRequests(server, {
    bodyBytesMax: limits.bodyBytesMax,
    bodiesBytesMax: limits.bodiesBytesMax,
    uuid: options.uuid,
    securityLog,
    peerOf: (socket) => peers.get(socket),
    take: takeRequest,
  })

  /** Node, too, ends a connection after its last answer; from now on in order. */
  function endAsPeer(peer: Peer): void {
    peer.socket.destroySoon = () => endInOrder(peer)
  }

  /** Connections that were there by then, and have nothing that is to be answered. */
  function endIdle(openedBefore: number): void {
    for (const peer of peers.values()) {
      if (peer.open === 0 && !peer.isEnding && peer.openedAt <= openedBefore) endInOrder(peer)
    }
  }

  async function close(): Promise<void> {
    // Those who have connected by now are let in.
    await new Promise((resolve) => setImmediate(resolve))
    // Not by the method of node's HTTP server, which would cut off connections whose next request is on its way.
    const closed = new Promise<void>((resolve) => void NetServer.prototype.close.call(server, () => resolve()))
    // Whoever is told that his connection ends makes a new one: not while another worker of this server still listens.
    if (peers.size > 0) await new Promise((resolve) => setTimeout(resolve, SHUTDOWN_SETTLE_MS))
    isStopping = true
    endHandshakes?.()
    for (const peer of peers.values()) endAsPeer(peer)
    const idle = new Promise<void>((resolve) => {
      whenIdle = resolve
      if (running === 0) resolve()
    })
    const stoppedAt = performance.now()
    // At the end of a turn, when all sockets that had something to read have been read.
    const looking = setInterval(() => {
      const openedBefore = performance.now() - limits.shutdownGraceMs
      if (openedBefore >= stoppedAt) setImmediate(endIdle, openedBefore)
    }, SHUTDOWN_LOOK_INTERVAL_MS)
    const force = setTimeout(() => {
      log.warn({ connections: peers.size, requests: running }, 'connections were still open at the end')
      for (const { socket } of peers.values()) socket.destroy()
      whenIdle!()
    }, limits.shutdownTimeoutMs)
    await Promise.all([closed, idle])
    clearInterval(looking)
    clearTimeout(force)
    // What else node's HTTP server has to let go of.
    server.close()
    certificate?.stop()
    securityLog.close()
  }

  return {
    listen: (address) => listenOn(server, address, (error) => log.error({ err: error }, 'the server failed')),
    close,
    figures: () => ({ connections: peers.size, running, certificateEnd: certificate?.end() }),
  }
}

function controlsOf({ clockControl, faults }: HttpServerOptions): ControlEndpoints | undefined {
  if (clockControl === undefined && faults === undefined) return undefined
  return new Map([
    ...(clockControl === undefined ? [] : [[CLOCK_PATH, createClockEndpoint(clockControl)] as const]),
    ...(faults === undefined ? [] : [[FAULTS_PATH, createFaultsEndpoint(faults)] as const]),
  ])
}

/**
 * Every connection is ours first, and node's when we say so.
 * @returns node's own listener, which makes a socket a connection of its parser.
 */
function takeConnections(
  server: Server,
  tls: TlsFiles | undefined,
  take: (socket: Socket) => void,
): (socket: Socket) => void {
  const event = tls === undefined ? 'connection' : 'secureConnection'
  const listeners = server.listeners(event)
  assert.equal(listeners.length, 1, `node has one listener for '${event}'`)
  server.removeAllListeners(event)
  server.on(event, take)
  return (socket) => listeners[0]!.call(server, socket)
}

/** @param url is no path: the whole address, as proxies get it, is a request for its path and query (RFC 9112 3.2.2). */
function originForm(url: string): string {
  const rest = url.replace(/^https?:\/\/[^/?]*/i, '')
  return rest === url || rest.startsWith('/') ? rest : `/${rest}`
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
  // Without bytes in either direction; `readNodeRequests` says what becomes of the connection then.
  server.timeout = limits.keepAliveTimeoutMs
  // Node would drop the headers beyond a count without a word; `takeRequest` refuses the request instead.
  server.maxHeadersCount = 0
  return server
}
