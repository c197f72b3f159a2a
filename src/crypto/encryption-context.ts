/** The canonical form of an encryption context, CEC (lifecycle.md ENV-12), and its hash, H_ec (ENV-13). */

import { u32be } from './bytes.ts'
import { sha256 } from './hash.ts'

export type EncryptionContext = Readonly<Record<string, string>>

/** 0x01 ‖ u32be(0): absent and empty are the same (ENV-11). */
const EMPTY = Buffer.from('0100000000', 'hex')
const EMPTY_HASH = sha256(EMPTY)

/**
 * `0x01 ‖ u32be(count)`, then for each pair, sorted by the UTF-8 bytes of the name,
 * `u32be(length) ‖ name ‖ u32be(length) ‖ value`. Injective by the length prefixes.
 */
export function canonicalEncryptionContext(context: EncryptionContext): Buffer {
  const pairs = Object.entries(context)
    .map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const)
    .sort(([left], [right]) => Buffer.compare(left, right))
  const parts = [Buffer.of(1), u32be(pairs.length)]
  for (const [name, value] of pairs) parts.push(u32be(name.length), name, u32be(value.length), value)
  return Buffer.concat(parts)
}

/** SHA-256 of the canonical form, 32 bytes. */
export function hashEncryptionContext(context: EncryptionContext | undefined): Buffer {
  if (context === undefined) return EMPTY_HASH
  const canonical = canonicalEncryptionContext(context)
  return canonical.length === EMPTY.length ? EMPTY_HASH : sha256(canonical)
}
