/**
 * Proxies in front of Keyhold that are believed when they say whose request it is (authorization.md 3.3: `aws:SourceIp`,
 * `aws:SecureTransport`). From any other peer the headers mean nothing: everybody can send them.
 */
import { BlockList, isIP } from 'node:net'
import type { RequestHeaders } from '../auth/request-headers.ts'
import { FORWARDED_HOPS_MAX } from '../base/limits.ts'

export interface TrustedProxies {
  /** @param address of IPv4 or IPv6, without a zone. */
  has(address: string): boolean
}

export interface ForwardedClient {
  readonly sourceIp: string
  /** Came the client over TLS? `undefined`: the proxy does not say. */
  readonly isSecure: boolean | undefined
}

/** @param ranges addresses and CIDR ranges. @throws {RangeError} with the first that is none. */
export function createTrustedProxies(ranges: readonly string[]): TrustedProxies {
  const list = new BlockList()
  for (const range of ranges) {
    const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(range) ?? []
    const version = isIP(address)
    const bitsMax = version === 4 ? 32 : 128
    const prefix = bits === undefined ? bitsMax : Number(bits)
    if (version === 0 || prefix > bitsMax) throw new RangeError(range)
    list.addSubnet(address, prefix, familyOf(address))
  }
  return { has: (address) => isIP(address) !== 0 && list.check(address, familyOf(address)) }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}

/**
 * Each proxy adds the address of its own peer at the end of `X-Forwarded-For`, so the list is read from there: the first that is
 * no proxy of ours is the client, and what stands before it is whatever that client wrote.
 * @param peer address of the proxy that sent the request.
 */
export function forwardedClient(peer: string, headers: RequestHeaders, proxies: TrustedProxies): ForwardedClient {
  const hops = (headers.get('x-forwarded-for') ?? '').split(',').slice(-FORWARDED_HOPS_MAX)
  let sourceIp = peer
  for (const hop of hops.reverse()) {
    const address = addressOf(hop.trim())
    // A hop that is no address hides all before it: the last one that is known stands for them.
    if (address === undefined) break
    sourceIp = address
    if (!proxies.has(address)) break
  }
  return { sourceIp, isSecure: isSecure(headers.get('x-forwarded-proto')) }
}

/** With several proxies every one of them must have had TLS. */
function isSecure(protocols: string | undefined): boolean | undefined {
  return protocols?.split(',').every((protocol) => protocol.trim().toLowerCase() === 'https')
}

const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/
const MAPPED_IPV4 = /^::ffff:([\d.]+)$/i

/** As some proxies write it: `192.0.2.1:5000`, `[2001:db8::1]:5000`. IPv4 addresses as such. */
function addressOf(text: string): string | undefined {
  const [, ipv6, ipv4] = WITH_PORT.exec(text) ?? []
  const bare = (ipv6 ?? ipv4 ?? text).replace(/%.*$/, '')
  const address = MAPPED_IPV4.exec(bare)?.[1] ?? bare
  return isIP(address) === 0 ? undefined : address
}
