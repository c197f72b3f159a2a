/** A request while it arrives. */
import { type IncomingHttpHeaders, IncomingMessage, type ServerResponse } from 'node:http'
import { headerValue } from '../auth/raw-headers.ts'
import type { Peer } from './peer.ts'

function ignore(): void {}

const NOTHING: Buffer = Buffer.alloc(0)

const NO_HEADERS: IncomingHttpHeaders = Object.freeze({})

/**
 * Node makes one for each request; the fields save a closure for every event. What its parser hands over goes straight to the
 * server: the events of a stream, its buffer and its end would be the most expensive part of reading a body that is
 * nearly always one piece.
 */
export class IncomingRequest extends IncomingMessage {
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
  #isWhole = false
  #first: Buffer | undefined
  #rest: Buffer[] | undefined

  /** Called by node's parser. @returns whether it may go on. */
  override push(piece: Buffer | null): boolean {
    if (piece === null) this.#isWhole = true
    this.onPiece(piece)
    return true
  }

  /**
   * Only the two that node itself asks for. The server reads `rawHeaders`; an object of all of them would be made for each request
   * and never looked at.
   */
  // @ts-expect-error: in the types a property, in node an accessor of the class above.
  override get headers(): IncomingHttpHeaders {
    const expect = headerValue(this.rawHeaders, 'expect')
    const te = headerValue(this.rawHeaders, 'te')
    return expect === undefined && te === undefined ? NO_HEADERS : { expect, te }
  }

  // @ts-expect-error: in the types a property, in node an accessor of the class above.
  override get readableEnded(): boolean {
    return this.#isWhole
  }

  collect(chunk: Buffer): void {
    this.receivedBytes += chunk.length
    if (this.isRefused) return
    if (this.#first === undefined) this.#first = chunk
    else if (this.#rest === undefined) this.#rest = [chunk]
    else this.#rest.push(chunk)
  }

  /** Nearly every body comes in one piece and is not copied. */
  wholeBody(): Buffer {
    const first = this.#first ?? NOTHING
    return this.#rest === undefined ? first : Buffer.concat([first, ...this.#rest])
  }

  forgetBody(): void {
    this.#first = undefined
    this.#rest = undefined
  }
}
