/**
 * From the ARN that a request gives to the principal that it means now, and back (authorization.md 1.2, P-3, P-4, P-7,
 * 4.1). What is stored is a reference that never means another principal.
 */
import { inPartitionOf, isAccount } from '../../base/arn.ts'
import type { StoredRole } from './entities.ts'
import { roleArn, rootArn, userArn } from './entity-arns.ts'
import type { IdentityReader } from './identity-store.ts'
import { federatedUserArn, type PrincipalArn, parsePrincipalArn, roleSessionArn } from './principal-arn.ts'
import type { PrincipalRef } from './principal-ref.ts'

/** What becomes of principals of accounts that this server does not host: nobody can say whether they exist (P-7). */
export type ExternalAccounts = 'reject' | 'accept'

export type Principals = Pick<
  IdentityReader,
  'findUser' | 'findUserById' | 'findRole' | 'findRoleById' | 'hasAccount' | 'hasService'
>

export type Resolution =
  | { readonly is: 'found'; readonly ref: PrincipalRef }
  /** Neither an ARN of a principal nor a unique id. */
  | { readonly is: 'malformed' }
  | { readonly is: 'unknown'; readonly given: 'ARN' | 'unique id' }

const MALFORMED: Resolution = { is: 'malformed' }
const UNKNOWN_ARN: Resolution = { is: 'unknown', given: 'ARN' }
const UNKNOWN_ID: Resolution = { is: 'unknown', given: 'unique id' }

/** Of a user, a role, or a role with the name of a session. */
const UNIQUE_ID = /^(AIDA[A-Z0-9]{12,124}|AROA[A-Z0-9]{12,124}(:[\w+=,.@-]{2,64})?)$/

/**
 * @param text an ARN of an account's root, a user, a role, one session of a role or a federated user, or the unique id of a
 * user, a role or a session. Names of sessions and federated users need not be in use.
 */
export async function resolvePrincipal(
  text: string,
  principals: Principals,
  externalAccounts: ExternalAccounts,
): Promise<Resolution> {
  if (UNIQUE_ID.test(text)) {
    return (await arnOfUniqueId(text, principals)) === undefined ? UNKNOWN_ID : { is: 'found', ref: text }
  }
  const arn = parsePrincipalArn(text)
  if (arn === undefined) return MALFORMED
  if (!(await principals.hasAccount(arn.account))) {
    return externalAccounts === 'accept' ? { is: 'found', ref: unboundRef(arn, text) } : UNKNOWN_ARN
  }
  const ref = await refOf(arn, principals)
  return ref === undefined ? UNKNOWN_ARN : { is: 'found', ref }
}

/** An account is bound to nothing but its number, whether or not it is hosted here. */
function unboundRef(arn: PrincipalArn, text: string): PrincipalRef {
  if (arn.kind === 'root') return arn.account
  return arn.kind === 'federated user' ? federatedUserId(arn.account, arn.name) : text
}

function federatedUserId(account: string, name: string): PrincipalRef {
  return `${account}:${name}`
}

async function refOf(arn: PrincipalArn, principals: Principals): Promise<PrincipalRef | undefined> {
  const { kind, account } = arn
  switch (kind) {
    case 'root':
      return account
    case 'federated user':
      return federatedUserId(account, arn.name)
    case 'user': {
      const user = await principals.findUser(account, arn.name)
      return user?.userName === arn.name && user.path === arn.path ? user.userId : undefined
    }
    case 'role': {
      const role = await findRole(account, arn.name, principals)
      return role?.path === arn.path ? role.roleId : undefined
    }
    case 'role session': {
      const role = await findRole(account, arn.name, principals)
      return role && `${role.roleId}:${arn.session}`
    }
  }
}

/** Names are unique whatever their case, but a principal is named exactly (P-3). */
async function findRole(account: string, roleName: string, principals: Principals): Promise<StoredRole | undefined> {
  const role = await principals.findRole(account, roleName)
  return role?.roleName === roleName ? role : undefined
}

async function arnOfUniqueId(ref: string, principals: Principals): Promise<string | undefined> {
  const [id, session] = ref.split(':') as [string, string?]
  if (id.startsWith('AIDA')) {
    const user = await principals.findUserById(id)
    return user && userArn(user)
  }
  const role = await principals.findRoleById(id)
  if (role === undefined) return undefined
  return session === undefined ? roleArn(role) : roleSessionArn(role.account, role.roleName, session)
}

const FEDERATED_USER_ID = /^(\d{12}):(.+)$/

/**
 * How answers show a principal: by its ARN of now, or by its unique id once it is gone, even if there is another of its
 * name by then. Services and principals of accounts that are not hosted here are shown as they were given.
 */
export async function shownPrincipal(ref: PrincipalRef, principals: Principals): Promise<string> {
  if (UNIQUE_ID.test(ref)) return (await arnOfUniqueId(ref, principals)) ?? ref
  if (isAccount(ref)) return rootArn(ref)
  const federated = FEDERATED_USER_ID.exec(ref)
  return federated === null ? ref : federatedUserArn(federated[1]!, federated[2]!)
}

/**
 * The same in answers on keys of one Region. What was given as an ARN of that Region's partition comes back as one: Terraform
 * and others compare it with what they sent.
 */
export async function principalShownIn(region: string, ref: PrincipalRef, principals: Principals): Promise<string> {
  const shown = await shownPrincipal(ref, principals)
  return shown === ref ? ref : inPartitionOf(region, shown)
}
