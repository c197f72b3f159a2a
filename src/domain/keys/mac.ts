/** Comparison of message authentication codes. */
import { equalInConstantTime } from '../../crypto/hash.ts'

/** A code of another length is another code: they are never truncated (operations.md 4.7). */
export function isSameMac(computed: Uint8Array, given: Uint8Array): boolean {
  return equalInConstantTime(computed, given)
}
