/** The certificate of an HTTPS server: read from files, read again when they change, never at the cost of a connection. */
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type Server } from 'node:tls'
import { systemClock } from '../base/clock.ts'
import { fileFault } from '../base/file-fault.ts'
import { TLS_RELOAD_INTERVAL_MS } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { certificateEnd } from '../crypto/certificate-end.ts'

/** Paths of PEM files. */
export interface TlsFiles {
  /** The certificate, followed by those that signed it. */
  readonly cert: string
  readonly key: string
}

export interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
}

/** Which file, and what is wrong with it. */
export class CertificateError extends Error {
  readonly hint: string

  constructor(message: string, hint: string, cause: unknown) {
    super(message, { cause })
    this.hint = hint
  }
}

/** @throws {CertificateError} if a file cannot be read or used, or the two do not belong together. */
export function readCertificate(files: TlsFiles): Certificate {
  const cert = readPem(files.cert)
  const key = readPem(files.key)
  tryOut({ cert }, `cannot use ${files.cert}: expected certificates in PEM, the server's own first`)
  tryOut({ key }, `cannot use ${files.key}: expected a private key in PEM, not under a passphrase`)
  tryOut({ cert, key }, `${files.key} is not the key of the first certificate in ${files.cert}`)
  return { cert, key }
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    const { reason, hint = FILES_HINT } = fileFault(cause)
    throw new CertificateError(`cannot read ${path}: ${reason}`, hint, cause)
  }
}

const FILES_HINT = 'both are PEM files; the certificate comes before those that signed it, and the key is its own'

function tryOut(certificate: Partial<Certificate>, fault: string): void {
  try {
    createSecureContext(certificate)
  } catch (cause) {
    const { reason, message } = cause as Error & { reason?: string }
    throw new CertificateError(`${fault} (${reason ?? message})`, FILES_HINT, cause)
  }
}

/** @returns since when it is over, `undefined` if it is not. */
export function expiryOf({ cert }: Certificate): Date | undefined {
  const end = certificateEnd(cert)
  return end.getTime() < systemClock.now() ? end : undefined
}

/** One that is over would cost every new connection, whereas the one in force may still be good. */
function readRenewed(files: TlsFiles): Certificate {
  const certificate = readCertificate(files)
  const over = expiryOf(certificate)
  if (over === undefined) return certificate
  throw new CertificateError(`${files.cert} expired on ${over.toISOString()}`, 'renew it', undefined)
}

export interface FollowedCertificate {
  /** When the one that clients are shown expires, in milliseconds since the epoch. */
  end(): number
  /** Stops looking. */
  stop(): void
}

/**
 * Certificates are replaced while the server runs, often as links that change, so the files are looked at rather than
 * watched. Half of a replacement fails to load and is tried again; open connections keep what they have.
 */
export function followCertificate(
  server: Server,
  files: TlsFiles,
  log: Log,
  intervalMs: number = TLS_RELOAD_INTERVAL_MS,
): FollowedCertificate {
  let loaded = versionOf(files)
  let end = certificateEnd(readFileSync(files.cert))
  /** A failure is reported once. */
  let failed = ''
  function look(): void {
    let version = 'unknown'
    try {
      version = versionOf(files)
      if (version === loaded) return
      const renewed = readRenewed(files)
      server.setSecureContext({ ...renewed, minVersion: 'TLSv1.2' })
      loaded = version
      end = certificateEnd(renewed.cert)
      log.info({ cert: files.cert }, 'the TLS certificate was replaced')
    } catch (error) {
      if (version !== failed) {
        const { message: problem } = error as Error
        log.error({ problem }, 'the new TLS certificate cannot be used, and the old one stays in force')
      }
      failed = version
    }
  }
  const timer = setInterval(look, intervalMs).unref()
  return { end: () => end.getTime(), stop: () => clearInterval(timer) }
}

/** Changes whenever one of the files does. */
function versionOf(files: TlsFiles): string {
  return [files.cert, files.key]
    .map((path) => {
      const found = statSync(path, { bigint: true, throwIfNoEntry: false })
      return found === undefined ? 'none' : `${found.ino} ${found.size} ${found.mtimeNs}`
    })
    .join(', ')
}
