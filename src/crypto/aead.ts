/** AES-256-GCM (SP 800-38D) with a 96-bit IV and a 128-bit tag. */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'

export const IV_BYTES = 12
export const TAG_BYTES = 16

const NOTHING = new Uint8Array()

/**
 * The caller answers for an IV that is fresh under `key`.
 * @param before stands before the ciphertext in what is returned.
 * @returns before ‖ ciphertext ‖ tag.
 */
export function seal(
  key: KeyObject | Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  before: Uint8Array = NOTHING,
): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(aad)
  const body = cipher.update(plaintext)
  cipher.final()
  return Buffer.concat([before, body, cipher.getAuthTag()])
}

/** @returns the plaintext, or `undefined` when the tag does not fit; never unauthenticated bytes. */
export function open(
  key: KeyObject | Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  ciphertextAndTag: Uint8Array,
): Buffer | undefined {
  if (ciphertextAndTag.length < TAG_BYTES) return undefined
  const end = ciphertextAndTag.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
  decipher.setAAD(aad)
  decipher.setAuthTag(ciphertextAndTag.subarray(end))
  const plaintext = decipher.update(ciphertextAndTag.subarray(0, end))
  try {
    decipher.final()
  } catch {
    plaintext.fill(0)
    return undefined
  }
  return plaintext
}
