/** Elliptic-curve Diffie-Hellman with a KMS key (operations.md 3.11). */
import { blob, structure } from '../base/schema.ts'
import { defineOperation, keyOrAliasNamed } from '../pipeline/operation.ts'
import { keyAgreementAlgorithm } from './shapes/algorithms.ts'
import { USABLE } from './shapes/key-states.ts'
import { dryRun, grantTokens, keyId } from './shapes/members.ts'
import { handOver, recipient } from './shapes/recipient.ts'

export const DeriveSharedSecret = defineOperation({
  name: 'DeriveSharedSecret',
  input: structure({
    KeyId: keyId,
    KeyAgreementAlgorithm: keyAgreementAlgorithm,
    PublicKey: blob(1, 8192),
    GrantTokens: grantTokens,
    DryRun: dryRun,
    Recipient: recipient,
  }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyOrAliasNamed(KeyId),
      permission: 'kms:DeriveSharedSecret',
      keyStates: USABLE,
      keyUsage: 'KEY_AGREEMENT',
      algorithm: ({ KeyAgreementAlgorithm }) => KeyAgreementAlgorithm,
      crossAccount: true,
      grantable: true,
      conditionKeys: ({ KeyAgreementAlgorithm }) => ({ 'kms:KeyAgreementAlgorithm': KeyAgreementAlgorithm }),
    },
  ],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, KeyAgreementAlgorithm }) => ({ keyId: KeyId, keyAgreementAlgorithm: KeyAgreementAlgorithm }),
  },
  async handler({ KeyAgreementAlgorithm, PublicKey }, { resources: [{ key }], keyMaterials, recipient }) {
    const opened = await keyMaterials.open(key)
    const secret = await opened.agree(KeyAgreementAlgorithm, PublicKey)
    const { plain, enveloped } = handOver(secret, recipient)
    return {
      KeyId: key.arn,
      SharedSecret: plain,
      CiphertextForRecipient: enveloped,
      KeyAgreementAlgorithm,
      KeyOrigin: key.origin,
    }
  },
})
