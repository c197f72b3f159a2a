/** The condition keys that policies name, as they spell them: evaluation minds no case (authorization.md C-8, W-4), people do. */
import { parsePolicyJson, policyDocument, type StatementElement } from './policy-document.ts'
import { variableNames } from './policy-template.ts'

/**
 * In the order in which they are named, resources and conditions of each statement in turn.
 * @param texts of policies that were read.
 * @returns the first spelling of each by the key in lower case.
 */
export function contextKeysIn(texts: readonly string[]): ReadonlyMap<string, string> {
  const spellings = new Map<string, string>()
  for (const name of texts.flatMap(namesIn)) {
    if (!spellings.has(name.toLowerCase())) spellings.set(name.toLowerCase(), name)
  }
  return spellings
}

function namesIn(text: string): string[] {
  const { statements, hasVariables } = policyDocument(parsePolicyJson(text))
  return statements.flatMap((statement) => namesOf(statement, hasVariables))
}

function namesOf({ resource, conditions }: StatementElement, hasVariables: boolean): string[] {
  const variablesIn = (texts: readonly string[]) => (hasVariables ? texts.flatMap(variableNames) : [])
  return [
    ...variablesIn(resource?.texts ?? []),
    ...conditions.flatMap(({ key, values }) => [key, ...variablesIn(values)]),
  ]
}
