/**
 * Authentication of development mode: everything that was not issued is let in, so it must never be reachable from beyond
 * loopback. Framing, dates and scopes are checked as ever, so that a client that works here works with real credentials.
 */
import { isAccount } from '../base/arn.ts'
import { type CredentialSource, findService, knownAccessKey, knownSession, rootOf } from './authenticator.ts'
import type { KnownAccessKey } from './identity-cache.ts'
import { createSignatureVerifier } from './signature-verifier.ts'
import type { Authenticator } from './signed-request.ts'

const TEST_CREDENTIAL = 'test'
const DEFAULT_ACCOUNT = '000000000000'

export interface DevelopmentSource extends CredentialSource {
  /** Makes sure that there is such an account: identities can be made in it. */
  openAccount(account: string): Promise<void>
}

/**
 * An access key that is stored is verified, and so is a session that was issued here. `test` must be signed with the secret
 * `test`. Any other is believed: its account is the access key id if that has 12 digits (LocalStack's convention), else
 * 000000000000.
 */
export function createDevelopmentAuthenticator(source: DevelopmentSource): Authenticator {
  return createSignatureVerifier(async (accessKeyId, sessionToken): Promise<KnownAccessKey | undefined> => {
    if (sessionToken !== undefined) {
      const session = await source.sessions.find(accessKeyId, sessionToken)
      if (session !== undefined) return knownSession(accessKeyId, sessionToken, session, source.sessions)
    }
    const credential = await source.findCredential(accessKeyId)
    // Long-term keys have no session token.
    if (credential !== undefined) return sessionToken === undefined ? knownAccessKey(credential, source) : undefined
    const service = await findService(accessKeyId, source.services)
    if (service !== undefined) return sessionToken === undefined ? service : undefined
    const account = isAccount(accessKeyId) ? accessKeyId : DEFAULT_ACCOUNT
    await source.openAccount(account)
    return {
      principal: rootOf(account, accessKeyId),
      openSecret: accessKeyId === TEST_CREDENTIAL ? async () => Buffer.from(TEST_CREDENTIAL) : undefined,
      expiresAt: undefined,
    }
  }, source)
}
