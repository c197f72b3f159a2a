/**
 * `GET /metrics`, on an address of its own: who may use keys need not know how busy they are, and who collects metrics has no credentials.
 * Nothing here is signed or recorded (audit.md G-7), so it listens on this machine unless the operator says otherwise.
 */
import { createServer, type IncomingMessage } from 'node:http'
import {
  CONNECTIONS_CHECK_INTERVAL_MS,
  METRICS_CONNECTIONS_MAX,
  METRICS_HEADERS_BYTES_MAX,
  METRICS_REQUEST_TIMEOUT_MS,
} from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { foreignPage } from './foreign-pages.ts'

export interface MetricsPage {
  readonly type: string
  readonly text: string
}

export interface MetricsListener {
  readonly address: { readonly host: string; readonly port: number }
  close(): Promise<void>
}

interface Refusal {
  readonly status: number
  readonly reason: string
}

const PATH = '/metrics'

/**
 * @param collect made anew for each request, but one time for those that come together.
 * @param isPrivate nobody beyond this machine reaches it, so pages that a browser here shows are the ones to keep out.
 */
export function listenForCollectors(
  address: { readonly host: string; readonly port: number },
  isPrivate: boolean,
  collect: () => Promise<MetricsPage>,
  log: Log,
): Promise<MetricsListener> {
  const once = together(collect)
  const server = createServer({
    maxHeaderSize: METRICS_HEADERS_BYTES_MAX,
    headersTimeout: METRICS_REQUEST_TIMEOUT_MS,
    requestTimeout: METRICS_REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CONNECTIONS_CHECK_INTERVAL_MS,
    requireHostHeader: false,
  })
  server.maxConnections = METRICS_CONNECTIONS_MAX
  server.timeout = 2 * METRICS_REQUEST_TIMEOUT_MS

  server.on('request', async (request, response) => {
    // Whatever it brings is of no interest.
    request.resume()
    try {
      const refusal = refusalOf(request, isPrivate)
      const { type, text } = refusal === undefined ? await once() : { type: 'text/plain', text: `${refusal.reason}\n` }
      const body = Buffer.from(text)
      response.writeHead(refusal?.status ?? 200, {
        'Content-Type': type,
        'Content-Length': body.length,
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
        ...(refusal?.status === 405 && { Allow: 'GET, HEAD' }),
        ...(refusal !== undefined && { Connection: 'close' }),
      })
      response.end(request.method === 'HEAD' ? undefined : body)
    } catch (error) {
      log.error({ err: error }, 'metrics could not be collected')
      response.writeHead(503, { Connection: 'close' }).end()
    }
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // Exclusive: node:cluster is not to hand it to workers.
    server.listen({ ...address, exclusive: true }, () => {
      server.off('error', reject)
      server.on('error', (error) => log.error({ err: error }, 'the listener for metrics failed'))
      const bound = server.address() as { address: string; port: number }
      resolve({
        address: { host: bound.address, port: bound.port },
        close: () =>
          new Promise((resolve) => {
            server.close(() => resolve())
            server.closeAllConnections()
          }),
      })
    })
  })
}

function refusalOf({ method, url = '', headers }: IncomingMessage, isPrivate: boolean): Refusal | undefined {
  const complaint = isPrivate ? foreignPage({ get: (name) => textOf(headers[name]) }) : undefined
  if (complaint !== undefined) return { status: 403, reason: `The listener for metrics ${complaint}.` }
  if (url !== PATH && !url.startsWith(`${PATH}?`)) return { status: 404, reason: `Metrics are at ${PATH}.` }
  if (method === 'GET' || method === 'HEAD') return undefined
  return { status: 405, reason: 'Metrics are read with GET.' }
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(',') : value
}

/** Who asks while it is under way gets the same. */
function together<T>(work: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined
  return () => {
    underWay ??= work().finally(() => {
      underWay = undefined
    })
    return underWay
  }
}
