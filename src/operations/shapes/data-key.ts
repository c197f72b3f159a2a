/** What GenerateDataKey and GenerateDataKeyWithoutPlaintext share. */
import { KmsError, validationError } from '../../base/errors.ts'
import { enumeration, integer, optional } from '../../base/schema.ts'
import type { StoreCaller } from '../../domain/key-stores/key-store-backend.ts'
import type { Key } from '../../domain/keys/key.ts'
import type { KeyMaterials } from '../../domain/keys/key-material.ts'
import { type KeyUse, keyOrAliasNamed } from '../../pipeline/operation.ts'
import { SYMMETRIC_DEFAULT } from './encryption.ts'
import { PRINTED_SPECS } from './key-parameters.ts'
import { USABLE } from './key-states.ts'

export const numberOfBytes = optional(integer(1, 1024))
/** What messages list are the specs of keys: as recorded. */
export const dataKeySpec = optional(enumeration(['AES_256', 'AES_128'], PRINTED_SPECS))

interface DataKeyRequest {
  readonly NumberOfBytes?: number
  readonly KeySpec?: 'AES_256' | 'AES_128'
  readonly EncryptionContext?: Readonly<Record<string, string>>
}

/** ENV-2: exactly one of the two. */
export function checkDataKeyLength({ NumberOfBytes, KeySpec }: DataKeyRequest): void {
  if ((NumberOfBytes === undefined) !== (KeySpec === undefined)) return
  throw validationError('Please specify either number of bytes or key spec.')
}

const SPEC_BYTES = { AES_256: 32, AES_128: 16 } as const

/** Both operations use a key under the same rules. */
export function dataKeyUse(permission: string): KeyUse<DataKeyRequest & { readonly KeyId: string }> {
  return {
    on: 'key',
    locate: ({ KeyId }) => keyOrAliasNamed(KeyId),
    permission,
    keyStates: USABLE,
    keyUsage: 'ENCRYPT_DECRYPT',
    makesManagedKey: 'by services',
    crossAccount: true,
    grantable: true,
    encryptionContext: ({ EncryptionContext }) => EncryptionContext,
    conditionKeys: () => ({ 'kms:EncryptionAlgorithm': SYMMETRIC_DEFAULT }),
  }
}

export interface DataKey {
  /** The caller wipes it. */
  readonly plaintext: Buffer
  readonly ciphertextBlob: Buffer
}

/** A fresh data key, sealed under `key`'s current material. */
export async function makeDataKey(
  key: Key,
  request: DataKeyRequest,
  operation: string,
  { keyMaterials, call }: { readonly keyMaterials: KeyMaterials; readonly call: StoreCaller },
): Promise<DataKey> {
  // The key's usage is right, so this is an RSA or SM2 encryption key (operations.md 3.20).
  if (key.spec !== SYMMETRIC_DEFAULT) {
    throw new KmsError('InvalidKeyUsageException', 'You cannot generate a data key with an asymmetric CMK')
  }
  const cipher = { algorithm: SYMMETRIC_DEFAULT, context: request.EncryptionContext, operation, call }
  const bytes = keyMaterials.dataKeyBytes(key, request.NumberOfBytes ?? SPEC_BYTES[request.KeySpec!])
  const plaintext = bytes instanceof Promise ? await bytes : bytes
  return { plaintext, ciphertextBlob: await keyMaterials.encrypt(key, cipher, plaintext) }
}
