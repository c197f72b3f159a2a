/** Replaces a key's description (operations.md 3.51). */
import { structure } from '../base/schema.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { NOT_PENDING_DELETION } from './shapes/key-states.ts'
import { description, keyId } from './shapes/members.ts'

export const UpdateKeyDescription = defineChange({
  name: 'UpdateKeyDescription',
  input: structure({ KeyId: keyId, Description: description }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:UpdateKeyDescription',
      keyStates: NOT_PENDING_DELETION,
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ KeyId, Description }) => ({ keyId: KeyId, description: Description }),
  },
  async handler({ Description }, { resources: [{ key }], change }) {
    await change.updateKey({ ...key, description: Description })
  },
})
