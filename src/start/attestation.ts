/** Whose attestation documents a server believes, and a root of one's own for development. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { fileFault } from '../base/file-fault.ts'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import type { TestIssuer } from '../crypto/attestation/test-issuer.ts'
import { writeDurably } from './write-durably.ts'

const OTHERS = 0o077

/** PEM of the configured roots. @throws {UsageError} for a file without a certificate. */
export async function readAttestationRoots(path: string): Promise<string> {
  const { parseRoots } = await import('../crypto/attestation/roots.ts')
  try {
    const pem = readFileSync(path, 'utf8')
    parseRoots(pem)
    return pem
  } catch (cause) {
    const { reason, hint = 'it holds the root certificates to trust, in PEM' } = fileFault(cause)
    throw new UsageError(`--attestation-roots: cannot use ${path}: ${reason}`, { hint, cause })
  }
}

/** Opens the issuer in the file, or makes one there. @throws {OperatorError} for a file that is none, or that others can read. */
export async function openAttestationIssuer(path: string, time: number): Promise<TestIssuer> {
  // Its ASN.1 library is loaded for those who ask only.
  const { createTestIssuer, openTestIssuer } = await import('../crypto/attestation/test-issuer.ts')
  if (!existsSync(path)) {
    const issuer = createTestIssuer(time)
    try {
      writeDurably(path, issuer.secret)
    } catch (cause) {
      const { reason, hint } = fileFault(cause)
      throw new OperatorError(`--attestation-issuer: cannot make ${path}: ${reason}`, { hint, cause })
    }
    return issuer
  }
  const stats = statSync(path)
  if (process.platform !== 'win32' && stats.isFile() && (stats.mode & OTHERS) !== 0) {
    throw new OperatorError(`--attestation-issuer: others can read ${path}`, { hint: `run: chmod 600 '${path}'` })
  }
  try {
    return openTestIssuer(readFileSync(path, 'utf8'))
  } catch (cause) {
    const { reason, hint = 'name a file that does not exist, and a new issuer is made there' } = fileFault(cause)
    throw new OperatorError(`--attestation-issuer: cannot use ${path}: ${reason}`, { hint, cause })
  }
}
