/**
 * Key policies as texts: which are well formed (authorization.md 1.1, 1.6), how they are printed, and the one that a key
 * gets when its creator gives none.
 */
import { parseArn, partitionOf } from '../../base/arn.ts'
import { KmsError } from '../../base/errors.ts'
import { JsonError, parseJson } from '../../base/json.ts'
import { JSON_DEPTH_MAX, POLICY_BYTES_MAX } from '../../base/limits.ts'
import { conditionOperator } from './condition-operators.ts'
import { principalForms } from './policy-principals.ts'
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

/**
 * @returns the policy as GetKeyPolicy prints it.
 * @throws {KmsError} the exceptions of authorization.md 1.6. Whether the principals exist and whether the caller locks
 * himself out is not looked at.
 */
export function readKeyPolicy(text: string): string {
  const bytes = Buffer.byteLength(text)
  if (bytes > POLICY_BYTES_MAX) {
    const quota = `Key policy size quota for this account in this region is ${POLICY_BYTES_MAX}`
    throw new KmsError('LimitExceededException', `${quota}, current usage is ${bytes}.`)
  }
  checkPolicy(parsePolicy(text))
  return printPolicy(text)
}

function malformed(message: string): KmsError {
  return new KmsError('MalformedPolicyDocumentException', message)
}

const syntaxError = () => malformed('Syntax errors in policy.')
const noPrincipal = () => malformed('Policy contains a statement with no principal.')
const invalidPrincipal = () => malformed('Policy contains a statement with one or more invalid principals.')

function parsePolicy(text: string): unknown {
  try {
    return parseJson(text, JSON_DEPTH_MAX)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw isJson(text) ? syntaxError() : malformed('The policy is not valid JSON.')
  }
}

/** Tells what is no JSON at all from what the strict parser refuses: a name given twice, or deep nesting. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

type Members = Readonly<Record<string, unknown>>

function members(value: unknown): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw syntaxError()
  return value as Members
}

/** One value stands for a list of one. */
function oneOrMore(value: unknown): readonly unknown[] {
  const values = Array.isArray(value) ? value : [value]
  if (values.length === 0) throw syntaxError()
  return values
}

function texts(value: unknown): readonly string[] {
  const values = oneOrMore(value)
  if (!values.every((item) => typeof item === 'string')) throw syntaxError()
  return values as readonly string[]
}

function checkNames(value: Members, known: ReadonlySet<string>): void {
  for (const name of Object.keys(value)) if (!known.has(name)) throw syntaxError()
}

/** At most one of the two; the one that is there. */
function oneOf(value: Members, name: string, negated: string): unknown {
  if (value[name] !== undefined && value[negated] !== undefined) throw syntaxError()
  return value[name] === undefined ? value[negated] : value[name]
}

const POLICY_MEMBERS = new Set(['Version', 'Id', 'Statement'])
const VERSIONS: readonly unknown[] = ['2012-10-17', '2008-10-17']

function checkPolicy(value: unknown): void {
  const policy = members(value)
  checkNames(policy, POLICY_MEMBERS)
  const { Version = '2008-10-17', Id = '', Statement } = policy
  if (!VERSIONS.includes(Version) || typeof Id !== 'string') throw syntaxError()
  // Older versions have no variables: `${…}` is literal there (G-3).
  for (const statement of oneOrMore(Statement)) checkStatement(members(statement), Version === '2012-10-17')
}

const STATEMENT_MEMBERS = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
])

/** A statement without action or resource is accepted and has no effect (G-10). */
function checkStatement(statement: Members, hasVariables: boolean): void {
  checkNames(statement, STATEMENT_MEMBERS)
  const { Sid = '', Effect, NotPrincipal, Condition } = statement
  if (typeof Sid !== 'string') throw syntaxError()
  if (Effect !== 'Allow' && Effect !== 'Deny') throw syntaxError()
  const principal = oneOf(statement, 'Principal', 'NotPrincipal')
  const action = oneOf(statement, 'Action', 'NotAction')
  const resource = oneOf(statement, 'Resource', 'NotResource')
  // Everybody but …: never what was meant (P-11).
  if (NotPrincipal !== undefined && Effect === 'Allow') throw syntaxError()
  checkPrincipal(principal)
  if (action !== undefined) checkActions(action)
  if (resource !== undefined) texts(resource).forEach(checkArn)
  if (Condition !== undefined) checkCondition(members(Condition), hasVariables)
}

function checkPrincipal(principal: unknown): void {
  if (principal === undefined) throw noPrincipal()
  if (principal === '*') return
  if (typeof principal === 'string') throw invalidPrincipal()
  const types = Object.entries(members(principal))
  if (types.length === 0) throw noPrincipal()
  for (const [type, entries] of types) {
    const forms = principalForms(type)
    if (forms === undefined) throw syntaxError()
    for (const entry of texts(entries)) {
      checkArn(entry)
      if (!forms.some((form) => form.test(entry))) throw invalidPrincipal()
    }
  }
}

const ACTION = /^(\*|[a-z0-9-]+:[a-z0-9*?]+)$/i

function checkActions(action: unknown): void {
  if (!texts(action).every((pattern) => ACTION.test(pattern))) throw syntaxError()
}

/** V-9: text that sets out to be an ARN and is none. */
function checkArn(text: string): void {
  if (!text.startsWith('arn:') || parseArn(text) !== undefined) return
  throw new KmsError('InvalidArnException', 'An ARN in the specified key policy is invalid.')
}

function checkCondition(condition: Members, hasVariables: boolean): void {
  for (const [name, keys] of Object.entries(condition)) {
    const operator = conditionOperator(name)
    if (operator === undefined) throw syntaxError()
    for (const [key, values] of Object.entries(members(keys))) {
      if (operator.set === 'ForAllValues') refuseOverlyPermissive(key)
      for (const value of oneOrMore(values)) {
        const text = conditionText(value)
        if (!operator.accepts(text) && !(hasVariables && text.includes('${'))) throw syntaxError()
      }
    }
  }
}

function conditionText(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') throw syntaxError()
  return String(value)
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
