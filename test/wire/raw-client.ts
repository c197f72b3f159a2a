/** A client that sends exactly the bytes it is given: what a real HTTP client would refuse to send. */
import { connect, type Socket } from 'node:net'
import type { RawRequest } from '../auth/signer.ts'

export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Exchange {
  readonly answers: readonly RawAnswer[]
  /** The server closed the connection. */
  readonly closed: boolean
}

/** Bytes of a request, headers in the order and spelling given. Adds Content-Length unless the headers frame the body. */
export function requestBytes({ method, path, query, rawHeaders, body }: RawRequest): Buffer {
  const lines = [`${method} ${path}${query === '' ? '' : `?${query}`} HTTP/1.1`]
  let framed = false
  for (let index = 0; index < rawHeaders.length; index += 2) {
    framed ||= /^(content-length|transfer-encoding)$/i.test(rawHeaders[index]!)
    lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`)
  }
  if (!framed) lines.push(`Content-Length: ${body.length}`)
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}

export interface ExchangeOptions {
  /** Resolve when this many answers have come; without: when the server closes. */
  readonly answers?: number
  readonly timeoutMs?: number
  /** Answers to HEAD announce a body and have none. */
  readonly isHead?: boolean
  /** Sends the parts one after another with a pause. */
  readonly pauseMs?: number
}

/** Sends the parts on a new connection and reads what comes back. */
export async function exchange(
  port: number,
  parts: string | Buffer | readonly (string | Buffer)[],
  options: ExchangeOptions = {},
): Promise<Exchange> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  try {
    return await converse(socket, [parts].flat() as (string | Buffer)[], options)
  } finally {
    socket.destroy()
  }
}

function converse(socket: Socket, parts: readonly (string | Buffer)[], options: ExchangeOptions): Promise<Exchange> {
  const { answers: wanted, timeoutMs = 5_000, pauseMs = 0, isHead = false } = options
  return new Promise((resolve, reject) => {
    let received = ''
    const finish = (closed: boolean) => {
      clearTimeout(timer)
      resolve({ answers: parseAnswers(received, isHead), closed })
    }
    const timer = setTimeout(() => {
      reject(new Error(`no end after ${timeoutMs} ms; received: ${JSON.stringify(received.slice(0, 500))}`))
    }, timeoutMs)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      received += text
      if (wanted !== undefined && parseAnswers(received, isHead).length >= wanted) finish(false)
    })
    socket.on('end', () => finish(true))
    // A server that has refused may reset the connection while we still send; what it said has been read by then.
    socket.on('error', () => finish(true))
    socket.on('connect', () => void sendParts(socket, parts, pauseMs))
  })
}

async function sendParts(socket: Socket, parts: readonly (string | Buffer)[], pauseMs: number): Promise<void> {
  for (const [index, part] of parts.entries()) {
    if (index > 0 && pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    if (socket.destroyed) return
    socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part)
  }
}

/** Whole answers only; interim ones (100 Continue) count. */
export function parseAnswers(text: string, isHead = false): RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let at = 0; ; ) {
    const end = text.indexOf('\r\n\r\n', at)
    if (end === -1) return answers
    const [first, ...lines] = text.slice(at, end).split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    )
    const length = isHead ? 0 : Number(headers['content-length'] ?? 0)
    const body = text.slice(end + 4, end + 4 + length)
    if (body.length < length) return answers
    answers.push({ status: Number(first!.split(' ')[1]), headers, body: Buffer.from(body, 'latin1').toString() })
    at = end + 4 + length
  }
}
