/** What GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext share (operations.md 3.21, 3.22). */
import { KmsError } from '../../base/errors.ts'
import { enumeration } from '../../base/schema.ts'
import type { Key } from '../../domain/keys/key.ts'
import type { Cipher, KeyMaterials } from '../../domain/keys/key-material.ts'
import { DATA_KEY_PAIR_SPECS, type DataKeyPair, keySpecRow, SYMMETRIC_DEFAULT } from '../../domain/keys/key-specs.ts'
import { type KeyUse, keyOrAliasNamed } from '../../pipeline/operation.ts'
import { USABLE_OUTSIDE_STORES } from './key-states.ts'

/** Messages leave SM2 out, as AWS does outside China (operations.md 1.8). */
export const keyPairSpec = enumeration(DATA_KEY_PAIR_SPECS, [
  'RSA_2048',
  'ECC_NIST_P384',
  'ECC_NIST_EDWARDS25519',
  'ECC_NIST_P256',
  'ECC_NIST_P521',
  'RSA_3072',
  'ECC_SECG_P256K1',
  'RSA_4096',
])

interface DataKeyPairRequest {
  readonly KeyPairSpec: string
  readonly EncryptionContext?: Readonly<Record<string, string>>
}

/** Both operations use a key under the same rules. */
export function dataKeyPairUse(permission: string): KeyUse<DataKeyPairRequest & { readonly KeyId: string }> {
  return {
    on: 'key',
    locate: ({ KeyId }) => keyOrAliasNamed(KeyId),
    permission,
    keyStates: USABLE_OUTSIDE_STORES,
    notInKeyStores: true,
    keyUsage: 'ENCRYPT_DECRYPT',
    makesManagedKey: 'by services',
    crossAccount: true,
    grantable: true,
    encryptionContext: ({ EncryptionContext }) => EncryptionContext,
    conditionKeys: ({ KeyPairSpec }) => ({
      'kms:EncryptionAlgorithm': SYMMETRIC_DEFAULT,
      'kms:DataKeyPairSpec': KeyPairSpec,
    }),
  }
}

export interface SealedDataKeyPair extends DataKeyPair {
  /** The private key, sealed under the KMS key. */
  readonly ciphertextBlob: Buffer
}

/** A fresh pair; the caller wipes its private key. */
export async function makeDataKeyPair(
  key: Key,
  { KeyPairSpec, EncryptionContext: context }: DataKeyPairRequest,
  made: Pick<Cipher, 'operation' | 'call'>,
  keyMaterials: KeyMaterials,
): Promise<SealedDataKeyPair> {
  const pair = await keySpecRow(KeyPairSpec).generatePair!()
  const cipher = { algorithm: SYMMETRIC_DEFAULT, context, ...made }
  return { ...pair, ciphertextBlob: await keyMaterials.encrypt(key, cipher, pair.privateKey) }
}

/** The key's usage is right, so a key of another spec is an RSA or SM2 encryption key. */
export function refuseAsymmetricWrapping({ spec }: Key): void {
  if (spec === SYMMETRIC_DEFAULT) return
  throw new KmsError('InvalidKeyUsageException', 'You cannot generate a data key pair with an asymmetric CMK')
}
