/**
 * Parameters of AWS's query protocol as a tree: `Tags.member.1.Key=a` is the text `a` below `Tags`, `member`, `1`, `Key`.
 * What is a list and what a number is the shape's to say (`schema.ts`).
 */

export type QueryNode = string | QueryTree
export type QueryTree = ReadonlyMap<string, QueryNode>

export class QueryError extends Error {}

export interface QueryBounds {
  readonly parametersMax: number
  /** Parts of a name. */
  readonly depthMax: number
}

interface Branch extends Map<string, string | Branch> {}

/** @throws {QueryError} for a name that is given twice, or stands for a text and for a structure. */
export function queryTree(
  parameters: readonly (readonly [name: string, value: string])[],
  bounds: QueryBounds,
): QueryTree {
  if (parameters.length > bounds.parametersMax) throw new QueryError('too many parameters')
  const root: Branch = new Map()
  for (const [name, value] of parameters) {
    const parts = name.split('.', bounds.depthMax + 1)
    if (parts.length > bounds.depthMax) throw new QueryError('a parameter is nested too deep')
    const last = parts.pop()!
    const branch = parts.reduce(branchBelow, root)
    // Two readers of a duplicate may disagree on which value counts.
    if (branch.has(last)) throw new QueryError('a parameter is given twice')
    branch.set(last, value)
  }
  return root
}

function branchBelow(branch: Branch, name: string): Branch {
  const known = branch.get(name)
  if (typeof known === 'string') throw new QueryError('a parameter is both a text and a structure')
  if (known !== undefined) return known
  const made: Branch = new Map()
  branch.set(name, made)
  return made
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * `name=value&name=value`, percent-encoded UTF-8.
 * @param plusIsBlank in forms; in a URL that was signed a plus is a plus.
 * @throws {QueryError} for wrong percent-encoding and for what is not UTF-8.
 */
export function parseParameters(text: string, plusIsBlank: boolean, parametersMax: number): [string, string][] {
  const parts = text.split('&', parametersMax + 1).filter((part) => part !== '')
  if (parts.length > parametersMax) throw new QueryError('too many parameters')
  return parts.map((part) => {
    const equals = part.indexOf('=')
    const [name, value] = equals === -1 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)]
    return [decode(name, plusIsBlank), decode(value, plusIsBlank)]
  })
}

function decode(text: string, plusIsBlank: boolean): string {
  // Not replaceAll: of a body that is nothing but pluses it makes a chain of a million texts.
  const spaced = plusIsBlank ? text.split('+').join(' ') : text
  try {
    return spaced.includes('%') ? decodeURIComponent(spaced) : spaced
  } catch (cause) {
    throw new QueryError('wrong percent-encoding', { cause })
  }
}

/** @throws {QueryError} */
export function formText(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch (cause) {
    throw new QueryError('not UTF-8', { cause })
  }
}
