/** Authentication against the access keys in the store. */
import type { Clock } from '../base/clock.ts'
import type { Credential } from '../domain/identity/entities.ts'
import type { Principal } from '../domain/principal.ts'
import type { KnownAccessKey } from './identity-cache.ts'
import { createSignatureVerifier } from './signature-verifier.ts'
import type { Authenticator } from './signed-request.ts'

export type { AuthenticatedRequest, Authenticator, SignedRequest } from './signed-request.ts'

export interface CredentialSource {
  findCredential(accessKeyId: string): Promise<Credential | undefined>
  /** UTF-8 bytes of the secret access key; the caller wipes them. */
  openSecret(credential: Credential): Promise<Buffer>
  readonly clock: Clock
}

export function createAuthenticator(source: CredentialSource): Authenticator {
  return createSignatureVerifier(async (accessKeyId) => {
    const credential = await source.findCredential(accessKeyId)
    return credential && knownAccessKey(credential, source)
  }, source.clock)
}

/** `undefined` for an inactive key, which is answered exactly like an unknown one (authorization.md 5.4). */
export function knownAccessKey(credential: Credential, source: CredentialSource): KnownAccessKey | undefined {
  if (!credential.accessKey.active) return undefined
  return {
    principal: principalOf(credential),
    openSecret: () => source.openSecret(credential),
    ignoresSecurityToken: false,
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
