/** The grammar that all kinds of policy have in common (authorization.md 1.1); what differs between them is declared by each. */
import type { KmsError } from '../../base/errors.ts'
import { JsonError } from '../../base/json.ts'
import { type ConditionOperator, conditionOperator } from './condition-operators.ts'
import {
  asList,
  type Members,
  NumberText,
  type PolicyDocument,
  parsePolicyJson,
  policyDocument,
} from './policy-document.ts'

/** What is wrong: no JSON at all; the grammar; the version; a date that is none, or an effect in the wrong case. */
export type PolicyProblem = 'json' | 'syntax' | 'version' | 'legacy'

export interface PolicySyntax {
  readonly statementMembers: ReadonlySet<string>
  readonly hasId: boolean
  /** The oldest version that may be used; `2008-10-17` is also what a policy without a version has (G-3). */
  readonly oldestVersion: '2008-10-17' | '2012-10-17'
  /** Has the kind a text of its own for lists of actions and resources without any? */
  readonly allowsEmptyLists: boolean
  /** Of policies that nothing is decided by: they need no statements, and conditions may compare with anything. */
  readonly isLenient?: boolean
  /** The exception of the service that reads. */
  refusal(problem: PolicyProblem): KmsError
}

/** @throws {KmsError} what `refusal` makes of the first problem. */
export function readPolicyDocument(text: string, syntax: PolicySyntax): PolicyDocument {
  const json = parse(text, syntax)
  new Grammar(syntax).checkPolicy(json)
  return policyDocument(json)
}

function parse(text: string, syntax: PolicySyntax): unknown {
  try {
    return parsePolicyJson(text)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw syntax.refusal(isJson(text) ? 'syntax' : 'json')
  }
}

/** Tells what is no JSON at all from what the strict parser refuses: a name given twice, or deep nesting. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const POLICY_MEMBERS: ReadonlySet<string> = new Set(['Version', 'Id', 'Statement'])
const VERSIONS: readonly unknown[] = ['2012-10-17', '2008-10-17']
const PRINCIPAL_TYPES: ReadonlySet<string> = new Set(['AWS', 'Service', 'Federated', 'CanonicalUser'])

class Grammar {
  readonly #syntax: PolicySyntax
  /** Found on the way, told after everything else: AWS has another parser for it. */
  #isLegacyBroken = false

  constructor(syntax: PolicySyntax) {
    this.#syntax = syntax
  }

  checkPolicy(value: unknown): void {
    const policy = this.#members(value)
    this.#checkNames(policy, POLICY_MEMBERS)
    const { Version = '2008-10-17', Id, Statement } = policy
    this.#require(VERSIONS.includes(Version))
    this.#require(Id === undefined || (this.#syntax.hasId && typeof Id === 'string'))
    const statements = asList(this.#syntax.isLenient ? (Statement ?? []) : Statement)
    this.#require(this.#syntax.isLenient === true || statements.length > 0)
    for (const statement of statements) this.#checkStatement(this.#members(statement), Version === '2012-10-17')
    // Comparable as text: both are dates.
    if ((Version as string) < this.#syntax.oldestVersion) throw this.#syntax.refusal('version')
    if (this.#isLegacyBroken) throw this.#syntax.refusal('legacy')
  }

  #checkStatement(statement: Members, hasVariables: boolean): void {
    this.#checkNames(statement, this.#syntax.statementMembers)
    const { Sid = '', Effect, NotPrincipal, Condition } = statement
    this.#require(typeof Sid === 'string')
    this.#require(typeof Effect === 'string' && /^(allow|deny)$/i.test(Effect))
    if (Effect !== 'Allow' && Effect !== 'Deny') this.#isLegacyBroken = true
    const principal = this.#oneOf(statement, 'Principal', 'NotPrincipal')
    const { allowsEmptyLists } = this.#syntax
    for (const name of ['Action', 'Resource']) {
      const value = this.#oneOf(statement, name, `Not${name}`)
      if (value !== undefined) this.#checkTexts(value, allowsEmptyLists)
    }
    // Everybody but …: never what was meant (P-11).
    this.#require(NotPrincipal === undefined || Effect === 'Deny')
    if (principal !== undefined && typeof principal !== 'string') this.#checkPrincipal(this.#members(principal))
    if (Condition !== undefined) this.#checkCondition(this.#members(Condition), hasVariables)
  }

  /** A statement that names nobody at all is for its kind to tell of (V-2). */
  #checkPrincipal(principal: Members): void {
    this.#checkNames(principal, PRINCIPAL_TYPES)
    const lists = Object.values(principal)
    const isNobody = lists.every((entries) => asList(entries).length === 0)
    for (const entries of lists) this.#checkTexts(entries, isNobody)
  }

  #checkCondition(condition: Members, hasVariables: boolean): void {
    for (const [name, keys] of Object.entries(condition)) {
      const operator = conditionOperator(name)
      if (operator === undefined) throw this.#syntax.refusal('syntax')
      for (const values of Object.values(this.#members(keys))) {
        this.#require(asList(values).length > 0)
        for (const value of asList(values)) this.#checkValue(value, operator, hasVariables)
      }
    }
  }

  /** C-13, W-2. */
  #checkValue(value: unknown, operator: ConditionOperator, hasVariables: boolean): void {
    const isScalar = typeof value === 'string' || typeof value === 'boolean' || value instanceof NumberText
    this.#require(isScalar)
    const text = value instanceof NumberText ? value.text : String(value)
    const mayBeVariable = hasVariables && operator.hasVariables && text.includes('${')
    if (this.#syntax.isLenient || operator.accepts(text) || mayBeVariable) return
    this.#require(operator.isDate)
    this.#isLegacyBroken = true
  }

  #checkTexts(value: unknown, mayBeEmpty: boolean): void {
    const texts = asList(value)
    this.#require((mayBeEmpty || texts.length > 0) && texts.every((text) => typeof text === 'string'))
  }

  #members(value: unknown): Members {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    this.#require(isObject && !(value instanceof NumberText))
    return value as Members
  }

  /** At most one of the two; the one that is there. */
  #oneOf(value: Members, name: string, negated: string): unknown {
    this.#require(value[name] === undefined || value[negated] === undefined)
    return value[name] === undefined ? value[negated] : value[name]
  }

  #checkNames(value: Members, known: ReadonlySet<string>): void {
    for (const name of Object.keys(value)) this.#require(known.has(name))
  }

  #require(isSo: boolean): void {
    if (!isSo) throw this.#syntax.refusal('syntax')
  }
}
