/**
 * Statements of a key policy that open the key to everybody (authorization.md S-6): every principal of the key's account may do
 * what they say without any policy of his own, and everybody in any other account whom that account's policies let. Legal, and
 * hardly ever meant.
 */
import { parsePolicyJson, policyDocument, type StatementElement } from './policy-document.ts'

/** @param text of a key policy as it is stored. @returns their positions, from 0. */
export function openStatements(text: string): readonly number[] {
  const { statements } = policyDocument(parsePolicyJson(text))
  return statements.flatMap((statement, index) => (isOpen(statement) ? [index] : []))
}

/** Without an action or a resource it has no effect (G-10). */
function isOpen({ effect, principal, action, resource, conditions }: StatementElement): boolean {
  if (effect !== 'Allow' || action === undefined || resource === undefined || conditions.length > 0) return false
  return principal?.isNegated === false && principal.entries.some(({ type, text }) => type === 'AWS' && text === '*')
}
