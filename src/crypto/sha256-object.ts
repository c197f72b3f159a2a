/** SHA-256 as an object that is fed, HMAC-SHA-256 with a key: the shape that signers of AWS take. */
import { createHash, createHmac } from 'node:crypto'

type Data = string | ArrayBuffer | ArrayBufferView

export class Sha256 {
  readonly #key: Data | undefined
  #hash

  constructor(key?: Data) {
    this.#key = key
    this.#hash = hashWith(key)
  }

  update(data: Data): void {
    this.#hash.update(bytesOf(data))
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset(): void {
    this.#hash = hashWith(this.#key)
  }
}

function hashWith(key: Data | undefined) {
  return key === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(key))
}

function bytesOf(data: Data): Uint8Array | string {
  if (typeof data === 'string') return data
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)
}
