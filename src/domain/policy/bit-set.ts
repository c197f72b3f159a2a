/** Sets of statements of one policy as words of 32 bits: a request meets all statements of a policy in a few steps. */

export type BitSet = readonly number[]

export function bitSetOf(members: Iterable<number>, size: number): BitSet {
  const words = new Array<number>(Math.ceil(size / 32)).fill(0)
  for (const member of members) words[member >>> 5]! |= 1 << (member & 31)
  return words
}

/** Position of the lowest bit that is set in a word that is not 0. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word)
}
