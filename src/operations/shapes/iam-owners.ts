/** Users, roles and groups as operations name them: operations that differ only in the kind of owner are made from this. */
import { type Members, type Structure, type StructureValue, structure } from '../../base/schema.ts'
import type { OwnerKind } from '../../domain/identity/entities.ts'
import { entityArn } from '../../domain/identity/entity-arns.ts'
import { noSuchOwner } from '../../domain/identity/iam-errors.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import type { Tag } from '../../domain/keys/key.ts'
import type { EntityLookup, LocatedEntity } from '../../pipeline/operation.ts'
import { existingUserName, groupName, roleName, userName } from './iam-members.ts'

/** What users, roles and groups have in common. */
export interface Owner {
  readonly kind: OwnerKind
  readonly account: string
  /** Unique. */
  readonly id: string
  readonly name: string
  readonly arn: string
  /** Groups have none. */
  readonly tags: readonly Tag[]
  /** Groups have none. */
  readonly boundaryArn: string | undefined
}

export interface OwnerType {
  readonly kind: OwnerKind
  /** In the names of operations and members. */
  readonly noun: 'User' | 'Role' | 'Group'
  readonly nameMember: 'UserName' | 'RoleName' | 'GroupName'
  /** The same in audit records. */
  readonly auditMember: 'userName' | 'roleName' | 'groupName'
  find(store: IdentityReader, account: string, name: string): Promise<Owner | undefined>
}

export const USER: OwnerType = {
  kind: 'user',
  noun: 'User',
  nameMember: 'UserName',
  auditMember: 'userName',
  async find(store, account, name) {
    const user = await store.findUser(account, name)
    return user && ownerOf('user', user.userId, user.userName, user)
  },
}

export const ROLE: OwnerType = {
  kind: 'role',
  noun: 'Role',
  nameMember: 'RoleName',
  auditMember: 'roleName',
  async find(store, account, name) {
    const role = await store.findRole(account, name)
    return role && ownerOf('role', role.roleId, role.roleName, role)
  },
}

export const GROUP: OwnerType = {
  kind: 'group',
  noun: 'Group',
  nameMember: 'GroupName',
  auditMember: 'groupName',
  async find(store, account, name) {
    const group = await store.findGroup(account, name)
    return group && ownerOf('group', group.groupId, group.groupName, group)
  },
}

interface Facts {
  readonly account: string
  readonly path: string
  readonly tags?: readonly Tag[]
  readonly boundaryArn?: string | undefined
}

function ownerOf(kind: OwnerKind, id: string, name: string, { account, path, tags = [], boundaryArn }: Facts): Owner {
  return { kind, account, id, name, arn: entityArn(account, kind, path, name), tags, boundaryArn }
}

/** Input of an operation on an owner; {@link ownerName} reads the name. */
export type OwnerInput<M extends Members> = { readonly ownerNamed: never } & StructureValue<M>

/**
 * The owner's name, under the member that its kind has, and then the others.
 * @param strict the model admits only names that the entity could have: operations on boundaries, for users.
 */
export function ownerStructure<const M extends Members>(
  { kind, nameMember }: OwnerType,
  members: M,
  strict = false,
): Structure<OwnerInput<M>> {
  const existing = { user: strict ? userName : existingUserName, role: roleName, group: groupName }
  return structure({ [nameMember]: existing[kind], ...members }) as unknown as Structure<OwnerInput<M>>
}

export function ownerName({ nameMember }: OwnerType, input: unknown): string {
  return (input as Readonly<Record<OwnerType['nameMember'], string>>)[nameMember]
}

/** One that does not exist is located where it would be without a path. A refusal shows no path: it would tell that there is one. */
export async function locateOwner(
  type: OwnerType,
  name: string,
  { call, store }: EntityLookup,
): Promise<LocatedEntity> {
  const { account } = call.principal
  const owner = await type.find(store, account, name)
  return { ...(owner ?? { arn: entityArn(account, type.kind, '/', name) }), shownAs: `${type.kind} ${name}` }
}

/** @throws {KmsError} `NoSuchEntity` */
export async function requireOwner(
  type: OwnerType,
  store: IdentityReader,
  account: string,
  name: string,
): Promise<Owner> {
  const owner = await type.find(store, account, name)
  if (owner === undefined) throw noSuchOwner(type.kind, name)
  return owner
}
