/**
 * Root key provider `pkcs11`: an AES-256 key that an HSM made and never gives away wraps: `03 ‖ IV 12 ‖ AES-256-GCM(ciphertext ‖ tag)`.
 * The installation is authenticated with what is wrapped, so that two installations under one key cannot open what is the other's.
 */
import { IV_BYTES } from '../aead.ts'
import { field } from '../bytes.ts'
import { sha256 } from '../hash.ts'
import { createRandomSource } from '../random.ts'
import { type RootKey, RootKeyError } from './root-key.ts'

/** AES-256-GCM by the key in the HSM; the tag follows the ciphertext. */
export interface HsmKeyCalls {
  /** @throws {RootKeyError} */
  encrypt(iv: Buffer, aad: Buffer, plaintext: Buffer): Promise<Buffer>
  /** @throws {RootKeyError} also for what the key did not encrypt. */
  decrypt(iv: Buffer, aad: Buffer, ciphertext: Buffer): Promise<Buffer>
}

export interface HsmRootKeyParameters {
  /** CKA_ID, hex. */
  readonly keyId: string
  /** Random, 32 hex digits. */
  readonly installation: string
}

const FORMAT = 3
const BODY_AT = 1 + IV_BYTES
const ID_LABEL = 'kms:root-key-id:pkcs11:v1'
const WRAP_LABEL = 'kms:root-key-wrap:pkcs11:v1'

export function hsmRootKey({ keyId, installation }: HsmRootKeyParameters, calls: HsmKeyCalls): RootKey {
  const random = createRandomSource()
  const bound = (aad: Uint8Array) => Buffer.concat([field(WRAP_LABEL), field(installation), aad])
  return {
    id: sha256(Buffer.concat([ID_LABEL, keyId, installation].map(field))).toString('hex', 0, 16),
    async wrap(plaintext, aad) {
      // A key wraps some hundreds of times a year: far from the 2^32 random IVs that SP 800-38D 8.3 allows.
      const iv = random.nonce(IV_BYTES)
      const { buffer, byteOffset, byteLength } = plaintext
      const data = Buffer.from(buffer, byteOffset, byteLength)
      return Buffer.concat([Buffer.of(FORMAT), iv, await calls.encrypt(iv, bound(aad), data)])
    },
    async unwrap(wrapped, aad) {
      if (wrapped[0] !== FORMAT) {
        throw new RootKeyError('The root key does not fit this store: a key in an HSM did not wrap it.')
      }
      return calls.decrypt(wrapped.subarray(1, BODY_AT), bound(aad), wrapped.subarray(BODY_AT))
    },
  }
}
