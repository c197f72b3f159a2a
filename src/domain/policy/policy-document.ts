/** A policy as JSON, and as the list of statements that it stands for (authorization.md 1.1). */
import { parseJson } from '../../base/json.ts'
import { JSON_DEPTH_MAX } from '../../base/limits.ts'
import type { ConditionElement, Effect } from './condition.ts'

/** A number as it was written: a policy compares it as text (G-6). */
export class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Members = Readonly<Record<string, unknown>>

/** @throws {JsonError} for what is no JSON, for a name given twice (G-1) and for deep nesting. */
export function parsePolicyJson(text: string): unknown {
  parseJson(text, JSON_DEPTH_MAX)
  return JSON.parse(text, keepNumberText)
}

// The third parameter is newer than TypeScript's declaration of JSON.parse.
function keepNumberText(_name: string, value: unknown, context?: { readonly source: string }): unknown {
  return typeof value === 'number' ? new NumberText(context!.source) : value
}

/** An element and its negation, `Action` and `NotAction`. */
export interface ListElement {
  readonly isNegated: boolean
  readonly texts: readonly string[]
}

export interface PrincipalEntry {
  /** `AWS`, `Service`, `Federated`; empty where there is none. */
  readonly type: string
  readonly text: string
}

export interface PrincipalElement {
  readonly isNegated: boolean
  readonly entries: readonly PrincipalEntry[]
}

export interface StatementElement {
  readonly sid: string | undefined
  readonly effect: Effect
  /** The others are `undefined` where the statement does not have them. */
  readonly principal: PrincipalElement | undefined
  readonly action: ListElement | undefined
  readonly resource: ListElement | undefined
  readonly conditions: ConditionElement
}

export interface PolicyDocument {
  /** Older versions have no variables: `${…}` is literal there (G-3). */
  readonly hasVariables: boolean
  readonly statements: readonly StatementElement[]
}

/** @param json of a policy that was checked when it was read. */
export function policyDocument(json: unknown): PolicyDocument {
  const { Version, Statement } = json as Members
  return {
    hasVariables: Version === '2012-10-17',
    statements: asList(Statement ?? []).map((statement) => statementElement(statement as Members)),
  }
}

/** One value stands for a list of one. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

function statementElement(statement: Members): StatementElement {
  const { Sid, Effect: effect, Condition } = statement
  return {
    sid: Sid as string | undefined,
    effect: effect as Effect,
    principal: principalElement(statement),
    action: listElement(statement, 'Action', 'NotAction'),
    resource: listElement(statement, 'Resource', 'NotResource'),
    conditions: Condition === undefined ? [] : conditionElement(Condition as Members),
  }
}

function listElement(statement: Members, name: string, negated: string): ListElement | undefined {
  const isNegated = statement[negated] !== undefined
  const value = isNegated ? statement[negated] : statement[name]
  return value === undefined ? undefined : { isNegated, texts: asList(value) as readonly string[] }
}

function principalElement({ Principal, NotPrincipal }: Members): PrincipalElement | undefined {
  const value = Principal ?? NotPrincipal
  if (value === undefined) return undefined
  return { isNegated: NotPrincipal !== undefined, entries: principalEntries(value) }
}

/** `"*"` is `{"AWS": "*"}`; no other text stands without a type. */
function principalEntries(value: unknown): readonly PrincipalEntry[] {
  if (typeof value === 'string') return [{ type: value === '*' ? 'AWS' : '', text: value }]
  return Object.entries(value as Members).flatMap(([type, texts]) =>
    asList(texts).map((text) => ({ type, text: text as string })),
  )
}

function conditionElement(condition: Members): ConditionElement {
  return Object.entries(condition).flatMap(([operator, keys]) =>
    Object.entries(keys as Members).map(([key, values]) => ({
      operator,
      key,
      values: asList(values).map(conditionText),
    })),
  )
}

function conditionText(value: unknown): string {
  return value instanceof NumberText ? value.text : String(value)
}
