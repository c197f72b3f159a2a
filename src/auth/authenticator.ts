/** Authentication against the access keys in the store, and against session tokens. */
import type { Clock } from '../base/clock.ts'
import type { Credential, ServiceAccessKey } from '../domain/identity/entities.ts'
import { servicePrincipal } from '../domain/identity/services.ts'
import type { Principal } from '../domain/principal.ts'
import type { KnownAccessKey } from './identity-cache.ts'
import { createSignatureVerifier } from './signature-verifier.ts'
import type { Authenticator } from './signed-request.ts'

export type { AuthenticatedRequest, Authenticator, SignedRequest } from './signed-request.ts'

export interface CredentialSource {
  findCredential(accessKeyId: string): Promise<Credential | undefined>
  /** UTF-8 bytes of the secret access key; the caller wipes them. */
  openSecret(credential: Credential): Promise<Buffer>
  readonly services: ServiceSource
  readonly sessions: SessionSource
  /** By which clients sign their requests. */
  readonly clock: Clock
  /** By which sessions end. */
  readonly sessionClock: Clock
}

/** Access keys of services (authorization.md S-3). */
export interface ServiceSource {
  find(accessKeyId: string): Promise<ServiceAccessKey | undefined>
  /** UTF-8 bytes of the secret access key; the caller wipes them. */
  openSecret(accessKey: ServiceAccessKey): Promise<Buffer>
}

export interface SessionSource {
  /**
   * `undefined`: the token is none of ours, or belongs to another access key; without a principal: its user or role is gone, or
   * the session was revoked.
   */
  find(
    accessKeyId: string,
    token: string,
  ): Promise<{ readonly principal: Principal | undefined; readonly expiresAt: number } | undefined>
  /** UTF-8 bytes of the secret access key; the caller wipes them. */
  openSecret(accessKeyId: string, token: string): Promise<Buffer>
}

export function createAuthenticator(source: CredentialSource): Authenticator {
  return createSignatureVerifier(async (accessKeyId, sessionToken) => {
    if (sessionToken !== undefined) return findSession(accessKeyId, sessionToken, source.sessions)
    const credential = await source.findCredential(accessKeyId)
    return credential === undefined ? findService(accessKeyId, source.services) : knownAccessKey(credential, source)
  }, source)
}

/** `undefined` for an inactive key too. */
export async function findService(accessKeyId: string, services: ServiceSource): Promise<KnownAccessKey | undefined> {
  const accessKey = await services.find(accessKeyId)
  if (accessKey?.active !== true) return undefined
  return {
    principal: servicePrincipal(accessKey.service, accessKeyId),
    openSecret: () => services.openSecret(accessKey),
    expiresAt: undefined,
  }
}

async function findSession(
  accessKeyId: string,
  token: string,
  sessions: SessionSource,
): Promise<KnownAccessKey | undefined> {
  const found = await sessions.find(accessKeyId, token)
  return found && knownSession(accessKeyId, token, found, sessions)
}

/**
 * `undefined` where the user or role is gone or the session was revoked: answered like an unknown access key, as an inactive one
 * is (authorization.md 5.4, 6.7). That it had expired would be untrue, and would tell more.
 */
export function knownSession(
  accessKeyId: string,
  token: string,
  { principal, expiresAt }: { readonly principal: Principal | undefined; readonly expiresAt: number },
  sessions: SessionSource,
): KnownAccessKey | undefined {
  if (principal === undefined) return undefined
  return { principal, openSecret: () => sessions.openSecret(accessKeyId, token), expiresAt }
}

/** `undefined` for an inactive key, which is answered exactly like an unknown one (authorization.md 5.4). */
export function knownAccessKey(credential: Credential, source: CredentialSource): KnownAccessKey | undefined {
  if (!credential.accessKey.active) return undefined
  return {
    principal: principalOf(credential),
    openSecret: () => source.openSecret(credential),
    expiresAt: undefined,
  }
}

function principalOf({ accessKey, user }: Credential): Principal {
  const { account, accessKeyId } = accessKey
  if (user === undefined) return rootOf(account, accessKeyId)
  const arn = `arn:aws:iam::${account}:user${user.path}${user.userName}`
  return Object.freeze({
    type: 'IAMUser',
    account,
    arn,
    principalId: user.userId,
    entityId: user.userId,
    principalArn: arn,
    userName: user.userName,
    accessKeyId,
  })
}

export function rootOf(account: string, accessKeyId: string): Principal {
  const arn = `arn:aws:iam::${account}:root`
  return Object.freeze({
    type: 'Root',
    account,
    arn,
    principalId: account,
    entityId: account,
    principalArn: arn,
    accessKeyId,
  })
}
