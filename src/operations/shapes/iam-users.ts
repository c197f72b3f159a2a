/** Users and groups in answers, and the user that a request without a name means: the caller. */
import { javaDate } from '../../audit/audit-record.ts'
import { validationError } from '../../base/errors.ts'
import type { StoredGroup, StoredUser } from '../../domain/identity/entities.ts'
import { groupArn, rootArn, userArn } from '../../domain/identity/entity-arns.ts'
import { noSuchOwner } from '../../domain/identity/iam-errors.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import type { Principal } from '../../domain/principal.ts'
import type { EntityLookup, LocatedEntity } from '../../pipeline/operation.ts'
import { boundaryAnswer, dateTime } from './iam-answers.ts'
import { toIamTags } from './iam-members.ts'
import { locateOwner, USER } from './iam-owners.ts'

/** `User` of lists: without its tags and its boundary, as AWS leaves them out there. */
export function userEntry(user: StoredUser) {
  const { path, userName, userId, createdAt } = user
  return { Path: path, UserName: userName, UserId: userId, Arn: userArn(user), CreateDate: dateTime(createdAt) }
}

export function userAnswer(user: StoredUser) {
  return {
    ...userEntry(user),
    PermissionsBoundary: boundaryAnswer(user.boundaryArn),
    Tags: user.tags.length === 0 ? undefined : toIamTags(user.tags),
  }
}

export function groupAnswer(group: StoredGroup) {
  const { path, groupName, groupId, createdAt } = group
  return { Path: path, GroupName: groupName, GroupId: groupId, Arn: groupArn(group), CreateDate: dateTime(createdAt) }
}

/** A date of an answer as audit records have it. */
export function auditedDate(date: string): string {
  return javaDate(Date.parse(date))
}

interface NamesUser {
  readonly UserName?: string
}

/** The user that a call is about; `undefined`: the account's root. */
export interface UserOrRoot {
  readonly account: string
  readonly user: StoredUser | undefined
}

/** Before anything is looked up: a session of a role has no user that it could mean. */
export function checkNamesUser<I extends NamesUser>(
  { UserName }: I,
  { principal }: { readonly principal: Principal },
): void {
  if (UserName !== undefined || principal.type === 'IAMUser' || principal.type === 'Root') return
  throw validationError('Must specify userName when calling with non-User credentials')
}

export async function locateUserOrCaller<I extends NamesUser>(
  { UserName }: I,
  lookup: EntityLookup,
): Promise<LocatedEntity> {
  const { principal } = lookup.call
  if (UserName !== undefined) return locateOwner(USER, UserName, lookup)
  if (principal.type === 'Root') return { arn: rootArn(principal.account) }
  const user = await lookup.store.findUserById(principal.entityId)
  return user === undefined
    ? { arn: principal.arn }
    : { arn: userArn(user), shownAs: `user ${user.userName}`, tags: user.tags, boundaryArn: user.boundaryArn }
}

/** @throws {KmsError} `NoSuchEntity` */
export async function requireUserOrCaller(
  store: IdentityReader,
  { principal }: { readonly principal: Principal },
  { UserName }: NamesUser,
): Promise<UserOrRoot> {
  const { account, type, entityId, userName = '' } = principal
  if (UserName === undefined && type === 'Root') return { account, user: undefined }
  const user = UserName === undefined ? await store.findUserById(entityId) : await store.findUser(account, UserName)
  if (user === undefined) throw noSuchOwner('user', UserName ?? userName)
  return { account, user }
}

/** @throws {KmsError} `NoSuchEntity` */
export async function requireUser(store: IdentityReader, account: string, userName: string): Promise<StoredUser> {
  const user = await store.findUser(account, userName)
  if (user === undefined) throw noSuchOwner('user', userName)
  return user
}

/** @throws {KmsError} `NoSuchEntity` */
export async function requireGroup(store: IdentityReader, account: string, groupName: string): Promise<StoredGroup> {
  const group = await store.findGroup(account, groupName)
  if (group === undefined) throw noSuchOwner('group', groupName)
  return group
}
