/** What is known of one connection. */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Call } from '../pipeline/call.ts'
import type { TrustedProxies } from './trusted-proxies.ts'

type TlsDetails = NonNullable<Call['tls']>

export interface Peer {
  readonly socket: Socket
  /** Of the monotonic clock; with TLS, when that was agreed on. */
  readonly openedAt: number
  /** IPv4 addresses as such, also where the socket listens on IPv6. */
  readonly sourceIp: string
  /** Believed about whom it forwards requests for. */
  readonly isProxy: boolean
  /** Requests whose headers have come and whose answers have not gone. */
  open: number
  /** Those of them that are whole. */
  accepted: number
  /** Of bodies of its requests. */
  heldBytes: number
  /** The one that came last of those that node's parser reads. */
  newest: unknown
  /** HTTP status that ends the connection once everything accepted is answered. */
  endsWith: number | undefined
  /** Nothing more is to be written, and what comes is thrown away. */
  isEnding: boolean
  tls: TlsDetails | undefined
}

export function createPeer(socket: Socket, proxies: TrustedProxies | undefined): Peer {
  const sourceIp = sourceIpOf(socket.remoteAddress ?? '')
  return {
    socket,
    openedAt: performance.now(),
    sourceIp,
    isProxy: proxies?.has(sourceIp.replace(/%.*$/, '')) === true,
    open: 0,
    accepted: 0,
    heldBytes: 0,
    newest: undefined,
    endsWith: undefined,
    isEnding: false,
    tls: undefined,
  }
}

const MAPPED_IPV4 = '::ffff:'

export function sourceIpOf(address: string): string {
  return address.startsWith(MAPPED_IPV4) && address.includes('.') ? address.slice(MAPPED_IPV4.length) : address
}

/** audit.md section 2, tlsDetails. `undefined` without TLS. A client rarely changes the host, so the details are kept. */
export function tlsDetailsOf(peer: Peer, host: string): TlsDetails | undefined {
  const { socket, tls } = peer
  if (!(socket instanceof TLSSocket)) return undefined
  if (tls?.clientProvidedHostHeader === host) return tls
  peer.tls = Object.freeze({
    tlsVersion: socket.getProtocol() ?? '',
    cipherSuite: socket.getCipher()?.name ?? '',
    clientProvidedHostHeader: host,
  })
  return peer.tls
}
