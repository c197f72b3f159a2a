/** Makes a disabled key usable (operations.md 3.17). */
import { structure } from '../base/schema.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { SWITCHABLE } from './shapes/key-states.ts'
import { keyId } from './shapes/members.ts'

export const EnableKey = defineChange({
  name: 'EnableKey',
  input: structure({ KeyId: keyId }),
  uses: [{ on: 'key', locate: ({ KeyId }) => keyNamed(KeyId), permission: 'kms:EnableKey', keyStates: SWITCHABLE }],
  audit: {
    readOnly: false,
    parameters: ({ KeyId }) => ({ keyId: KeyId }),
    response: (_output, keyArn) => ({ keyId: keyArn }),
  },
  async handler(_input, { resources: [{ key }], change }) {
    if (!key.enabled) await change.updateKey({ ...key, enabled: true })
  },
})
