/**
 * Ed25519ph (RFC 8032, section 5.1) with an empty context; the message is hashed with SHA-512 first. KMS does so even with
 * a digest (operations.md 4.3). node:crypto has Ed25519 and Ed25519ctx only.
 */
import type { KeyObject } from 'node:crypto'
import { ed25519ph } from '@noble/curves/ed25519.js'

export function sign(key: KeyObject, message: Uint8Array): Uint8Array {
  const seed = key.export({ format: 'raw-private' })
  try {
    return ed25519ph.sign(message, seed)
  } finally {
    seed.fill(0)
  }
}

export function verify(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    // RFC 8032's strict verification, as OpenSSL's for Ed25519; not ZIP 215's.
    return ed25519ph.verify(signature, message, key.export({ format: 'raw-public' }), { zip215: false })
  } catch {
    return false
  }
}
