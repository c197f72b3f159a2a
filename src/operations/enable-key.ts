/** Makes a disabled key usable (operations.md 3.17). */
import { structure } from '../base/schema.ts'
import { catchUp, type FreshMaterial, freshMaterial, isRotationDue } from '../domain/keys/rotation.ts'
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
  /** An automatic rotation that came due meanwhile runs at once (lifecycle.md ROT-12). */
  async prepare(_input, { resources: [{ key }], call, keyMaterials, store }): Promise<FreshMaterial | undefined> {
    const present = await store.findKey(key)
    if (present === undefined || present.enabled || !isRotationDue(present, call.time)) return undefined
    return freshMaterial(present, keyMaterials, call.time)
  },
  async handler(_input, { resources: [{ key }], call, change, recordEvent }, fresh) {
    if (key.enabled) return
    const { key: current, events } = await catchUp(change, key, fresh, call.time)
    await change.updateKey({ ...current, enabled: true })
    for (const event of events) recordEvent(event)
  },
})
