/**
 * Signed calls of one proxy of an external key store (keystores.md 5.2): HTTPS on connections that are kept, within one budget
 * of time for each attempt, and never to an address that the operator has not allowed. What an answer means is not known here.
 */
import { Agent, type AgentOptions, type RequestOptions, request } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { createSecureContext, type TLSSocket } from 'node:tls'
import type { Clock } from '../base/clock.ts'
import { XKS_ANSWER_BYTES_MAX, XKS_CALLS_IN_FLIGHT_MAX, XKS_IDLE_CONNECTION_MS_MAX } from '../base/limits.ts'
import { checkedLookup } from './checked-lookup.ts'
import { isOwnNetworkAddress, isPublicAddress } from './public-addresses.ts'
import { createRequestSigner, type RequestSigning } from './request-signer.ts'

export interface ProxyRoute {
  /** As its certificate names it. */
  readonly host: string
  /** Where it is instead, by address or name: the operator's word, so nothing about it is checked. */
  readonly address?: string | undefined
  readonly port: number
  /** Without `address`: it may be in a network of one's own, never on this machine or its link (XC-6). */
  readonly isPrivate: boolean
  /** PEM of the certificates to trust; `undefined`: the public roots. */
  readonly ca?: string | undefined
  /** PEM of a certificate to show, with its key, for proxies that ask for one. */
  readonly certificate?: { readonly chain: string; readonly key: string } | undefined
  /** For one attempt, from taking a connection to the last byte of the answer. */
  readonly timeoutMs: number
}

export type TransportFailure =
  /** The name does not resolve, or not to where one may connect. */
  | 'no address'
  | 'not connected'
  | 'tls'
  /** Connected, and no complete answer in time. */
  | 'timed out'
  | 'broken off'
  /** Not HTTP, or too much of it. */
  | 'unreadable'

export type TransportOutcome =
  | { readonly status: number; readonly body: Buffer }
  /** `detail` is for logs. */
  | { readonly failure: TransportFailure; readonly detail: string }

export interface ProxyTransport {
  /** Never rejects. @param body JSON. */
  post(path: string, body: string): Promise<TransportOutcome>
  /** Of the certificate that the proxy showed last, in milliseconds, negative if it has expired; `undefined` before the first connection. */
  certificateTimeLeft(): number | undefined
  /** Ends connections, calls under way included. */
  close(): void
}

/** XT-1; anything weaker is refused, also by proxies that would offer more than this. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
].join(':')

export function createProxyTransport(route: ProxyRoute, signing: RequestSigning, clock: Clock): ProxyTransport {
  const sign = createRequestSigner(signing)
  const to = destination(route)
  const options = agentOptions(route)
  const kept = new Agent({ ...options, keepAlive: true, scheduling: 'lifo' })
  const fresh = new Agent({ ...options, keepAlive: false })
  let certificateEnd: number | undefined

  function onOpen(socket: TLSSocket): void {
    const end = Date.parse(socket.getPeerCertificate().valid_to)
    if (!Number.isNaN(end)) certificateEnd = end
  }

  async function attempt(agent: Agent, path: string, body: string): Promise<Attempt> {
    const headers = await sign({ method: 'POST', host: route.host, path, body, time: clock.now() })
    return send({ ...to, agent, path, headers, body, timeoutMs: route.timeoutMs, onOpen })
  }

  return {
    async post(path, body) {
      if (isForbidden(route)) return { failure: 'no address', detail: refusal(route.host).message }
      const first = await attempt(kept, path, body)
      return 'mayRetry' in first && first.mayRetry ? attempt(fresh, path, body) : first
    },
    certificateTimeLeft: () => certificateEnd && certificateEnd - clock.now(),
    close() {
      kept.destroy()
      fresh.destroy()
    },
  }
}

/** For connections: whom to trust, what to show. */
function agentOptions({ host, ca, certificate }: ProxyRoute): AgentOptions {
  return {
    maxSockets: XKS_CALLS_IN_FLIGHT_MAX,
    timeout: XKS_IDLE_CONNECTION_MS_MAX,
    // RFC 6066: a server is named by its name only; without one, the certificate must be for the address.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    secureContext: createSecureContext({
      minVersion: 'TLSv1.2',
      ciphers: CIPHERS,
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined ? {} : { cert: certificate.chain, key: certificate.key }),
    }),
  }
}

function destination({ host, address, port, isPrivate }: ProxyRoute): RequestOptions {
  if (address !== undefined) return { host: address, port }
  const mayConnectTo = (found: string) => isPublicAddress(found) || (isPrivate && isOwnNetworkAddress(found))
  return { host, port, lookup: checkedLookup(mayConnectTo, refusal) }
}

/** Addresses are not looked up, so they are looked at here. */
function isForbidden({ host, address, isPrivate }: ProxyRoute): boolean {
  if (address !== undefined || isIP(host) === 0) return false
  return !isPublicAddress(host) && !(isPrivate && isOwnNetworkAddress(host))
}

class RefusedAddress extends Error {}

function refusal(host: string): RefusedAddress {
  return new RefusedAddress(`${host} is on a private address, which the operator has not allowed`)
}

type Attempt = TransportOutcome & { readonly mayRetry?: boolean }

interface Sending extends RequestOptions {
  readonly body: string
  readonly timeoutMs: number
  /** A connection is through with its handshake. */
  onOpen(socket: TLSSocket): void
}

/** How far a connection has come. */
type Stage = 'none' | 'handshake' | 'open' | 'answered'

/** Connections that are through with their handshake: calls follow one another on them. */
const opened = new WeakSet<Socket>()

/** One attempt. A second one makes sense after whatever is the network's doing, and after no answer of any kind (XC-3). */
function send({ body, timeoutMs, headers, onOpen, ...options }: Sending): Promise<Attempt> {
  return new Promise((resolve) => {
    let stage: Stage = 'none'
    const length = Buffer.byteLength(body)
    const sent = request({
      ...options,
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'content-length': length, 'user-agent': 'keyhold' },
    })

    function end(attempt: Attempt): void {
      clearTimeout(timer)
      resolve(attempt)
    }

    const timer = setTimeout(() => {
      const failure = stage === 'none' ? 'not connected' : 'timed out'
      end({ failure, detail: `no answer within ${timeoutMs} ms`, mayRetry: stage !== 'answered' })
      sent.destroy()
    }, timeoutMs)

    sent.once('socket', (socket) => {
      if (opened.has(socket)) {
        stage = 'open'
        return
      }
      socket.once('connect', () => {
        stage = 'handshake'
      })
      socket.once('secureConnect', () => {
        stage = 'open'
        opened.add(socket)
        onOpen(socket as TLSSocket)
      })
    })
    sent.on('error', (error) => end(failedAttempt(error, stage)))
    sent.once('response', (response) => {
      stage = 'answered'
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        chunks.push(chunk)
        if (bytes <= XKS_ANSWER_BYTES_MAX) return
        end({ failure: 'unreadable', detail: `an answer of more than ${XKS_ANSWER_BYTES_MAX} bytes` })
        response.destroy()
      })
      response.on('error', (error) => end(failedAttempt(error, stage)))
      response.once('end', () => end({ status: response.statusCode!, body: Buffer.concat(chunks) }))
    })
    sent.end(body)
  })
}

/** What the operating system says of a connection that is not there, or no longer. */
const NETWORK_ERRORS: ReadonlySet<string | undefined> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
])

function failedAttempt(error: NodeJS.ErrnoException, stage: Stage): Attempt {
  const { code, message: detail } = error
  if (error instanceof RefusedAddress || error.syscall === 'getaddrinfo') return { failure: 'no address', detail }
  if (code?.startsWith('HPE_')) return { failure: 'unreadable', detail }
  if (NETWORK_ERRORS.has(code)) {
    const failure = stage === 'open' || stage === 'answered' ? 'broken off' : 'not connected'
    return { failure, detail, mayRetry: stage !== 'answered' }
  }
  // Alerts about our certificate come after the handshake (RFC 8446 4.4.2.4).
  if (stage === 'handshake' || code?.startsWith('ERR_SSL_')) return { failure: 'tls', detail }
  return { failure: stage === 'none' ? 'not connected' : 'broken off', detail }
}
