/** What claims of a verified token mean for a session and for policies (authorization.md 3.3, 6.5). */
import { KmsError } from '../../base/errors.ts'
import type { Tag } from '../keys/key.ts'
import type { ConditionValues } from '../policy/condition-values.ts'
import type { VerifiedWebIdentity } from './identity-services.ts'
import type { SessionTags } from './session-rules.ts'

const TAGS = 'https://aws.amazon.com/tags'
const PRINCIPAL_TAGS = `${TAGS}/principal_tags`
const TRANSITIVE_TAG_KEYS = `${TAGS}/transitive_tag_keys`
const SOURCE_IDENTITY = 'https://aws.amazon.com/source_identity'
const ROLES = 'https://aws.amazon.com/roles'

const TAGS_MAX = 50
const TAG_KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u
const SOURCE_IDENTITY_TEXT = /^[\w+=,.@-]{2,64}$/

function rejected(claim: string): KmsError {
  return new KmsError('InvalidIdentityToken', `Unacceptable claim: ${claim}`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Session tags, nested (`{"principal_tags": {"Team": ["a"]}, "transitive_tag_keys": ["Team"]}`) or one claim for each
 * (`…/principal_tags/Team`).
 * @throws {KmsError} `InvalidIdentityToken` for claims of another shape: a tag that is left out may be one that denies.
 */
export function claimedTags({ claims }: Pick<VerifiedWebIdentity, 'claims'>): SessionTags {
  const nested = claims[TAGS] ?? {}
  if (!isObject(nested)) throw rejected(TAGS)
  const named = nested.principal_tags ?? {}
  if (!isObject(named)) throw rejected(TAGS)
  const flat = Object.entries(claims).flatMap(([name, value]) =>
    name.startsWith(`${PRINCIPAL_TAGS}/`) ? [[name.slice(PRINCIPAL_TAGS.length + 1), value] as const] : [],
  )
  const tags = [...Object.entries(named), ...flat].map(([key, value]) => toTag(key, value))
  const transitiveTagKeys = claims[TRANSITIVE_TAG_KEYS] ?? nested.transitive_tag_keys ?? []
  if (tags.length > TAGS_MAX) throw rejected(TAGS)
  if (!Array.isArray(transitiveTagKeys) || !transitiveTagKeys.every((key) => typeof key === 'string')) {
    throw rejected(TRANSITIVE_TAG_KEYS)
  }
  return { tags, transitiveTagKeys }
}

/** A value is a text, or a list of one. */
function toTag(key: string, value: unknown): Tag {
  const [text, ...more] = Array.isArray(value) ? value : [value]
  if (typeof text !== 'string' || more.length > 0 || !TAG_KEY.test(key) || !TAG_VALUE.test(text)) throw rejected(TAGS)
  return { key, value: text }
}

/** @throws {KmsError} `InvalidIdentityToken` */
export function claimedSourceIdentity({ claims }: Pick<VerifiedWebIdentity, 'claims'>): string | undefined {
  const claim = claims[SOURCE_IDENTITY]
  if (claim === undefined) return undefined
  if (typeof claim !== 'string' || !SOURCE_IDENTITY_TEXT.test(claim)) throw rejected(SOURCE_IDENTITY)
  return claim
}

const ROLE_ARN = /^arn:[a-z0-9-]+:iam::\d{12}:role\/([!-~]+\/)?[\w+=,.@-]{1,64}$/

/**
 * Did the provider name the role for which the token is? A token that names roles is for no other one, whatever their trust
 * policies say; one that names none leaves it to them (`sts:RoleAuthorizedByIdp`).
 * @throws {KmsError} `InvalidIdentityToken`, with the texts recorded of AWS.
 */
export function isRoleAuthorized({ claims }: Pick<VerifiedWebIdentity, 'claims'>, roleArn: string): boolean {
  const claim = claims[ROLES]
  if (claim === undefined || claim === null) return false
  if (typeof claim !== 'string' && !Array.isArray(claim))
    throw wrongRoles('The roles claim is not in a supported format')
  const texts = typeof claim === 'string' ? claim.split(';') : claim.filter((one) => typeof one === 'string')
  const roles = texts.map((text) => text.trim()).filter((text) => ROLE_ARN.test(text) && !/[*?;]/.test(text))
  if (roles.length === 0) throw wrongRoles('The roles claim contains no valid role ARNs')
  if (roles.includes(roleArn)) return true
  throw wrongRoles('The target role ARN is not present in the roles claim of the identity token')
}

function wrongRoles(text: string): KmsError {
  return new KmsError('InvalidIdentityToken', text)
}

/** `<issuer>:sub` and the like: texts, and lists of texts, as the provider stated them. */
export function claimConditions({ issuer, subject, audience, claims }: VerifiedWebIdentity): ConditionValues {
  const values: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(claims)) {
    const isText = typeof value === 'string'
    const isList = Array.isArray(value) && value.every((item) => typeof item === 'string')
    if (isText || isList) values[`${issuer}:${name}`] = value
  }
  // With an authorised party the audience is that; the token's own is then `oaud`.
  if (claims.azp !== undefined && typeof claims.aud === 'string') values[`${issuer}:oaud`] = claims.aud
  return { ...values, [`${issuer}:aud`]: audience, [`${issuer}:sub`]: subject }
}
