/** Turns automatic rotation on, or gives it another period (operations.md 3.18, lifecycle.md ROT-10, ROT-16). */
import { integer, optional, structure } from '../base/schema.ts'
import { hasReplicas, synchronizeEvent } from '../domain/keys/multi-region.ts'
import { DEFAULT_ROTATION_PERIOD_IN_DAYS, rotationEvery } from '../domain/keys/rotation.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { USABLE } from './shapes/key-states.ts'
import { keyId } from './shapes/members.ts'

export const EnableKeyRotation = defineChange({
  name: 'EnableKeyRotation',
  input: structure({ KeyId: keyId, RotationPeriodInDays: optional(integer(90, 2560)) }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:EnableKeyRotation',
      refusesReplicas: 'before the state',
      origins: ['AWS_KMS'],
      keyStates: USABLE,
      symmetricOnly: true,
      // ROT-19: what the request says, whatever period is in force.
      conditionKeys: ({ RotationPeriodInDays = DEFAULT_ROTATION_PERIOD_IN_DAYS }) => ({
        'kms:RotationPeriodInDays': String(RotationPeriodInDays),
      }),
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ KeyId, RotationPeriodInDays }) => ({ keyId: KeyId, rotationPeriodInDays: RotationPeriodInDays }),
    response: (_output, keyArn) => ({ keyId: keyArn }),
  },
  async handler({ RotationPeriodInDays: given }, { resources: [{ key }], call, change, recordEvent }) {
    const period = given ?? key.rotation?.periodInDays ?? DEFAULT_ROTATION_PERIOD_IN_DAYS
    if (period === key.rotation?.periodInDays) return
    await change.updateKey({ ...key, rotation: rotationEvery(period, call.time) })
    if (hasReplicas(key)) recordEvent(synchronizeEvent(key))
  },
})
