/** Erases imported key material at once; the same can be imported again (operations.md 3.10, lifecycle.md 4.7). */
import { optional, structure } from '../base/schema.ts'
import { deleteImportedMaterial } from '../domain/imports/imported-materials.ts'
import { keyTypeOf } from '../domain/keys/key-specs.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { MATERIAL_DELETABLE } from './shapes/key-states.ts'
import { keyId, keyMaterialId } from './shapes/members.ts'

interface Output {
  readonly KeyId: string
  /** Of symmetric encryption keys only. */
  readonly KeyMaterialId?: string
}

export const DeleteImportedKeyMaterial = defineChange({
  name: 'DeleteImportedKeyMaterial',
  input: structure({ KeyId: keyId, KeyMaterialId: optional(keyMaterialId) }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:DeleteImportedKeyMaterial',
      origins: ['EXTERNAL'],
      keyStates: MATERIAL_DELETABLE,
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ KeyId, KeyMaterialId }) => ({ keyId: KeyId, keyMaterialId: KeyMaterialId }),
    response: (output: Output) => ({ keyId: output.KeyId, keyMaterialId: output.KeyMaterialId }),
  },
  async handler({ KeyMaterialId }, { resources: [{ key }], change, recordEvent }) {
    const { materialId, events } = await deleteImportedMaterial(change, key, KeyMaterialId)
    for (const event of events) recordEvent(event)
    const isNamed = materialId !== undefined && keyTypeOf(key.spec) === 'SYMMETRIC'
    return { KeyId: key.arn, ...(isNamed && { KeyMaterialId: materialId }) }
  },
})
