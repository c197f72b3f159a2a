/** The canonical form of an encryption context, CEC (lifecycle.md ENV-12), and its hash, H_ec (ENV-13). */
import { sha256 } from './hash.ts'

export type EncryptionContext = Readonly<Record<string, string>>

/** 0x01 ‖ u32be(0): absent and empty are the same (ENV-11). */
const EMPTY = Buffer.from('0100000000', 'hex')
const EMPTY_HASH = sha256(EMPTY)

/** Below U+D800, UTF-16 and UTF-8 sort alike. */
const SORTS_OTHERWISE = /[\ud800-\uffff]/
const BYTES_PER_UNIT_MAX = 3

/**
 * `0x01 ‖ u32be(count)`, then for each pair, sorted by the UTF-8 bytes of the name,
 * `u32be(length) ‖ name ‖ u32be(length) ‖ value`. Injective by the length prefixes.
 */
export function canonicalEncryptionContext(context: EncryptionContext): Buffer {
  const names = Object.keys(context)
  let bytesMax = EMPTY.length
  for (const name of names) bytesMax += 8 + BYTES_PER_UNIT_MAX * (name.length + context[name]!.length)
  const bytes = Buffer.allocUnsafe(bytesMax)
  bytes[0] = 1
  let end = bytes.writeUInt32BE(names.length, 1)
  for (const name of inOrder(names)) end = writeText(bytes, context[name]!, writeText(bytes, name, end))
  return bytes.subarray(0, end)
}

function inOrder(names: string[]): readonly string[] {
  if (!names.some((name) => SORTS_OTHERWISE.test(name))) return names.sort()
  return names.sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
}

/** With its length before it. @returns where it ends. */
function writeText(bytes: Buffer, text: string, at: number): number {
  const length = bytes.write(text, at + 4)
  return bytes.writeUInt32BE(length, at) + length
}

/** SHA-256 of the canonical form, 32 bytes. */
export function hashEncryptionContext(context: EncryptionContext | undefined): Buffer {
  if (context === undefined) return EMPTY_HASH
  const canonical = canonicalEncryptionContext(context)
  return canonical.length === EMPTY.length ? EMPTY_HASH : sha256(canonical)
}
