/** Makes a data key and returns it in plaintext and encrypted under a KMS key (operations.md 3.20). */
import { structure } from '../base/schema.ts'
import { defineOperation } from '../pipeline/operation.ts'
import { checkDataKeyLength, dataKeySpec, dataKeyUse, makeDataKey, numberOfBytes } from './shapes/data-key.ts'
import { shownMaterialId } from './shapes/encryption.ts'
import { dryRun, encryptionContext, grantTokens, keyId } from './shapes/members.ts'
import { handOver, recipient } from './shapes/recipient.ts'

export const GenerateDataKey = defineOperation({
  name: 'GenerateDataKey',
  input: structure({
    KeyId: keyId,
    EncryptionContext: encryptionContext,
    NumberOfBytes: numberOfBytes,
    KeySpec: dataKeySpec,
    GrantTokens: grantTokens,
    Recipient: recipient,
    DryRun: dryRun,
  }),
  check: (input) => checkDataKeyLength(input),
  uses: [dataKeyUse('kms:GenerateDataKey')],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, KeySpec, NumberOfBytes, EncryptionContext }) => ({
      keyId: KeyId,
      keySpec: KeySpec,
      numberOfBytes: NumberOfBytes,
      encryptionContext: EncryptionContext,
    }),
  },
  async handler(input, context) {
    const { key } = context.resources[0]
    const { plaintext, ciphertextBlob } = await makeDataKey(key, input, 'GenerateDataKey', context)
    const materialId = shownMaterialId(key, key.currentMaterialId)
    context.additionalEventData.keyMaterialId = materialId
    const { plain, enveloped } = handOver(plaintext, context.recipient)
    return {
      CiphertextBlob: ciphertextBlob.toString('base64'),
      Plaintext: plain,
      CiphertextForRecipient: enveloped,
      KeyId: key.arn,
      KeyMaterialId: context.recipient === undefined ? materialId : undefined,
    }
  },
})
