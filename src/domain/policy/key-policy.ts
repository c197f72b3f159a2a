/**
 * Key policies as texts: which are well formed (authorization.md 1.1, 1.6), how they are printed, and the one that a key
 * gets when its creator gives none.
 */
import { parseArn, partitionOf } from '../../base/arn.ts'
import { KmsError } from '../../base/errors.ts'
import { POLICY_BYTES_MAX } from '../../base/limits.ts'
import type { StatementElement } from './policy-document.ts'
import { isValidPrincipal, KEY_POLICY_PRINCIPALS } from './policy-principals.ts'
import { type PolicySyntax, readPolicyDocument } from './policy-syntax.ts'
import { printPolicy } from './policy-text.ts'

/** The only name that a key policy can have (G-12). */
export const POLICY_NAME = 'default'

/** POL-1: lets the account's identity policies decide; by itself it lets nobody in. */
export function defaultKeyPolicy(account: string, region: string): string {
  const statement = {
    Sid: 'Enable IAM User Permissions',
    Effect: 'Allow',
    Principal: { AWS: `arn:${partitionOf(region)}:iam::${account}:root` },
    Action: 'kms:*',
    Resource: '*',
  }
  return printPolicy(JSON.stringify({ Version: '2012-10-17', Id: 'key-default-1', Statement: [statement] }))
}

const SYNTAX: PolicySyntax = {
  statementMembers: new Set([
    'Sid',
    'Effect',
    'Principal',
    'NotPrincipal',
    'Action',
    'NotAction',
    'Resource',
    'NotResource',
    'Condition',
  ]),
  hasId: true,
  oldestVersion: '2008-10-17',
  allowsEmptyLists: false,
  refusal: (problem) => malformed(problem === 'json' ? 'The policy is not valid JSON.' : 'Syntax errors in policy.'),
}

/**
 * @returns the policy as GetKeyPolicy prints it.
 * @throws {KmsError} the exceptions of authorization.md 1.6. Whether the principals exist (`bindPrincipals`) and whether the
 * caller locks himself out is not looked at.
 */
export function readKeyPolicy(text: string): string {
  const bytes = Buffer.byteLength(text)
  if (bytes > POLICY_BYTES_MAX) {
    const quota = `Key policy size quota for this account in this region is ${POLICY_BYTES_MAX}`
    throw new KmsError('LimitExceededException', `${quota}, current usage is ${bytes}.`)
  }
  readPolicyDocument(text, SYNTAX).statements.forEach(checkStatement)
  return printPolicy(text)
}

function malformed(message: string): KmsError {
  return new KmsError('MalformedPolicyDocumentException', message)
}

/** P-6, P-7: what is told of a principal that does not exist. */
export function invalidPrincipal(): KmsError {
  return malformed('Policy contains a statement with one or more invalid principals.')
}

const ACTION = /^(\*|[a-z0-9-]+:[a-z0-9*?]+)$/i

/** A statement without action or resource is accepted and has no effect (G-10). */
function checkStatement({ principal, action, resource, conditions }: StatementElement): void {
  if (principal === undefined || principal.entries.length === 0) {
    throw malformed('Policy contains a statement with no principal.')
  }
  for (const entry of principal.entries) {
    checkArn(entry.text)
    if (!isValidPrincipal(KEY_POLICY_PRINCIPALS, entry)) throw invalidPrincipal()
  }
  if (action?.texts.every((pattern) => ACTION.test(pattern)) === false) throw SYNTAX.refusal('syntax')
  resource?.texts.forEach(checkArn)
  for (const { operator, key } of conditions) if (operator.startsWith('ForAllValues:')) refuseOverlyPermissive(key)
}

/** V-9: text that sets out to be an ARN and is none. */
function checkArn(text: string): void {
  if (!text.startsWith('arn:') || parseArn(text) !== undefined) return
  throw new KmsError('InvalidArnException', 'An ARN in the specified key policy is invalid.')
}

const SINGLE_VALUED = [
  { prefix: 'kms:encryptioncontext:', noun: 'encryption context' },
  { prefix: 'aws:requesttag/', noun: 'tag' },
]

/** V-6: ForAllValues holds when the key is absent, so such a statement lets everyone pass. */
function refuseOverlyPermissive(key: string): void {
  const found = SINGLE_VALUED.find(({ prefix }) => key.toLowerCase().startsWith(prefix))
  if (found === undefined) return
  throw malformed(
    'OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests ' +
      `without the specified ${found.noun} or with an unspecified ${found.noun}. To fix, remove ForAllValues.`,
  )
}
