/** Encrypts up to 4096 bytes under a KMS key (operations.md 3.19). */
import { blob, structure } from '../base/schema.ts'
import { defineOperation, keyOrAliasNamed } from '../pipeline/operation.ts'
import { checkContextFits, SYMMETRIC_DEFAULT, shownMaterialId } from './shapes/encryption.ts'
import { USABLE } from './shapes/key-states.ts'
import { dryRun, encryptionAlgorithm, encryptionContext, grantTokens, keyId } from './shapes/members.ts'

export const Encrypt = defineOperation({
  name: 'Encrypt',
  input: structure({
    KeyId: keyId,
    Plaintext: blob(1, 4096, { sensitive: true }),
    EncryptionContext: encryptionContext,
    GrantTokens: grantTokens,
    EncryptionAlgorithm: encryptionAlgorithm,
    DryRun: dryRun,
  }),
  check: ({ EncryptionAlgorithm = SYMMETRIC_DEFAULT, EncryptionContext }) =>
    checkContextFits(EncryptionAlgorithm, EncryptionContext),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyOrAliasNamed(KeyId),
      permission: 'kms:Encrypt',
      keyStates: USABLE,
      keyUsage: 'ENCRYPT_DECRYPT',
      algorithm: ({ EncryptionAlgorithm = SYMMETRIC_DEFAULT }) => EncryptionAlgorithm,
      makesManagedKey: 'by services',
      crossAccount: true,
      grantable: true,
      encryptionContext: ({ EncryptionContext }) => EncryptionContext,
      conditionKeys: ({ EncryptionAlgorithm = SYMMETRIC_DEFAULT }) => ({
        'kms:EncryptionAlgorithm': EncryptionAlgorithm,
      }),
    },
  ],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, EncryptionAlgorithm = SYMMETRIC_DEFAULT, EncryptionContext }) => ({
      keyId: KeyId,
      encryptionAlgorithm: EncryptionAlgorithm,
      encryptionContext: EncryptionContext,
    }),
  },
  async handler(input, { resources: [{ key }], call, keyMaterials, additionalEventData }) {
    const { EncryptionAlgorithm: algorithm = SYMMETRIC_DEFAULT, EncryptionContext: context } = input
    const cipher = { algorithm, context, operation: 'Encrypt', call }
    const ciphertextBlob = await keyMaterials.encrypt(key, cipher, input.Plaintext)
    additionalEventData.keyMaterialId = shownMaterialId(key, key.currentMaterialId)
    return {
      CiphertextBlob: ciphertextBlob.toString('base64'),
      KeyId: key.arn,
      EncryptionAlgorithm: algorithm,
    }
  },
})
