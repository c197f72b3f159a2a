/** A grant: an allow on one key for one principal, apart from the key's policy (authorization.md section 4). */
import type { PrincipalRef } from '../identity/principal-ref.ts'
import type { KeyName } from '../keys/key.ts'

/** In the model's order. */
export const GRANT_OPERATIONS = [
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'Sign',
  'Verify',
  'GetPublicKey',
  'CreateGrant',
  'RetireGrant',
  'DescribeKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateMac',
  'VerifyMac',
  'DeriveSharedSecret',
] as const
export type GrantOperation = (typeof GRANT_OPERATIONS)[number]

export type EncryptionContext = Readonly<Record<string, string>>

/** At most one of the two about the encryption context is there. */
export interface GrantConstraints {
  /** The context has at least these pairs. */
  readonly encryptionContextSubset?: EncryptionContext | undefined
  /** The context has exactly these pairs. */
  readonly encryptionContextEquals?: EncryptionContext | undefined
  /** `aws:SourceArn` matches this pattern; calls that users make themselves have none. */
  readonly sourceArn?: string | undefined
}

export interface GrantName extends KeyName {
  /** 64 hex digits. */
  readonly grantId: string
}

/** Frozen; never changed, only deleted. */
export interface Grant extends GrantName {
  /** No identifier: it makes a repeated CreateGrant find the first one's grant (GL-1). */
  readonly name: string | undefined
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly grantee: PrincipalRef
  readonly retiring: PrincipalRef | undefined
  /** Of the caller that made it, who need not own the key. */
  readonly issuingAccount: string
  /** Without duplicates, in the order asked for. */
  readonly operations: readonly GrantOperation[]
  readonly constraints: GrantConstraints | undefined
  /** Of named grants: what a retry of the call that made it has in common with it ({@link retryDigest}). */
  readonly retryDigest: string | undefined
}
