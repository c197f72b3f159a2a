/** Opens a ciphertext and encrypts what was in it again, without showing it (operations.md 3.40). */
import { blob, type Infer, optional, structure } from '../base/schema.ts'
import type { Key } from '../domain/keys/key.ts'
import type { ConditionValues } from '../domain/policy/condition-values.ts'
import { defineOperation, keyOrAliasNamed } from '../pipeline/operation.ts'
import { type CiphertextSource, checkSource, ignoresCiphertext, locateSource } from './shapes/ciphertext-source.ts'
import { checkContextFits, SYMMETRIC_DEFAULT, shownMaterialId } from './shapes/encryption.ts'
import { USABLE } from './shapes/key-states.ts'
import {
  dryRun,
  dryRunModifiers,
  encryptionAlgorithm,
  encryptionContext,
  grantTokens,
  keyId,
} from './shapes/members.ts'

const input = structure({
  CiphertextBlob: optional(blob(1, 6144)),
  SourceEncryptionContext: encryptionContext,
  SourceKeyId: optional(keyId),
  DestinationKeyId: keyId,
  DestinationEncryptionContext: encryptionContext,
  SourceEncryptionAlgorithm: encryptionAlgorithm,
  DestinationEncryptionAlgorithm: encryptionAlgorithm,
  GrantTokens: grantTokens,
  DryRun: dryRun,
  DryRunModifiers: dryRunModifiers,
})

type Input = Infer<typeof input>

function sourceOf(input: Input): CiphertextSource {
  return {
    blob: input.CiphertextBlob,
    keyId: input.SourceKeyId,
    keyMember: 'SourceKeyId',
    algorithm: input.SourceEncryptionAlgorithm ?? SYMMETRIC_DEFAULT,
    context: input.SourceEncryptionContext,
  }
}

function destinationAlgorithm({ DestinationEncryptionAlgorithm }: Input): string {
  return DestinationEncryptionAlgorithm ?? SYMMETRIC_DEFAULT
}

function sameKeyCondition([source, destination]: readonly (Key | undefined)[]): ConditionValues {
  return { 'kms:ReEncryptOnSameKey': String(source !== undefined && source.arn === destination?.arn) }
}

export const ReEncrypt = defineOperation({
  name: 'ReEncrypt',
  input,
  check(input) {
    checkSource(sourceOf(input), input)
    checkContextFits(destinationAlgorithm(input), input.DestinationEncryptionContext)
  },
  uses: [
    {
      on: 'key',
      locate: (input) => locateSource(sourceOf(input), input),
      permission: 'kms:ReEncryptFrom',
      keyStates: USABLE,
      keyUsage: 'ENCRYPT_DECRYPT',
      algorithm: (input) => sourceOf(input).algorithm,
      crossAccount: true,
      grantable: true,
      encryptionContext: ({ SourceEncryptionContext }) => SourceEncryptionContext,
      conditionKeys: (input, located) => ({
        'kms:EncryptionAlgorithm': sourceOf(input).algorithm,
        ...sameKeyCondition(located),
      }),
    },
    {
      on: 'key',
      locate: ({ DestinationKeyId }) => keyOrAliasNamed(DestinationKeyId),
      permission: 'kms:ReEncryptTo',
      keyStates: USABLE,
      keyUsage: 'ENCRYPT_DECRYPT',
      algorithm: destinationAlgorithm,
      makesManagedKey: 'by services',
      crossAccount: true,
      grantable: true,
      encryptionContext: ({ DestinationEncryptionContext }) => DestinationEncryptionContext,
      conditionKeys: (input, located) => ({
        'kms:EncryptionAlgorithm': destinationAlgorithm(input),
        ...sameKeyCondition(located),
      }),
    },
  ],
  audit: {
    readOnly: true,
    parameters: (input) => ({
      sourceKeyId: input.SourceKeyId,
      sourceEncryptionAlgorithm: sourceOf(input).algorithm,
      sourceEncryptionContext: input.SourceEncryptionContext,
      destinationKeyId: input.DestinationKeyId,
      destinationEncryptionAlgorithm: destinationAlgorithm(input),
      destinationEncryptionContext: input.DestinationEncryptionContext,
    }),
  },
  async handler(input, { resources: [source, { key: destination }], call, keyMaterials, additionalEventData }) {
    // The pipeline answers the dry run.
    if (ignoresCiphertext(input)) return undefined
    const { key, materialId } = source
    const sourceMaterialId = shownMaterialId(key, materialId)
    additionalEventData.sourceKeyMaterialId = sourceMaterialId
    const from = sourceOf(input)
    const made = { operation: 'ReEncrypt', call }
    const cipher = { algorithm: from.algorithm, context: from.context, ...made }
    const plaintext = await keyMaterials.decrypt(key, cipher, from.blob!, materialId)
    const algorithm = destinationAlgorithm(input)
    const to = { algorithm, context: input.DestinationEncryptionContext, ...made }
    const ciphertextBlob = await keyMaterials.encrypt(destination, to, plaintext)
    const destinationMaterialId = shownMaterialId(destination, destination.currentMaterialId)
    additionalEventData.destinationKeyMaterialId = destinationMaterialId
    plaintext.fill(0)
    return {
      CiphertextBlob: ciphertextBlob.toString('base64'),
      SourceKeyId: key.arn,
      KeyId: destination.arn,
      SourceEncryptionAlgorithm: from.algorithm,
      DestinationEncryptionAlgorithm: algorithm,
      SourceKeyMaterialId: sourceMaterialId,
      DestinationKeyMaterialId: destinationMaterialId,
    }
  },
})
