/** What operations on identities need besides the store. */
import type { Principal, Session } from '../principal.ts'
import type { AccessKeyUse, StoredRole, StoredUser } from './entities.ts'
import type { ExternalAccounts } from './resolve-principal.ts'
import type { NamedPolicy, Rights } from './rights.ts'

/** A new access key; the secret is shown once (SEC-2). */
export interface NewAccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** What rests in the store. */
  readonly token: Buffer
}

export interface TemporaryCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiresAt: number
  /** Of what they let in. */
  readonly principal: Principal
}

/** What a session is for: an assumed role, the user himself (GetSessionToken), or somebody that a user vouches for. */
export type SessionOf =
  | { readonly kind: 'role'; readonly role: StoredRole }
  | { readonly kind: 'caller'; readonly caller: Principal }
  | { readonly kind: 'federated user'; readonly caller: Principal }

export interface VerifiedWebIdentity {
  /** ARN of the provider, registered in the role's account. */
  readonly providerArn: string
  /** Host and path of the issuer: prefix of its condition keys. */
  readonly issuer: string
  readonly subject: string
  readonly audience: string
  readonly claims: Readonly<Record<string, unknown>>
}

export interface IdentityServices {
  /** May policies and grants name principals of accounts that are not hosted here (P-7)? */
  readonly externalAccounts: ExternalAccounts
  /** What the operator demands of all accounts' principals (E-13); simulations of them follow it. */
  readonly extraGuards: readonly NamedPolicy[] | undefined
  /** Not within a transaction: sealing may make a domain key. @param owner `undefined`: the account's root. */
  makeAccessKey(account: string, owner: StoredUser | undefined): Promise<NewAccessKey>
  /** Not within a transaction. */
  issueSession(of: SessionOf, session: Session): Promise<TemporaryCredentials>
  /** @throws {KmsError} the failures of authorization.md 6.5. */
  verifyWebIdentity(token: string, account: string, now: number): Promise<VerifiedWebIdentity>
  /** A request that was signed with this access key, whatever becomes of it (SEC-7). Never fails, never waits. */
  noteUse(accessKeyId: string, service: string, region: string, time: number): void
  /** `undefined`: not used since uses are noted. */
  lastUse(accessKeyId: string): Promise<AccessKeyUse | undefined>
  /** `undefined`: the user or role is gone, and with it whatever it could do. */
  rightsOf(principal: Principal): Promise<Rights | undefined> | Rights | undefined
}
