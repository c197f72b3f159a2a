/** ARNs as patterns: six parts, each with wildcards that do not reach beyond it (authorization.md M-3, 1.5). */
import { type ConditionContext, NO_VALUES } from './condition-context.ts'
import { type Glob, globMatches, type Work } from './glob.ts'
import { compileTemplate } from './policy-template.ts'

const PARTS = 6
const COLON = 0x3a

export interface ArnPattern {
  /** Keys of the variables, in lower case. */
  readonly keys: readonly string[]
  matches(parts: readonly string[], context: ConditionContext): boolean
}

/** `undefined`: the text is no ARN. */
export function arnParts(text: string): readonly string[] | undefined {
  return text.startsWith('arn:') ? sixParts(text) : undefined
}

/** The last part keeps its colons. */
function sixParts(text: string): readonly string[] | undefined {
  const parts = text.split(':')
  if (parts.length < PARTS) return undefined
  return parts.length === PARTS ? parts : [...parts.slice(0, PARTS - 1), parts.slice(PARTS - 1).join(':')]
}

const NOTHING: ArnPattern = { keys: [], matches: () => false }

/** Of `Resource` and `NotResource`: variables count in the last part only (W-2). */
export function compileResourcePattern(text: string, hasVariables: boolean): ArnPattern {
  const parts = sixParts(text)
  if (parts === undefined) return NOTHING
  const templates = parts.map((part, index) =>
    compileTemplate(part, { hasWildcards: true, hasVariables: hasVariables && index === PARTS - 1 }),
  )
  return {
    keys: templates.flatMap(({ keys }) => keys),
    // From the end: it differs most often.
    matches(value, context) {
      for (let part = PARTS - 1; part >= 0; part--) {
        if (!templates[part]!.matches(value[part]!, context)) return false
      }
      return true
    },
  }
}

/** As the ARN operators compare; `pattern` has no variables. What is no ARN matches nothing. */
export function arnMatches(pattern: string, value: string): boolean {
  const parts = arnParts(value)
  return parts !== undefined && compileResourcePattern(pattern, false).matches(parts, NO_VALUES)
}

export interface ComparedArn {
  readonly keys: readonly string[]
  /** `undefined`: the pattern has too few parts for an ARN. */
  matches(parts: readonly string[], context: ConditionContext): boolean | undefined
}

const MALFORMED: ComparedArn = { keys: [], matches: () => undefined }

/** Of the ARN operators: variables may stand anywhere, and what they bring in counts as part of the ARN. */
export function compileArnPattern(text: string, hasVariables: boolean): ComparedArn {
  const { keys, resolve } = compileTemplate(text, { hasWildcards: true, hasVariables })
  if (keys.length === 0) return sixParts(text) === undefined ? MALFORMED : compileResourcePattern(text, false)
  return {
    keys,
    matches(value, context) {
      const glob = resolve(context)
      return glob === undefined ? false : globPartsMatch(glob, value, context)
    },
  }
}

function globPartsMatch(glob: Glob, value: readonly string[], work: Work): boolean | undefined {
  const parts = globParts(glob)
  return parts?.every((part, index) => globMatches(part, value[index]!, work))
}

/** The last part keeps its colons. */
function globParts(glob: Glob): Glob[] | undefined {
  const parts: Glob[] = []
  let start = 0
  while (parts.length < PARTS - 1) {
    const end = glob.indexOf(COLON, start)
    if (end === -1) return undefined
    parts.push(glob.slice(start, end))
    start = end + 1
  }
  return [...parts, glob.slice(start)]
}
