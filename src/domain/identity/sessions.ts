/** Temporary credentials: issued, and found again by what the client brings (authorization.md 6.7). */
import { unrecognizedClient } from '../../base/errors.ts'
import type { RandomSource } from '../../crypto/random.ts'
import type { DomainKeys } from '../keys/domain-keys.ts'
import type { Principal, Session } from '../principal.ts'
import type { StoredRole, StoredUser } from './entities.ts'
import { assumedRoleArn, federatedUserArn, roleArn, rootArn, userArn } from './entity-arns.ts'
import { accessKeyIdOf } from './identifiers.ts'
import type { SessionOf, TemporaryCredentials } from './identity-services.ts'
import type { IdentityReader } from './identity-store.ts'
import { openSessionToken, SESSION_SECRET_BYTES, type SessionSubject, sealSessionToken } from './session-token.ts'

export interface FoundSession {
  /** `undefined`: the user or role is gone, and the session with it; or an operator revoked it. */
  readonly principal: Principal | undefined
  /** Milliseconds since the epoch; whether that is past is for the caller to look at. */
  readonly expiresAt: number
}

export interface Sessions {
  /** Not within a transaction: sealing may make a domain key. The session's policies and tags must fit into a token. */
  issue(of: SessionOf, session: Session): Promise<TemporaryCredentials>
  /** `undefined`: the token is none of ours, or belongs to another access key. */
  find(accessKeyId: string, token: string): Promise<FoundSession | undefined>
  /** UTF-8 bytes of the secret access key of a session that was found; the caller wipes them. */
  openSecret(accessKeyId: string, token: string): Promise<Buffer>
}

export interface SessionServices {
  readonly store: Pick<IdentityReader, 'findRoleById' | 'findUserById' | 'hasAccount' | 'isSessionRevoked'>
  readonly domainKeys: DomainKeys
  readonly random: RandomSource
}

export function createSessions({ store, domainKeys, random }: SessionServices): Sessions {
  /** Rights are those of today's user or role, found by its unique id; `undefined`: it is gone. */
  async function principalOf(accessKeyId: string, subject: SessionSubject, session: Session) {
    const { kind, account, entityId } = subject
    if (kind === 'role') {
      const role = await store.findRoleById(entityId)
      return role && roleSession(accessKeyId, role, session)
    }
    const makePrincipal = kind === 'user' ? userSession : federatedUserSession
    if (entityId === account) {
      return (await store.hasAccount(account)) ? makePrincipal(accessKeyId, account, undefined, session) : undefined
    }
    const user = await store.findUserById(entityId)
    return user && makePrincipal(accessKeyId, account, user, session)
  }

  return {
    async issue(of, session) {
      const subject = subjectOf(of)
      const accessKeyId = accessKeyIdOf(subject.account, random, 'ASIA')
      const principal = await principalOf(accessKeyId, subject, session)
      if (principal === undefined) throw unrecognizedClient()
      const secret = random.keyBytes(SESSION_SECRET_BYTES)
      const secretAccessKey = secret.toString('base64')
      const sessionToken = await sealSessionToken(domainKeys, accessKeyId, { ...subject, session, secret })
      secret.fill(0)
      return { accessKeyId, secretAccessKey, sessionToken, expiresAt: session.expiresAt, principal }
    },
    async find(accessKeyId, token) {
      const content = await openSessionToken(domainKeys, accessKeyId, token)
      if (content === undefined) return undefined
      content.secret.fill(0)
      const isRevoked = await store.isSessionRevoked(accessKeyId)
      const principal = isRevoked ? undefined : await principalOf(accessKeyId, content, content.session)
      return { principal, expiresAt: content.session.expiresAt }
    },
    async openSecret(accessKeyId, token) {
      const content = await openSessionToken(domainKeys, accessKeyId, token)
      if (content === undefined) throw new Error('the token of a session that was found does not open')
      const secret = Buffer.from(content.secret.toString('base64'))
      content.secret.fill(0)
      return secret
    },
  }
}

function subjectOf(of: SessionOf): SessionSubject {
  if (of.kind === 'role') return { kind: 'role', account: of.role.account, entityId: of.role.roleId }
  const { account, entityId } = of.caller
  return { kind: of.kind === 'caller' ? 'user' : 'federated user', account, entityId }
}

function roleSession(accessKeyId: string, role: StoredRole, facts: Session): Principal {
  const { account, roleId, roleName } = role
  return Object.freeze({
    type: 'AssumedRole',
    account,
    arn: assumedRoleArn(account, roleName, facts.name),
    principalId: `${roleId}:${facts.name}`,
    entityId: roleId,
    principalArn: roleArn(role),
    accessKeyId,
    session: Object.freeze({ ...facts, roleName }),
  })
}

/** Of GetSessionToken: the user himself, or the account's root. */
function userSession(accessKeyId: string, account: string, user: StoredUser | undefined, session: Session): Principal {
  const arn = user === undefined ? rootArn(account) : userArn(user)
  const id = user?.userId ?? account
  return Object.freeze({
    type: user === undefined ? 'Root' : 'IAMUser',
    account,
    arn,
    principalId: id,
    entityId: id,
    principalArn: arn,
    ...(user === undefined ? {} : { userName: user.userName }),
    accessKeyId,
    session: Object.freeze(session),
  })
}

/** Of GetFederationToken. @param user who vouches for him; `undefined`: the account's root. */
function federatedUserSession(
  accessKeyId: string,
  account: string,
  user: StoredUser | undefined,
  facts: Session,
): Principal {
  const arn = federatedUserArn(account, facts.name)
  const issuer = user && { userName: user.userName, arn: userArn(user) }
  return Object.freeze({
    type: 'FederatedUser',
    account,
    arn,
    principalId: `${account}:${facts.name}`,
    entityId: user?.userId ?? account,
    principalArn: arn,
    accessKeyId,
    session: Object.freeze({ ...facts, ...(issuer && { issuer }) }),
  })
}
