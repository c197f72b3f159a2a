/** Makes a data key and returns it only encrypted under a KMS key (operations.md 3.23). */
import { structure } from '../base/schema.ts'
import { defineOperation } from '../pipeline/operation.ts'
import { checkDataKeyLength, dataKeySpec, dataKeyUse, makeDataKey, numberOfBytes } from './shapes/data-key.ts'
import { shownMaterialId } from './shapes/encryption.ts'
import { dryRun, encryptionContext, grantTokens, keyId } from './shapes/members.ts'

export const GenerateDataKeyWithoutPlaintext = defineOperation({
  name: 'GenerateDataKeyWithoutPlaintext',
  input: structure({
    KeyId: keyId,
    EncryptionContext: encryptionContext,
    KeySpec: dataKeySpec,
    NumberOfBytes: numberOfBytes,
    GrantTokens: grantTokens,
    DryRun: dryRun,
  }),
  check: (input) => checkDataKeyLength(input),
  uses: [dataKeyUse('kms:GenerateDataKeyWithoutPlaintext')],
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
    const { plaintext, ciphertextBlob } = await makeDataKey(key, input, 'GenerateDataKeyWithoutPlaintext', context)
    plaintext.fill(0)
    const materialId = shownMaterialId(key, key.currentMaterialId)
    context.additionalEventData.keyMaterialId = materialId
    return {
      CiphertextBlob: ciphertextBlob.toString('base64'),
      KeyId: key.arn,
      KeyMaterialId: materialId,
    }
  },
})
