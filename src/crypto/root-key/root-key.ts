/** The root of the key hierarchy (lifecycle.md 8.4): wraps domain keys and nothing else. One file here per provider. */

export interface RootKey {
  /** Names this root key in what it wrapped, so that a change of root can tell old from new; no secret. */
  readonly id: string
  /** Seals `plaintext` and binds it to `aad`. */
  wrap(plaintext: Uint8Array, aad: Uint8Array): Promise<Buffer>
  /** @throws {RootKeyError} if `wrapped` was made by another root key, for another `aad`, or was altered. */
  unwrap(wrapped: Buffer, aad: Uint8Array): Promise<Buffer>
}

/** For the operator, never for a client: says what to do. */
export class RootKeyError extends Error {}

/** A secret that opens the root key is wrong, and trying it again and again does harm. */
export class SecretRefusedError extends RootKeyError {}
