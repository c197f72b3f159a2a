/** Ends the waiting period; the key stays, disabled (operations.md 3.1, lifecycle.md DEL-7). */
import { structure } from '../base/schema.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { PENDING_DELETION } from './shapes/key-states.ts'
import { keyId } from './shapes/members.ts'

export const CancelKeyDeletion = defineChange({
  name: 'CancelKeyDeletion',
  input: structure({ KeyId: keyId }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:CancelKeyDeletion',
      keyStates: PENDING_DELETION,
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ KeyId }) => ({ keyId: KeyId }),
    response: ({ KeyId }) => ({ keyId: KeyId }),
  },
  async handler(_input, { resources: [{ key }], change }) {
    await change.updateKey({ ...key, enabled: false, deletion: undefined })
    return { KeyId: key.arn }
  },
})
