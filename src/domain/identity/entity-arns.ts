/** ARNs of identities (authorization.md 2.1). */
import type { OwnerKind, StoredGroup, StoredRole, StoredUser } from './entities.ts'

export { type EntityName, parseEntityArn } from './entity-name.ts'

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

/** Without the role's path. */
export function assumedRoleArn(account: string, roleName: string, sessionName: string): string {
  return `arn:aws:sts::${account}:assumed-role/${roleName}/${sessionName}`
}

export function federatedUserArn(account: string, name: string): string {
  return `arn:aws:sts::${account}:federated-user/${name}`
}
