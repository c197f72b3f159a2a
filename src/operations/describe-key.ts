/** Tells everything about a key but its policy, tags and aliases (operations.md 3.13). */
import { structure } from '../base/schema.ts'
import { defineOperation, keyOrAliasNamed } from '../pipeline/operation.ts'
import { keyMetadata } from './shapes/key-metadata.ts'
import { ANY_STATE } from './shapes/key-states.ts'
import { grantTokens, keyId } from './shapes/members.ts'

export const DescribeKey = defineOperation({
  name: 'DescribeKey',
  input: structure({ KeyId: keyId, GrantTokens: grantTokens }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyOrAliasNamed(KeyId),
      permission: 'kms:DescribeKey',
      keyStates: ANY_STATE,
      crossAccount: true,
      grantable: true,
      makesManagedKey: 'by anybody',
    },
  ],
  audit: { readOnly: true, parameters: ({ KeyId }) => ({ keyId: KeyId }) },
  handler: (_input, { resources: [{ key }], call }) => ({ KeyMetadata: keyMetadata(key, call.time) }),
})
