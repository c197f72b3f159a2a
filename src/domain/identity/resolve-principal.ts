/**
 * From the ARN that a request gives to the principal that it means now, and back (authorization.md 1.2, P-3, P-4, P-7,
 * 4.1). What is stored is a reference that never means another principal.
 */
import { isAccount } from '../../base/arn.ts'
import type { StoredRole } from './entities.ts'
import { assumedRoleArn, federatedUserArn, parseEntityArn, roleArn, rootArn, userArn } from './entity-arns.ts'
import type { IdentityReader } from './identity-store.ts'
import type { PrincipalRef } from './principal-ref.ts'

/** What becomes of principals of accounts that this server does not host: nobody can say whether they exist (P-7). */
export type ExternalAccounts = 'reject' | 'accept'

export type Principals = Pick<IdentityReader, 'findUser' | 'findUserById' | 'findRole' | 'findRoleById' | 'hasAccount'>

export type Resolution =
  | { readonly is: 'found'; readonly ref: PrincipalRef }
  /** Neither an ARN of a principal nor a unique id. */
  | { readonly is: 'malformed' }
  | { readonly is: 'unknown'; readonly given: 'ARN' | 'unique id' }

const MALFORMED: Resolution = { is: 'malformed' }
const UNKNOWN_ARN: Resolution = { is: 'unknown', given: 'ARN' }

const UNIQUE_ID = /^(AIDA[A-Z0-9]{12,124}|(AROA[A-Z0-9]{12,124})(:[\w+=,.@-]{2,64})?)$/
const ROOT_ARN = /^arn:aws:iam::(\d{12}):root$/
/** No path, no wildcard. */
const ASSUMED_ROLE_ARN = /^arn:aws:sts::(\d{12}):assumed-role\/([\w+=,.@-]{1,64})\/([\w+=,.@-]{2,64})$/
const FEDERATED_USER_ARN = /^arn:aws:sts::(\d{12}):federated-user\/([\w+=,.@-]{2,32})$/

/**
 * @param text an ARN of an account's root, a user, a role, one session of a role or a federated user, or the unique id of a
 * user, a role or a session. Names of sessions and federated users need not be in use.
 */
export async function resolvePrincipal(
  text: string,
  principals: Principals,
  externalAccounts: ExternalAccounts,
): Promise<Resolution> {
  if (UNIQUE_ID.test(text)) return resolveUniqueId(text, principals)
  const account = accountOfPrincipal(text)
  if (account === undefined) return MALFORMED
  if (!(await principals.hasAccount(account))) {
    return externalAccounts === 'accept' ? { is: 'found', ref: text } : UNKNOWN_ARN
  }
  const ref = await refOf(text, account, principals)
  return ref === undefined ? UNKNOWN_ARN : { is: 'found', ref }
}

/** The account in the ARN of a principal; `undefined` for every other text, unique ids and ARNs of groups included. */
export function accountOfPrincipal(arn: string): string | undefined {
  const match = ROOT_ARN.exec(arn) ?? ASSUMED_ROLE_ARN.exec(arn) ?? FEDERATED_USER_ARN.exec(arn)
  if (match !== null) return match[1]
  const entity = parseEntityArn(arn)
  const isPrincipal = (entity?.kind === 'user' || entity?.kind === 'role') && isAccount(entity.account)
  return isPrincipal && entity.name.length <= 64 ? entity.account : undefined
}

async function refOf(arn: string, account: string, principals: Principals): Promise<PrincipalRef | undefined> {
  if (ROOT_ARN.test(arn)) return account
  const [, , federatedUser] = FEDERATED_USER_ARN.exec(arn) ?? []
  if (federatedUser !== undefined) return `${account}:${federatedUser}`
  const [, , roleName, session] = ASSUMED_ROLE_ARN.exec(arn) ?? []
  if (roleName !== undefined) {
    const role = await findRole(account, roleName, principals)
    return role && `${role.roleId}:${session}`
  }
  const { kind, name, path } = parseEntityArn(arn)!
  if (kind === 'user') {
    const user = await principals.findUser(account, name)
    return user?.userName === name && user.path === path ? user.userId : undefined
  }
  const role = await findRole(account, name, principals)
  return role?.path === path ? role.roleId : undefined
}

/** Names are unique whatever their case, but a principal is named exactly (P-3). */
async function findRole(account: string, roleName: string, principals: Principals): Promise<StoredRole | undefined> {
  const role = await principals.findRole(account, roleName)
  return role?.roleName === roleName ? role : undefined
}

async function resolveUniqueId(ref: string, principals: Principals): Promise<Resolution> {
  return (await arnOfUniqueId(ref, principals)) === undefined
    ? { is: 'unknown', given: 'unique id' }
    : { is: 'found', ref }
}

async function arnOfUniqueId(ref: string, principals: Principals): Promise<string | undefined> {
  const [id = '', session] = ref.split(':') as [string, string?]
  if (id.startsWith('AIDA')) {
    const user = await principals.findUserById(id)
    return user && userArn(user)
  }
  const role = await principals.findRoleById(id)
  if (role === undefined) return undefined
  return session === undefined ? roleArn(role) : assumedRoleArn(role.account, role.roleName, session)
}

/**
 * How answers show a principal: by its ARN of now, or by its unique id once it is gone, even if there is another of its
 * name by then. Services and principals of accounts that are not hosted here are shown as they were given.
 */
export async function shownPrincipal(ref: PrincipalRef, principals: Principals): Promise<string> {
  if (UNIQUE_ID.test(ref)) return (await arnOfUniqueId(ref, principals)) ?? ref
  if (isAccount(ref)) return rootArn(ref)
  const [, account, name] = /^(\d{12}):(.+)$/.exec(ref) ?? []
  return account === undefined ? ref : federatedUserArn(account, name!)
}
