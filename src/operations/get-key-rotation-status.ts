/** Whether and when a key rotates by itself (operations.md 3.28, lifecycle.md ROT-20). */
import { structure } from '../base/schema.ts'
import { keyState } from '../domain/keys/key.ts'
import { isReplica, primaryOf } from '../domain/keys/multi-region.ts'
import { hidesRotation } from '../domain/managed-keys/managed-key.ts'
import { defineOperation, keyNamed } from '../pipeline/operation.ts'
import { ANY_STATE } from './shapes/key-states.ts'
import { keyId } from './shapes/members.ts'

/** A rotation on demand is over when its call returns, so `OnDemandRotationStartDate` is never there. */
export const GetKeyRotationStatus = defineOperation({
  name: 'GetKeyRotationStatus',
  input: structure({ KeyId: keyId }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:GetKeyRotationStatus',
      keyStates: ANY_STATE,
      crossAccount: true,
    },
  ],
  audit: { readOnly: true, parameters: ({ KeyId }) => ({ keyId: KeyId }) },
  async handler(_input, { resources: [{ key }], call, store }) {
    // ROT-18: replicas show what their primary has.
    const shown = isReplica(key) ? await store.findKey(primaryOf(key)) : key
    // ROT-13: a key that waits for its deletion does not rotate, and does not tell what it would do.
    const isSilent = keyState(key, call.time) === 'PendingDeletion' || hidesRotation(key)
    const rotation = isSilent ? undefined : shown?.rotation
    return {
      KeyRotationEnabled: rotation !== undefined,
      KeyId: key.arn,
      ...(rotation && {
        RotationPeriodInDays: rotation.periodInDays,
        NextRotationDate: rotation.nextRotationAt / 1000,
      }),
    }
  },
})
