/** Opens a ciphertext of Encrypt, ReEncrypt or a data key operation (operations.md 3.7, lifecycle.md CT-5). */
import { blob, type Infer, optional, structure } from '../base/schema.ts'
import { defineOperation } from '../pipeline/operation.ts'
import { type CiphertextSource, checkSource, ignoresCiphertext, locateSource } from './shapes/ciphertext-source.ts'
import { SYMMETRIC_DEFAULT, shownMaterialId } from './shapes/encryption.ts'
import { USABLE } from './shapes/key-states.ts'
import {
  dryRun,
  dryRunModifiers,
  encryptionAlgorithm,
  encryptionContext,
  grantTokens,
  keyId,
} from './shapes/members.ts'
import { handOver, recipient } from './shapes/recipient.ts'

const input = structure({
  CiphertextBlob: optional(blob(1, 6144)),
  EncryptionContext: encryptionContext,
  GrantTokens: grantTokens,
  KeyId: optional(keyId),
  EncryptionAlgorithm: encryptionAlgorithm,
  Recipient: recipient,
  DryRun: dryRun,
  DryRunModifiers: dryRunModifiers,
})

type Input = Infer<typeof input>

function sourceOf({ CiphertextBlob, KeyId, EncryptionAlgorithm, EncryptionContext }: Input): CiphertextSource {
  const algorithm = EncryptionAlgorithm ?? SYMMETRIC_DEFAULT
  return { blob: CiphertextBlob, keyId: KeyId, keyMember: 'KeyId', algorithm, context: EncryptionContext }
}

export const Decrypt = defineOperation({
  name: 'Decrypt',
  input,
  check: (input) => checkSource(sourceOf(input), input),
  uses: [
    {
      on: 'key',
      locate: (input) => locateSource(sourceOf(input), input),
      permission: 'kms:Decrypt',
      keyStates: USABLE,
      keyUsage: 'ENCRYPT_DECRYPT',
      algorithm: ({ EncryptionAlgorithm = SYMMETRIC_DEFAULT }) => EncryptionAlgorithm,
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
    parameters: ({ EncryptionAlgorithm = SYMMETRIC_DEFAULT, KeyId, EncryptionContext }) => ({
      encryptionAlgorithm: EncryptionAlgorithm,
      keyId: KeyId,
      encryptionContext: EncryptionContext,
    }),
  },
  async handler(input, { resources: [{ key, materialId }], call, keyMaterials, recipient, additionalEventData }) {
    // The pipeline answers the dry run.
    if (ignoresCiphertext(input)) return undefined
    const shownId = shownMaterialId(key, materialId)
    additionalEventData.keyMaterialId = shownId
    const { algorithm, context, blob } = sourceOf(input)
    const cipher = { algorithm, context, operation: 'Decrypt', call }
    const plaintext = await keyMaterials.decrypt(key, cipher, blob!, materialId)
    const { plain, enveloped } = handOver(plaintext, recipient)
    return {
      KeyId: key.arn,
      Plaintext: plain,
      CiphertextForRecipient: enveloped,
      EncryptionAlgorithm: algorithm,
      KeyMaterialId: recipient === undefined ? shownId : undefined,
    }
  },
})
