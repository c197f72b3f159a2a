/** Makes a data key pair; the private key leaves in plaintext and encrypted under a KMS key (operations.md 3.21). */
import { structure } from '../base/schema.ts'
import { defineOperation } from '../pipeline/operation.ts'
import { dataKeyPairUse, keyPairSpec, makeDataKeyPair, refuseAsymmetricWrapping } from './shapes/data-key-pair.ts'
import { dryRun, encryptionContext, grantTokens, keyId } from './shapes/members.ts'
import { handOver, recipient } from './shapes/recipient.ts'

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
  uses: [dataKeyPairUse('kms:GenerateDataKeyPair')],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, KeyPairSpec, EncryptionContext }) => ({
      keyId: KeyId,
      keyPairSpec: KeyPairSpec,
      encryptionContext: EncryptionContext,
    }),
  },
  async handler(input, { resources: [{ key }], call, keyMaterials, recipient, additionalEventData }) {
    refuseAsymmetricWrapping(key)
    // Nothing is made for a dry run, which the pipeline answers (operations.md 3.21).
    if (input.DryRun) return undefined
    const { privateKey, publicKey, ciphertextBlob } = await makeDataKeyPair(
      key,
      input,
      { operation: 'GenerateDataKeyPair', call },
      keyMaterials,
    )
    additionalEventData.keyMaterialId = key.currentMaterialId
    const { plain, enveloped } = handOver(privateKey, recipient)
    return {
      PrivateKeyCiphertextBlob: ciphertextBlob.toString('base64'),
      PrivateKeyPlaintext: plain,
      CiphertextForRecipient: enveloped,
      PublicKey: publicKey.toString('base64'),
      KeyId: key.arn,
      KeyPairSpec: input.KeyPairSpec,
      KeyMaterialId: key.currentMaterialId,
    }
  },
})
