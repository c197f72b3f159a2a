/** The rules of sessions that their credentials alone decide (authorization.md 6.3, 6.4). */
import { KmsError, unrecognizedClient, validationError } from '../../base/errors.ts'
import type { Service } from '../../base/services.ts'
import type { Tag } from '../keys/key.ts'
import type { Principal, Session } from '../principal.ts'
import { parseEntityArn } from './entity-name.ts'
import { managedPolicyDocument } from './entity-policies.ts'
import type { IdentityReader } from './identity-store.ts'
import { packedSizePercent } from './session-token.ts'

/** What an account's root may ask for at most; more is cut down to it. */
export const ROOT_SESSION_SECONDS_MAX = 3_600
/** A role assumed by a role's session is assumed for this long at most. */
export const CHAINED_SESSION_SECONDS_MAX = 3_600

const LONG_TERM_ONLY: ReadonlySet<string> = new Set(['GetSessionToken', 'GetFederationToken'])

function denied(text: string): KmsError {
  return new KmsError('AccessDeniedException', text)
}

/**
 * Operations that some credentials can never call, whatever policies say: users' own sessions (GetSessionToken) without MFA and
 * federated users do not call IAM, and of STS only what is named here. Services have no sessions of their own, only of roles.
 * @throws {KmsError}
 */
export function checkMayCall({ type, session }: Principal, service: Service, operation: string): void {
  if (type === 'AWSService' && LONG_TERM_ONLY.has(operation)) {
    throw denied(`Cannot call ${operation} with the credentials of a service`)
  }
  if (session === undefined || service === 'kms' || service === 'cloudtrail' || operation === 'GetCallerIdentity')
    return
  const isUsersOwn = type === 'IAMUser' || type === 'Root'
  if (service === 'iam') {
    const isBarred = type === 'FederatedUser' || (isUsersOwn && session.mfaAuthenticatedAt === undefined)
    if (isBarred) throw unrecognizedClient()
    return
  }
  const isBarred = type === 'FederatedUser' || (isUsersOwn && operation !== 'AssumeRole')
  if (LONG_TERM_ONLY.has(operation) || isBarred) throw denied(`Cannot call ${operation} with session credentials`)
}

/** @throws {KmsError} */
export function checkMayAssumeRoles({ type }: Principal): void {
  if (type === 'Root') throw denied('Roles may not be assumed by root accounts.')
}

/** No device can be registered here (6.4, 6). @throws {KmsError} if one is said to have been used. */
export function checkNoMfa(serialNumber: string | undefined, tokenCode: string | undefined): void {
  if (serialNumber === undefined && tokenCode === undefined) return
  const reason =
    serialNumber === undefined || tokenCode === undefined
      ? 'must provide both MFA serial number and one time pass code.'
      : 'unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.'
  throw denied(`MultiFactorAuthentication failed, ${reason}`)
}

/** A session of a role that assumes a role. */
export function isChained({ type }: Principal): boolean {
  return type === 'AssumedRole'
}

/** @throws {KmsError} */
export function checkChainedDuration(caller: Principal, seconds: number): void {
  if (!isChained(caller) || seconds <= CHAINED_SESSION_SECONDS_MAX) return
  throw validationError(
    'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
  )
}

/** @throws {KmsError} */
export function checkRoleDuration(maxSessionSeconds: number, seconds: number): void {
  if (seconds <= maxSessionSeconds) return
  throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.')
}

/** Once set, it stays through all roles that are assumed one from another. @throws {KmsError} */
export function checkSourceIdentity(caller: Principal, given: string | undefined): void {
  const set = caller.session?.sourceIdentity
  if (given === undefined || set === undefined || set === given) return
  throw denied('The source identity of the calling session cannot be changed.')
}

export interface SessionTags {
  readonly tags: readonly Tag[]
  readonly transitiveTagKeys: readonly string[]
}

const NO_TAGS: SessionTags = { tags: [], transitiveTagKeys: [] }

/** What a session hands on to the roles that it assumes. */
export function inheritedTags({ session }: Principal): SessionTags {
  if (session === undefined || session.transitiveTagKeys.length === 0) return NO_TAGS
  const { transitiveTagKeys } = session
  const handedOn = new Set(transitiveTagKeys.map((key) => key.toLowerCase()))
  return { tags: session.tags.filter(({ key }) => handedOn.has(key.toLowerCase())), transitiveTagKeys }
}

function invalid(text: string): KmsError {
  return new KmsError('InvalidParameterValue', text)
}

/** @throws {KmsError} `InvalidParameterValue` with the recorded texts. */
export function checkSessionTags(caller: Principal, { tags, transitiveTagKeys }: SessionTags): void {
  const keys = new Set(tags.map(({ key }) => key.toLowerCase()))
  if (keys.size !== tags.length) {
    throw invalid('Duplicate tag keys found. Please note that Tag keys are case insensitive.')
  }
  if ([...keys].some((key) => key.startsWith('aws:'))) throw invalid('Tag keys beginning with aws: are reserved.')
  if (!transitiveTagKeys.every((key) => keys.has(key.toLowerCase()))) {
    throw invalid('The specified transitive tag key must be included in the requested tags.')
  }
  if (inheritedTags(caller).transitiveTagKeys.some((key) => keys.has(key.toLowerCase()))) {
    throw invalid(
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    )
  }
}

/** With those that the caller's session hands on. */
export function sessionTags(caller: Principal, { tags, transitiveTagKeys }: SessionTags): SessionTags {
  const inherited = inheritedTags(caller)
  return {
    tags: [...inherited.tags, ...tags],
    transitiveTagKeys: [...inherited.transitiveTagKeys, ...transitiveTagKeys],
  }
}

/**
 * Managed session policies are of the session's account, or AWS's.
 * @throws {KmsError} `MalformedPolicyDocument`
 */
export async function checkSessionPolicyArns(
  reader: IdentityReader,
  account: string,
  policyArns: readonly string[],
): Promise<void> {
  for (const arn of policyArns) {
    const owner = parseEntityArn(arn)?.account
    const isThere = (owner === account || owner === 'aws') && (await managedPolicyDocument(reader, arn)) !== undefined
    if (!isThere) throw new KmsError('MalformedPolicyDocument', `Policy ${arn} does not exist or is not attachable.`)
  }
}

/**
 * @returns percent of what a session token can hold.
 * @throws {KmsError} `PackedPolicyTooLarge`
 */
export function checkPackedSize(session: Session): number {
  const percent = packedSizePercent(session)
  if (percent <= 100) return percent
  throw new KmsError(
    'PackedPolicyTooLarge',
    `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`,
  )
}
