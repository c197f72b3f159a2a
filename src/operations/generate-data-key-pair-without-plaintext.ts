/** Makes a data key pair; the private key leaves only encrypted under a KMS key (operations.md 3.22). */
import { structure } from '../base/schema.ts'
import { defineOperation } from '../pipeline/operation.ts'
import { dataKeyPairUse, keyPairSpec, makeDataKeyPair, refuseAsymmetricWrapping } from './shapes/data-key-pair.ts'
import { dryRun, encryptionContext, grantTokens, keyId } from './shapes/members.ts'

export const GenerateDataKeyPairWithoutPlaintext = defineOperation({
  name: 'GenerateDataKeyPairWithoutPlaintext',
  input: structure({
    EncryptionContext: encryptionContext,
    KeyId: keyId,
    KeyPairSpec: keyPairSpec,
    GrantTokens: grantTokens,

    DryRun: dryRun,
  }),

  uses: [dataKeyPairUse('kms:GenerateDataKeyPairWithoutPlaintext')],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, KeyPairSpec, EncryptionContext }) => ({
      keyId: KeyId,
      keyPairSpec: KeyPairSpec,
      encryptionContext: EncryptionContext,
    }),
  },
  async handler(input, { resources: [{ key }], call, keyMaterials, additionalEventData }) {
    refuseAsymmetricWrapping(key)
    // Nothing is made for a dry run, which the pipeline answers (operations.md 3.21).
    if (input.DryRun) return undefined
    const { privateKey, publicKey, ciphertextBlob } = await makeDataKeyPair(
      key,
      input,
      { operation: 'GenerateDataKeyPairWithoutPlaintext', call },
      keyMaterials,
    )
    additionalEventData.keyMaterialId = key.currentMaterialId
    const output = {
      PrivateKeyCiphertextBlob: ciphertextBlob.toString('base64'),

      PublicKey: publicKey.toString('base64'),
      KeyId: key.arn,
      KeyPairSpec: input.KeyPairSpec,
      KeyMaterialId: key.currentMaterialId,
    }
    privateKey.fill(0)
    return output
  },
})
