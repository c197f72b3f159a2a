/** IP addresses and CIDR ranges, compared as bytes so that every spelling of an address is the same (authorization.md 1.5). */

/** 4 bytes of IPv4, 16 of IPv6: the two never match each other. */
export type Address = readonly number[]

export interface AddressRange {
  readonly address: Address
  readonly prefixBits: number
}

/** Decimal, zeros in front included: as recorded of AWS. */
const IPV4 = /^0*(25[0-5]|2[0-4]\d|1?\d?\d)(\.0*(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/
const GROUP = /^[0-9a-f]{1,4}$/i
const GROUPS = 8

export function parseAddress(text: string): Address | undefined {
  if (text.includes(':')) return parseIpv6(text)
  return IPV4.test(text) ? text.split('.').map(Number) : undefined
}

function parseIpv6(text: string): Address | undefined {
  const halves = withHexTail(text)?.split('::')
  if (halves === undefined || halves.length > 2) return undefined
  const [before, after] = halves.map((half) => (half === '' ? [] : half.split(':'))) as [string[], string[] | undefined]
  const missing = GROUPS - before.length - (after?.length ?? 0)
  // `::` stands for one group of zeros at least.
  if (after === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...before, ...new Array<string>(missing).fill('0'), ...(after ?? [])]
  if (!groups.every((group) => GROUP.test(group))) return undefined
  return groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff])
}

/** `::ffff:192.0.2.1` with its last four bytes in hexadecimal. */
function withHexTail(text: string): string | undefined {
  if (!text.includes('.')) return text
  const start = text.lastIndexOf(':') + 1
  const tail = text.slice(start)
  if (!IPV4.test(tail)) return undefined
  const [a, b, c, d] = tail.split('.').map(Number) as [number, number, number, number]
  return `${text.slice(0, start)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

const MAPPED = [...new Array<number>(10).fill(0), 0xff, 0xff]

/** An address of a request: an IPv4 address in the form of IPv6 is one of IPv4. */
export function parseValueAddress(text: string): Address | undefined {
  const address = parseAddress(text)
  const isMapped = address?.length === 16 && MAPPED.every((byte, index) => address[index] === byte)
  return isMapped ? address.slice(MAPPED.length) : address
}

/**
 * What AWS takes as a network in a policy: IPv6 in hexadecimal and without bits behind the prefix. Earlier versions of
 * Keyhold took all that `parseAddressRange` reads.
 */
export function isNetwork(text: string): boolean {
  const range = parseAddressRange(text)
  if (range === undefined || range.address.length === 4) return range !== undefined
  return !text.includes('.') && hasNoHostBits(range)
}

function hasNoHostBits({ address, prefixBits }: AddressRange): boolean {
  return address.every((byte, index) => (byte & (0xff >> Math.min(8, Math.max(0, prefixBits - index * 8)))) === 0)
}

/** `192.0.2.0/24`; without a length the range is one address. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [, addressText, bitsText] = /^([^/]+)(?:\/(\+?\d{1,5}))?$/.exec(text) ?? []
  const address = addressText === undefined ? undefined : parseAddress(addressText)
  if (address === undefined) return undefined
  const prefixBits = Number(bitsText ?? address.length * 8)
  return prefixBits <= address.length * 8 ? { address, prefixBits } : undefined
}

export function isInRange(address: Address, range: AddressRange): boolean {
  if (address.length !== range.address.length) return false
  for (let index = 0, bits = range.prefixBits; bits > 0; index++, bits -= 8) {
    const differing = address[index]! ^ range.address[index]!
    if (differing >> Math.max(0, 8 - bits) !== 0) return false
  }
  return true
}
