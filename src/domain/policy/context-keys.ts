/** The condition keys that policies name, as they spell them: evaluation minds no case (authorization.md C-8, W-4), people do. */
import { IAM_SYNTAX } from './iam-policy-syntax.ts'
import { parsePolicyJson, policyDocument, type StatementElement } from './policy-document.ts'
import { type PolicySyntax, readPolicyDocument } from './policy-syntax.ts'
import { bracedNames, variableNames } from './policy-template.ts'

/** AWS was recorded to ask little of a policy whose keys it lists. */
const LISTED_SYNTAX: PolicySyntax = { ...IAM_SYNTAX, hasId: true, isLenient: true }

/** @throws {KmsError} `MalformedPolicyDocument` for what `listedContextKeys` cannot read. */
export function readListedPolicy(text: string): string {
  readPolicyDocument(text, LISTED_SYNTAX)
  return text
}

/** Of one policy, each spelling once. */
export function listedContextKeys(text: string): string[] {
  return [...new Set(namesIn(text, bracedNames))]
}

/**
 * In the order in which they are named, resources and conditions of each statement in turn.
 * @param texts of policies that were read.
 * @returns the first spelling of each by the key in lower case.
 */
export function contextKeysIn(texts: readonly string[]): ReadonlyMap<string, string> {
  const spellings = new Map<string, string>()
  for (const name of texts.flatMap((text) => namesIn(text, variableNames))) {
    if (!spellings.has(name.toLowerCase())) spellings.set(name.toLowerCase(), name)
  }
  return spellings
}

type VariableNames = (text: string) => string[]

function namesIn(text: string, ofVariables: VariableNames): string[] {
  const { statements, hasVariables } = policyDocument(parsePolicyJson(text))
  return statements.flatMap((statement) => namesOf(statement, hasVariables ? ofVariables : () => []))
}

function namesOf({ resource, conditions }: StatementElement, ofVariables: VariableNames): string[] {
  const variablesIn = (texts: readonly string[]) => texts.flatMap((text) => ofVariables(text))
  return [
    ...variablesIn(resource?.texts ?? []),
    ...conditions.flatMap(({ key, values }) => [key, ...variablesIn(values)]),
  ]
}
