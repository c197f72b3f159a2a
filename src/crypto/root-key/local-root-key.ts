/** A root key whose 32 bytes this process holds: `01 ‖ IV 12 ‖ AES-256-GCM(ciphertext ‖ tag)`. */
import { createSecretKey } from 'node:crypto'
import { IV_BYTES, open, seal } from '../aead.ts'
import { hmacSha256 } from '../hash.ts'
import { createRandomSource } from '../random.ts'
import { type RootKey, RootKeyError } from './root-key.ts'

const FORMAT = 1
const ID_LABEL = 'kms:root-key-id:v1'
const WRAP_LABEL = 'kms:root-key-wrap:v1'

/** @param secret 32 bytes; wiped before this returns. */
export function localRootKey(secret: Buffer): RootKey {
  // The id is public, so it comes from another branch than the key that wraps.
  const id = hmacSha256(secret, ID_LABEL).toString('hex', 0, 16)
  const key = createSecretKey(hmacSha256(secret, WRAP_LABEL))
  secret.fill(0)
  const random = createRandomSource()
  return {
    id,
    async wrap(plaintext, aad) {
      const iv = random.nonce(IV_BYTES)
      return Buffer.concat([Buffer.of(FORMAT), iv, seal(key, iv, aad, plaintext)])
    },
    async unwrap(wrapped, aad) {
      const opened =
        wrapped[0] === FORMAT
          ? open(key, wrapped.subarray(1, 1 + IV_BYTES), aad, wrapped.subarray(1 + IV_BYTES))
          : undefined
      if (opened === undefined) {
        throw new RootKeyError(
          'The root key does not fit this store. Start with the root key that the store was made with.',
        )
      }
      return opened
    },
  }
}
