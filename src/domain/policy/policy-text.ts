/**
 * Policies as texts: changed in place, and printed as AWS does (lifecycle.md POL-2): two spaces of indentation, ` : ` after a name, `[ {` … `} ]`.
 *
 * It works on the tokens of the text, not on parsed values: member order is kept whatever the names are, and a number
 * keeps every digit it was written with.
 */

const INDENT = '  '

/** Structural characters, strings, and what remains: numbers, `true`, `false`, `null`. */
const TOKEN = /[{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/g

/** They may stand in a policy only as escapes (pattern of the service model). */
const BEYOND_LATIN_1 = /[\u0100-\uffff]/g

/** A string literal in its shortest spelling that PutKeyPolicy would accept again. */
function printString(literal: string): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
  return JSON.stringify(JSON.parse(literal)).replace(BEYOND_LATIN_1, escaped)
}

/** @param text valid JSON. */
export function printPolicy(text: string): string {
  /** Opening brackets of the containers around the token; arrays do not indent. */
  const open: string[] = []
  const newLine = () => `\n${INDENT.repeat(open.filter((bracket) => bracket === '{').length)}`

  /** White space before the first token of a member or element. */
  const separator = (previous: string) => {
    if (previous !== '{' && previous !== '[' && previous !== ',') return ''
    return open.at(-1) === '{' ? newLine() : ' '
  }

  let printed = ''
  let previous = ''
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '}' || token === ']') {
      open.pop()
      printed += token === '}' && previous !== '{' ? `${newLine()}}` : ` ${token}`
    } else if (token === ',') {
      printed += token
    } else if (token === ':') {
      printed += ' : '
    } else {
      printed += separator(previous) + (token.startsWith('"') ? printString(token) : token)
      if (token === '{' || token === '[') open.push(token)
    }
    previous = token
  }
  return printed
}

/**
 * Replaces texts that are values, whatever stands around them; all else stays as it was written.
 *
 * @param text valid JSON.
 * @param replacement of a value, by the names of the members that lead to it; arrays have none.
 */
export function replaceTexts(text: string, replacement: (path: readonly string[], value: string) => string): string {
  /** One for each object or array around the token: the name of the member that it is in; `undefined` in an array. */
  const open: (string | undefined)[] = []
  let replaced = ''
  let end = 0
  let previous = ''
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === '{') open.push('')
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (token.startsWith('"')) {
      const value = JSON.parse(token) as string
      const isName = open.at(-1) !== undefined && previous !== ':'
      if (isName) open[open.length - 1] = value
      else {
        const path = open.filter((name) => name !== undefined)
        const wanted = replacement(path, value)
        if (wanted !== value) {
          replaced += text.slice(end, index) + JSON.stringify(wanted)
          end = index + token.length
        }
      }
    }
    previous = token
  }
  return replaced + text.slice(end)
}
