/** Roles that a request names, and how answers show them. */
import { integer, string } from '../../base/schema.ts'
import type { StoredRole } from '../../domain/identity/entities.ts'
import { roleArn } from '../../domain/identity/entity-arns.ts'
import { noSuchOwner } from '../../domain/identity/iam-errors.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import type { EntityLookup, LocatedEntity } from '../../pipeline/operation.ts'
import { dateTime, percentEncoded } from './iam-answers.ts'
import { toIamTags } from './iam-members.ts'
import { locateOwner, ROLE } from './iam-owners.ts'

export const roleDescription = string({ max: 1000, pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*' })
/** Seconds. */
export const maxSessionDuration = integer(3600, 43_200)
export const MAX_SESSION_SECONDS_BY_DEFAULT = 3600

interface RoleRequest {
  readonly RoleName: string
}

export function locateRole({ RoleName }: RoleRequest, lookup: EntityLookup): Promise<LocatedEntity> {
  return locateOwner(ROLE, RoleName, lookup)
}

/** @throws {KmsError} `NoSuchEntity` */
export async function requireRole(
  store: IdentityReader,
  account: string,
  { RoleName }: RoleRequest,
): Promise<StoredRole> {
  const role = await store.findRole(account, RoleName)
  if (role === undefined) throw noSuchOwner('role', RoleName)
  return role
}

/** What every answer shows of a role. @param trustPolicy with principals as they are called now. */
function commonEntry(role: StoredRole, trustPolicy: string) {
  return {
    Path: role.path,
    RoleName: role.roleName,
    RoleId: role.roleId,
    Arn: roleArn(role),
    CreateDate: dateTime(role.createdAt),
    AssumeRolePolicyDocument: percentEncoded(trustPolicy),
  }
}

function boundaryOf({ boundaryArn }: StoredRole) {
  if (boundaryArn === undefined) return undefined
  // The API reference names another type; this one was recorded.
  return { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: boundaryArn }
}

function tagsOf({ tags }: StoredRole) {
  return tags.length === 0 ? undefined : toIamTags(tags)
}

/** A role that was just made: AWS repeats neither its description nor its session duration. */
export function newRoleAnswer(role: StoredRole, trustPolicy: string) {
  return { ...commonEntry(role, trustPolicy), PermissionsBoundary: boundaryOf(role), Tags: tagsOf(role) }
}

/** As UpdateRoleDescription shows it: without boundary, tags and session duration (recorded). */
export function describedRoleAnswer(role: StoredRole, trustPolicy: string) {
  return { ...commonEntry(role, trustPolicy), Description: role.description }
}

/** As lists show it: without boundary and tags. */
export function roleEntry(role: StoredRole, trustPolicy: string) {
  const { description, maxSessionSeconds } = role
  return { ...commonEntry(role, trustPolicy), Description: description, MaxSessionDuration: maxSessionSeconds }
}

export function roleAnswer(role: StoredRole, trustPolicy: string) {
  return {
    ...roleEntry(role, trustPolicy),
    PermissionsBoundary: boundaryOf(role),
    Tags: tagsOf(role),
    // When a role was last used is not tracked: as AWS shows a role that was not used in the tracking period.
    RoleLastUsed: {},
  }
}
