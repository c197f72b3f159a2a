/**
 * What node's parser reads: every request that is not plain, within its limits. The rest of HTTP is here: bodies in pieces,
 * chunks, pipelined requests, expectations, and refusing what exceeds a limit.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import {
  PIPELINED_REQUESTS_MAX,
  REFUSED_BODY_BYTES_MAX,
  REFUSED_BODY_TIMEOUT_MS,
  REQUEST_HEADERS_COUNT_MAX,
} from '../base/limits.ts'
import { hangUp } from './hang-up.ts'
import type { IncomingRequest } from './incoming-request.ts'
import type { Peer } from './peer.ts'
import type { SecurityLog } from './security-log.ts'
import type { WholeRequest } from './whole-request.ts'

export interface NodeRequestsOptions {
  readonly bodyBytesMax: number
  /** Of all requests together. */
  readonly bodiesBytesMax: number
  readonly uuid: () => string
  readonly securityLog: SecurityLog
  /** `undefined` for a connection that is not the server's. */
  peerOf(socket: Socket): Peer | undefined
  take(request: WholeRequest): void
}

export interface NodeRequests {
  /** Counts bytes of a body that somebody else holds; negative: no longer. @returns false if all bodies together are too much. */
  hold(peer: Peer, bytes: number): boolean
  /** A connection has ended, with whatever requests it had. */
  peerGone(peer: Peer): void
}

/** Listens to what the server's parser says of its connections. */
export function readNodeRequests(server: Server, options: NodeRequestsOptions): NodeRequests {
  const { bodyBytesMax, bodiesBytesMax, securityLog } = options
  let heldBytes = 0

  function takeRequest(request: IncomingRequest, response: ServerResponse): void {
    const peer = options.peerOf(request.socket)!
    if (peer.isEnding) return
    peer.newest = request
    request.peer = peer
    request.response = response
    peer.open++
    response.on('close', requestGone)
    // No listener for 'error', so node emits none: a peer that has gone is no error, what it asked for goes on.
    request.onPiece = takePiece
    // HTTP/0.9 has no headers to sign; the parser lets it pass.
    if (request.httpVersionMajor !== 1) refuse(request, 400)
    else if (request.rawHeaders.length > 2 * REQUEST_HEADERS_COUNT_MAX) refuse(request, 431)
    else if (Number(request.requestHeaders.get('content-length') ?? 0) > bodyBytesMax) refuse(request, 413)
    else if (peer.open > PIPELINED_REQUESTS_MAX) refuse(request, 429)
  }

  function takePiece(this: IncomingRequest, piece: Buffer | null): void {
    if (piece === null) takeEnd(this)
    else takeChunk(this, piece)
  }

  function takeChunk(request: IncomingRequest, chunk: Buffer): void {
    request.collect(chunk)
    if (request.isRefused) {
      if (request.receivedBytes > REFUSED_BODY_BYTES_MAX) request.response.end()
      return
    }
    const fits = hold(request.peer, chunk.length)
    if (request.receivedBytes > bodyBytesMax) refuse(request, 413)
    else if (!fits) refuse(request, 503)
  }

  function hold(peer: Peer, bytes: number): boolean {
    peer.heldBytes += bytes
    heldBytes += bytes
    return heldBytes <= bodiesBytesMax
  }

  /** Nothing is held any more for a connection that has gone. */
  function letGo(request: IncomingRequest): void {
    const { peer } = request
    hold(peer, -Math.min(request.forgetBody(), peer.heldBytes))
  }

  function takeEnd(request: IncomingRequest): void {
    if (request.isRefused) {
      request.response.end()
      return
    }
    request.isAccepted = true
    request.peer.accepted++
    options.take(request)
  }

  /**
   * Answers at once and ends the connection. What the client still sends is read for a while: closing on unread bytes
   * would reset the connection, and the client would never see why.
   */
  function refuse(request: IncomingRequest, status: number): void {
    const { response, peer } = request
    request.isRefused = true
    letGo(request)
    peer.isEnding = true
    securityLog.refused(peer.sourceIp, undefined, `HTTP ${status}`)
    response.writeHead(status, ['x-amzn-RequestId', options.uuid(), 'Content-Length', '0', 'Connection', 'close'])
    response.flushHeaders()
    const timer = setTimeout(() => response.end(), REFUSED_BODY_TIMEOUT_MS).unref()
    response.once('close', () => clearTimeout(timer))
  }

  /** What is not HTTP, comes too slowly or has too long a header. */
  function takeClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    const peer = options.peerOf(socket)
    if (peer === undefined || error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    endWith(peer, statusOf(error.code))
  }

  /** Node lets go of the connection with this: nothing of it is read any more, and nobody else hears of its errors. */
  function takeTunnel(_request: IncomingMessage, socket: Socket): void {
    socket.on('error', ignoreError)
    socket.resume()
    endWith(options.peerOf(socket)!, 404)
  }

  function endWith(peer: Peer, status: number): void {
    if (peer.isEnding || peer.endsWith !== undefined) return
    securityLog.refused(peer.sourceIp, undefined, `HTTP ${status}`)
    // Written now, it would pass for the answer to a request that came before.
    if (peer.accepted > 0) peer.endsWith = status
    else hangUp(peer, status)
  }

  /** A request under way may take its time; who does not read its answer may not. */
  function takeTimeout(socket: Socket): void {
    const isUnderWay = (options.peerOf(socket)?.accepted ?? 0) > 0
    if (!isUnderWay || socket.writableLength > 0) socket.destroy()
  }

  /** The answer has been written, or nobody is there to read it. */
  function requestGone(this: ServerResponse): void {
    const request = this.req as IncomingRequest
    const { peer, isAccepted } = request
    letGo(request)
    peer.open--
    if (!isAccepted) return
    peer.accepted--
    if (peer.accepted === 0 && peer.endsWith !== undefined) hangUp(peer, peer.endsWith)
  }

  server.on('request', takeRequest as never)
  server.on('checkContinue', (request: IncomingRequest, response: ServerResponse) => {
    takeRequest(request, response)
    if (!request.isRefused) response.writeContinue()
  })
  server.on('connect', takeTunnel as never)
  server.on('timeout', takeTimeout)
  server.on('clientError', takeClientError)
  // Of requests behind one that is being answered node says no more then.
  return { hold, peerGone: (peer) => void hold(peer, -peer.heldBytes) }
}

function ignoreError(): void {}

function statusOf(code: string | undefined): number {
  if (code === 'HPE_HEADER_OVERFLOW') return 431
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
}
