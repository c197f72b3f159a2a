/** Randomness of the operating system's generator, in the two forms that the callers need. */
import { randomBytes, randomFillSync } from 'node:crypto'

export interface RandomSource {
  /** Fresh bytes for key material. */
  keyBytes(length: number): Buffer
  /** Bytes for nonces and other public values; the buffer is the caller's. */
  nonce(length: number): Buffer
  /** Lower-case UUID, version 4. */
  uuid(): string
}

const POOL_BYTES = 8192
const UUID_BYTES = 16
/** Where each byte stands in the text of a UUID. */
const UUID_BYTE_AT = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const
const HEX_DIGITS = Buffer.from('0123456789abcdef')

/**
 * One call of the generator costs about 2 µs whatever it fills, so nonces come from a pool. Bytes are handed out once and
 * wiped from the pool; key material never comes from it.
 */
export function createRandomSource(): RandomSource {
  const pool = Buffer.allocUnsafeSlow(POOL_BYTES)
  let used = POOL_BYTES
  const uuidText = Buffer.alloc(36, '-')

  function need(length: number): void {
    if (used + length <= POOL_BYTES) return
    randomFillSync(pool)
    used = 0
  }

  return {
    keyBytes: (length) => randomBytes(length),
    /**
     * RFC 9562 5.4. In one piece: the texts of `randomUUID` are twenty pieces each, which whoever reads one must join, and which
     * the garbage collector moves one by one.
     */
    uuid() {
      need(UUID_BYTES)
      pool[used + 6] = 0x40 | (pool[used + 6]! & 0x0f)
      pool[used + 8] = 0x80 | (pool[used + 8]! & 0x3f)
      for (let index = 0; index < UUID_BYTES; index++) {
        const byte = pool[used + index]!
        const at = UUID_BYTE_AT[index]!
        uuidText[at] = HEX_DIGITS[byte >>> 4]!
        uuidText[at + 1] = HEX_DIGITS[byte & 0x0f]!
      }
      pool.fill(0, used, used + UUID_BYTES)
      used += UUID_BYTES
      return uuidText.toString('latin1')
    },
    nonce(length) {
      if (length > POOL_BYTES) return randomBytes(length)
      need(length)
      const bytes = Buffer.from(pool.subarray(used, used + length))
      pool.fill(0, used, used + length)
      used += length
      return bytes
    },
  }
}
