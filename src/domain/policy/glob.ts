/**
 * Texts with wildcards (authorization.md M-1, section 7.2): two pointers that go back to the last star only, so the work is
 * at most pattern times text, whatever the number of stars, and no more than the request may cost. Never a regular expression: those can take exponential time.
 */

/** UTF-16 units of a pattern; the two wildcards are no units. */
export type Glob = readonly number[]

export const ANY_RUN = -1
export const ANY_CHARACTER = -2

/** Told of each part of the work before it is done; throws where it has become too much. */
export interface Work {
  spend(comparisons: number): void
}

/** What the matcher needs of a string. */
export interface Characters {
  readonly length: number
  charCodeAt(index: number): number
}

export function unitsOf(text: string): number[] {
  const units: number[] = []
  for (let index = 0; index < text.length; index++) units.push(text.charCodeAt(index))
  return units
}

/** `*` is any run, the empty one included; `?` is exactly one character. */
export function parseGlob(text: string): Glob {
  return unitsOf(text).map(wildcardOr)
}

function wildcardOr(unit: number): number {
  if (unit === 0x2a) return ANY_RUN
  return unit === 0x3f ? ANY_CHARACTER : unit
}

export function globMatches(glob: Glob, text: Characters, work: Work): boolean {
  work.spend(text.length)
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
      work.spend(inGlob - star)
      inGlob = star + 1
      inText = ++tried
    } else {
      return false
    }
  }
  while (inGlob < glob.length && glob[inGlob] === ANY_RUN) inGlob++
  return inGlob === glob.length
}
