/** ARNs of IAM's entities (authorization.md 6.1); IAM belongs to no Region. */
import { parseArn } from '../../base/arn.ts'
import type { OwnerKind, StoredGroup, StoredRole, StoredUser } from './entities.ts'

export const ROOT_PATH = '/'

function entityArn(account: string, kind: OwnerKind | 'policy', path: string, name: string): string {
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

export function policyArn(account: string, path: string, policyName: string): string {
  return entityArn(account, 'policy', path, policyName)
}

/** What a request names that does not exist is authorised as if it had no path. */
export function absentEntityArn(account: string, kind: OwnerKind, name: string): string {
  return entityArn(account, kind, ROOT_PATH, name)
}

export interface EntityName {
  readonly account: string
  /** `user`, `role`, `policy`, … */
  readonly kind: string
  /** `/` or `/team/`. */
  readonly path: string
  readonly name: string
}

/** The parts of an ARN of IAM such as `arn:aws:iam::111122223333:user/team/alice`; `undefined` for any other text. */
export function parseEntityArn(text: string): EntityName | undefined {
  const arn = parseArn(text)
  if (arn?.partition !== 'aws' || arn.service !== 'iam' || arn.region !== '') return undefined
  const [, kind, path, name] = /^([a-z-]+)(\/(?:.*\/)?)([^/]+)$/.exec(arn.resource) ?? []
  if (kind === undefined) return undefined
  return { account: arn.account, kind, path: path!, name: name! }
}
