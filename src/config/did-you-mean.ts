/** The known word that a mistyped one most likely stands for. */

/** A shorter word starts too much to say which was meant. */
const START_CHARS_MIN = 3

/**
 * Closest of `known`: within a third of the word's length, at most 3 edits, or begun by the word. `undefined` if nothing is
 * close.
 */
export function closest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.min(3, Math.max(1, Math.floor(word.length / 3))) + 1
  for (const candidate of known) {
    const isStart = word.length >= START_CHARS_MIN && candidate.startsWith(word)
    const distance = isStart ? 1 : editDistance(word, candidate)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      const edits = [last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1)]
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (swapped) edits.push(beforeLast[column - 2]! + 1)
      current.push(Math.min(...edits))
    }
    beforeLast = last
    last = current
  }
  return last[to.length]!
}
