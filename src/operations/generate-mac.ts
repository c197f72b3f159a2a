/** Makes a message authentication code with an HMAC KMS key (operations.md 3.24). */
import { structure } from '../base/schema.ts'
import { defineOperation } from '../pipeline/operation.ts'
import { macAlgorithm, macUse, message } from './shapes/algorithms.ts'
import { dryRun, grantTokens, keyId } from './shapes/members.ts'

export const GenerateMac = defineOperation({
  name: 'GenerateMac',
  input: structure({
    Message: message,
    KeyId: keyId,
    MacAlgorithm: macAlgorithm,
    GrantTokens: grantTokens,
    DryRun: dryRun,
  }),
  uses: [macUse('kms:GenerateMac')],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, MacAlgorithm }) => ({ keyId: KeyId, macAlgorithm: MacAlgorithm }),
  },
  async handler({ MacAlgorithm, Message }, { resources: [{ key }], keyMaterials }) {
    const opened = await keyMaterials.open(key)
    const mac = opened.mac(MacAlgorithm, Message)
    return { Mac: mac.toString('base64'), MacAlgorithm, KeyId: key.arn }
  },
})
