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
import { bareResponse, hangUp } from './hang-up.ts'
import type { IncomingRequest } from './incoming-request.ts'
import type { Peer } from './peer.ts'
import type { SecurityLog } from './security-log.ts'
import type { WholeRequest } from './whole-request.ts'

export interface NodeRequestsOptions {
  readonly bodyBytesMax: number
  readonly uuid: () => string
  readonly securityLog: SecurityLog
  /** `undefined` for a connection that is not the server's. */
  peerOf(socket: Socket): Peer | undefined
  take(request: WholeRequest): void
}

/** Listens to what the server's parser says of its connections. */
export function readNodeRequests(server: Server, options: NodeRequestsOptions): void {
  const { bodyBytesMax, securityLog } = options

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
    if (request.receivedBytes <= bodyBytesMax) return
    if (!request.isRefused) refuse(request, 413)
    else if (request.receivedBytes > REFUSED_BODY_BYTES_MAX) request.response.end()
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
    request.forgetBody()
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
    if (peer.isEnding || peer.endsWith !== undefined) return
    const status = statusOf(error.code)
    securityLog.refused(peer.sourceIp, undefined, `HTTP ${status}`)
    // Written now, it would pass for the answer to a request that came before.
    if (peer.accepted > 0) peer.endsWith = status
    else hangUp(peer, status)
  }

  server.on('request', takeRequest as never)
  server.on('checkContinue', (request: IncomingRequest, response: ServerResponse) => {
    takeRequest(request, response)
    if (!request.isRefused) response.writeContinue()
  })
  server.on('connect', (_request: IncomingMessage, socket: Socket) => socket.end(bareResponse(404)))
  server.on('clientError', takeClientError)
}

/** The answer has been written, or nobody is there to read it. */
function requestGone(this: ServerResponse): void {
  const { peer, isAccepted } = this.req as IncomingRequest
  peer.open--
  if (!isAccepted) return
  peer.accepted--
  if (peer.accepted === 0 && peer.endsWith !== undefined) hangUp(peer, peer.endsWith)
}

function statusOf(code: string | undefined): number {
  if (code === 'HPE_HEADER_OVERFLOW') return 431
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
}
