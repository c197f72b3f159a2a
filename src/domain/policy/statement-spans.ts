/** Where the statements of a policy stand in its text. */

export interface Position {
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
}

export interface Span {
  /** Of the opening brace. */
  readonly start: Position
  /** After the closing brace. */
  readonly end: Position
}

/** Structural characters, strings, and what remains: numbers, `true`, `false`, `null`. */
const TOKEN = /[{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/g

/** @param text of a policy that was read. @returns one for each statement, in order. */
export function statementSpans(text: string): readonly Span[] {
  const spans: Span[] = []
  const open: string[] = []
  let member: unknown
  let previous = ''
  let start = 0
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === ':' && open.length === 1) member = JSON.parse(previous)
    if (token === '{' && isStatement(open, member)) start = index
    if (token === '{' || token === '[') open.push(token)
    if (token === '}' || token === ']') open.pop()
    if (token === '}' && isStatement(open, member)) {
      spans.push({ start: positionOf(text, start), end: positionOf(text, index + 1) })
    }
    previous = token
  }
  return spans
}

/** @param open brackets around an object: a statement stands alone or in a list. */
function isStatement(open: readonly string[], member: unknown): boolean {
  return member === 'Statement' && (open.length === 1 || (open.length === 2 && open[1] === '['))
}

function positionOf(text: string, index: number): Position {
  const before = text.slice(0, index)
  const lastBreak = before.lastIndexOf('\n')
  return { line: before.split('\n').length, column: index - lastBreak }
}
