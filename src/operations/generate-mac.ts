/** Makes a message authentication code with an HMAC KMS key (operations.md 3.24). */
import { structure } from '../base/schema.ts'
import { defineOperation, keyOrAliasNamed } from '../pipeline/operation.ts'
import { macAlgorithm, message } from './shapes/algorithms.ts'
import { USABLE } from './shapes/key-states.ts'
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
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyOrAliasNamed(KeyId),
      permission: 'kms:GenerateMac',
      keyStates: USABLE,
      keyUsage: 'GENERATE_VERIFY_MAC',
      algorithm: ({ MacAlgorithm }) => MacAlgorithm,
      crossAccount: true,
      grantable: true,
      conditionKeys: ({ MacAlgorithm }) => ({ 'kms:MacAlgorithm': MacAlgorithm }),
    },
  ],
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
