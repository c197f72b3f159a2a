/** Rotates a key now (operations.md 3.44, lifecycle.md 3.4). */
import { structure } from '../base/schema.ts'
import { type FreshMaterial, freshMaterial, rotateOnDemand } from '../domain/keys/rotation.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { USABLE_OUTSIDE_STORES } from './shapes/key-states.ts'
import { keyId } from './shapes/members.ts'

interface Prepared {
  /** The current material when the call began. */
  readonly replaces: string | undefined
  /** Of imported keys there is none: what they rotate to is there already. */
  readonly fresh: FreshMaterial | undefined
}

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
  async prepare(_input, { resources: [{ key }], call, keyMaterials, store }): Promise<Prepared> {
    // From the store, not from the cache: whether another rotation is under way must be known to the moment.
    const present = (await store.findKey(key)) ?? key
    const fresh = key.origin === 'EXTERNAL' ? undefined : await freshMaterial(present, keyMaterials, call.time)
    return { replaces: present.currentMaterialId, fresh }
  },
  async handler(_input, { resources: [{ key }], call, change, recordEvent }, { replaces, fresh }) {
    // ROT-34: a rotation was under way while this call began. It is the one that this caller asked for, too.
    if (replaces !== key.currentMaterialId) return { KeyId: key.arn }
    const rotated = await rotateOnDemand(change, key, fresh, call.time)
    await change.updateKey(rotated.key)
    for (const event of rotated.events) recordEvent(event)
    return { KeyId: key.arn }
  },
})
