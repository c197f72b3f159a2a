/**
 * The listener of the API: gRPC by Connect's library over `node:http2`, within our limits. Of what that library can do besides there is nothing: no
 * compression, no protocol but gRPC, no reflection (docs/decisions/0016-grpc-by-connect.md).
 */
import { constants, createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { Code, ConnectError, type Interceptor, type ServiceImpl } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import {
  KUBERNETES_CALL_MS_MAX,
  KUBERNETES_CALLS_PER_CONNECTION_MAX,
  KUBERNETES_CONNECTIONS_MAX,
  KUBERNETES_REQUEST_BYTES_MAX,
  REFUSED_BODY_TIMEOUT_MS,
  SHUTDOWN_TIMEOUT_MS,
} from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { type GrpcCode, GrpcError } from './grpc-error.ts'
import { KeyManagementService } from './service.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface GrpcServer {
  readonly server: Http2Server
  /** Takes no more calls, answers those that it has, within a limit. */
  close(): Promise<void>
}

/** A deadline further away would overflow the timer that the library sets for it, and be over at once. */
const DEADLINE_MS_MAX = 2 ** 31 - 1

/**
 * @param methods their signal says that the caller waits no longer, by a GrpcError. They throw a GrpcError for what the caller may know; anything else is
 * a bug.
 */
export function createGrpcServer(methods: ServiceImpl<typeof KeyManagementService>, log: Log): GrpcServer {
  const answer = connectNodeAdapter({
    routes: (router) => void router.service(KeyManagementService, methods),
    connect: false,
    grpcWeb: false,
    acceptCompression: [],
    readMaxBytes: KUBERNETES_REQUEST_BYTES_MAX,
    maxTimeoutMs: DEADLINE_MS_MAX,
    binaryOptions: { readUnknownFields: false },
    interceptors: [withStatuses(log), withinTime],
  })
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer(
    { settings: { maxConcurrentStreams: KUBERNETES_CALLS_PER_CONNECTION_MAX, enablePush: false } },
    (request, response) => {
      endInTime(request.stream)
      // Of a Unix socket it says nothing, and the library would make a URL of it.
      request.headers[':authority'] = 'localhost'
      answer(request, response)
    },
  )
  server.maxConnections = KUBERNETES_CONNECTIONS_MAX
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  // A session that was closed is gone, and its socket waits for the peer.
  const sockets = new Set<ServerHttp2Session['socket']>()
  server.on('connection', (socket: ServerHttp2Session['socket']) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  // A peer that speaks something else, or goes away: its connection ends, and that is all.
  server.on('sessionError', (error) => log.debug?.({ err: error }, 'a connection of an API server broke'))
  return {
    server,
    async close() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
      for (const session of sessions) session.close()
      const force = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, SHUTDOWN_TIMEOUT_MS)
      await closed
      clearTimeout(force)
    },
  }
}

/**
 * The library waits for whatever does not come of a request. What it has not read when it answers is thrown away, for a while: node:http2 would keep it,
 * and the stream, as long as the connection lasts, and closing the stream at once would take the answer along.
 */
function endInTime(stream: ServerHttp2Stream): void {
  const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants
  const closeAfter = (ms: number, code: number) => setTimeout(() => stream.close(code), ms)
  let timer = closeAfter(KUBERNETES_CALL_MS_MAX + REFUSED_BODY_TIMEOUT_MS, NGHTTP2_CANCEL)
  stream.once('finish', () => {
    clearTimeout(timer)
    timer = closeAfter(REFUSED_BODY_TIMEOUT_MS, NGHTTP2_NO_ERROR)
    stream.removeAllListeners('data').resume()
  })
  stream.once('close', () => clearTimeout(timer))
}

/** The library tells a method of its caller's deadline, but waits for it all the same, and has no limit of its own. */
const withinTime: Interceptor = (next) => async (request) => {
  const controller = new AbortController()
  const pass = () => controller.abort(new GrpcError('DEADLINE_EXCEEDED', 'the deadline has passed'))
  const onAbort = () => {
    if (ConnectError.from(request.signal.reason).code === Code.DeadlineExceeded) return pass()
    controller.abort(new GrpcError('CANCELLED', 'the caller is gone'))
  }
  const timer = setTimeout(pass, KUBERNETES_CALL_MS_MAX)
  request.signal.addEventListener('abort', onAbort)
  if (request.signal.aborted) onAbort()
  try {
    return await unlessAborted(next({ ...request, signal: controller.signal }), controller.signal)
  } finally {
    clearTimeout(timer)
    request.signal.removeEventListener('abort', onAbort)
  }
}

const CODES: Readonly<Record<GrpcCode, Code>> = {
  CANCELLED: Code.Canceled,
  UNKNOWN: Code.Unknown,
  INVALID_ARGUMENT: Code.InvalidArgument,
  DEADLINE_EXCEEDED: Code.DeadlineExceeded,
  NOT_FOUND: Code.NotFound,
  PERMISSION_DENIED: Code.PermissionDenied,
  RESOURCE_EXHAUSTED: Code.ResourceExhausted,
  FAILED_PRECONDITION: Code.FailedPrecondition,
  INTERNAL: Code.Internal,
  UNAVAILABLE: Code.Unavailable,
  UNAUTHENTICATED: Code.Unauthenticated,
}

function withStatuses(log: Log): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request)
    } catch (error) {
      // Half of a surrogate pair, as a KMS might send one, cannot be percent-encoded.
      if (error instanceof GrpcError) throw new ConnectError(error.message.toWellFormed(), CODES[error.code])
      log.error({ err: error }, 'a call of an API server failed for a reason of ours')
      throw new ConnectError('internal error', Code.Internal)
    }
  }
}
