/** Root certificates that attestation documents may begin with. */
import { X509Certificate } from 'node:crypto'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** @param pem one certificate or several. @returns DER of each. @throws {Error} for text that holds none, or a broken one. */
export function parseRoots(pem: string): readonly Uint8Array[] {
  const found = pem.match(CERTIFICATE) ?? []
  if (found.length === 0) throw new Error('there is no PEM certificate in it')
  return found.map((text) => new X509Certificate(text).raw)
}
