/** Which certificate a PEM text is. */
import { X509Certificate } from 'node:crypto'
import { sha256Hex } from './hash.ts'

/** SHA-256 of the DER form, lower-case hex: the same for every way to write it down. `undefined`: it is no certificate. */
export function certificateDigest(pem: string): string | undefined {
  try {
    return sha256Hex(new X509Certificate(pem).raw)
  } catch {
    return undefined
  }
}
