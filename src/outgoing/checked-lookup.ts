/** Resolves a name for a connection, and refuses it if it leads where it must not: what was checked is what is connected to. */
import { type LookupAddress, lookup as lookUpHost } from 'node:dns'
import type { LookupFunction } from 'node:net'

/** Every address of the name must be allowed: which of them is tried is not ours to say. */
export function checkedLookup(
  isAllowed: (address: string) => boolean,
  refusal: (host: string) => Error,
): LookupFunction {
  return (host, options, callback) => {
    lookUpHost(host, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) callback(error, '')
      else if (!addresses.every(({ address }) => isAllowed(address))) callback(refusal(host), '')
      else if (options.all) callback(null, addresses)
      else callback(null, addresses[0]!.address, addresses[0]!.family)
    })
  }
}
