/** Who makes a call. */
import type { Tag } from './keys/key.ts'

/** As in CloudTrail's userIdentity (audit.md section 2). */
export type PrincipalType = 'Root' | 'IAMUser' | 'AssumedRole' | 'FederatedUser' | 'WebIdentityUser' | 'AWSService'

/** Frozen; one object for all calls with the same credential, so what is derived from it can be remembered by it. */
export interface Principal {
  readonly type: PrincipalType
  /** Empty for a service, which has none. */
  readonly account: string
  /** The caller ARN of authorization.md 2.1, as messages, GetCallerIdentity and the audit log have it; a service's name. */
  readonly arn: string
  /** `aws:userid`: the account for its root, `AIDA…` for a user, `AROA…:session` for a role's session. */
  readonly principalId: string
  /**
   * Unique id of the user or role whose policies count: `AIDA…`, `AROA…`; the account for its root; the id of the user who
   * asked for it for a federated user.
   */
  readonly entityId: string
  /** `aws:PrincipalArn`: of a session the role's ARN. */
  readonly principalArn: string
  readonly userName?: string
  readonly accessKeyId: string
  /** The service that calls for this principal, with the principal's rights and no others (authorization.md S-2). */
  readonly invokedBy?: string
  /** Of temporary credentials. */
  readonly session?: Session
}

/** The facts that are frozen into temporary credentials (authorization.md 6.7). */
export interface Session {
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  readonly expiresAt: number
  /** RoleSessionName, or the name of a federated user; empty for GetSessionToken. */
  readonly name: string
  /** Of the role that was assumed, without its path. */
  readonly roleName?: string
  readonly mfaAuthenticatedAt?: number
  readonly sourceIdentity?: string
  readonly tags: readonly Tag[]
  readonly transitiveTagKeys: readonly string[]
  /** How many roles were assumed one from another. */
  readonly chainDepth: number
  /** Of a federated user: the user who vouches for him; absent if that is the account's root. */
  readonly issuer?: { readonly userName: string; readonly arn: string }
  /** `aws:FederatedProvider`: ARN of the OIDC provider. */
  readonly federatedProvider?: string
  /** Session policies: inline text and ARNs of managed ones; all absent: no session policy at all. */
  readonly policyText?: string
  readonly policyArns: readonly string[]
}

/** The service that makes the call, for itself or for somebody; `undefined`: none does. */
export function callingService({ type, arn, invokedBy }: Principal): string | undefined {
  return type === 'AWSService' ? arn : invokedBy
}
