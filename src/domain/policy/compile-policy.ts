/** From the text of a policy to the form that evaluation looks at (authorization.md section 7). */
import { LRUCache } from 'lru-cache'
import { COMPILED_POLICIES_MAX, COMPILED_POLICY_CHARS_MAX } from '../../base/limits.ts'
import { ActionIndex } from './action-index.ts'
import { bitSetOf } from './bit-set.ts'
import { compileConditions, type Effect } from './condition.ts'
import type { Policy, Statement } from './policy.ts'
import { parsePolicyJson, policyDocument, type StatementElement } from './policy-document.ts'
import { indexPrincipals } from './principal-index.ts'
import { compileResources } from './resource-matcher.ts'

/** By text: most keys of an account have one and the same policy. */
const compiled = new LRUCache<string, Policy>({
  max: COMPILED_POLICIES_MAX,
  maxSize: COMPILED_POLICY_CHARS_MAX,
  sizeCalculation: (_policy, text) => text.length + 1,
})

/** @param text of a policy that was checked when it was saved, of any kind. */
export function compilePolicy(text: string): Policy {
  let policy = compiled.get(text)
  if (policy === undefined) {
    policy = compile(text)
    compiled.set(text, policy)
  }
  return policy
}

/**
 * The same text, as the one string that the compiled policy has, where there is one: records of many keys with the same policy then
 * share it, and finding the compiled form compares no texts.
 */
export function sharedPolicyText(text: string): string {
  return compiled.peek(text)?.text ?? text
}

function compile(text: string): Policy {
  const { statements: elements, hasVariables } = policyDocument(parsePolicyJson(text))
  const statements = elements.map((element, index) => compileStatement(element, index, hasVariables))
  const withEffect = (effect: Effect) => {
    const indexes = statements.filter((statement) => statement.effect === effect).map(({ index }) => index)
    return bitSetOf(indexes, statements.length)
  }
  return Object.freeze({
    text,
    conditionKeys: new Set(statements.flatMap(keysOf)),
    statements,
    denies: withEffect('Deny'),
    allows: withEffect('Allow'),
    hasDenies: statements.some(({ effect }) => effect === 'Deny'),
    actions: new ActionIndex(elements.map(({ action }) => action)),
    principals: indexPrincipals(elements.map(({ principal }) => principal)),
  })
}

function compileStatement(element: StatementElement, index: number, hasVariables: boolean): Statement {
  const { sid, effect, resource, conditions } = element
  return {
    effect,
    resources: resource && compileResources(resource, hasVariables),
    conditions: compileConditions(conditions, hasVariables),
    index,
    sid,
    alone: [{ policyType: 'resource-based policy', index, ...(sid !== undefined && { sid }) }],
  }
}

function keysOf({ resources, conditions }: Statement): string[] {
  return [
    ...conditions.flatMap(({ key, comparands }) => [key, ...comparands.keys]),
    ...(resources?.patterns.flatMap(({ keys }) => keys) ?? []),
  ]
}
