/** Members that operations of STS share, with the constraints of its model, and what they answer. */
import { javaDate } from '../../audit/audit-record.ts'
import { parseArn } from '../../base/arn.ts'
import { SECOND_MS } from '../../base/clock.ts'
import { validationError } from '../../base/errors.ts'
import { SESSION_SECONDS_MAX } from '../../base/limits.ts'
import { integer, list, optional, string, structure } from '../../base/schema.ts'
import type { TemporaryCredentials } from '../../domain/identity/identity-services.ts'
import type { Tag } from '../../domain/keys/key.ts'
import type { Principal, Session } from '../../domain/principal.ts'
import { dateTime } from './iam-answers.ts'

const NAME = '[\\w+=,.@-]*'
const POLICY = '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+'
const POLICY_ARNS_MAX = 10

const arn = string({
  min: 20,
  max: 2048,
  pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+',
})

export const roleArn = arn
export const roleSessionName = string({ min: 2, max: 64, pattern: NAME })
export const federatedUserName = string({ min: 2, max: 32, pattern: NAME })
export const sourceIdentity = string({ min: 2, max: 64, pattern: NAME })
export const sessionPolicy = string({ min: 1, max: 2048, pattern: POLICY })
export const policyArns = list(structure({ arn: optional(arn) }), { max: POLICY_ARNS_MAX })
export const serialNumber = string({ min: 9, max: 256, pattern: '[\\w+=/:,.@-]*' })
export const tokenCode = string({ min: 6, max: 6, pattern: '[\\d]*' })
/** Of roles, and of users' own sessions. */
export const roleDurationSeconds = integer(900, 43_200)
export const durationSeconds = integer(900, SESSION_SECONDS_MAX)
export const ROLE_SESSION_SECONDS = 3_600
export const USER_SESSION_SECONDS = 43_200

interface PolicyDescriptor {
  readonly arn?: string
}

export function toPolicyArns(wire: readonly PolicyDescriptor[] | undefined): string[] {
  return (wire ?? []).flatMap(({ arn }) => (arn === undefined ? [] : [arn]))
}

/** @throws {KmsError} in the recorded words for text that is no ARN, or lacks a part that every role's has. */
export function checkRoleArn(text: string): void {
  const { partition, service, resource } = parseArn(text) ?? {}
  if (!partition || !service || !resource) throw validationError(`${text} is invalid`)
}

export interface NewSession {
  readonly name: string
  readonly seconds: number
  /** Of the call, in milliseconds since the epoch. */
  readonly time: number
  readonly tags: readonly Tag[]
  readonly transitiveTagKeys: readonly string[]
  readonly policyText: string | undefined
  readonly policyArns: readonly string[]
  readonly sourceIdentity?: string | undefined
  readonly federatedProvider?: string | undefined
  readonly chainDepth?: number
}

/** Whole seconds: the answer tells the very moment at which the session ends. */
export function newSession(given: NewSession): Session {
  const { name, seconds, time, tags, transitiveTagKeys, policyText, policyArns, chainDepth = 0 } = given
  const issuedAt = Math.floor(time / SECOND_MS) * SECOND_MS
  return {
    issuedAt,
    expiresAt: issuedAt + seconds * SECOND_MS,
    name,
    tags,
    transitiveTagKeys,
    chainDepth,
    policyArns,
    ...(policyText === undefined ? {} : { policyText }),
    ...(given.sourceIdentity === undefined ? {} : { sourceIdentity: given.sourceIdentity }),
    ...(given.federatedProvider === undefined ? {} : { federatedProvider: given.federatedProvider }),
  }
}

interface CredentialsAnswer {
  readonly AccessKeyId: string
  readonly SecretAccessKey: string
  readonly SessionToken: string
  readonly Expiration: string
}

export function credentialsAnswer(issued: TemporaryCredentials): CredentialsAnswer {
  return {
    AccessKeyId: issued.accessKeyId,
    SecretAccessKey: issued.secretAccessKey,
    SessionToken: issued.sessionToken,
    Expiration: dateTime(issued.expiresAt),
  }
}

export function assumedRoleUser({ principalId, arn }: Principal) {
  return { AssumedRoleId: principalId, Arn: arn }
}

/** Neither secret nor token: the access key id links the session's events to this one (audit.md 4.5). */
export function auditedCredentials({ AccessKeyId, Expiration }: CredentialsAnswer) {
  return { accessKeyId: AccessKeyId, expiration: javaDate(Date.parse(Expiration)) }
}

export function auditedRoleUser({ AssumedRoleId, Arn }: ReturnType<typeof assumedRoleUser>) {
  return { assumedRoleId: AssumedRoleId, arn: Arn }
}

export function auditedPolicyArns(wire: readonly PolicyDescriptor[] | undefined) {
  return wire?.map(({ arn }) => ({ arn }))
}
