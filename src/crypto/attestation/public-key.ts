/** Public keys of recipients as files hold them. */
import { createPublicKey } from 'node:crypto'

/** @param pem public key, or a private key or certificate that has one. @returns SPKI DER. @throws {Error} for anything else. */
export function publicKeyOfPem(pem: string): Buffer {
  return createPublicKey(pem).export({ format: 'der', type: 'spki' })
}
