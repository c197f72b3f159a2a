/** Identity policies, permissions boundaries and session policies as texts (authorization.md 1.6, second list). */
import { NO_VALUES } from './condition-context.ts'
import { globMatches, parseGlob } from './glob.ts'
import { checkActions, checkSids, hasMembers, IAM_SYNTAX, malformedDocument } from './iam-policy-syntax.ts'
import type { PolicyDocument } from './policy-document.ts'
import { type PolicySyntax, readPolicyDocument } from './policy-syntax.ts'

const IDENTITY_SYNTAX: PolicySyntax = {
  ...IAM_SYNTAX,
  // The guide leaves it to policies of resources; it was recorded to be taken.
  hasId: true,
  oldestVersion: '2012-10-17',
  // Trust and session policies have a text of their own for what is no JSON.
  refusal: (problem) => IAM_SYNTAX.refusal(problem === 'json' ? 'syntax' : problem),
}

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

const PARTITIONS = ['aws', 'aws-cn', 'aws-us-gov']

/** By its name or by wildcards: managed policies of AWS say `arn:*:…` and `arn:aws*:…`. */
function namesPartition(text: string): boolean {
  const glob = parseGlob(text)
  return PARTITIONS.some((partition) => globMatches(glob, partition, NO_VALUES))
}

function checkResource(text: string): void {
  if (text === '*') return
  const [prefix, ...parts] = text.split(':')
  const [partition, service] = parts
  if (partition === undefined) throw notAnArn(text)
  if (!namesPartition(partition)) {
    const [, ...known] = parts
    const shown = [...known, ...Array<string>(Math.max(0, 4 - known.length)).fill('*')].join(':')
    throw malformedDocument(`Partition "${partition}" is not valid for resource "arn:${partition}:${shown}".`)
  }
  if (prefix !== 'arn') throw notAnArn(text)
  if (service === undefined || !/^[A-Za-z0-9-]+$/.test(service)) {
    throw malformedDocument('Resource vendor must be fully qualified and cannot contain regexes.')
  }
  // Fewer than six parts match nothing.
  if (parts.length < 5) throw malformedDocument('The policy failed legacy parsing')
}

function notAnArn(text: string) {
  return malformedDocument(`Resource ${text} must be in ARN format or "*".`)
}
