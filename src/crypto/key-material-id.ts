/** The public name of a key material (lifecycle.md CT-2). */
import { hmacSha256 } from './hash.ts'

/**
 * HMAC-SHA-256(material, "kms:key-material-id:v1" ‖ 00 ‖ account ‖ 00 ‖ key-id), 64 hex digits: one-way, the same in all
 * Regions of a multi-Region set, different for every key and account. Its input begins with `k`, those of the ciphertext
 * derivation with three zero bytes, so the two uses of the material cannot meet (lifecycle.md 8.6).
 */
export function keyMaterialId(material: Uint8Array, account: string, keyId: string): string {
  return hmacSha256(material, `kms:key-material-id:v1\0${account}\0${keyId}`).toString('hex')
}
