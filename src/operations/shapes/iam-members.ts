/** Members that many IAM operations share, with the constraints of its model. */

import { validationError } from '../../base/errors.ts'
import { enumeration, list, optional, type Shape, string, structure } from '../../base/schema.ts'
import type { OwnerKind } from '../../domain/identity/entities.ts'
import type { Tag } from '../../domain/keys/key.ts'
import type { ConditionValues } from '../../domain/policy/condition-values.ts'
import type { LocatedEntity } from '../../pipeline/operation.ts'

const NAME = /^[\w+=,.@-]+$/

/** Of names IAM checks the length as its model says, and then the characters, with words of their own. */
function nameOf(charsMax: number): Shape<string> {
  const sized = string({ min: 1, max: charsMax })
  return {
    read(value, path, violations) {
      const found = violations.length
      const name = sized.read(value, path, violations)
      if (violations.length > found || NAME.test(name)) return name
      throw validationError(
        `The specified value for ${path} is invalid. ` +
          'It must contain only alphanumeric characters and/or the following: +=,.@_-',
      )
    },
  }
}

/** Of users and roles (authorization.md 6.1). */
export const userName = nameOf(64)
export const roleName = userName
/** Where the model admits longer names than a user can have; nothing is found under them. */
export const existingUserName = nameOf(128)
export const groupName = nameOf(128)
export const iamPolicyName = nameOf(128)

export const arn = string({ min: 20, max: 2048 })
export const path = string({ min: 1, max: 512, pattern: '(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)' })
export const pathPrefix = string({ min: 1, max: 512, pattern: '\\u002F[\\u0021-\\u007F]*' })
export const policyPath = string({ min: 1, max: 512, pattern: '((/[A-Za-z0-9\\.,\\+@=_-]+)*)/' })

export const policyDocument = string({
  min: 1,
  max: 131_072,
  pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+',
})
export const policyVersionId = string({ pattern: 'v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?' })
export const policyUsageFilter = optional(enumeration(['PermissionsPolicy', 'PermissionsBoundary']))

export const accessKeyId = string({ min: 16, max: 128, pattern: '[\\w]+' })

export interface IamTag {
  readonly Key: string
  readonly Value: string
}

const TAGS_MAX = 50
const tagKey = string({ min: 1, max: 128, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+' })
const tagValue = string({ min: 0, max: 256, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*' })
/** Values first: in this order AWS was recorded to name what is missing. */
export const iamTags = list(structure({ Value: tagValue, Key: tagKey }), { max: TAGS_MAX })
/** As recorded, the constraints on the elements of this list name one more. */
const listedTagKey = { ...tagKey, rules: [...tagKey.rules!, { text: 'not be null', holds: () => true }] }
export const iamTagKeys = list(listedTagKey, { max: TAGS_MAX })

export function fromIamTags(wire: readonly IamTag[] | undefined): Tag[] {
  return (wire ?? []).map(({ Key, Value }) => ({ key: Key, value: Value }))
}

export function toIamTags(tags: readonly Tag[]): IamTag[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }))
}

/** As the operations that list tags give them: sorted by key, capital letters first (recorded); elsewhere they keep their order. */
export function sortedIamTags(tags: readonly Tag[]): IamTag[] {
  return toIamTags(tags.toSorted((left, right) => (left.key < right.key ? -1 : 1)))
}

/** Who makes something with tags needs the permission to tag it too. */
export function hasTags(wire: readonly IamTag[] | undefined): boolean {
  return wire !== undefined && wire.length > 0
}

/** As audit records show them. */
export function auditedIamTags(wire: readonly IamTag[] | undefined) {
  return wire?.map(({ Key, Value }) => ({ key: Key, value: Value }))
}

/** `aws:RequestTag/…` and `aws:TagKeys` (authorization.md 3.2). */
export function iamTagConditions(wire: readonly IamTag[] | undefined): ConditionValues {
  if (wire === undefined || wire.length === 0) return {}
  const conditions: Record<string, string | readonly string[]> = { 'aws:TagKeys': wire.map(({ Key }) => Key) }
  for (const { Key, Value } of wire) conditions[`aws:RequestTag/${Key}`] = Value
  return conditions
}

/** What refusals call a list of users, roles or groups: where in the account it begins. */
export function shownAsPath(kind: OwnerKind) {
  return ({ PathPrefix = '/' }: { readonly PathPrefix?: string }, account: string) =>
    `arn:aws:iam::${account}:${kind}${PathPrefix}`
}

/** `iam:PermissionsBoundary` of a write to a user or role: the boundary that it has (authorization.md 6.6). */
export function boundaryInForce(_input: unknown, { boundaryArn }: LocatedEntity): ConditionValues {
  return { 'iam:PermissionsBoundary': boundaryArn }
}
