/** AES key wrap with padding (RFC 5649, SP 800-38F KWP), by OpenSSL. */
import { createDecipheriv } from 'node:crypto'

/** The high half of the alternative initial value (RFC 5649, section 3); OpenSSL adds and checks the length beside it. */
const INTEGRITY_CONSTANT = Buffer.from('a65959a6', 'hex')

/** Names of the ciphers by the length of their key in bytes. */
const CIPHERS: ReadonlyMap<number, string> = new Map([
  [16, 'id-aes128-wrap-pad'],
  [24, 'id-aes192-wrap-pad'],
  [32, 'id-aes256-wrap-pad'],
])

const BLOCK_BYTES = 8
/** The integrity block and one block of plaintext. */
const WRAPPED_BYTES_MIN = 2 * BLOCK_BYTES

export function isKeyEncryptionKey(bytes: Uint8Array): boolean {
  return CIPHERS.has(bytes.length)
}

/**
 * @param kek 16, 24 or 32 bytes.
 * @returns what was wrapped, which the caller wipes; `undefined` whatever is wrong with it.
 */
export function unwrapPadded(kek: Uint8Array, wrapped: Uint8Array): Buffer | undefined {
  if (wrapped.length < WRAPPED_BYTES_MIN || wrapped.length % BLOCK_BYTES !== 0) return undefined
  try {
    const decipher = createDecipheriv(CIPHERS.get(kek.length)!, kek, INTEGRITY_CONSTANT)
    // The whole message at once: key wrapping has no other way, and nothing is left for the end.
    return decipher.update(wrapped)
  } catch {
    return undefined
  }
}
