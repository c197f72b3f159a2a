/** A seed as it is written (docs/seed-file.md). These types are part of the package's interface: they need no other types. */

export interface SeedDocument {
  /** Account of keys and identities that name none. */
  readonly account?: string
  /** Region of keys that name none. */
  readonly region?: string
  /** May be absent if there are identities. */
  readonly keys?: readonly SeedKeyDocument[]
  readonly accounts?: readonly SeedAccountDocument[]
  readonly groups?: readonly SeedOwnerDocument[]
  readonly users?: readonly SeedUserDocument[]
  readonly roles?: readonly SeedRoleDocument[]
  readonly services?: readonly SeedServiceDocument[]
}

export interface SeedAccountDocument {
  readonly id: string
  readonly alias?: string
}

/** A group, and what users and roles have in common with it. */
export interface SeedOwnerDocument {
  readonly name: string
  readonly account?: string
  /** `/` if absent. */
  readonly path?: string
  /** Names of policies of AWS, such as `AdministratorAccess`, or ARNs. */
  readonly managedPolicies?: readonly string[]
  /** Inline policies by name: JSON text, or the same as an object. */
  readonly policies?: Readonly<Record<string, string | object>>
}

export interface SeedUserDocument extends SeedOwnerDocument {
  readonly tags?: Readonly<Record<string, string>>
  /** Names of groups of the same account. */
  readonly groups?: readonly string[]
  /** Whoever can read the seed can use them. */
  readonly accessKeys?: readonly { readonly id: string; readonly secret: string }[]
}

export interface SeedServiceDocument {
  /** `billing.example.com`, or a name of AWS such as `s3.amazonaws.com`. */
  readonly name: string
  readonly accessKeys?: readonly { readonly id: string; readonly secret: string }[]
}

export interface SeedRoleDocument extends SeedOwnerDocument {
  /** JSON text, or the same as an object. */
  readonly trustPolicy: string | object
  readonly tags?: Readonly<Record<string, string>>
  readonly description?: string
  /** 3,600 to 43,200; 3,600 if absent. */
  readonly maxSessionSeconds?: number
}

export interface SeedKeyDocument {
  /** A UUID in lower case. */
  readonly id: string
  readonly account?: string
  readonly region?: string
  /** Key spec as CreateKey names it; `SYMMETRIC_DEFAULT` if absent. */
  readonly spec?: string
  /** Key usage; may be absent if the spec has one alone. */
  readonly usage?: string
  readonly description?: string
  /** True unless it says otherwise. */
  readonly enabled?: boolean
  /** Names with their prefix: `alias/app`. */
  readonly aliases?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
  /** A key policy: JSON text, or the same as an object. */
  readonly policy?: string | object
  /**
   * Random if absent. Symmetric and HMAC keys: bytes in base64 or in hex. Others: the private key in PKCS #8, as PEM or in base64.
   * Whoever can read the seed has the key.
   */
  readonly material?: string
}
