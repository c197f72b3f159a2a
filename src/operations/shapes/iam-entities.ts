/** Users, roles and groups that a request names: as resources of its uses, and for handlers. */
import { KmsError } from '../../base/errors.ts'
import type { OwnerKind, StoredGroup, StoredRole, StoredUser } from '../../domain/identity/entities.ts'
import { entityArn, groupArn, roleArn, userArn } from '../../domain/identity/entity-arns.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import type { ConditionValues } from '../../domain/policy/access-request.ts'
import type { EntityLookup, LocatedEntity } from '../../pipeline/operation.ts'

export function noSuchEntity(text: string): KmsError {
  return new KmsError('NoSuchEntity', text)
}

function notFound(kind: OwnerKind, name: string): KmsError {
  return noSuchEntity(`The ${kind} with name ${name} cannot be found.`)
}

/** What does not exist is authorised as if it had no path. */
function absentArn(account: string, kind: OwnerKind, name: string): string {
  return entityArn(account, kind, '/', name)
}

export async function locateUser(userName: string, { call, store }: EntityLookup): Promise<LocatedEntity> {
  const { account } = call.principal
  const user = await store.findUser(account, userName)
  if (user === undefined) return { arn: absentArn(account, 'user', userName) }
  return { arn: userArn(user), tags: user.tags, boundaryArn: user.boundaryArn }
}

export async function locateRole(roleName: string, { call, store }: EntityLookup): Promise<LocatedEntity> {
  const { account } = call.principal
  const role = await store.findRole(account, roleName)
  if (role === undefined) return { arn: absentArn(account, 'role', roleName) }
  return { arn: roleArn(role), tags: role.tags, boundaryArn: role.boundaryArn }
}

export async function locateGroup(groupName: string, { call, store }: EntityLookup): Promise<LocatedEntity> {
  const { account } = call.principal
  const group = await store.findGroup(account, groupName)
  return { arn: group === undefined ? absentArn(account, 'group', groupName) : groupArn(group) }
}

/** The resource of a list: it has no name of its own. */
export function locateAll(): LocatedEntity {
  return { arn: '*' }
}

/** @throws {KmsError} `NoSuchEntity` */
export async function requireUser(store: IdentityReader, account: string, userName: string): Promise<StoredUser> {
  const user = await store.findUser(account, userName)
  if (user === undefined) throw notFound('user', userName)
  return user
}

/** @throws {KmsError} `NoSuchEntity` */
export async function requireRole(store: IdentityReader, account: string, roleName: string): Promise<StoredRole> {
  const role = await store.findRole(account, roleName)
  if (role === undefined) throw notFound('role', roleName)
  return role
}

/** @throws {KmsError} `NoSuchEntity` */
export async function requireGroup(store: IdentityReader, account: string, groupName: string): Promise<StoredGroup> {
  const group = await store.findGroup(account, groupName)
  if (group === undefined) throw notFound('group', groupName)
  return group
}

/** `iam:PermissionsBoundary` on a write to a user or role: the boundary that it has (authorization.md 6.6). */
export function boundaryInForce(_input: unknown, { boundaryArn }: LocatedEntity): ConditionValues {
  return { 'iam:PermissionsBoundary': boundaryArn }
}
