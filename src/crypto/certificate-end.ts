/** Until when a certificate is good. */
import { X509Certificate } from 'node:crypto'

/** @param pem the first certificate in it is meant. @throws if there is none. */
export function certificateEnd(pem: Buffer): Date {
  return new X509Certificate(pem).validToDate
}
