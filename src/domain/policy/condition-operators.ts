/**
 * The condition operators of the policy language (authorization.md 1.5). What a policy compares with is read once, when the
 * policy is compiled.
 */
import { Base64Error, decodeBase64 } from '../../base/base64.ts'
import { isInRange, isNetwork, parseAddressRange, parseValueAddress } from './address-range.ts'
import { arnParts, compileArnPattern } from './arn-pattern.ts'
import type { ConditionContext } from './condition-context.ts'
import { parsePolicyDate } from './policy-date.ts'
import { compileTemplate } from './policy-template.ts'

/** The values of one key in a policy, compiled. */
export interface Comparands {
  /** Keys of their variables, in lower case. */
  readonly keys: readonly string[]
  /** Does a value of the request match one of them? */
  match(value: string, context: ConditionContext): Match
}

/**
 * As recorded of AWS: with `incomparable`, a value that is no address or no ARN, the condition does not hold, negated or not;
 * with `malformed`, a policy's text that is no ARN, it holds for a Deny alone.
 */
export type Match = boolean | 'incomparable' | 'malformed'

interface Comparison {
  /** `StringNotEquals` and its like hold when no value matches. */
  readonly isNegated?: boolean
  readonly hasVariables: boolean
  /** Can the text be compared with at all? A Deny that can never match would be a hole (C-13). */
  accepts(text: string): boolean
  /** @param hasVariables are variables of the policy's version, and of this operator? */
  compile(texts: readonly string[], hasVariables: boolean): Comparands
}

const isText = () => true

/** @param fold brings spellings together that the operator does not tell apart. */
function textComparison(hasWildcards: boolean, fold: (text: string) => string = (text) => text): Comparison {
  return {
    hasVariables: true,
    accepts: isText,
    compile(texts, hasVariables) {
      const templates = texts.map((text) => compileTemplate(text, { hasWildcards, hasVariables, fold }))
      const keys = templates.flatMap((template) => template.keys)
      if (templates.length === 1) {
        const [only] = templates
        return { keys, match: (value, context) => only!.matches(fold(value), context) }
      }
      return {
        keys,
        match(value, context) {
          const compared = fold(value)
          return templates.some((template) => template.matches(compared, context))
        },
      }
    },
  }
}

const MAYBE_ARN = /^arn:|[*?]/

const ARNS: Comparison = {
  hasVariables: true,
  accepts: (text) => MAYBE_ARN.test(text),
  compile(texts, hasVariables) {
    const patterns = texts.map((text) => compileArnPattern(text, hasVariables))
    return {
      keys: patterns.flatMap(({ keys }) => keys),
      match(value, context) {
        const parts = arnParts(value)
        if (parts === undefined) return 'incomparable'
        for (const pattern of patterns) {
          const matches = pattern.matches(parts, context)
          if (matches === undefined) return 'malformed'
          if (matches) return true
        }
        return false
      },
    }
  },
}

/**
 * A comparison of what both sides mean.
 * @param meaningless what a value of the request matches that means nothing.
 */
function parsed<Comparand, Value = Comparand>(
  read: (text: string) => Comparand | undefined,
  readValue: (text: string) => Value | undefined,
  matches: (value: Value, comparand: Comparand) => boolean,
  meaningless: Match = false,
): Comparison {
  return {
    hasVariables: false,
    accepts: (text) => read(text) !== undefined,
    compile(texts) {
      const comparands = texts.map(read).filter((comparand) => comparand !== undefined)
      return {
        keys: [],
        match(text) {
          const value = readValue(text)
          return value === undefined ? meaningless : comparands.some((comparand) => matches(value, comparand))
        },
      }
    },
  }
}

const NUMBER = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i

function parseNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined
}

function parseBinary(text: string): Buffer | undefined {
  try {
    return decodeBase64(text)
  } catch (error) {
    if (error instanceof Base64Error) return undefined
    throw error
  }
}

const lowerCase = (text: string) => text.toLowerCase()

const TEXTS_IGNORING_CASE = textComparison(false, lowerCase)

const BOOLEAN = /^(true|false)$/i
const BOOLEAN_TRUE = /^true$/i

const BOOL: Comparison = {
  hasVariables: true,
  accepts: (text) => BOOLEAN.test(text),
  compile(texts, hasVariables) {
    const { keys, match } = TEXTS_IGNORING_CASE.compile(texts, hasVariables)
    // Whatever a request has that is not `true` counts as `false`: as recorded of AWS.
    return { keys, match: (value, context) => match(String(BOOLEAN_TRUE.test(value)), context) }
  },
}

/** Presence of the key is all that counts; `match` is asked with `true` for a key that is absent. */
const NULL: Comparison = { ...BOOL, hasVariables: false }

function orderings(family: string, read: (text: string) => number | undefined): [string, Comparison][] {
  const ordering = (matches: (value: number, comparand: number) => boolean) => parsed(read, read, matches)
  const equals = ordering((value, comparand) => value === comparand)
  return [
    [`${family}Equals`, equals],
    [`${family}NotEquals`, negated(equals)],
    [`${family}LessThan`, ordering((value, comparand) => value < comparand)],
    [`${family}LessThanEquals`, ordering((value, comparand) => value <= comparand)],
    [`${family}GreaterThan`, ordering((value, comparand) => value > comparand)],
    [`${family}GreaterThanEquals`, ordering((value, comparand) => value >= comparand)],
  ]
}

function negated(comparison: Comparison): Comparison {
  return { ...comparison, isNegated: true }
}

const TEXTS = textComparison(false)
const PATTERNS = textComparison(true)
const BINARIES = parsed(parseBinary, parseBinary, (value, comparand) => value.equals(comparand))
const ADDRESSES: Comparison = {
  ...parsed(parseAddressRange, parseValueAddress, isInRange, 'incomparable'),
  accepts: isNetwork,
}

const COMPARISONS: ReadonlyMap<string, Comparison> = new Map([
  ['StringEquals', TEXTS],
  ['StringNotEquals', negated(TEXTS)],
  ['StringEqualsIgnoreCase', TEXTS_IGNORING_CASE],
  ['StringNotEqualsIgnoreCase', negated(TEXTS_IGNORING_CASE)],
  ['StringLike', PATTERNS],
  ['StringNotLike', negated(PATTERNS)],
  ['ArnEquals', ARNS],
  ['ArnLike', ARNS],
  ['ArnNotEquals', negated(ARNS)],
  ['ArnNotLike', negated(ARNS)],
  ...orderings('Numeric', parseNumber),
  ...orderings('Date', parsePolicyDate),
  ['Bool', BOOL],
  ['BinaryEquals', BINARIES],
  ['IpAddress', ADDRESSES],
  ['NotIpAddress', negated(ADDRESSES)],
])

export interface ConditionOperator extends Comparison {
  readonly isNull: boolean
  readonly isDate: boolean
  readonly set: 'ForAllValues' | 'ForAnyValue' | undefined
  readonly ifExists: boolean
}

const NAME = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/

/** `undefined` for a name that is no operator; case-sensitive. */
export function conditionOperator(name: string): ConditionOperator | undefined {
  // It takes neither a set operator nor IfExists.
  if (name === 'Null') return { ...NULL, isNull: true, isDate: false, set: undefined, ifExists: false }
  const [, set, base, ifExists] = NAME.exec(name) ?? []
  const comparison = base === undefined ? undefined : COMPARISONS.get(base)
  if (comparison === undefined) return undefined
  return {
    ...comparison,
    isNull: false,
    isDate: base!.startsWith('Date'),
    set: set as ConditionOperator['set'],
    ifExists: ifExists !== undefined,
  }
}
