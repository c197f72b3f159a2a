/** Identity policies, permissions boundaries and session policies as texts (authorization.md 1.6, second list). */
import { checkActions, checkSids, hasMembers, IAM_SYNTAX, malformedDocument } from './iam-policy-syntax.ts'
import type { PolicyDocument } from './policy-document.ts'
import { type PolicySyntax, readPolicyDocument } from './policy-syntax.ts'

const IDENTITY_SYNTAX: PolicySyntax = { ...IAM_SYNTAX, oldestVersion: '2012-10-17' }

/**
 * Inline or managed, boundaries included. How long it is, is not looked at.
 * @returns what is to be stored.
 * @throws {KmsError} `MalformedPolicyDocument`
 */
export function readIdentityPolicy(text: string): string {
  checkStatements(readPolicyDocument(text, IDENTITY_SYNTAX))
  return text
}

/**
 * @returns what is to be kept in the session.
 * @throws {KmsError} `MalformedPolicyDocument`
 */
export function readSessionPolicy(text: string): string {
  checkStatements(readPolicyDocument(text, IAM_SYNTAX))
  return text
}

/** One kind of fault after another over all statements, as IAM looks for them. */
function checkStatements(document: PolicyDocument): void {
  const { statements } = document
  if (statements.some(({ principal }) => principal !== undefined)) {
    throw malformedDocument('Policy document should not specify a principal.')
  }
  checkSids(document)
  if (!statements.every(({ action }) => hasMembers(action)))
    throw malformedDocument('Policy statement must contain actions.')
  if (!statements.every(({ resource }) => hasMembers(resource))) {
    throw malformedDocument('Policy statement must contain resources.')
  }
  for (const { resource } of statements) resource!.texts.forEach(checkResource)
  for (const { action } of statements) checkActions(action!)
}

const PARTITIONS: readonly unknown[] = ['aws', 'aws-cn', 'aws-us-gov']

function checkResource(text: string): void {
  if (text === '*') return
  const [prefix, partition, service, ...rest] = text.split(':')
  if (prefix !== 'arn') throw malformedDocument(`Resource ${text} must be in ARN format or "*".`)
  if (!PARTITIONS.includes(partition)) {
    const parts = [service, rest[0], rest[1], rest.slice(2).join(':')].map((part) => part || '*')
    throw malformedDocument(
      `Partition "${partition ?? ''}" is not valid for resource "arn:${partition ?? ''}:${parts.join(':')}".`,
    )
  }
  if (service === undefined || !/^[A-Za-z0-9-]+$/.test(service)) {
    throw malformedDocument('Resource vendor must be fully qualified and cannot contain regexes.')
  }
  // Fewer than six parts match nothing.
  if (rest.length < 3) throw malformedDocument('The policy failed legacy parsing')
}
