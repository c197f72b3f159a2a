/** Makes a key unusable for cryptography until it is enabled again (operations.md 3.14). */
import { structure } from '../base/schema.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { SWITCHABLE } from './shapes/key-states.ts'
import { keyId } from './shapes/members.ts'

export const DisableKey = defineChange({
  name: 'DisableKey',
  input: structure({ KeyId: keyId }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:DisableKey',
      keyStates: SWITCHABLE,
      showsTrailingDays: true,
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ KeyId }) => ({ keyId: KeyId }),
    response: (_output, keyArn) => ({ keyId: keyArn }),
  },
  async handler(_input, { resources: [{ key }], change }) {
    if (key.enabled) await change.updateKey({ ...key, enabled: false })
  },
})
