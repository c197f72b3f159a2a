/** Rotates a key now (operations.md 3.44, lifecycle.md 3.4). */
import { structure } from '../base/schema.ts'
import { type FreshMaterial, freshMaterial, rotateOnDemand } from '../domain/keys/rotation.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { USABLE_OUTSIDE_STORES } from './shapes/key-states.ts'
import { keyId } from './shapes/members.ts'

export const RotateKeyOnDemand = defineChange({
  name: 'RotateKeyOnDemand',
  input: structure({ KeyId: keyId }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:RotateKeyOnDemand',
      refusesReplicas: 'after the state',
      keyStates: USABLE_OUTSIDE_STORES,
      notInKeyStores: true,
      symmetricOnly: true,
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ KeyId }) => ({ keyId: KeyId }),
    response: ({ KeyId }) => ({ keyId: KeyId }),
  },
  async prepare(_input, { resources: [{ key }], call, keyMaterials, store }): Promise<FreshMaterial | undefined> {
    if (key.origin === 'EXTERNAL') return undefined
    // From the store, not from the cache: whether another rotation is under way must be known to the moment.
    const present = await store.findKey(key)
    return freshMaterial(present ?? key, keyMaterials, call.time)
  },
  async handler(_input, { resources: [{ key }], call, change, recordEvent }, fresh) {
    // ROT-34: a rotation was under way while this call began. It is the one that this caller asked for, too.
    if (fresh !== undefined && fresh.replaces !== key.currentMaterialId) return { KeyId: key.arn }
    const rotated = await rotateOnDemand(change, key, fresh, call.time)
    await change.updateKey(rotated.key)
    for (const event of rotated.events) recordEvent(event)
    return { KeyId: key.arn }
  },
})
