/** Which addresses lie in the public Internet, and which in networks of one's own (IANA special-purpose registries, RFC 6890). */
import { BlockList, isIP } from 'node:net'

const SPECIAL = new BlockList()

const SPECIAL_V4: readonly (readonly [network: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast, reserved, broadcast.
  ['224.0.0.0', 3],
]

/** Inside 2000::/3, which is all that is global unicast; tunnels hide an IPv4 address. */
const SPECIAL_V6: readonly (readonly [network: string, bits: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

for (const [network, bits] of SPECIAL_V4) SPECIAL.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of SPECIAL_V6) SPECIAL.addSubnet(network, bits, 'ipv6')

const GLOBAL_V6 = new BlockList()
GLOBAL_V6.addSubnet('2000::', 3, 'ipv6')

/** @param address IPv4 or IPv6 in any spelling; anything else is not public. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !SPECIAL.check(address, 'ipv4')
    case 6:
      return GLOBAL_V6.check(address, 'ipv6') && !SPECIAL.check(address, 'ipv6')
    default:
      return false
  }
}

const OWN_NETWORKS = new BlockList()
OWN_NETWORKS.addSubnet('10.0.0.0', 8, 'ipv4')
OWN_NETWORKS.addSubnet('172.16.0.0', 12, 'ipv4')
OWN_NETWORKS.addSubnet('192.168.0.0', 16, 'ipv4')
// Behind a carrier's translation, and inside clouds.
OWN_NETWORKS.addSubnet('100.64.0.0', 10, 'ipv4')
OWN_NETWORKS.addSubnet('fc00::', 7, 'ipv6')

// The metadata services of two clouds lie within such networks.
const METADATA_SERVICES = new BlockList()
METADATA_SERVICES.addAddress('100.100.100.200', 'ipv4')
METADATA_SERVICES.addAddress('fd00:ec2::254', 'ipv6')

/** RFC 1918, RFC 6598, RFC 4193; never this machine, its link, or the metadata service of a cloud. */
export function isOwnNetworkAddress(address: string): boolean {
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
  return isIP(address) !== 0 && OWN_NETWORKS.check(address, family) && !METADATA_SERVICES.check(address, family)
}
