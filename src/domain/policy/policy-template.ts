/**
 * Texts of policies with variables and wildcards (authorization.md 1.4), as lists of tokens: what a variable brings in is
 * literal, whatever characters it has (W-6).
 */
import type { ConditionContext } from './condition-context.ts'
import { ANY_RUN, type Glob, globMatches, parseGlob, unitsOf } from './glob.ts'

interface Variable {
  /** Name of a condition key in lower case. */
  readonly key: string
  /** Where the key has no value; `undefined`: then nothing matches. */
  readonly fallback: string | undefined
}

/** Units and wildcards as they stand, or a variable. */
type Token = Glob | Variable

export interface TemplateOptions {
  /** Are `*` and `?` wildcards? */
  readonly hasWildcards: boolean
  /** Only the version of 2012 knows variables (G-3). */
  readonly hasVariables: boolean
  /** Brings spellings together that are not told apart; the caller does the same to the text that it asks about. */
  readonly fold?: (text: string) => string
}

export interface Template {
  /** Keys of the variables, in lower case. */
  readonly keys: readonly string[]
  matches(text: string, context: ConditionContext): boolean
  /** With the variables filled in; `undefined`: one of them has no value. */
  resolve(context: ConditionContext): Glob | undefined
}

/** What may be a variable; linear, for any text of a policy. */
const BRACED = /\$\{([^{}']*(?:'[^']*'\s*)?)\}/g

export function compileTemplate(text: string, options: TemplateOptions): Template {
  const tokens = tokensOf(text, options)
  const variables = tokens.filter(isVariable)
  if (variables.length > 0) return withVariables(tokens, variables, options.fold)
  const glob = (tokens as readonly Glob[]).flat()
  // Asked for only where there are variables, so that the units need not be kept.
  return { keys: [], matches: matcherOf(glob), resolve: () => (tokensOf(text, options) as readonly Glob[]).flat() }
}

function withVariables(tokens: readonly Token[], variables: readonly Variable[], fold = asItIs): Template {
  const resolve = (context: ConditionContext) => resolveTokens(tokens, context, fold)
  return {
    keys: variables.map(({ key }) => key),
    resolve,
    matches(text, context) {
      const glob = resolve(context)
      return glob !== undefined && globMatches(glob, text, context)
    },
  }
}

/** The two common shapes need no matcher: an exact text, and a beginning. */
function matcherOf(glob: Glob): Template['matches'] {
  const wildcard = glob.findIndex((unit) => unit < 0)
  const beginning = textOf(glob.slice(0, wildcard === -1 ? glob.length : wildcard))
  if (wildcard === -1) return (text) => text === beginning
  if (wildcard === glob.length - 1 && glob[wildcard] === ANY_RUN) return (text) => text.startsWith(beginning)
  return (text, context) => globMatches(glob, text, context)
}

function textOf(units: readonly number[]): string {
  let text = ''
  for (const unit of units) text += String.fromCharCode(unit)
  return text
}

function asItIs(text: string): string {
  return text
}

function tokensOf(text: string, { hasWildcards, hasVariables, fold = asItIs }: TemplateOptions): Token[] {
  const plain = (literal: string) => (hasWildcards ? parseGlob : unitsOf)(fold(literal))
  if (!hasVariables) return [plain(text)]
  const tokens: Token[] = []
  let end = 0
  for (const match of text.matchAll(BRACED)) {
    const token = tokenOf(match[1]!)
    if (token === undefined) continue
    tokens.push(plain(text.slice(end, match.index)), isVariable(token) ? withKeyFolded(token) : token)
    end = match.index + match[0].length
  }
  tokens.push(plain(text.slice(end)))
  return tokens
}

function withKeyFolded({ key, fallback }: Variable): Variable {
  return { key: key.toLowerCase(), fallback }
}

/** Keys of its variables, as they are spelled. */
export function variableNames(text: string): string[] {
  const tokens = [...text.matchAll(BRACED)].map((match) => tokenOf(match[1]!))
  return tokens.flatMap((token) => (token !== undefined && isVariable(token) ? [token.key] : []))
}

/** As `variableNames`, with the characters that stand in braces to be themselves: AWS was recorded to list them too. */
export function bracedNames(text: string): string[] {
  return [...text.matchAll(BRACED)].flatMap(([braced, inside]) =>
    ESCAPED.has(inside!) ? inside! : variableNames(braced),
  )
}

const ESCAPED: ReadonlySet<string> = new Set(['*', '?', '$'])

/** `*`, `?`, `$`, `key` (as spelled) or `key, 'text'` from between the braces; `undefined`: the whole is plain text. */
function tokenOf(inside: string): Token | undefined {
  if (ESCAPED.has(inside)) return unitsOf(inside)
  const comma = inside.indexOf(',')
  const key = (comma === -1 ? inside : inside.slice(0, comma)).trim()
  if (key === '' || key.includes("'")) return undefined
  if (comma === -1) return { key, fallback: undefined }
  const quoted = inside.slice(comma + 1).trim()
  const isQuoted = quoted.length >= 2 && quoted.startsWith("'") && quoted.endsWith("'")
  return isQuoted ? { key, fallback: quoted.slice(1, -1) } : undefined
}

function resolveTokens(
  tokens: readonly Token[],
  context: ConditionContext,
  fold: (text: string) => string,
): Glob | undefined {
  const glob: number[] = []
  for (const token of tokens) {
    const units = isVariable(token) ? resolveVariable(token, context, fold) : token
    if (units === undefined) return undefined
    for (const unit of units) glob.push(unit)
  }
  return glob
}

function isVariable(token: Token): token is Variable {
  return !Array.isArray(token)
}

/** What it costs to put a unit into a pattern, in comparisons. */
const COMPARISONS_PER_UNIT = 8

/** A key that can have several values does not resolve (W-3), not even to its fallback (as recorded of AWS). */
function resolveVariable(
  { key, fallback }: Variable,
  context: ConditionContext,
  fold: (text: string) => string,
): Glob | undefined {
  const value = context.valueOf(key)
  if (Array.isArray(value)) return undefined
  const text = typeof value === 'string' ? value : fallback
  if (text === undefined) return undefined
  context.spend(COMPARISONS_PER_UNIT * text.length)
  return unitsOf(fold(text))
}
