/** Randomness of the operating system's generator, in the two forms that the callers need. */
import { randomBytes, randomFillSync, randomUUID } from 'node:crypto'

export interface RandomSource {
  /** Fresh bytes for key material. */
  keyBytes(length: number): Buffer
  /** Bytes for nonces and other public values; the buffer is the caller's. */
  nonce(length: number): Buffer
  /** Lower-case UUID, version 4. */
  uuid(): string
}

const POOL_BYTES = 8192

/**
 * One call of the generator costs about 2 µs whatever it fills, so nonces come from a pool. Bytes are handed out once and
 * wiped from the pool; key material never comes from it.
 */
export function createRandomSource(): RandomSource {
  const pool = Buffer.allocUnsafeSlow(POOL_BYTES)
  let used = POOL_BYTES
  return {
    keyBytes: (length) => randomBytes(length),
    uuid: () => randomUUID(),
    nonce(length) {
      if (length > POOL_BYTES) return randomBytes(length)
      if (used + length > POOL_BYTES) {
        randomFillSync(pool)
        used = 0
      }
      const bytes = Buffer.from(pool.subarray(used, used + length))
      pool.fill(0, used, used + length)
      used += length
      return bytes
    },
  }
}
