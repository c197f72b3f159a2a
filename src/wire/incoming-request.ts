/** A request while it arrives. */
import { IncomingMessage, type ServerResponse } from 'node:http'
import type { Peer } from './peer.ts'

const NOTHING: Buffer = Buffer.alloc(0)

/** Node makes one for each request; the fields save a closure for every event. */
export class IncomingRequest extends IncomingMessage {
  declare peer: Peer
  declare response: ServerResponse
  /** Of the body, so far. */
  receivedBytes = 0
  /** Answered before it was whole; what is still to come of it is thrown away. */
  isRefused = false
  /** It is whole, and will be answered. */
  isAccepted = false
  #first: Buffer | undefined
  #rest: Buffer[] | undefined

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
