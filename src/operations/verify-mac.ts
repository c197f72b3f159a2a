/** Verifies a message authentication code with an HMAC KMS key (operations.md 3.54). */
import { KmsError } from '../base/errors.ts'
import { blob, structure } from '../base/schema.ts'
import { isSameMac } from '../domain/keys/mac.ts'
import { defineOperation } from '../pipeline/operation.ts'
import { macAlgorithm, macUse, message } from './shapes/algorithms.ts'
import { dryRun, grantTokens, keyId } from './shapes/members.ts'

export const VerifyMac = defineOperation({
  name: 'VerifyMac',
  input: structure({
    Message: message,
    KeyId: keyId,
    MacAlgorithm: macAlgorithm,
    Mac: blob(1, 6144),
    GrantTokens: grantTokens,
    DryRun: dryRun,
  }),
  uses: [macUse('kms:VerifyMac')],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, MacAlgorithm }) => ({ keyId: KeyId, macAlgorithm: MacAlgorithm }),
  },
  async handler({ MacAlgorithm, Message, Mac }, { resources: [{ key }], keyMaterials }) {
    const opened = await keyMaterials.open(key)
    if (!isSameMac(opened.mac(MacAlgorithm, Message), Mac)) throw new KmsError('KMSInvalidMacException')
    return { KeyId: key.arn, MacValid: true, MacAlgorithm }
  },
})
