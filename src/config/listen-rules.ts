/** Where Keyhold may listen: beyond this machine only with TLS, or without by name (design.md section 8). */
import { UsageError } from './operator-error.ts'
import type { Settings } from './settings.ts'

/** Spellings that surely mean this machine; any other, even of a loopback address, counts as beyond. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

export type ListenSettings = Pick<Settings, 'host' | 'tlsCert' | 'tlsKey' | 'allowPlainHttp'>

export interface TlsSettings {
  readonly cert: string
  readonly key: string
}

/** @returns the TLS files, or `undefined` where plain HTTP is in order. @throws {UsageError} */
export function tlsOf({ host, tlsCert, tlsKey, allowPlainHttp }: ListenSettings): TlsSettings | undefined {
  if (tlsCert !== undefined && tlsKey !== undefined) return { cert: tlsCert, key: tlsKey }
  if (tlsCert !== undefined || tlsKey !== undefined) {
    const missing = tlsCert === undefined ? '--tls-cert' : '--tls-key'
    throw new UsageError(`${missing} is missing: TLS needs both --tls-cert and --tls-key`)
  }
  if (isLoopback(host) || allowPlainHttp) return undefined
  throw new UsageError(`--host ${host} is reachable from other machines, and without TLS they would see every secret`, {
    hint: 'give --tls-cert and --tls-key, or --allow-plain-http if something in front of Keyhold speaks TLS',
  })
}

/** Metrics come without TLS and ask nobody who he is. @throws {UsageError} */
export function checkMetricsHost({
  metricsPort,
  metricsHost,
  allowPlainHttp,
}: Pick<Settings, 'metricsPort' | 'metricsHost' | 'allowPlainHttp'>): void {
  if (metricsPort === undefined || isLoopback(metricsHost) || allowPlainHttp) return
  throw new UsageError(`--metrics-host ${metricsHost} would show metrics to other machines, without TLS`, {
    hint: 'collect them on this machine, or give --allow-plain-http if the network between is yours',
  })
}

/** Development mode accepts anybody, so it stays on this machine whatever else is set. */
export function requireLoopback(host: string): void {
  if (isLoopback(host)) return
  throw new UsageError(
    `--host ${host}: development mode listens on this machine only, expected 127.0.0.1, ::1 or localhost`,
    {
      hint: "use 'keyhold start' for a server that others can reach",
    },
  )
}
