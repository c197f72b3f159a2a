/**
 * Strict JSON: valid UTF-8, bounded nesting, no name twice in one object (two readers of a duplicate may disagree on
 * which value counts, and one of them is the policy engine; lifecycle.md ENV-12).
 */

export class JsonError extends Error {}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** @param depthMax objects and arrays inside one another. */
export function parseJson(source: Uint8Array | string, depthMax: number): unknown {
  const text = typeof source === 'string' ? source : decodeUtf8(source)
  const members = countMembers(text, depthMax)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new JsonError('not JSON', { cause })
  }
  // JSON.parse keeps the last of two equal names, so a difference in number is a duplicate.
  if (members !== countNames(value)) throw new JsonError('duplicate name')
  return value
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new JsonError('not UTF-8', { cause })
  }
}

/** Counts the colons outside of strings, one per member, and bounds the nesting before the parser sees the text. */
function countMembers(text: string, depthMax: number): number {
  let members = 0
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case QUOTE:
        index = endOfString(text, index)
        break
      case 0x3a: // :
        members++
        break
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > depthMax) throw new JsonError('nested too deep')
        break
      case 0x7d: // }
      case 0x5d: // ]
        depth--
        break
    }
  }
  return members
}

/** Index of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
  throw new JsonError('string without end')
}

function countNames(value: unknown): number {
  if (value === null || typeof value !== 'object') return 0
  let names = 0
  if (Array.isArray(value)) {
    for (const item of value) names += countNames(item)
    return names
  }
  for (const name of Object.keys(value)) names += 1 + countNames((value as Record<string, unknown>)[name])
  return names
}
