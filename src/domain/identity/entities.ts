/** Users, roles, groups, policies and identity providers of an account (authorization.md 6.1). */
import type { Tag } from '../keys/key.ts'

/** What can have policies. */
export type OwnerKind = 'user' | 'role' | 'group'

interface Entity {
  readonly account: string
  /** `/` or `/team/`. */
  readonly path: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

export interface StoredUser extends Entity {
  /** Unique in its account whatever its case (authorization.md 6.1); kept as first given. */
  readonly userName: string
  /** `AIDA…`; never used again. */
  readonly userId: string
  readonly tags: readonly Tag[]
  /** ARN of a managed policy; `undefined`: none. */
  readonly boundaryArn: string | undefined
}

export interface StoredRole extends Entity {
  readonly roleName: string
  /** `AROA…` */
  readonly roleId: string
  readonly description: string | undefined
  readonly maxSessionSeconds: number
  /** JSON text; principals that exist are named by their unique ids in it (P-4). */
  readonly trustPolicy: string
  readonly tags: readonly Tag[]
  readonly boundaryArn: string | undefined
}

export interface StoredGroup extends Entity {
  readonly groupName: string
  /** `AGPA…` */
  readonly groupId: string
}

export interface StoredManagedPolicy extends Entity {
  readonly policyName: string
  /** `ANPA…` */
  readonly policyId: string
  readonly arn: string
  readonly description: string | undefined
  readonly updatedAt: number
  /** The version that counts: 1 for `v1`. */
  readonly defaultVersion: number
  /** The newest that was ever made; numbers are not used again. */
  readonly newestVersion: number
  readonly tags: readonly Tag[]
}

/** Temporary credentials that the operator ended before their time (authorization.md 6.7). */
export interface RevokedSession {
  readonly accessKeyId: string
  readonly account: string
  /** Milliseconds since the epoch. */
  readonly revokedAt: number
  /** No session that there was when it was revoked lasts longer. */
  readonly expiresAt: number
}

export interface StoredPolicyVersion {
  readonly policyArn: string
  readonly version: number
  /** JSON text as submitted. */
  readonly document: string
  readonly createdAt: number
}

export interface StoredInlinePolicy {
  readonly account: string
  /** Unique id of the user, role or group. */
  readonly ownerId: string
  readonly policyName: string
  readonly document: string
}

/** A managed policy attached to a user, role or group. */
export interface StoredAttachment {
  readonly account: string
  readonly ownerKind: OwnerKind
  readonly ownerId: string
  readonly policyArn: string
}

export interface StoredOidcProvider {
  readonly account: string
  /** `arn:aws:iam::<account>:oidc-provider/<host and path>` */
  readonly arn: string
  /** With scheme. */
  readonly url: string
  readonly clientIds: readonly string[]
  readonly thumbprints: readonly string[]
  readonly tags: readonly Tag[]
  readonly createdAt: number
}

export interface StoredAccessKey {
  readonly accessKeyId: string
  readonly account: string
  /** `undefined`: the account's root. */
  readonly userName: string | undefined
  readonly active: boolean
  /** Token of the secret access key. */
  readonly token: Buffer
  readonly createdAt: number
}

/** GetAccessKeyLastUsed. */
export interface AccessKeyUse {
  readonly accessKeyId: string
  /** Milliseconds since the epoch. */
  readonly usedAt: number
  readonly service: string
  readonly region: string
}

/** An access key with the user it belongs to. */
export interface Credential {
  readonly accessKey: StoredAccessKey
  readonly user: StoredUser | undefined
}

export interface StoredService {
  /** `billing.example.com` */
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

export interface ServiceAccessKey {
  readonly accessKeyId: string
  readonly service: string
  readonly active: boolean
  /** Token of the secret access key. */
  readonly token: Buffer
  readonly createdAt: number
}
