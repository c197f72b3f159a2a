/**
 * Root key provider `kms`: a symmetric KMS key elsewhere, at AWS or in another Keyhold, wraps by Encrypt and Decrypt: `02 ‖ CiphertextBlob`.
 * The encryption context names the installation and what the secret is for, so a blob opens for nothing else, and each use can be told in
 * the other service's audit log and allowed or denied by its key policy.
 */
import { field } from '../bytes.ts'
import { sha256, sha256Hex } from '../hash.ts'
import { type RootKey, RootKeyError } from './root-key.ts'

export interface KmsKeyCalls {
  /** @throws {RootKeyError} */
  encrypt(keyArn: string, plaintext: Uint8Array, context: Readonly<Record<string, string>>): Promise<Buffer>
  /** @throws {RootKeyError} */
  decrypt(keyArn: string, blob: Uint8Array, context: Readonly<Record<string, string>>): Promise<Buffer>
}

export interface KmsRootKeyParameters {
  readonly keyArn: string
  /** Random, 32 hex digits: two installations under one KMS key cannot open what is the other's. */
  readonly installation: string
}

const FORMAT = 2
const ID_LABEL = 'kms:root-key-id:kms:v1'

export const INSTALLATION_CONTEXT_KEY = 'keyhold:installation'
const PURPOSE_CONTEXT_KEY = 'keyhold:purpose'

export function kmsRootKey({ keyArn, installation }: KmsRootKeyParameters, calls: KmsKeyCalls): RootKey {
  const id = sha256(Buffer.concat([ID_LABEL, keyArn, installation].map(field))).toString('hex', 0, 16)
  const contextOf = (aad: Uint8Array) => ({
    [INSTALLATION_CONTEXT_KEY]: installation,
    [PURPOSE_CONTEXT_KEY]: sha256Hex(aad),
  })
  return {
    id,
    async wrap(plaintext, aad) {
      return Buffer.concat([Buffer.of(FORMAT), await calls.encrypt(keyArn, plaintext, contextOf(aad))])
    },
    async unwrap(wrapped, aad) {
      if (wrapped[0] !== FORMAT)
        throw new RootKeyError('The root key does not fit this store: a KMS key did not wrap it.')
      return calls.decrypt(keyArn, wrapped.subarray(1), contextOf(aad))
    },
  }
}
