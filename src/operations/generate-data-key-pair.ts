/** Makes a data key pair; the private key leaves in plaintext and encrypted under a KMS key (operations.md 3.21). */
import { structure } from '../base/schema.ts'
import { defineOperation, keyOrAliasNamed } from '../pipeline/operation.ts'
import { keyPairSpec, makeDataKeyPair, refuseAsymmetricWrapping } from './shapes/data-key-pair.ts'
import { encryptionConditions, SYMMETRIC_DEFAULT } from './shapes/encryption.ts'
import { USABLE } from './shapes/key-states.ts'
import { dryRun, encryptionContext, grantTokens, keyId } from './shapes/members.ts'
import { recipient, secretMember } from './shapes/recipient.ts'

export const GenerateDataKeyPair = defineOperation({
  name: 'GenerateDataKeyPair',
  input: structure({
    EncryptionContext: encryptionContext,
    KeyId: keyId,
    KeyPairSpec: keyPairSpec,
    GrantTokens: grantTokens,
    Recipient: recipient,
    DryRun: dryRun,
  }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyOrAliasNamed(KeyId),
      permission: 'kms:GenerateDataKeyPair',
      keyStates: USABLE,
      keyUsage: 'ENCRYPT_DECRYPT',
      crossAccount: true,
      grantable: true,
      conditionKeys: ({ EncryptionContext, KeyPairSpec }) => ({
        ...encryptionConditions(SYMMETRIC_DEFAULT, EncryptionContext),
        'kms:DataKeyPairSpec': KeyPairSpec,
      }),
    },
  ],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, KeyPairSpec, EncryptionContext }) => ({
      keyId: KeyId,
      keyPairSpec: KeyPairSpec,
      encryptionContext: EncryptionContext,
    }),
  },
  async handler(input, { resources: [{ key }], keyMaterials, recipient, additionalEventData }) {
    refuseAsymmetricWrapping(key)
    // Nothing is made for a dry run, which the pipeline answers (operations.md 3.21).
    if (input.DryRun) return undefined
    const { privateKey, publicKey, ciphertextBlob } = await makeDataKeyPair(key, input, keyMaterials)
    additionalEventData.keyMaterialId = key.currentMaterialId
    return {
      PrivateKeyCiphertextBlob: ciphertextBlob.toString('base64'),
      ...secretMember('PrivateKeyPlaintext', privateKey, recipient),
      PublicKey: publicKey.toString('base64'),
      KeyId: key.arn,
      KeyPairSpec: input.KeyPairSpec,
      KeyMaterialId: key.currentMaterialId,
    }
  },
})
