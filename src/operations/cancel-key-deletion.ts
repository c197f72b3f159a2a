/** Ends the waiting period; the key stays, disabled (operations.md 3.1, lifecycle.md DEL-7). */
import { structure } from '../base/schema.ts'
import { catchUp, type FreshMaterial, freshMaterial, isRotationDue } from '../domain/keys/rotation.ts'
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
  /** An automatic rotation that came due meanwhile runs now, although the key is disabled (lifecycle.md ROT-13). */
  async prepare(_input, { resources: [{ key }], call, keyMaterials, store }): Promise<FreshMaterial | undefined> {
    const present = await store.findKey(key)
    if (present === undefined || !isRotationDue(present, call.time)) return undefined
    return freshMaterial(present, keyMaterials, call.time)
  },
  async handler(_input, { resources: [{ key }], call, change, recordEvent }, fresh) {
    const { key: current, events } = await catchUp(change, key, fresh, call.time)
    await change.updateKey({ ...current, enabled: false, deletion: undefined })
    await change.deleteDeletionAlarm(key)
    for (const event of events) recordEvent(event)
    return { KeyId: key.arn }
  },
})
