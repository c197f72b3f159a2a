/** Trust policies of roles as texts (authorization.md 6.4; 1.6, second list). */
import type { KmsError } from '../../base/errors.ts'
import { checkActions, checkSids, hasMembers, IAM_SYNTAX, malformedDocument } from './iam-policy-syntax.ts'
import type { PrincipalElement } from './policy-document.ts'
import { isValidPrincipal, TRUST_POLICY_PRINCIPALS } from './policy-principals.ts'
import { type PolicySyntax, readPolicyDocument } from './policy-syntax.ts'

const { statementMembers } = IAM_SYNTAX

const SYNTAX: PolicySyntax = {
  ...IAM_SYNTAX,
  hasId: true,
  // P-11: NotPrincipal is no part of it.
  statementMembers: statementMembers.difference(new Set(['NotPrincipal'])),
}

/**
 * Whether the principals exist is not looked at: `bindPrincipals`.
 * @returns what is to be stored.
 * @throws {KmsError} `MalformedPolicyDocument`
 */
export function readTrustPolicy(text: string): string {
  const document = readPolicyDocument(text, SYNTAX)
  checkSids(document)
  for (const { principal, action, resource } of document.statements) {
    if (resource !== undefined) throw malformedDocument('Has prohibited field Resource')
    checkTrusted(principal)
    if (!hasMembers(action)) throw malformedDocument('Policy statement must contain actions.')
    checkActions(action)
    if (action.isNegated || !action.texts.every((text) => /^sts:/i.test(text))) {
      throw malformedDocument('AssumeRole policy may only specify STS AssumeRole actions.')
    }
  }
  return text
}

/** P-6: how IAM names a principal of a trust policy that does not exist. */
export function invalidTrustedPrincipal(type: string, text: string): KmsError {
  return malformedDocument(`Invalid principal in policy: "${type}":"${text}"`)
}

function checkTrusted(principal: PrincipalElement | undefined): void {
  if (principal === undefined) throw malformedDocument('Missing required field Principal')
  if (principal.entries.length === 0) {
    throw malformedDocument('The passed in policy has a statement with no principals!')
  }
  for (const entry of principal.entries) {
    if (!isValidPrincipal(TRUST_POLICY_PRINCIPALS, entry)) throw invalidTrustedPrincipal(entry.type, entry.text)
  }
}
