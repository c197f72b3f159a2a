/** How tags rest in a column: `[[key, value], …]` in the order first given. */
import type { Tag } from '../domain/keys/key.ts'

const NO_TAGS: readonly Tag[] = Object.freeze([])
const NO_TAGS_TEXT = '[]'

export function tagsFromText(text: string): readonly Tag[] {
  if (text === NO_TAGS_TEXT) return NO_TAGS
  const pairs = JSON.parse(text) as [key: string, value: string][]
  return Object.freeze(pairs.map(([key, value]) => Object.freeze({ key, value })))
}

export function tagsToText(tags: readonly Tag[]): string {
  return JSON.stringify(tags.map(({ key, value }) => [key, value]))
}
