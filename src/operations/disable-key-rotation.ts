/** Turns automatic rotation off; every material stays (operations.md 3.15, lifecycle.md ROT-15). */
import { structure } from '../base/schema.ts'
import { hasReplicas, synchronizeEvent } from '../domain/keys/multi-region.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { USABLE } from './shapes/key-states.ts'
import { keyId } from './shapes/members.ts'

/** On keys that cannot rotate at all it succeeds, as recorded of HMAC keys: it is off already. */
export const DisableKeyRotation = defineChange({
  name: 'DisableKeyRotation',
  input: structure({ KeyId: keyId }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:DisableKeyRotation',
      refusesReplicas: 'before the state',
      origins: ['AWS_KMS'],
      keyStates: USABLE,
    },
  ],
  audit: { readOnly: false, parameters: ({ KeyId }) => ({ keyId: KeyId }) },
  async handler(_input, { resources: [{ key }], change, recordEvent }) {
    if (key.rotation === undefined) return
    await change.updateKey({ ...key, rotation: undefined })
    if (hasReplicas(key)) recordEvent(synchronizeEvent(key))
  },
})
