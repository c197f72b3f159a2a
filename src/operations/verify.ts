/** Verifies a signature with the public half of a KMS key (operations.md 3.53). */
import { KmsError } from '../base/errors.ts'
import { blob, structure } from '../base/schema.ts'
import { defineOperation } from '../pipeline/operation.ts'
import { message, messageType, signingAlgorithm, signingUse } from './shapes/algorithms.ts'
import { dryRun, grantTokens, keyId } from './shapes/members.ts'

export const Verify = defineOperation({
  name: 'Verify',
  input: structure({
    KeyId: keyId,
    Message: message,
    MessageType: messageType,
    Signature: blob(1, 6144),
    SigningAlgorithm: signingAlgorithm,
    GrantTokens: grantTokens,
    DryRun: dryRun,
  }),
  uses: [signingUse('kms:Verify')],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, MessageType, SigningAlgorithm }) => ({
      keyId: KeyId,
      messageType: MessageType,
      signingAlgorithm: SigningAlgorithm,
    }),
  },
  async handler(input, { resources: [{ key }], keyMaterials }) {
    const { SigningAlgorithm, MessageType = 'RAW', Message, Signature } = input
    const opened = await keyMaterials.open(key)
    if (!(await opened.verify(SigningAlgorithm, MessageType, Message, Signature))) {
      throw new KmsError('KMSInvalidSignatureException')
    }
    return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm }
  },
})
