/** Calls of gRPC by node's HTTP/2 client, byte by byte as its protocol says: for what the libraries of gRPC would never send. */
import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { createConnection } from 'node:net'

export interface GrpcAnswer {
  readonly httpStatus: number
  readonly headers: IncomingHttpHeaders
  /** From the trailers, or from headers that are trailers as well. */
  readonly status: number | undefined
  readonly message: string | undefined
  readonly body: Buffer
}

export function connectToSocket(path: string): ClientHttp2Session {
  const session = connect('http://localhost', { createConnection: () => createConnection(path) })
  session.on('error', () => {})
  return session
}

/** A byte that says whether it is compressed, four of the length, the message. */
export function framed(message: Uint8Array, compressed = 0): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = compressed
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

export function openCall(session: ClientHttp2Session, path: string, headers: OutgoingHttpHeaders = {}) {
  return session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
}

export function callRaw(
  session: ClientHttp2Session,
  path: string,
  body: Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<GrpcAnswer> {
  const stream = openCall(session, path, headers)
  stream.end(body)
  return answerOf(stream)
}

export function answerOf(stream: ReturnType<ClientHttp2Session['request']>): Promise<GrpcAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let head: IncomingHttpHeaders | undefined
    let tail: IncomingHttpHeaders | undefined
    stream.on('response', (headers) => {
      head = headers
    })
    stream.on('trailers', (headers) => {
      tail = headers
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('close', () => {
      if (head === undefined) return reject(new Error('there was no answer'))
      const status = (tail ?? head)['grpc-status']
      resolve({
        httpStatus: Number(head[':status']),
        headers: head,
        status: status === undefined ? undefined : Number(status),
        message: (tail ?? head)['grpc-message'] as string | undefined,
        body: Buffer.concat(chunks),
      })
    })
  })
}
