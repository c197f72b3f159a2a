/** The certificate of an HTTPS server: read from files, read again when they change, never at the cost of a connection. */
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type Server } from 'node:tls'
import { TLS_RELOAD_INTERVAL_MS } from '../base/limits.ts'
import type { Log } from '../base/log.ts'

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

/** @throws if a file cannot be read, or the two do not belong together. */
export function readCertificate(files: TlsFiles): Certificate {
  const certificate = { cert: readFileSync(files.cert), key: readFileSync(files.key) }
  createSecureContext(certificate)
  return certificate
}

/**
 * Certificates are replaced while the server runs, often as links that change, so the files are looked at rather than
 * watched. Half of a replacement fails to load and is tried again; open connections keep what they have.
 * @returns stops looking.
 */
export function followCertificate(
  server: Server,
  files: TlsFiles,
  log: Log,
  intervalMs: number = TLS_RELOAD_INTERVAL_MS,
): () => void {
  let loaded = versionOf(files)
  /** A failure is reported once. */
  let failed = ''
  function look(): void {
    let version = 'unknown'
    try {
      version = versionOf(files)
      if (version === loaded) return
      server.setSecureContext({ ...readCertificate(files), minVersion: 'TLSv1.2' })
      loaded = version
      log.info({ cert: files.cert }, 'the TLS certificate was replaced')
    } catch (error) {
      if (version !== failed) log.error({ err: error, cert: files.cert }, 'the new TLS certificate cannot be used')
      failed = version
    }
  }
  const timer = setInterval(look, intervalMs).unref()
  return () => clearInterval(timer)
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
