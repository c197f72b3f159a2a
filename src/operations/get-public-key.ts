/** The public half of an asymmetric KMS key (operations.md 3.30). */
import { KmsError } from '../base/errors.ts'
import { structure } from '../base/schema.ts'
import { keyTypeOf } from '../domain/keys/key-specs.ts'
import { defineOperation, keyOrAliasNamed } from '../pipeline/operation.ts'
import { algorithmsMember } from './shapes/key-metadata.ts'
import { PUBLIC_KEY_READABLE } from './shapes/key-states.ts'
import { grantTokens, keyId } from './shapes/members.ts'

export const GetPublicKey = defineOperation({
  name: 'GetPublicKey',
  input: structure({ KeyId: keyId, GrantTokens: grantTokens }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyOrAliasNamed(KeyId),
      permission: 'kms:GetPublicKey',
      keyStates: PUBLIC_KEY_READABLE,
      crossAccount: true,
      grantable: true,
    },
  ],
  audit: { readOnly: true, parameters: ({ KeyId }) => ({ keyId: KeyId }) },
  async handler(_input, { resources: [{ key }], keyMaterials }) {
    if (keyTypeOf(key.spec) !== 'ASYMMETRIC') throw new KmsError('UnsupportedOperationException')
    const { publicKey } = await keyMaterials.open(key)
    return {
      KeyId: key.arn,
      PublicKey: publicKey!.toString('base64'),
      CustomerMasterKeySpec: key.spec,
      KeySpec: key.spec,
      KeyUsage: key.usage,
      ...algorithmsMember(key),
    }
  },
})
