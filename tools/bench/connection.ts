/** One kept-alive connection with one request under way; answers have a Content-Length, for that is all this client asks for. */
import { connect, type Socket } from 'node:net'

export interface Connection {
  /** Sends a request; the answer before must be there. */
  ask(request: Uint8Array): void
  close(): void
}

export interface ConnectionHandlers {
  onAnswer(connection: Connection): void
  /** For any status but 200, and when the connection ends. */
  onFailure(error: Error): void
}

const RECEIVE_BYTES = 64 * 1024

export async function openConnection(port: number, handlers: ConnectionHandlers): Promise<Connection> {
  const parser = createAnswerParser()
  const buffer = Buffer.allocUnsafeSlow(RECEIVE_BYTES)
  const socket: Socket = connect({
    host: '127.0.0.1',
    port,
    noDelay: true,
    onread: {
      buffer,
      callback(length) {
        receive(buffer.subarray(0, length))
        return true
      },
    },
  })
  const connection: Connection = {
    ask: (request) => socket.write(request),
    close: () => socket.removeAllListeners('close').destroy(),
  }
  function receive(bytes: Buffer): void {
    try {
      if (!parser.push(bytes)) return
    } catch (error) {
      handlers.onFailure(error as Error)
      return
    }
    handlers.onAnswer(connection)
  }
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  socket.on('error', handlers.onFailure)
  socket.on('close', () => handlers.onFailure(new Error('the server closed a connection')))
  return connection
}

const HEAD_END = Buffer.from('\r\n\r\n')
const OK = 'HTTP/1.1 200 '
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i

function createAnswerParser(): { push(bytes: Buffer): boolean } {
  /** What is there of an answer that came in pieces; usually one piece is all of it. */
  let pending: Buffer | undefined
  return {
    /** @returns true when an answer is complete. @throws {Error} for any status but 200. */
    push(bytes) {
      const answer = pending === undefined ? bytes : Buffer.concat([pending, bytes])
      const headEnd = answer.indexOf(HEAD_END)
      const length = headEnd === -1 ? undefined : lengthOf(answer, headEnd)
      if (length === undefined || answer.length < length) {
        // The socket reuses its buffer.
        pending = Buffer.from(answer)
        return false
      }
      if (answer.length > length) throw new Error('more bytes than one answer')
      const head = answer.toString('latin1', 0, OK.length)
      if (head !== OK) throw new Error(`not a success:\n${answer.toString('latin1')}`)
      pending = undefined
      return true
    },
  }
}

function lengthOf(answer: Buffer, headEnd: number): number {
  const found = CONTENT_LENGTH.exec(answer.toString('latin1', 0, headEnd))
  if (found === null) throw new Error(`an answer without Content-Length:\n${answer.toString('latin1', 0, headEnd)}`)
  return headEnd + HEAD_END.length + Number(found[1])
}
