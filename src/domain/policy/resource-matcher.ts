/** The resources that a statement speaks of (authorization.md 1.3). */
import { type ArnPattern, compileResourcePattern } from './arn-pattern.ts'
import type { ConditionContext } from './condition-context.ts'
import type { ListElement } from './policy-document.ts'

export interface ResourceMatcher {
  readonly isNegated: boolean
  /** Has the list a bare `*`? It matches everything. */
  readonly hasEverything: boolean
  readonly patterns: readonly ArnPattern[]
}

export function compileResources({ isNegated, texts }: ListElement, hasVariables: boolean): ResourceMatcher {
  return {
    isNegated,
    hasEverything: texts.includes('*'),
    patterns: texts.filter((text) => text !== '*').map((text) => compileResourcePattern(text, hasVariables)),
  }
}

/** @param parts of the resource's ARN, asked for only where a pattern has to be compared. */
export function resourceMatches(
  { isNegated, hasEverything, patterns }: ResourceMatcher,
  parts: () => readonly string[],
  context: ConditionContext,
): boolean {
  if (hasEverything) return !isNegated
  return patterns.some((pattern) => pattern.matches(parts(), context)) !== isNegated
}
