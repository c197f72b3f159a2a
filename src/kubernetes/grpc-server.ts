/**
 * gRPC over HTTP/2 (github.com/grpc/grpc: doc/PROTOCOL-HTTP2.md) for methods with one message each way, over `node:http2`: no compression, no
 * streams of messages, no reflection (docs/decisions/0015).
 */
import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import {
  KUBERNETES_CALL_MS_MAX,
  KUBERNETES_CALLS_PER_CONNECTION_MAX,
  KUBERNETES_CONNECTIONS_MAX,
  KUBERNETES_REQUEST_BYTES_MAX,
  REFUSED_BODY_TIMEOUT_MS,
  SHUTDOWN_TIMEOUT_MS,
} from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { GRPC_CODES, GrpcError } from './grpc-error.ts'
import { unlessAborted } from './unless-aborted.ts'

/** @param signal the caller waits no longer. @throws {GrpcError} for what the caller may know; anything else is a bug. */
export type UnaryMethod = (request: Buffer, signal: AbortSignal) => Promise<Buffer>

export interface GrpcServer {
  readonly server: Http2Server
  /** Takes no more calls, answers those that it has, within a limit. */
  close(): Promise<void>
}

/** @param methods by path, `/package.Service/Method` */
export function createGrpcServer(methods: ReadonlyMap<string, UnaryMethod>, log: Log): GrpcServer {
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer({
    settings: { maxConcurrentStreams: KUBERNETES_CALLS_PER_CONNECTION_MAX, enablePush: false },
  })
  server.maxConnections = KUBERNETES_CONNECTIONS_MAX
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  // A peer that speaks something else, or goes away: its connection ends, and that is all.
  server.on('sessionError', (error) => log.debug?.({ err: error }, 'a connection of an API server broke'))
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {})
    answer(stream, headers, methods, log).catch((error) => {
      log.error({ err: error }, 'an answer to an API server could not be written')
      stream.destroy()
    })
  })
  return {
    server,
    async close() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
      for (const session of sessions) session.close()
      const force = setTimeout(() => {
        for (const session of sessions) session.destroy()
      }, SHUTDOWN_TIMEOUT_MS)
      await closed
      clearTimeout(force)
    },
  }
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  methods: ReadonlyMap<string, UnaryMethod>,
  log: Log,
): Promise<void> {
  // What is no gRPC gets an answer of HTTP.
  if (headers[':method'] !== 'POST') return refuse(stream, 405)
  if (!/^application\/grpc(?:\+proto)?(?:;|$)/.test(headers['content-type'] ?? '')) return refuse(stream, 415)
  try {
    end(stream, await call(stream, headers, methods))
  } catch (error) {
    if (!(error instanceof GrpcError)) log.error({ err: error }, 'a call of an API server failed for a reason of ours')
    fail(stream, error instanceof GrpcError ? error : new GrpcError('INTERNAL', 'internal error'))
  }
}

async function call(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  methods: ReadonlyMap<string, UnaryMethod>,
): Promise<Buffer> {
  const controller = new AbortController()
  const { signal } = controller
  const timer = setTimeout(
    () => controller.abort(new GrpcError('DEADLINE_EXCEEDED', 'the deadline has passed')),
    timeoutOf(headers['grpc-timeout']),
  )
  const onClose = () => controller.abort(new GrpcError('CANCELLED', 'the caller is gone'))
  stream.once('close', onClose)
  try {
    const method = methods.get(headers[':path'] ?? '')
    if (method === undefined) throw new GrpcError('UNIMPLEMENTED', 'there is no such method')
    return await unlessAborted(
      readMessage(stream).then((message) => method(message, signal)),
      signal,
    )
  } finally {
    clearTimeout(timer)
    stream.off('close', onClose)
  }
}

const UNITS_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }

/** `100m`: at most 8 digits and a unit. Nobody is served longer than our own limit. */
function timeoutOf(given: string | string[] | undefined): number {
  if (given === undefined) return KUBERNETES_CALL_MS_MAX
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(String(given)) ?? []
  if (digits === undefined) throw new GrpcError('INTERNAL', 'grpc-timeout has another form')
  return Math.min(Number(digits) * UNITS_MS[unit!]!, KUBERNETES_CALL_MS_MAX)
}

const PREFIX_BYTES = 5

/** One message, which has a prefix of a byte that says whether it is compressed, and four of its length. */
async function readMessage(stream: ServerHttp2Stream): Promise<Buffer> {
  const body = await readBody(stream)
  if (body.length >= PREFIX_BYTES && body[0] === 1) throw new GrpcError('UNIMPLEMENTED', 'messages are not compressed')
  const isOne = body.length >= PREFIX_BYTES && body[0] === 0 && body.readUInt32BE(1) === body.length - PREFIX_BYTES
  if (!isOne) throw new GrpcError('INTERNAL', 'a request is one whole message')
  return body.subarray(PREFIX_BYTES)
}

async function readBody(stream: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    // A stream that is destroyed could not be answered any more.
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length
      if (bytes > PREFIX_BYTES + KUBERNETES_REQUEST_BYTES_MAX) break
      chunks.push(chunk)
    }
  } catch (cause) {
    throw new GrpcError('CANCELLED', 'the request broke off', { cause })
  }
  if (bytes <= PREFIX_BYTES + KUBERNETES_REQUEST_BYTES_MAX) return Buffer.concat(chunks)
  throw new GrpcError('RESOURCE_EXHAUSTED', `a request has at most ${KUBERNETES_REQUEST_BYTES_MAX} bytes`)
}

function end(stream: ServerHttp2Stream, message: Buffer): void {
  if (stream.closed || stream.destroyed) return
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32BE(message.length, 1)
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': GRPC_CODES.OK }))
  stream.end(Buffer.concat([prefix, message]))
}

function fail(stream: ServerHttp2Stream, { code, message }: GrpcError): void {
  if (stream.closed || stream.destroyed || stream.headersSent) return
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': GRPC_CODES[code],
      'grpc-message': encodeURIComponent(message).replaceAll('%20', ' '),
    },
    { endStream: true },
  )
  leave(stream)
}

function refuse(stream: ServerHttp2Stream, status: number): void {
  stream.respond({ ':status': status }, { endStream: true })
  leave(stream)
}

/** What is still to come of the request is thrown away, for a while: a stream that is closed at once would take the answer with it. */
function leave(stream: ServerHttp2Stream): void {
  if (stream.readableEnded) return
  stream.resume()
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), REFUSED_BODY_TIMEOUT_MS)
  stream.once('close', () => clearTimeout(timer))
}
