/** A name for a cluster that its first token determines (keystores.md 2.1). */
import { sha256 } from '../crypto/hash.ts'
import type { TokenState } from './messages.ts'

/** RFC 4648, in lower case: a-z and 2-7 are what ids of clusters are made of. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const LENGTH = 11

export function clusterIdOf({ manufacturer, serial }: Pick<TokenState, 'manufacturer' | 'serial'>): string {
  const digest = sha256(manufacturer + serial)
  const bits = BigInt(`0x${digest.toString('hex', 0, 8)}`)
  const characters = Array.from(
    { length: LENGTH },
    (_, index) => BASE32[Number((bits >> BigInt(59 - 5 * index)) & 31n)],
  )
  return `cluster-${characters.join('')}`
}
