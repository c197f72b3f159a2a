/**
 * A connection as long as it brings plain requests, one after the other. At the first bytes that are none it becomes node's, for
 * good, and they are the first that node's parser sees of it.
 */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { RequestHeaders } from '../auth/request-headers.ts'
import type { Answer } from './answer.ts'
import { endInOrder } from './hang-up.ts'
import type { Peer } from './peer.ts'
import { answerText } from './plain-answer.ts'
import type { PlainRequest, PlainRequestReader, PlainShape } from './plain-request.ts'
import type { WholeRequest } from './whole-request.ts'

/** Of the server that has the connection. */
export interface PlainConnectionOwner {
  readonly reader: PlainRequestReader
  /** How long a connection may be without its first request, and a body without coming. */
  readonly headersTimeoutMs: number
  /** How long a connection may be without the next request. */
  readonly keepAliveTimeoutMs: number
  /** Counts bytes that wait for the rest of their request; negative: they no longer do. @returns false if that is too much. */
  hold(peer: Peer, bytes: number): boolean
  take(request: WholeRequest): void
  refuse(peer: Peer, status: number): void
  /** Makes it a connection of node's parser. */
  handOver(socket: Socket): void
}

export class PlainConnection {
  readonly peer: Peer
  readonly #socket: Socket
  readonly #owner: PlainConnectionOwner
  readonly #isTls: boolean
  readonly #keepAlive: string
  /** Of the last request; `undefined`: there was none. */
  #shape: PlainShape | undefined
  /** A request is being answered, or its answer waits for a slow reader: nothing more is read. */
  #isBusy = false
  /** Came meanwhile. */
  #held: Buffer | undefined
  /** The head of a request whose body is still to come: some clients, boto3 among them, send it after the head. */
  #begun: Buffer | undefined
  /** The client will send nothing more. */
  #isEnding = false

  constructor(peer: Peer, owner: PlainConnectionOwner) {
    const { socket } = peer
    this.peer = peer
    this.#socket = socket
    this.#owner = owner
    this.#isTls = socket instanceof TLSSocket
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(owner.keepAliveTimeoutMs / 1000)}\r\n`
    socket.setTimeout(owner.headersTimeoutMs)
    socket.on('data', this.#take)
    socket.on('end', this.#takeEnd)
    socket.on('timeout', this.#takeTimeout)
    socket.on('error', ignoreError)
  }

  readonly #take = (bytes: Buffer): void => {
    if (this.peer.isEnding) return
    if (this.#isBusy) {
      this.#held = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes])
      this.#socket.pause()
      return
    }
    const begun = this.#begun
    const all = begun === undefined ? bytes : Buffer.concat([begun, bytes])
    const request = this.#owner.reader.read(all, this.#shape)
    if (request === 'begun' && begun === undefined) this.#awaitBody(bytes)
    else if (request === undefined || request === 'begun') this.#handOver(all)
    else this.#ask(request)
  }

  #awaitBody(head: Buffer): void {
    this.#begun = head
    this.peer.open = 1
    this.#socket.setTimeout(this.#owner.headersTimeoutMs)
    if (!this.#owner.hold(this.peer, head.length)) this.#owner.refuse(this.peer, 503)
  }

  /** What was begun is whole, or another's. */
  #letGo(): void {
    if (this.#begun === undefined) return
    this.#owner.hold(this.peer, -this.#begun.length)
    this.#begun = undefined
  }

  #ask(request: PlainRequest): void {
    if (this.#shape === undefined || this.#begun !== undefined) {
      this.#letGo()
      this.#socket.setTimeout(this.#owner.keepAliveTimeoutMs)
    }
    this.#shape = request.shape
    this.#isBusy = true
    this.peer.open = 1
    this.#owner.take(new PlainlyAsked(this, request))
  }

  /** Answers the request that was asked last. */
  send(answer: Answer, isStopping: boolean): void {
    const socket = this.#socket
    if (socket.destroyed) return
    const { body } = answer
    const length = Buffer.byteLength(body)
    const isLast = isStopping && this.#held === undefined
    const text = answerText(answer, length, isLast ? 'Connection: close\r\n' : this.#keepAlive)
    // ASCII is both, and cheaper to write as the first.
    const encoding = length === body.length ? 'latin1' : 'utf8'
    if (isLast) endInOrder(this.peer, text, encoding)
    else if (this.#isEnding) socket.end(text, encoding)
    else if (this.#isTls) socket.write(text, encoding, this.#goOn)
    else {
      socket.write(text, encoding)
      // Without TLS an answer leaves at once as a rule. If not, this is queued behind what a slow reader has not taken yet.
      if (socket.writableLength === 0) this.#goOn()
      else socket.write('', this.#goOn)
    }
  }

  /** The answer has left. */
  readonly #goOn = (): void => {
    this.#isBusy = false
    this.peer.open = 0
    if (this.#isEnding) this.#socket.end()
    const held = this.#held
    if (held === undefined || !this.#socket.writable) return
    this.#held = undefined
    this.#socket.resume()
    this.#take(held)
  }

  /** Paused while it changes hands, so that nothing is read between these bytes and what comes after them. */
  #handOver(bytes: Buffer): void {
    const socket = this.#socket
    this.#letGo()
    socket.off('data', this.#take)
    socket.off('end', this.#takeEnd)
    socket.off('timeout', this.#takeTimeout)
    socket.off('error', ignoreError)
    socket.setTimeout(0)
    this.peer.open = 0
    socket.pause()
    socket.unshift(bytes)
    this.#owner.handOver(socket)
    socket.resume()
  }

  readonly #takeEnd = (): void => {
    if (this.peer.isEnding) return
    this.#isEnding = true
    if (this.#begun !== undefined) this.#owner.refuse(this.peer, 400)
    else if (!this.#isBusy) this.#socket.end()
  }

  /** A request under way may take its time; who does not read its answer may not. */
  readonly #takeTimeout = (): void => {
    if (this.peer.isEnding) return
    if (this.#begun !== undefined || this.#shape === undefined) this.#owner.refuse(this.peer, 408)
    else if (!this.#isBusy || this.#socket.writableLength > 0) this.#socket.destroy()
  }
}

/** A peer that has gone is no error; what it asked for goes on. */
function ignoreError(): void {}

class PlainlyAsked implements WholeRequest {
  readonly peer: Peer
  readonly method = 'POST'
  readonly url: string
  readonly requestHeaders: RequestHeaders
  readonly body: Buffer
  readonly #connection: PlainConnection

  constructor(connection: PlainConnection, { url, headers, body }: PlainRequest) {
    this.peer = connection.peer
    this.url = url
    this.requestHeaders = headers
    this.body = body
    this.#connection = connection
  }

  send(answer: Answer, isLast: boolean): void {
    this.#connection.send(answer, isLast)
  }
}
