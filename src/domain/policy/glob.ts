/**
 * Texts with wildcards (authorization.md M-1, section 7.2): two pointers that go back to the last star only, so the work is
 * at most pattern times text, whatever the number of stars. Never a regular expression: those can take exponential time.
 */

/** UTF-16 units of a pattern; the two wildcards are no units. */
export type Glob = readonly number[]

export const ANY_RUN = -1
export const ANY_CHARACTER = -2

/** What the matcher needs of a string. */
export interface Characters {
  readonly length: number
  charCodeAt(index: number): number
}

export function unitsOf(text: string): number[] {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
}

/** `*` is any run, the empty one included; `?` is exactly one character. */
export function parseGlob(text: string): Glob {
  return unitsOf(text).map(wildcardOr)
}

function wildcardOr(unit: number): number {
  if (unit === 0x2a) return ANY_RUN
  return unit === 0x3f ? ANY_CHARACTER : unit
}

export function globMatches(glob: Glob, text: Characters): boolean {
  let inGlob = 0
  let inText = 0
  /** The last star, and where in the text what follows it is being tried. */
  let star = -1
  let tried = 0
  while (inText < text.length) {
    const unit = inGlob < glob.length ? glob[inGlob] : undefined
    if (unit === ANY_RUN) {
      star = inGlob++
      tried = inText
      // Nothing follows: the rest is any run.
      if (inGlob === glob.length) return true
    } else if (unit === ANY_CHARACTER || (unit !== undefined && unit === text.charCodeAt(inText))) {
      inGlob++
      inText++
    } else if (star >= 0) {
      inGlob = star + 1
      inText = ++tried
    } else {
      return false
    }
  }
  while (inGlob < glob.length && glob[inGlob] === ANY_RUN) inGlob++
  return inGlob === glob.length
}
