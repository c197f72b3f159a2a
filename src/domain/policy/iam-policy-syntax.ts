/** What all policies of identities have in common. IAM and STS have one error code for all that can be wrong with them. */
import { KmsError } from '../../base/errors.ts'
import type { ListElement, PolicyDocument } from './policy-document.ts'
import type { PolicySyntax } from './policy-syntax.ts'

const PROBLEMS = {
  json: 'This policy contains invalid Json',
  syntax: 'Syntax errors in policy.',
  legacy: 'The policy failed legacy parsing',
  version: 'Policy document must be version 2012-10-17 or greater.',
}

export function malformedDocument(message: string): KmsError {
  return new KmsError('MalformedPolicyDocument', message)
}

const STATEMENT_MEMBERS = ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition']

export const IAM_SYNTAX: PolicySyntax = {
  statementMembers: new Set([...STATEMENT_MEMBERS, 'Principal', 'NotPrincipal']),
  hasId: false,
  oldestVersion: '2008-10-17',
  allowsEmptyLists: true,
  refusal: (problem) => malformedDocument(PROBLEMS[problem]),
}

export function hasMembers(element: ListElement | undefined): element is ListElement {
  return element !== undefined && element.texts.length > 0
}

const SID = /^[A-Za-z0-9]*$/

export function checkSids({ statements }: PolicyDocument): void {
  const sids = statements.map(({ sid }) => sid ?? '').filter((sid) => sid !== '')
  if (!sids.every((sid) => SID.test(sid))) {
    const pattern = 'Check that your input satisfies the regular expression [0-9A-Za-z]*'
    throw malformedDocument(`Statement IDs (SID) must be alpha-numeric. ${pattern}`)
  }
  if (new Set(sids).size < sids.length)
    throw malformedDocument('Statement IDs (SID) in a single policy must be unique.')
}

export function checkActions({ texts }: ListElement): void {
  for (const text of texts) {
    const [vendor, name, ...more] = text.split(':') as [string, ...string[]]
    if (name === undefined && vendor !== '*') {
      throw malformedDocument('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.')
    }
    if (more.length > 0) throw malformedDocument('Actions/Condition can contain only one colon.')
    if (vendor !== '*' && !/^[A-Za-z0-9.-]+$/.test(vendor)) throw malformedDocument(`Vendor ${vendor} is not valid`)
    // A pattern that no action can match would make of a Deny a hole.
    if (name !== undefined && !/^[A-Za-z0-9*?]+$/.test(name)) throw malformedDocument(PROBLEMS.syntax)
  }
}
