/** A seed as it is written (docs/seed-file.md). These types are part of the package's interface: they need no other types. */

export interface SeedDocument {
  /** Account of keys that name none. */
  readonly account?: string
  /** Region of keys that name none. */
  readonly region?: string
  readonly keys: readonly SeedKeyDocument[]
}

export interface SeedKeyDocument {
  /** A UUID in lower case. */
  readonly id: string
  readonly account?: string
  readonly region?: string
  readonly description?: string
  /** True unless it says otherwise. */
  readonly enabled?: boolean
  /** Names with their prefix: `alias/app`. */
  readonly aliases?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
  /** A key policy: JSON text, or the same as an object. */
  readonly policy?: string | object
  /** 32 bytes in base64 or in hex; random if absent. Whoever can read the seed can read what the key encrypts. */
  readonly material?: string
}
