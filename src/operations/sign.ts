/** Signs a message or its digest with an asymmetric KMS key (operations.md 3.46). */
import { structure } from '../base/schema.ts'
import { defineOperation } from '../pipeline/operation.ts'
import { message, messageType, signingAlgorithm, signingUse } from './shapes/algorithms.ts'
import { dryRun, grantTokens, keyId } from './shapes/members.ts'

export const Sign = defineOperation({
  name: 'Sign',
  input: structure({
    KeyId: keyId,
    Message: message,
    MessageType: messageType,
    GrantTokens: grantTokens,
    SigningAlgorithm: signingAlgorithm,
    DryRun: dryRun,
  }),
  uses: [signingUse('kms:Sign')],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, MessageType, SigningAlgorithm }) => ({
      keyId: KeyId,
      messageType: MessageType,
      signingAlgorithm: SigningAlgorithm,
    }),
  },
  async handler(input, { resources: [{ key }], keyMaterials }) {
    const { SigningAlgorithm, MessageType = 'RAW', Message } = input
    const opened = await keyMaterials.open(key)
    const signature = await opened.sign(SigningAlgorithm, MessageType, Message)
    return { KeyId: key.arn, Signature: signature.toString('base64'), SigningAlgorithm }
  },
})
