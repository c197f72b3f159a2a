/** ARNs of identities (authorization.md 2.1). */
import type { OwnerKind, StoredGroup, StoredRole, StoredUser } from './entities.ts'

/** @param path begins and ends with `/`. */
export function entityArn(account: string, kind: OwnerKind, path: string, name: string): string {
  return `arn:aws:iam::${account}:${kind}${path}${name}`
}

export function userArn({ account, path, userName }: Pick<StoredUser, 'account' | 'path' | 'userName'>): string {
  return entityArn(account, 'user', path, userName)
}

export function roleArn({ account, path, roleName }: Pick<StoredRole, 'account' | 'path' | 'roleName'>): string {
  return entityArn(account, 'role', path, roleName)
}

export function groupArn({ account, path, groupName }: Pick<StoredGroup, 'account' | 'path' | 'groupName'>): string {
  return entityArn(account, 'group', path, groupName)
}

export function rootArn(account: string): string {
  return `arn:aws:iam::${account}:root`
}
