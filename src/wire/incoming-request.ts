/** A request while it arrives. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { RequestHeaders } from '../auth/request-headers.ts'
import type { Answer } from './answer.ts'
import type { Page } from './console-files.ts'
import { IncomingMessage } from './node-http.ts'
import type { Peer } from './peer.ts'
import type { WholeRequest } from './whole-request.ts'

function ignore(): void {}

const NOTHING: Buffer = Buffer.alloc(0)

const NO_HEADERS: IncomingHttpHeaders = Object.freeze({})

/**
 * Node makes one for each request; the fields save a closure for every event. What its parser hands over goes straight to the
 * server: the events of a stream, its buffer and its end would be the most expensive part of reading a body that is
 * nearly always one piece.
 */
export class IncomingRequest extends IncomingMessage implements WholeRequest {
  /** Requests always have them; node's type is also that of an answer. */
  declare method: string
  declare url: string
  declare peer: Peer
  declare response: ServerResponse
  /** Of the body, so far. */
  receivedBytes = 0
  /** Answered before it was whole; what is still to come of it is thrown away. */
  isRefused = false
  /** It is whole, and will be answered. */
  isAccepted = false
  /** Told of each piece of the body and, with `null`, of the end; nobody is for requests that node itself refuses. */
  onPiece: (this: IncomingRequest, piece: Buffer | null) => void = ignore
  /** It has its own way of being read: node need not throw away what is left of it. */
  _consuming = true
  #requestHeaders: RequestHeaders | undefined
  #isWhole = false
  /** The body so far, with room behind it once a second piece has come. */
  #held = NOTHING
  #heldBytes = 0

  /** Called by node's parser. @returns whether it may go on. */
  override push(piece: Buffer | null): boolean {
    if (piece === null) this.#isWhole = true
    this.onPiece(piece)
    return true
  }

  /** Once the head is whole. */
  get requestHeaders(): RequestHeaders {
    this.#requestHeaders ??= RequestHeaders.of(this.rawHeaders)
    return this.#requestHeaders
  }

  /**
   * Only the two that node itself asks for. The server reads {@link requestHeaders}; an object of all of them would be made for each
   * request and never looked at.
   */
  // @ts-expect-error: in the types a property, in node an accessor of the class above.
  override get headers(): IncomingHttpHeaders {
    const expect = this.requestHeaders.get('expect')
    const te = this.requestHeaders.get('te')
    return expect === undefined && te === undefined ? NO_HEADERS : { expect, te }
  }

  // @ts-expect-error: in the types a property, in node an accessor of the class above.
  override get readableEnded(): boolean {
    return this.#isWhole
  }

  collect(chunk: Buffer): void {
    this.receivedBytes += chunk.length
    if (this.isRefused) return
    // Nearly every body comes in one piece and is not copied.
    if (this.#heldBytes === 0) this.#held = chunk
    else this.#append(chunk)
    this.#heldBytes += chunk.length
  }

  /** Copied together: a piece may be a single byte, and held by itself it would take two hundred times as much. */
  #append(chunk: Buffer): void {
    const length = this.#heldBytes + chunk.length
    if (length > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(2 * length)
      this.#held.copy(larger, 0, 0, this.#heldBytes)
      this.#held = larger
    }
    chunk.copy(this.#held, this.#heldBytes)
  }

  get body(): Buffer {
    return this.#held.length === this.#heldBytes ? this.#held : this.#held.subarray(0, this.#heldBytes)
  }

  /** @returns how many bytes that were. */
  forgetBody(): number {
    const held = this.#heldBytes
    this.#held = NOTHING
    this.#heldBytes = 0
    return held
  }

  send({ status, contentType, body, requestId }: Answer, isLast: boolean): void {
    const { response } = this
    if (response.destroyed) return
    const length = Buffer.byteLength(body)
    const headers = ['x-amzn-RequestId', requestId, 'Content-Type', contentType, 'Content-Length', length.toString()]
    if (this.#isLast(isLast)) headers.push('Connection', 'close')
    response.writeHead(status, headers)
    response.end(body)
  }

  /** Node would leave those without an answer that came behind one. */
  #isLast(isLast: boolean): boolean {
    return isLast && this.peer.newest === this
  }

  sendPage({ status, headers, body }: Page, isLast: boolean): void {
    const { response } = this
    if (response.destroyed) return
    const ending = this.#isLast(isLast) ? ['Connection', 'close'] : []
    response.writeHead(status, [...headers, 'Content-Length', body.length.toString(), ...ending])
    // To HEAD node writes the head alone.
    response.end(body)
  }
}
